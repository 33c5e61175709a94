"""What closed forms say of a size, beside the simulation."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record


class Formula(StrEnum):
    """A closed-form sample size."""

    SCHOENFELD = "schoenfeld"  # log-rank (1983)
    FREEDMAN = "freedman"  # log-rank (1982)
    NORMAL = "normal"  # two proportions, normal approximation
    EXACT_BINOMIAL = "exact_binomial"  # a test of two proportions, by enumeration


class Missing(StrEnum):
    """Why a formula gives no number."""

    RATIO_NOT_WHOLE = "ratio_not_whole"  # whole arms need a ratio of 1:k
    TOO_LARGE = "too_large"  # far beyond the largest that is enumerated
    NOT_REACHED = "not_reached"  # no size tried has the power


class Contrast(StrEnum):
    """Why formulas and simulation differ."""

    SESSIONS = "sessions"  # queues, missed sessions, hazards that are not proportional
    APPROXIMATION = "approximation"  # formulas are for large trials
    NO_DIFFERENCE = "no_difference"  # mortality differs by no more than chance: no formula
    ALL_LOST = "all_lost"  # nobody is left to be analysed: no formula


@dataclass(frozen=True)
class ClosedForm(Record):
    """One formula's answer.

    Attributes
    ----------
    patients, deaths, mcse
        Needed, inflated for loss; None where there is none, `missing` says why. The error is what
        the simulated mortalities leave.
    test
        That is enumerated; None for others.
    hazard_ratio, mortality
        Assumed, mean of both arms; None where the formula takes mortality by arm.
    """

    formula: Formula
    patients: float | None
    deaths: float | None
    mcse: float | None
    missing: Missing | None
    test: str | None
    hazard_ratio: float | None
    mortality: float | None


@dataclass(frozen=True)
class ClosedForms(Record):
    """All of them for one target power.

    Attributes
    ----------
    control, experimental
        Simulated mortality by arm, which they start from.
    lost
        Share lost to follow-up, by which they are inflated.
    largest_enumerated
        Patients up to which exact sizes are looked for.
    """

    target_power: float
    control: float
    experimental: float
    lost: float
    largest_enumerated: int
    needed: tuple[ClosedForm, ...]
    contrast: Contrast


@dataclass(frozen=True)
class DetectableDifference(Record):
    """The smallest difference of mortality that a design detects with a power.

    `test` is `normal` where the normal approximation stands in.
    """

    test: str
    patients: tuple[int, ...]
    control: float
    experimental: float
    power: float
    alpha: float
