"""Numbers with their Monte Carlo error, and what is judged of them."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record

TARGET_MARGIN = 0.02  # of a power: nobody tells two designs apart by less
CONVENTIONAL_POWER = 0.80  # the target power, unless the user says otherwise
LEAST_TRIALS_TO_JUDGE = 100  # with fewer an interval is told, and no verdict


@dataclass(frozen=True, repr=False)
class Estimate(Record):
    """A mean over trials, or a ratio of totals, and its Monte Carlo standard error.

    Both are NaN where there is nothing to estimate, as the mortality of an arm without patients.
    """

    mean: float
    mcse: float


@dataclass(frozen=True, repr=False)
class PairedEstimate(Estimate):
    """The same, with its difference to that of a base, trial by trial, and the error of that."""

    difference: float
    paired_mcse: float


@dataclass(frozen=True, repr=False)
class Share(Record):
    """A share of trials with its 95 % interval by Wilson's score (1927)."""

    mean: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, repr=False)
class Days(Estimate):
    """A mean number of days, with the 5th and 95th percentile over trials, of whole days."""

    p5: float
    p95: float


def without_result(count: int, trials: int) -> str:
    """Say how many trials are not analysable, to be set after a rate; empty where all are."""
    return f", {count:,} of {trials:,} trials not analysable" if count else ""


class Scale(StrEnum):
    """The unit of an estimate, which says how it is to be shown."""

    PROPORTION = "proportion"  # a difference of proportions, shown in percentage points
    LOG_RATIO = "log_ratio"  # natural logarithm; its exponential is the ratio
    DAYS = "days"
    MELD_POINTS = "meld_points"
    PROBABILITY = "probability"  # a difference of probabilities of pairs, from -1 to 1


class NullHypothesis(StrEnum):
    """Which null hypothesis a run was made under."""

    NONE = "none"  # the effect that the scenario assumes
    STRONG = "strong"  # both arms are treated as the control arm is
    MORTALITY = "mortality"  # a hazard ratio of 1; plans, sessions and labs differ


class Judgement(StrEnum):
    """What a share of trials that reject amounts to, by the limits of its interval."""

    UNDERPOWERED = "underpowered"  # the interval lies below the target power
    INCONCLUSIVE = "inconclusive"  # it contains the target power, and reaches far from it
    AT_TARGET = "at_target"  # it contains the target power, and both ends are within the margin
    ADEQUATE = "adequate"  # it lies above
    LEVEL_EXCEEDED = "level_exceeded"  # strong null: the interval lies above the nominal level
    LEVEL_HELD = "level_held"  # it lies at or below
    LEVEL_COMPATIBLE = "level_compatible"  # it contains the nominal level
    EQUAL_HAZARDS = "equal_hazards"  # neither a power nor a type I error
    TOO_FEW_TRIALS = "too_few_trials"  # a power or a type I error, of too few trials to be judged

    @property
    def is_power(self) -> bool:
        """Whether it is the judgement of a power."""
        return self in (
            Judgement.UNDERPOWERED,
            Judgement.INCONCLUSIVE,
            Judgement.AT_TARGET,
            Judgement.ADEQUATE,
        )


class LowReason(StrEnum):
    """Why power is below the nominal level."""

    NOT_ANALYSABLE = "not_analysable"  # trials without a result count as no rejection
    CONSERVATIVE = "conservative"  # the test's own type I error is below the nominal level
    SMALL_EFFECT = "small_effect"  # next to no effect, or a test that seldom rejects at this size


@dataclass(frozen=True, repr=False)
class BelowLevel(Record):
    """Why power is below the nominal level.

    `type_i_error` is that of a conservative test at the planned size and the control arm's
    mortality, by enumeration; None for other reasons.
    """

    reason: LowReason
    type_i_error: float | None


@dataclass(frozen=True, repr=False)
class Verdict(Record):
    """The judgement on the primary analysis.

    Attributes
    ----------
    threshold
        What the share of rejections is held against: the target power, or the nominal level.
    target_power
        The power that the design is to have.
    null_hypothesis
        Under which the trials were simulated.
    below_level
        Why the power is below the nominal level; None where it is not, or is no power.
    trials_to_settle
        Of a power that is inconclusive: trials with which the interval would leave the target out
        if the share of rejections stayed what it is; None where nothing is to be settled or no
        number of trials would do.
    """

    judgement: Judgement
    threshold: float
    target_power: float
    null_hypothesis: NullHypothesis
    below_level: BelowLevel | None = None
    trials_to_settle: int | None = None

    @property
    def is_power(self) -> bool:
        """Whether the share of trials that reject is a power at all."""
        return self.null_hypothesis is NullHypothesis.NONE

    @property
    def is_level(self) -> bool:
        """Whether it is a type I error."""
        return self.null_hypothesis is NullHypothesis.STRONG
