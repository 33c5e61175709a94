"""Numbers with their Monte Carlo error, and what is judged of them."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record

CONVENTIONAL_POWER = 0.80  # the target power, unless the user says otherwise
MOSTLY = 0.95  # a target of recruitment reached less often counts as beyond what can be recruited


@dataclass(frozen=True)
class Estimate(Record):
    """A mean over trials, or a ratio of totals, and its Monte Carlo standard error.

    Both are NaN where there is nothing to estimate, as the mortality of an arm without patients.
    """

    mean: float
    mcse: float


@dataclass(frozen=True)
class PairedEstimate(Estimate):
    """The same, with its difference to that of a base, trial by trial, and the error of that."""

    difference: float
    paired_mcse: float


@dataclass(frozen=True)
class Share(Record):
    """A share of trials with its 95 % interval by Wilson's score (1927)."""

    mean: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Days(Estimate):
    """A mean number of days, with the 5th and 95th percentile over trials."""

    p5: float
    p95: float


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
    INCONCLUSIVE = "inconclusive"  # it contains the target power
    ADEQUATE = "adequate"  # it lies above
    LEVEL_EXCEEDED = "level_exceeded"  # strong null: the interval lies above the nominal level
    LEVEL_HELD = "level_held"  # it lies at or below
    LEVEL_COMPATIBLE = "level_compatible"  # it contains the nominal level
    EQUAL_HAZARDS = "equal_hazards"  # neither a power nor a type I error


@dataclass(frozen=True)
class Verdict(Record):
    """The judgement on the primary analysis.

    Attributes
    ----------
    threshold
        What the share of rejections is held against: the target power, or the nominal level.
    target_power
        The power that the design is to have.
    """

    judgement: Judgement
    threshold: float
    target_power: float

    @property
    def is_power(self) -> bool:
        """Whether the share of trials that reject is a power at all."""
        return self.judgement in (
            Judgement.UNDERPOWERED,
            Judgement.INCONCLUSIVE,
            Judgement.ADEQUATE,
        )

    @property
    def is_level(self) -> bool:
        """Whether it is a type I error."""
        return not self.is_power and self.judgement is not Judgement.EQUAL_HAZARDS
