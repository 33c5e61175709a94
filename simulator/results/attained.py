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


@dataclass(frozen=True, repr=False)
class LargestLevel(Record):
    """The largest level among trials.

    Attributes
    ----------
    level
        Attained there.
    first_arm, second_arm
        Patients by analysis, the final one last.
    """

    level: float
    first_arm: tuple[int, ...]
    second_arm: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class AttainedOverTrials(Record):
    """The type I error that looks attain at the sizes which simulated trials turn out to have.

    Each maximised over the common mortality of the arms, futility not counted: given its sizes, of
    which outcomes say nothing, a trial without an effect rejects with no larger probability.

    Attributes
    ----------
    level
        Nominal, of the analysis.
    trials
        How many trials of the run, its first ones.
    distinct
        Different sizes among them, each enumerated once.
    normal_mean, exact_mean
        Mean level over these trials: by the normal boundary, and by the exact levels that are
        enumerated at the planned sizes; None where these are not known.
    own_mean
        Mean level by exact levels that are enumerated anew at each trial's own sizes; None as well.
    normal_above, exact_above
        Share of these trials whose sizes have a level above the nominal one.
    normal_largest, exact_largest, own_largest
        The largest level of any of them, and the sizes that have it.
    """

    level: float
    trials: int
    distinct: int
    normal_mean: float
    normal_above: float
    normal_largest: LargestLevel
    exact_mean: float | None
    exact_above: float | None
    exact_largest: LargestLevel | None
    own_mean: float | None
    own_largest: LargestLevel | None
