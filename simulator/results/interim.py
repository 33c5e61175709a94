"""The answer of `monitor`: what a trial team needs at an interim analysis, without simulation."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from simulator.results.after_stopping import NoEstimates
from simulator.results.attained import AttainedLevel
from simulator.results.base import Answer, Record, Row, flat
from simulator.results.interim_recruitment import RecruitmentForecast
from simulator.results.measures import Scale
from simulator.results.power import ToBeShown


class Verdict(Enum):
    """What a look comes to; of the first two, the boundary that is crossed."""

    EFFICACY_SECOND = "efficacy_second"  # that in favour of the second arm, or what is to be shown
    EFFICACY_FIRST = "efficacy_first"  # that in favour of the first arm
    FUTILITY = "futility"
    GO_ON = "go_on"
    NO_REJECTION = "no_rejection"  # at the final analysis
    NOT_KNOWN = "not_known"  # no statistic is given


class Assumption(Enum):
    """What is assumed for want of better; renderers have the words."""

    LOOKS_EQUALLY_SPACED = "looks_equally_spaced"
    NO_LOOKS_PLANNED = "no_looks_planned"
    DESIGN_POWER = "design_power"
    FLAT_PRIOR_OF_EFFECT = "flat_prior_of_effect"
    ALL_TO_COME_COMPLETE = "all_to_come_complete"
    APPROXIMATE_STANDARD_ERROR = "approximate_standard_error"
    RATES_STAY = "rates_stay"
    WEAK_PRIOR_OF_RATES = "weak_prior_of_rates"
    FURTHER_SITE_LIKE_PRESENT = "further_site_like_present"
    FURTHER_SITE_OPENS = "further_site_opens"


@dataclass(frozen=True, repr=False)
class InformationNow(Record):
    """Statistical information at the cut.

    Attributes
    ----------
    unit
        As deaths, completed or inverse variance.
    now, planned
        In that unit; None: not known.
    fraction
        Of the planned information; None: not known.
    """

    unit: str
    now: float | None
    planned: float | None
    fraction: float | None


@dataclass(frozen=True, repr=False)
class LookTaken(Record):
    """A look with its boundary at the information it had.

    Positive Z favours the second arm or, of a one-sided hypothesis, what it is to show.

    Attributes
    ----------
    cut
        Date.
    information, fraction
        In its unit, and of that planned.
    efficacy_z, lower_z
        At or above the first and at or below the second an effect is shown in favour of the second
        and of the first arm; None: it cannot be at this look, or by a one-sided hypothesis.
    futility_z
        At or below it the trial stops without an effect; None: no such boundary.
    nominal_p
        P value of `efficacy_z`, by the sides of the hypothesis.
    alpha_spent
        By both sides so far.
    z, p_value
        The statistic and its nominal p value, by the sides of the hypothesis; None: not given.
    on_boundary
        The difference or ratio at `efficacy_z`, by its standard error now; None: not known.
    """

    cut: str
    information: float
    fraction: float
    efficacy_z: float | None
    lower_z: float | None
    futility_z: float | None
    nominal_p: float
    alpha_spent: float
    z: float | None
    p_value: float | None
    on_boundary: float | None
    verdict: Verdict


@dataclass(frozen=True, repr=False)
class Interval(Record):
    """An estimate with its limits, second arm against first.

    Attributes
    ----------
    estimate, low, high
        On the scale of Z: drift, the mean of Z at the planned end; its sign is that of Z.
    effect, effect_low, effect_high
        As the analysis has it: a difference, or a ratio; None: no estimate is known.
    """

    estimate: float
    low: float
    high: float
    effect: float | None
    effect_low: float | None
    effect_high: float | None


@dataclass(frozen=True, repr=False)
class Prospects(Record):
    """Probability to show efficacy of the second arm, or what a one-sided hypothesis is to show.

    Attributes
    ----------
    power
        Of the design, from which its effect follows.
    design, estimate, none
        Conditional power under the effect of the design, the estimated one, and none.
    predictive
        Conditional power averaged over what is known of the effect.
    final_p
        P value to be reached at the planned end, by the sides of the hypothesis.
    enumerated
        Predictive probability by enumeration of the deaths to come, for a test of two proportions;
        None: of another test, or without counts by arm.
    to_come
        Patients by arm to come for that.
    """

    power: float
    design: float
    estimate: float
    none: float
    predictive: float
    final_p: float
    enumerated: float | None
    to_come: tuple[int, int] | None


@dataclass(frozen=True, repr=False)
class Stopped(Record):
    """Inference if the trial stops here, by the stage-wise ordering.

    Attributes
    ----------
    p_value
        By the sides of the hypothesis.
    estimate
        Median unbiased, with its confidence interval; None where no order of outcomes is known that
        it could rest on (`Interim.no_estimates`).
    """

    p_value: float
    estimate: Interval | None


@dataclass(frozen=True, repr=False)
class EffectNow(Record):
    """The usual estimate at the cut, second arm against first.

    Attributes
    ----------
    measure
        As risk difference.
    scale
        That of the analysis; what is a logarithm there is shown here as the ratio.
    estimate, low, high
        With the usual confidence interval, which knows nothing of looks.
    standard_error
        Of the difference, or of the logarithm of the ratio.
    """

    measure: str
    scale: Scale
    estimate: float
    standard_error: float
    low: float
    high: float

    @property
    def is_ratio(self) -> bool:
        """Whether it is a ratio."""
        return self.scale is Scale.LOG_RATIO


class NoTarget(Enum):
    """Why a look sets no new target."""

    ANOTHER_LOOK = "another_look"  # it is not the look at which the target is re-estimated
    NOT_POOLED = "not_pooled"  # what is pooled is not in the file, or no count
    NO_STATISTIC = "no_statistic"
    STOPS = "stops"  # a boundary is crossed


@dataclass(frozen=True, repr=False)
class ReestimatedNow(Record):
    """A target re-estimated at this look.

    Attributes
    ----------
    kind, look
        `blinded_reestimation` or `promising_zone`, and at which look, the first is 1.
    planned, most
        The target planned, and the highest.
    value, zone
        Pooled mortality, or conditional power under the estimate; and the zone of that, in a word.
    target, missing
        The new target, or why there is none.
    """

    kind: str
    look: int
    planned: int
    most: int
    value: float | None
    zone: str | None
    target: int | None
    missing: NoTarget | None


@dataclass(frozen=True, repr=False)
class SlowNow(Record):
    """Whether recruitment is so slow that it closes.

    Attributes
    ----------
    fewest, look, date
        It closes with fewer than so many randomised, at the cut of a look or on a date.
    randomised
        By this cut; None: not known.
    due, slow
        Whether that has come, and whether it closes; None: this cut does not tell.
    unanswered
        Whether the trial then ends without its test.
    """

    fewest: int
    look: int | None
    date: str | None
    randomised: int | None
    due: bool
    slow: bool | None
    unanswered: bool


@dataclass(frozen=True, repr=False)
class WeightedNow(Record):
    """The final statistic that gives the stages their planned weights (Cui, Hung and Wang 1999).

    Attributes
    ----------
    z
        None: a statistic is not known; then nor are the last two.
    weight
        Of what came before the last look.
    drift
        Its estimate: the mean of the usual Z at the planned end.
    root
        The mean of `z` where the drift is 1; its inverse is the standard error of `drift`.
    """

    z: float | None
    weight: float
    drift: float | None = None
    root: float | None = None


@dataclass(frozen=True, repr=False)
class HypothesisNow(Record):
    """An analysis of a family at this look.

    Attributes
    ----------
    level
        That it has once those that are rejected have passed theirs on; 0 of one that an earlier
        look rejected.
    fraction
        Of its planned information; None: not known, and so no boundary.
    efficacy_z, lower_z, nominal_p
        Its boundary at that level, as `LookTaken` has it.
    z, rejected
        Its statistic, and whether it is rejected, here or, `earlier`, before.
    """

    name: str
    level: float
    fraction: float | None
    efficacy_z: float | None
    lower_z: float | None
    nominal_p: float | None
    z: float | None
    rejected: bool
    earlier: bool = False


@dataclass(frozen=True, repr=False)
class FamilyNow(Record):
    """A family of analyses at this look, by the procedure that passes levels on."""

    name: str
    method: str
    hypotheses: tuple[HypothesisNow, ...]


@dataclass(frozen=True, repr=False)
class Interim(Answer):
    """What is known and to be expected at a cut of the data.

    Attributes
    ----------
    cut
        Date.
    analysis, test
        Its name, and the word of its test.
    arms
        The first is the control arm.
    alpha, hypothesis
        The level, one- or two-sided, of what is to be shown.
    measure
        What the analysis estimates, as hazard ratio.
    randomised, followed_up, deaths
        Of both arms; None: not known.
    information
        None: the analysis cannot be monitored.
    final
        Whether it is the final analysis.
    spending, futility
        The rules, on one line; None: no such rule.
    looks
        Those before, and this one; none where the scenario plans no look, or the information is not
        known.
    z
        The statistic; None: not known.
    repeated
        Repeated confidence interval, valid whether or not the trial stops, and whatever changed the
        information to come; its centre is the usual estimate, or that by planned weights.
    reestimated, slow, weighted
        What the look changes beside stopping the trial, and the final statistic of a trial whose
        stages have planned weights; None: not asked for.
    family
        Each analysis of a family that is looked at; None: one is.
    no_estimates
        Why no estimate and no interval is made that allows for the looks; empty where they are.
        Where the trial adapts, why none is made but the repeated interval.
    attained
        The level that the looks attain, of a test of two proportions: this one at the sizes of the
        arms that were observed, earlier ones with theirs shared out by the allocation ratio, later
        ones and the end at those planned. None: it cannot be enumerated.
    """

    KIND: ClassVar[str] = "monitor"
    SHOWN_COLUMNS = (
        *("cut", "information", "fraction", "efficacy_z", "futility_z", "z", "p_value"),
        *("nominal_p", "verdict"),
    )

    scenario: str
    cut: str
    analysis: str
    test: str
    arms: tuple[str, str]
    alpha: float
    hypothesis: ToBeShown
    measure: str
    randomised: int | None
    followed_up: int | None
    deaths: int | None
    information: InformationNow | None
    final: bool
    spending: str | None
    futility: str | None
    binding: bool
    looks: tuple[LookTaken, ...]
    z: float | None
    effect: EffectNow | None
    verdict: Verdict
    prospects: Prospects | None
    repeated: Interval | None
    stopped: Stopped | None
    recruitment: RecruitmentForecast | None
    assumptions: tuple[Assumption, ...]
    version: str
    reestimated: ReestimatedNow | None = None
    slow: SlowNow | None = None
    weighted: WeightedNow | None = None
    family: FamilyNow | None = None
    no_estimates: tuple[NoEstimates, ...] = ()
    attained: AttainedLevel | None = None

    def rows(self) -> list[Row]:
        """One row per look."""
        return [
            {"look": place, **flat(look), "verdict": look.verdict.value}
            for place, look in enumerate(self.looks, start=1)
        ]

    def headline(self) -> list[str]:
        """Where the trial stands, and when recruitment closes."""
        lines = [f"{self.scenario} at {self.cut}: {self.verdict.value.replace('_', ' ')}"]
        if self.information is not None and self.information.fraction is not None:
            lines[0] += f", information {self.information.fraction:.3f} of that planned"
        if self.prospects is not None:
            lines.append(
                f"conditional power {self.prospects.design:.3f} under the design's effect, "
                f"{self.prospects.estimate:.3f} under the estimate"
            )
        if self.recruitment is not None:
            closing = self.recruitment.closing
            lines.append(
                f"recruitment closes {closing.median or 'never'} "
                f"(80 % {closing.low_80 or 'never'} to {closing.high_80 or 'never'})"
            )
        return lines
