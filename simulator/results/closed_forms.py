"""What closed forms say of a size, beside the simulation."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record


class Formula(StrEnum):
    """A closed-form sample size."""

    SCHOENFELD = "schoenfeld"  # log-rank test and Cox regression (1983)
    FREEDMAN = "freedman"  # log-rank test (1982)
    NORMAL = "normal"  # two proportions, normal approximation
    FARRINGTON_MANNING = "farrington_manning"  # two proportions with a margin (1990)
    EXACT_BINOMIAL = "exact_binomial"  # a test of two proportions, by enumeration
    T_TEST = "t_test"  # two means, noncentral t distribution
    ANCOVA = "ancova"  # the same about the regression on baseline
    EQUIVALENT_HAZARDS = "equivalent_hazards"  # two one-sided log-rank tests
    EQUIVALENT_PROPORTIONS = "equivalent_proportions"  # two one-sided score tests of proportions
    EQUIVALENT_MEANS = "equivalent_means"  # two one-sided t tests
    EQUIVALENT_ADJUSTED_MEANS = "equivalent_adjusted_means"  # about the regression on baseline


class Missing(StrEnum):
    """Why a formula gives no number."""

    NOT_ENUMERATED = "not_enumerated"  # a test whose tables take too long
    TOO_LARGE = "too_large"  # it may exceed the largest that is enumerated
    NOT_REACHED = "not_reached"  # no size tried has the power


class Contrast(StrEnum):
    """Why formulas and simulation differ, or why there is no formula."""

    SESSIONS = "sessions"  # queues, missed sessions, hazards that are not proportional
    APPROXIMATION = "approximation"  # formulas are for large trials
    NO_DIFFERENCE = "no_difference"  # the outcome differs by no more than chance
    NO_FORMULA = "no_formula"  # none is made for this outcome and test
    OTHER_EVENTS = "other_events"  # rescue or withdrawal counts too, or only the treated do
    FAMILY = "family"  # several analyses are judged together: no formula
    OTHER_SIDE = "other_side"  # the effect lies where nothing is to be shown: no formula
    OTHER_FOLLOW_UP = "other_follow_up"  # not of so many days for each patient: no formula
    ALL_LOST = "all_lost"  # nobody is left to be analysed: no formula


@dataclass(frozen=True, repr=False)
class ClosedForm(Record):
    """One formula's answer; what it does not have is None.

    Attributes
    ----------
    patients, events, mcse
        Needed in all, loss allowed for; None where there is none, `missing` says why. The error is
        what estimated inputs leave; 0 where they are exact.
    missing
        Why there is no number.
    test
        That is enumerated.
    hazard_ratio, proportional, event_probability
        Ratio of cumulative hazards of the event, whether it holds at all times, and the probability
        that an event is seen in a patient, of both arms.
    difference, standard_deviation, analysed
        Of means: their difference, the standard deviation (of the control arm, of the other), and
        the share of patients analysed.
    margin, apart
        With a margin: the margin, a difference or a ratio, and what is assumed less the margin (of
        hazard ratios their logarithms).
    equivalence
        Both margins, where equivalence is to be shown; `apart` is then the distance from the nearer
        one.
    """

    formula: Formula
    patients: float | None
    events: float | None = None
    mcse: float | None = None
    missing: Missing | None = None
    test: str | None = None
    hazard_ratio: float | None = None
    proportional: bool | None = None
    event_probability: float | None = None
    difference: float | None = None
    standard_deviation: tuple[float, ...] | None = None
    analysed: float | None = None
    margin: float | None = None
    apart: float | None = None
    equivalence: tuple[float, ...] | None = None


@dataclass(frozen=True, repr=False)
class ClosedForms(Record):
    """Those that are made for an analysis, for one target power.

    Attributes
    ----------
    test_name
        Of the analysis, in prose.
    control, experimental
        Risk of the event by arm, which they start from: among those analysed of a test of
        proportions; None where the outcome is no event.
    lost
        Share lost to follow-up before an event, which they allow for.
    exact_inputs
        Whether inputs follow from the scenario's numbers, without simulation.
    largest_enumerated
        Patients up to which exact sizes are looked for.
    sides
        Whether the level of the analysis is two-sided or one-sided.
    """

    target_power: float
    test_name: str
    control: float | None
    experimental: float | None
    lost: float
    exact_inputs: bool
    largest_enumerated: int
    needed: tuple[ClosedForm, ...]
    contrast: Contrast
    sides: str = "two-sided"


class DetectableBy(StrEnum):
    """How a detectable difference is worked out."""

    ENUMERATION = "enumeration"  # a test of two proportions, exactly
    NORMAL = "normal"  # two proportions, normal approximation
    SCHOENFELD = "schoenfeld"  # a hazard ratio, by its events
    T_TEST = "t_test"  # two means


@dataclass(frozen=True, repr=False)
class DetectableDifference(Record):
    """The smallest difference that a design detects with a power; what a kind lacks is None.

    Attributes
    ----------
    patients
        By arm, all followed up.
    control, experimental
        Risk of the event; the second is NaN if none has the power.
    hazard_ratio, events
        Of the log-rank test.
    difference
        Of means.
    """

    by: DetectableBy
    patients: tuple[int, ...]
    power: float
    alpha: float
    control: float | None = None
    experimental: float | None = None
    hazard_ratio: float | None = None
    events: float | None = None
    difference: float | None = None
