"""What is declared of an allocation scheme."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

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


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """An allocation scheme.

    Attributes
    ----------
    word, name, does
        Its word in a scenario, its name in a figure, and what it does, in a line.
    rules
        Place of its `Rules`, the functions that allocate, as `module:name`.
    standard
        Its options in their order, with the values that its name alone stands for on the command
        line: `REQUIRED` where there is none, None for weights that are all alike.
    ratio, factors, two_arms
        What it honours.
    by_combination
        Whether it looks at each combination of levels although these are not its strata.
    counts_alone
        Whether all it looks at are the patients by arm of the stratum and of its open block, so
        that its probabilities can be tabulated.
    adaptive
        Whether it looks at outcomes.
    fixed_size
        Whether it has exactly as many places as patients are planned, so that no more can follow.
    """

    word: str
    name: str
    does: str
    rules: str
    standard: Mapping[str, object] = field(default_factory=dict)
    ratio: Ratio = Ratio.EQUAL
    factors: Factors = Factors.STRATA
    two_arms: bool = True
    by_combination: bool = False
    counts_alone: bool = True
    adaptive: bool = False
    fixed_size: bool = False
