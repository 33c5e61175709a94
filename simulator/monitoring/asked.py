"""Looks as the Monte Carlo loop reads them: numbers and words, of the scenario alone."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.declarations.analyses import STATISTICS, AnalysisPlan, Information
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.declarations.analyses.measure import Measure
from simulator.monitoring.adaptation import AdaptationPlan, adaptation_plan
from simulator.monitoring.futility import is_of_tables, read_futility
from simulator.scenario.look_days import day_of, days_of
from simulator.scenario.monitored_family_rules import (
    family_of,
    first_weight,
    hypotheses_of,
    looked_at,
    max_information_of,
    planned_information,
)
from simulator.scenario.monitoring import Look as AskedLook
from simulator.scenario.monitoring import Moment as AskedMoment
from simulator.scenario.schema import Scenario, Trial

_NUMBERS = {"deaths": "deaths", "randomised": "randomised", "completed": "due"}


class Moment(NamedTuple):
    """When data are cut.

    `kind` is that of `analysis.cut.Cut`, or `events`, of the analysis; or `earlier` or `later`, of
    two others. `date` is that of a `day` asked for by its date, and `month` of one asked for by
    the number of months since recruitment began.
    """

    kind: str
    value: float = 0.0
    of: "tuple[Moment, ...]" = ()
    date: str = ""
    month: float | None = None

    @property
    def simple(self) -> "tuple[Moment, ...]":
        """Those of which it is made."""
        if not self.of:
            return (self,)
        return tuple(moment for inner in self.of for moment in inner.simple)


class LookPlan(NamedTuple):
    """A look: when data are cut, how long it takes to decide, and whether recruitment pauses.

    `repeats`: it is one of as many as a trial comes to.
    """

    at: Moment
    cleaning_days: float
    pauses: bool
    repeats: bool = False


class FutilityPlan(NamedTuple):
    """When a look stops for futility, as `scenario.monitoring.Futility` has it."""

    rule: str
    power: float
    binding: bool
    prior_control: tuple[float, float] | None = None
    prior_experimental: tuple[float, float] | None = None

    @property
    def is_of_tables(self) -> bool:
        """Whether it looks at the deaths of each arm."""
        return is_of_tables(read_futility(self.rule))


class FamilyPlan(NamedTuple):
    """A family of analyses of which each is looked at.

    Attributes
    ----------
    name
        Of the family.
    stop_when
        Which rejection stops a trial: `primary`, `any` or `all`.
    looks_back
        Whether an analysis whose level has grown may be rejected by an earlier look.
    hypotheses
        Each analysis of the family, in its order, as if it were looked at alone.
    primary
        Place among them of the one that leads.
    """

    name: str
    stop_when: str
    looks_back: bool
    hypotheses: "tuple[MonitoringPlan, ...]"
    primary: int


class MonitoringPlan(NamedTuple):
    """What is looked at, when, and how it is decided.

    Attributes
    ----------
    column
        Of the analysis among those of the scenario.
    information
        Word of `Information`.
    max_information
        At which it is whole.
    alpha, sides
        Level of the analysis, or that which the one that leads a family has at first; 2: it is
        two-sided.
    spending
        How the level is spent, on one line; empty: no look stops for efficacy.
    lower_spending, lower_alpha
        How in favour of the first arm, and the part of alpha for that; empty: as in favour of the
        second, with half of alpha each.
    sizes
        Patients of each arm at the looks and at the end, of information that is patients completed,
        if planned numbers are known; else empty.
    final_size
        Patients of each arm at the planned end.
    exact, exact_levels
        Whether nominal levels are enumerated at these sizes; and those, once they are: p values of
        the analysis at or below which each look and the end reject.
    own_sizes
        Whether these are enumerated anew at the sizes that each trial turns out to have, so that
        `exact_levels` only say what they would be as planned.
    adaptation
        What looks change beside stopping; None: nothing.
    family
        Analyses that are looked at together; None: one is, alone.
    """

    column: int
    information: str
    max_information: float
    alpha: float
    sides: int
    looks: tuple[LookPlan, ...]
    spending: str
    futility: FutilityPlan | None
    stops_treatment: bool
    sizes: tuple[tuple[int, int], ...] = ()
    final_size: tuple[int, int] = (0, 0)
    exact: bool = False
    exact_levels: tuple[float, ...] = ()
    own_sizes: bool = False
    lower_spending: str = ""
    lower_alpha: float = 0.0
    adaptation: AdaptationPlan | None = None
    family: FamilyPlan | None = None

    @property
    def columns(self) -> tuple[int, ...]:
        """Of the analyses that are looked at."""
        if self.family is None:
            return (self.column,)
        return tuple(one.column for one in self.family.hypotheses)

    @property
    def no_order(self) -> tuple[str, ...]:
        """Why the order of outcomes that estimates after stopping rest on is not known."""
        known = {
            "exact": self.exact,
            "predictive_futility": self.futility is not None and self.futility.is_of_tables,
            "adaptation": self.adaptation is not None,
            "family": self.family is not None,
        }
        return tuple(reason for reason, holds in known.items() if holds)

    @property
    def estimates_allow_for_looks(self) -> bool:
        """Whether any interval is made that allows for looks.

        Repeated ones rest on no order of outcomes, but on a boundary of Z that the analysis alone
        is held to; whatever changes the information to come leaves them valid.
        """
        return set(self.no_order) <= {"adaptation"}

    @property
    def weighs_stages(self) -> bool:
        """Whether the final statistic gives stages the weights that were planned."""
        zone = None if self.adaptation is None else self.adaptation.zone
        return zone is not None and zone.weighted

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of the information at each look as it is planned and at the end; NaN: not known."""
        return (*(self._fraction(look.at) for look in self.looks), 1.0)

    def _fraction(self, at: Moment) -> float:
        counted = {Information.DEATHS: "events", Information.COMPLETED: "due"}
        if at.kind == counted.get(Information(self.information)):
            return at.value / self.max_information
        if at.kind == "deaths" and self.information == Information.DEATHS:
            return at.value / self.max_information
        return math.nan


def monitoring_plan(scenario: Scenario, plans: tuple[AnalysisPlan, ...]) -> MonitoringPlan | None:
    """Return what a scenario asks to be looked at; None: nothing."""
    asked = scenario.monitoring
    if asked is None:
        return None
    efficacy = asked.efficacy
    names = [plan.name for plan in plans]
    column = names.index(looked_at(scenario))
    information = STATISTICS[plans[column].test].information
    most = planned_information(scenario)
    looks = tuple(
        LookPlan(at, look.cleaning_days, look.pause, look.at.every_months is not None)
        for look in asked.looks
        for at in _moments(look, scenario.trial, information, most)
    )
    futility = None
    if asked.futility is not None:
        given = asked.futility.model_dump()
        lists = {k: tuple(v) for k, v in given.items() if isinstance(v, list)}
        futility = FutilityPlan(**given | lists)
    alone = MonitoringPlan(
        column=column,
        information=information.value,
        max_information=most,
        alpha=plans[column].alpha,
        sides=2 if plans[column].hypothesis.is_two_sided else 1,
        looks=looks,
        spending="" if efficacy is None else efficacy.spending,
        lower_spending="" if efficacy is None else efficacy.lower_spending or "",
        lower_alpha=0.0 if efficacy is None else efficacy.lower_alpha or 0.0,
        futility=futility,
        stops_treatment=asked.after_stopping == "stop_treatment",
        exact=efficacy is not None and efficacy.exact,
        own_sizes=efficacy is not None and efficacy.exact_sizes == "actual",
        adaptation=adaptation_plan(scenario, information),
    )
    ratio = scenario.allocation.ratio
    alone = alone._replace(sizes=_sizes(alone, ratio), final_size=by_arm(most, ratio))
    return _of_family(alone, scenario, plans)


def _of_family(
    lead: MonitoringPlan, scenario: Scenario, plans: tuple[AnalysisPlan, ...]
) -> MonitoringPlan:
    """Return the plan with the family that is looked at, if one is."""
    asked, family = scenario.monitoring, family_of(scenario)
    if asked is None or asked.family is None or family is None:
        return lead
    names, name = [plan.name for plan in plans], plans[lead.column].name
    own = {one.analysis: one.spending for one in hypotheses_of(asked) if one.spending is not None}
    found = []
    for other in family.analyses:
        plan = plans[names.index(other)]
        one = lead._replace(spending=own.get(other, lead.spending), alpha=plan.alpha)
        if other != name:
            one = one._replace(
                column=names.index(other),
                information=STATISTICS[plan.test].information.value,
                max_information=max_information_of(scenario, other) or math.nan,
                sides=2 if plan.hypothesis.is_two_sided else 1,
                looks=tuple(look._replace(at=_of_another(look.at)) for look in lead.looks),
                futility=None,
            )
        found.append(one)
    place, words = family.analyses.index(name), asked.family
    return found[place]._replace(
        alpha=family.alpha * first_weight(family, name),
        family=FamilyPlan(words.name, words.stop_when, words.look_back, tuple(found), place),
    )


def sign_of(hypothesis: Hypothesis, measure: Measure) -> int:
    """Return 1 where a larger estimate has a larger statistic, else -1.

    A positive statistic is in favour of the second arm, or of what is to be shown.
    """
    if hypothesis.is_two_sided:
        return 1 if measure.more_is_better else -1
    return -1 if hypothesis.alternative == "less" else 1


def _of_another(at: Moment) -> Moment:
    """A moment as another analysis sees it: events of the one that leads are not its own."""
    if at.of:
        return at._replace(of=tuple(map(_of_another, at.of)))
    return at._replace(kind="events of another") if at.kind == "events" else at


def _sizes(planned: MonitoringPlan, ratio: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Patients completed of each arm at each look, where they are allocated as planned."""
    fractions = planned.fractions
    if planned.information != Information.COMPLETED or any(map(math.isnan, fractions)):
        return ()
    return tuple(by_arm(fraction * planned.max_information, ratio) for fraction in fractions)


def by_arm(patients: float, ratio: Sequence[int]) -> tuple[int, int]:
    """Return how many patients each arm has, to the nearest whole number."""
    every = round(patients)
    first = round(every * ratio[0] / sum(ratio))
    return first, every - first


def _moments(look: AskedLook, trial: Trial, information: Information, most: float) -> list[Moment]:
    """The moments that a look stands for: one, but of looks every so many months."""
    months = look.at.every_months
    if months is None:
        return [_moment(look.at, trial, information, most)]
    days = enumerate(days_of(look, trial), 1)
    return [Moment("day", day, month=months * k) for k, day in days]


def _moment(at: AskedMoment, trial: Trial, information: Information, most: float) -> Moment:
    for kind in ("earlier", "later"):
        two = getattr(at, kind)
        if two is not None:
            return Moment(kind, of=tuple(_moment(one, trial, information, most) for one in two))
    if at.information is not None:
        counted = "events" if information is Information.DEATHS else "due"
        return Moment(counted, float(math.ceil(at.information * most - 1e-9)))
    day = day_of(at, trial)
    if day is not None:
        return Moment("day", float(day), date=at.date.isoformat() if at.date else "")
    for key, kind in _NUMBERS.items():
        if getattr(at, key) is not None:
            return Moment(kind, float(getattr(at, key)))
    raise AssertionError("a moment is one of those")
