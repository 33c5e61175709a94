"""From the words of a scheme to its plan, or to the reason why it cannot be followed."""

import difflib
import math
from collections.abc import Mapping, Sequence

import numpy as np

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Plan
from simulator.allocation.schemes import RULES
from simulator.allocation.schemes.base import Setting
from simulator.allocation.table import ratio_lost
from simulator.declarations.schemes import CODES, SCHEMES, Factors, Ratio, Scheme

_MOST_STRATA = 10_000
_UNEQUAL = ", ".join(s.word for s in SCHEMES.values() if s.ratio is Ratio.ANY)


def scheme_of(word: object) -> Scheme:
    """Return the scheme of this name.

    Raises
    ------
    AllocationError
        If there is none.
    """
    if not isinstance(word, str) or word not in SCHEMES:
        near = difflib.get_close_matches(str(word), SCHEMES, 1)
        remedy = f"did you mean {near[0]}?" if near else f"use one of {', '.join(SCHEMES)}"
        raise AllocationError("scheme", word, "is not a scheme", remedy)
    return SCHEMES[word]


def build_plan(
    scheme: str,
    options: Mapping[str, object],
    ratio: Sequence[int],
    factor_levels: Sequence[int],
    target: int,
) -> Plan:
    """Check a scheme and turn it into numbers.

    Parameters
    ----------
    scheme, options
        A scheme of `SCHEMES` and its keys.
    ratio
        Patients by arm, whole numbers.
    factor_levels
        Number of levels of each factor: their combinations are the strata, or, for minimisation
        and its like, they are its margins.
    target
        Patients to randomise.

    Raises
    ------
    AllocationError
        If an option is missing, unknown or out of range, or the scheme cannot honour the ratio,
        the strata or the target.
    """
    made = scheme_of(scheme)
    check.check_keys(scheme, options, tuple(made.standard))
    _check_arms(made, ratio)
    _check_factors(made, factor_levels)
    numbers = RULES[CODES[scheme]].read(Setting(scheme, options, ratio, factor_levels, target))
    by_strata = made.factors is Factors.STRATA or made.by_combination
    if by_strata and np.prod(factor_levels, dtype=np.float64) > _MOST_STRATA:
        raise AllocationError(
            "factors", list(factor_levels), f"make over {_MOST_STRATA} strata", "use fewer levels"
        )
    plan = Plan(
        scheme=CODES[scheme],
        ratio=np.array(ratio, dtype=np.float64),
        target=target,
        levels=np.array(factor_levels, dtype=np.int64),
        counts_strata=by_strata,
        adaptive=made.adaptive,
        design=numbers.design,
        numbers=np.array(numbers.numbers, dtype=np.float64),
        table=np.array(numbers.table, dtype=np.float64),
        block_sizes=np.array(numbers.block_sizes, dtype=np.int64),
    )
    if made.ratio is Ratio.CHECKED and len(set(ratio)) > 1:
        _check_that_ratio_is_kept(made, plan, ratio)
    return plan


def _check_arms(scheme: Scheme, ratio: Sequence[int]) -> None:
    if scheme.two_arms and len(ratio) != 2:
        raise AllocationError("ratio", list(ratio), f"{scheme.word} is for two arms", "use another")
    if scheme.ratio is Ratio.EQUAL and len(set(ratio)) > 1:
        raise AllocationError(
            "ratio",
            list(ratio),
            f"{scheme.word} honours equal ratios only: biased towards balance or outcomes, it "
            "would not keep an unequal ratio at every step",
            f"use a ratio of ones, or one of {_UNEQUAL}",
        )


def _check_factors(scheme: Scheme, levels: Sequence[int]) -> None:
    word, strata = scheme.word, math.prod(levels)
    if scheme.factors is Factors.NEEDED and not levels:
        raise AllocationError("factors", None, f"{word} needs factors", "name one or more")
    if scheme.factors in (Factors.REFUSED, Factors.TRIAL) and strata > 1:
        raise AllocationError(
            "factors",
            list(levels),
            f"{word} cannot be stratified: {scheme.factors.value}",
            "set factors to null, or use a scheme with strata, as permuted_block",
        )


def _check_that_ratio_is_kept(scheme: Scheme, plan: Plan, ratio: Sequence[int]) -> None:
    if len(ratio) > 2:
        rule = f"{scheme.word} with more than two unequal arms is not known to keep their ratio"
        raise AllocationError("ratio", list(ratio), rule, f"use one of {_UNEQUAL}")
    lost = ratio_lost(plan)
    if lost is not None:
        patient, found = lost
        text, share = ":".join(map(str, ratio)), ratio[0] / sum(ratio)
        raise AllocationError(
            "ratio",
            list(ratio),
            f"{scheme.word} does not keep {text} with these options: patient {patient} would get "
            f"the first arm with probability {found:.4f}, not {share:.4f}",
            f"use equal arms, or one of {_UNEQUAL}",
        )
