"""What answers on one scenario say together: one estimate of each design, one target."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class QuotedRun(Record):
    """The run that a power is quoted from: of those of the design, that with the most trials."""

    command: str
    trials: int
    seed: int


class Relation(StrEnum):
    """The planned number of patients beside the confidence interval of the number needed."""

    FEWER = "fewer"  # planned than the interval's lower limit
    WITHIN = "within"
    EQUAL = "equal"  # as many are planned
    MORE = "more"  # planned than its upper limit


@dataclass(frozen=True, repr=False)
class NeededSize(Record):
    """The number of patients that a search found, beside the plan's."""

    planned: int
    needed: float
    low: float
    high: float
    target_power: float
    relation: Relation


@dataclass(frozen=True, repr=False)
class Recruitable(Record):
    """How many patients can be recruited in the longest recruitment that a scenario allows.

    Attributes
    ----------
    patients, mcse
        Mean over trials; the error is 0 where the number follows from the scenario's rates.
    days
        Longest recruitment.
    per_month
        Patients randomised a month (30.4375 d), all sites together at full rate.
    at_full_rate
        Whether every site recruits at full rate from the first day on.
    """

    patients: float
    mcse: float
    days: float
    per_month: float
    at_full_rate: bool
