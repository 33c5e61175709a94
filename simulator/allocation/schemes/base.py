"""What the file of a scheme declares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numba

# A scheme's compiled functions, which other compiled functions alone call: see `plan.borrowing`.
rule: Any = numba.njit(  # type: ignore[call-overload]
    cache=True,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    _nrt=False,
)


REQUIRED = object()  # an option without a standard value


class Ratio(Enum):
    """Which ratios a scheme honours, with the reason for the others."""

    ANY = "any"
    EQUAL = "equal: biased towards balance, it would not keep an unequal ratio at every step"
    CHECKED = "those that it keeps at every step, which is worked out"


class Factors(Enum):
    """What a scheme does with factors."""

    STRATA = "each combination of levels is allocated for itself"
    IGNORED = "no notice is taken of them"
    REFUSED = "how many patients a stratum will have is not known beforehand"
    NEEDED = "the scheme looks at the patient's levels, and needs some"
    USED = "the scheme looks at the patient's levels, if there are any"
    TRIAL = "it adapts to the outcomes of the whole trial"


class Setting(NamedTuple):
    """What a scheme's options are read beside."""

    scheme: str
    options: Mapping[str, object]
    ratio: Sequence[int]
    levels: Sequence[int]
    target: int


class SchemeNumbers(NamedTuple):
    """A scheme's options as `Plan` holds them."""

    numbers: Sequence[float] = ()
    table: Sequence[Sequence[float]] = ((),)
    block_sizes: Sequence[int] = ()
    design: int = 0


@dataclass(frozen=True)
class Scheme:
    """An allocation scheme.

    Attributes
    ----------
    word, does
        Its name in a scenario, and what it does, in a line.
    standard
        Its options in their order, with the values that its name alone stands for on the command
        line: `REQUIRED` where there is none, None for weights that are all alike.
    chance
        Compiled: `chance(plan, state, stratum, levels, out)` fills in the probability of each arm.
    read
        Checks the options and turns them into numbers.
    ratio, factors, two_arms
        What it honours.
    by_combination
        Whether it looks at each combination of levels although these are not its strata.
    counts_alone
        Whether all it looks at are the patients by arm of the stratum and of its open block, so
        that its probabilities can be tabulated.
    adaptive
        Whether it looks at outcomes.
    due, apply
        Compiled, for a scheme that draws something of its own before a patient: whether it must
        now, and what it makes of a uniform.
    """

    word: str
    does: str
    chance: Any
    read: Callable[[Setting], SchemeNumbers] = field(default=lambda _: SchemeNumbers())
    standard: Mapping[str, object] = field(default_factory=dict)
    ratio: Ratio = Ratio.EQUAL
    factors: Factors = Factors.STRATA
    two_arms: bool = True
    by_combination: bool = False
    counts_alone: bool = True
    adaptive: bool = False
    due: Any = None
    apply: Any = None
