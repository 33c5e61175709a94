"""The level that looks at two proportions attain, by enumeration."""

from dataclasses import dataclass

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class AttainedLevel(Record):
    """The type I error of looks at fixed sizes, maximised over the common mortality of the arms.

    Futility is not counted. Of tests of mortality at the end without a margin.

    Attributes
    ----------
    level
        Nominal, of the analysis.
    first_arm, second_arm
        Patients by look, the final analysis last.
    normal_p, exact_p
        Nominal level of each look, held against the p value of the analysis: that of the normal
        boundary in favour of the second arm, and that enumerated at the planned sizes. `exact_p` is
        None where planned sizes are not known.
    normal_level, exact_level
        The type I error with these; None without `exact_p`.
    normal_most, exact_most
        The largest of these where at the final analysis an arm has as many patients, or one more or
        one fewer: the level of a test of whole numbers goes up and down with the sizes.
    normal_at, exact_at
        The common mortality at which it is largest.
    """

    level: float
    first_arm: tuple[int, ...]
    second_arm: tuple[int, ...]
    normal_p: tuple[float, ...]
    normal_level: float
    normal_at: float
    exact_p: tuple[float, ...] | None
    exact_level: float | None
    exact_at: float | None
    normal_most: float
    exact_most: float | None
