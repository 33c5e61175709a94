"""Allocation of patients to arms (model page, section 4).

One contract for every scheme: `probabilities` is a pure function of what is known when a patient
is randomised; the draw is apart from it (`choose`), and only `record` (and `start_block`, for
blocks of random size) changes the history.
"""

from collections.abc import Mapping, Sequence

import numba
import numpy as np

from simulator.allocation import options as check
from simulator.allocation import schemes
from simulator.allocation.options import SCHEMES
from simulator.allocation.plan import (
    BIG_STICK,
    BLOCKS,
    COMPLETE,
    EFRON,
    MINIMISATION,
    RANDOM_ALLOCATION,
    RANGE,
    STANDARD_DEVIATION,
    VARIANCE,
    AllocationError,
    Floats,
    Ints,
    Plan,
    State,
    borrowing,
)

__all__ = [
    "SCHEMES",
    "AllocationError",
    "Plan",
    "State",
    "block_to_start",
    "build_plan",
    "choose",
    "choose_of_two",
    "clear",
    "combination_of",
    "levels_of",
    "new_state",
    "probabilities",
    "record",
    "start_block",
    "stratum_of",
]

_CODES = {
    "complete": COMPLETE,
    "random_allocation": RANDOM_ALLOCATION,
    "permuted_block": BLOCKS,
    "random_blocks": BLOCKS,
    "efron": EFRON,
    "big_stick": BIG_STICK,
    "minimisation": MINIMISATION,
}
_MEASURES = {"range": RANGE, "variance": VARIANCE, "standard_deviation": STANDARD_DEVIATION}
_MOST_STRATA = 10_000


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
        Number of levels of each factor: their combinations are the strata, or, for minimisation,
        they are its margins.
    target
        Patients to randomise.

    Raises
    ------
    AllocationError
        If an option is missing, unknown or out of range, or the scheme cannot honour the ratio,
        the strata or the target.
    """
    check.check_keys(scheme, options)
    sizes: list[int] = []
    probability, bound, measure, weights = 0.0, 0, 0, np.empty(0)
    if scheme == "random_allocation":
        _random_allocation(ratio, factor_levels, target)
    elif scheme == "permuted_block":
        sizes = [check.block_size("options.block_size", options["block_size"], ratio)]
    elif scheme == "random_blocks":
        listed = check.items("options.block_sizes", options["block_sizes"])
        sizes = [
            check.block_size(f"options.block_sizes[{i}]", s, ratio) for i, s in enumerate(listed)
        ]
    elif scheme == "efron":
        check.two_arms(scheme, ratio)
        check.equal_ratio(scheme, ratio)
        probability = check.number("options.probability", options["probability"], 0.5, 1.0)
    elif scheme == "big_stick":
        check.two_arms(scheme, ratio)
        check.equal_ratio(scheme, ratio)
        bound = check.whole("options.bound", options["bound"], 1)
    elif scheme == "minimisation":
        check.equal_ratio(scheme, ratio)
        probability, measure, weights = _minimisation(options, len(ratio), len(factor_levels))
    if scheme != "minimisation" and np.prod(factor_levels, dtype=np.float64) > _MOST_STRATA:
        raise AllocationError(
            "factors", list(factor_levels), f"make over {_MOST_STRATA} strata", "use fewer levels"
        )
    return Plan(
        scheme=_CODES[scheme],
        ratio=np.array(ratio, dtype=np.float64),
        target=target,
        places=np.array(ratio, dtype=np.float64) * target / sum(ratio),
        levels=np.array(factor_levels, dtype=np.int64),
        block_sizes=np.array(sizes, dtype=np.int64),
        probability=probability,
        bound=bound,
        measure=measure,
        weights=weights,
    )


def _random_allocation(ratio: Sequence[int], factor_levels: Sequence[int], target: int) -> None:
    if np.prod(factor_levels, dtype=np.float64) > 1:
        raise AllocationError(
            "factors",
            list(factor_levels),
            "random_allocation cannot be stratified: how many patients a stratum will have is not "
            "known beforehand",
            "use permuted_block or random_blocks, or set factors to null",
        )
    check.whole_groups(ratio, target)


def _minimisation(
    options: Mapping[str, object], arms: int, factors: int
) -> tuple[float, int, Floats]:
    if factors == 0:
        raise AllocationError("factors", None, "minimisation needs factors", "name one or more")
    probability = check.number("options.probability", options["probability"], 1.0 / arms, 1.0)
    word = options["measure"]
    if not isinstance(word, str) or word not in _MEASURES:
        names = ", ".join(_MEASURES)
        raise AllocationError("options.measure", word, "is not a measure", f"use one of {names}")
    listed = check.items("options.weights", options["weights"])
    if len(listed) != factors:
        rule = f"needs {factors} numbers, one a factor"
        raise AllocationError("options.weights", listed, rule, "give a weight for each factor")
    weights = [check.number(f"options.weights[{i}]", w, 0.0, 1e6) for i, w in enumerate(listed)]
    if not any(weights):
        raise AllocationError("options.weights", listed, "one must be > 0", "as [1, 1]")
    return probability, _MEASURES[word], np.array(weights)


@numba.njit(cache=True, error_model="numpy")
def new_state(plan: Plan) -> State:
    """Return the history before the first patient."""
    arms, factors = plan.ratio.size, plan.levels.size
    strata, widest = 1, 0
    for levels in plan.levels:
        widest = max(widest, levels)
        if plan.scheme != MINIMISATION:
            strata *= levels
    return State(
        np.zeros(arms, np.int64),
        np.zeros((strata, arms), np.int64),
        np.zeros((strata, arms), np.int64),
        np.zeros((strata, arms)),
        np.zeros(strata, np.int64),
        np.zeros((factors, widest, arms), np.int64),
    )


@borrowing
def clear(state: State) -> None:
    """Make a history, in place, what it was before the first patient."""
    state.arms[:] = 0
    state.strata[:] = 0
    state.block[:] = 0
    state.places[:] = 0
    state.blocks[:] = 0
    state.margins[:] = 0


@borrowing
def combination_of(plan: Plan, levels: Ints) -> int:
    """Number of a combination of levels, whether or not the scheme stratifies by it."""
    combination = 0
    for factor in range(levels.size):
        combination = combination * plan.levels[factor] + levels[factor]
    return combination


@borrowing
def levels_of(plan: Plan, combination: int, levels: Ints) -> None:
    """Fill in the levels of a combination."""
    for factor in range(levels.size - 1, -1, -1):
        levels[factor] = combination % plan.levels[factor]
        combination //= plan.levels[factor]


@borrowing
def stratum_of(plan: Plan, levels: Ints) -> int:
    """Stratum of a patient with these levels of the factors; 0 where nothing is stratified."""
    return 0 if plan.scheme == MINIMISATION else combination_of(plan, levels)


@borrowing
def block_to_start(plan: Plan, state: State, levels: Ints) -> int:
    """Index of the block that must be begun before this patient, -1 if none is due."""
    if plan.scheme != BLOCKS:
        return -1
    stratum = stratum_of(plan, levels)
    left = 0.0
    for arm in range(plan.ratio.size):
        left += state.places[stratum, arm] - state.block[stratum, arm]
    if left > 0.0:
        return -1
    begun: int = state.blocks[stratum]
    return begun


@borrowing
def start_block(plan: Plan, state: State, levels: Ints, u: float) -> None:
    """Begin a block whose size is chosen by the uniform `u`, each of the sizes alike."""
    stratum = stratum_of(plan, levels)
    place = min(int(u * plan.block_sizes.size), plan.block_sizes.size - 1)
    parts = 0.0
    for arm in range(plan.ratio.size):
        parts += plan.ratio[arm]
    for arm in range(plan.ratio.size):
        # Multiplied first, the division is exact: an arm that is used up has exactly no chance.
        state.places[stratum, arm] = plan.ratio[arm] * plan.block_sizes[place] / parts
        state.block[stratum, arm] = 0
    state.blocks[stratum] += 1


@borrowing
def probabilities(plan: Plan, state: State, levels: Ints, out: Floats) -> None:
    """Fill `out` with the probability of each arm for the next patient, given the history."""
    stratum = stratum_of(plan, levels)
    if plan.scheme == COMPLETE:
        schemes.by_ratio(plan.ratio, out)
    elif plan.scheme == RANDOM_ALLOCATION:
        schemes.from_urn(plan.places, state.arms, out)
    elif plan.scheme == BLOCKS:
        schemes.from_urn(state.places[stratum], state.block[stratum], out)
    elif plan.scheme == EFRON:
        schemes.biased_coin(state.strata[stratum], plan.probability, out)
    elif plan.scheme == BIG_STICK:
        schemes.big_stick(state.strata[stratum], plan.bound, out)
    else:
        schemes.minimisation(plan, state, levels, out)


@borrowing
def choose(chances: Floats, u: float) -> int:
    """Return the arm that the uniform `u` falls to, never one without a chance."""
    last, below = 0, 0.0
    for arm in range(chances.size):
        if chances[arm] > 0.0:
            last = arm
            below += chances[arm]
            if u < below:
                return arm
    return last


@borrowing
def choose_of_two(chance_of_first: float, u: float) -> int:
    """Return the arm of two that `choose` returns; a uniform is below 1 and above 0."""
    return int(u >= chance_of_first)


@borrowing
def record(plan: Plan, state: State, levels: Ints, arm: int) -> None:
    """Add an allocation to the history."""
    stratum = stratum_of(plan, levels)
    state.arms[arm] += 1
    state.strata[stratum, arm] += 1
    state.block[stratum, arm] += 1
    for factor in range(levels.size):
        state.margins[factor, levels[factor], arm] += 1
