"""Looks as the Monte Carlo loop reads them: numbers and words, of the scenario alone."""

import math
from typing import NamedTuple

from simulator.declarations.analyses import STATISTICS, AnalysisPlan, Information
from simulator.scenario.monitored_family_rules import (
    family_of,
    first_weight,
    hypotheses_of,
    looked_at,
    max_information_of,
)
from simulator.scenario.monitoring import Moment as AskedMoment
from simulator.scenario.schema import Scenario

_NUMBERS = {"deaths": "deaths", "randomised": "randomised", "completed": "due", "day": "day"}


class Moment(NamedTuple):
    """When data are cut.

    `kind` is that of `analysis.cut.Cut`, or `events`, of the analysis; or `earlier` or `later`, of
    two others.
    """

    kind: str
    value: float = 0.0
    of: "tuple[Moment, ...]" = ()


class LookPlan(NamedTuple):
    """A look: when data are cut, how long it takes to decide, and whether recruitment pauses."""

    at: Moment
    cleaning_days: float
    pauses: bool


class FutilityPlan(NamedTuple):
    """When a look stops for futility, as `scenario.monitoring.Futility` has it."""

    rule: str
    power: float
    binding: bool


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
    family: FamilyPlan | None = None

    @property
    def columns(self) -> tuple[int, ...]:
        """Of the analyses that are looked at."""
        if self.family is None:
            return (self.column,)
        return tuple(one.column for one in self.family.hypotheses)

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
    names = [plan.name for plan in plans]
    column = names.index(looked_at(scenario))
    information = STATISTICS[plans[column].test].information
    most = asked.max_information or float(scenario.trial.target_randomised)
    looks = tuple(
        LookPlan(_moment(look.at, information, most), look.cleaning_days, look.pause)
        for look in asked.looks
    )
    futility = None if asked.futility is None else FutilityPlan(**asked.futility.model_dump())
    alone = MonitoringPlan(
        column=column,
        information=information.value,
        max_information=most,
        alpha=plans[column].alpha,
        sides=2 if plans[column].hypothesis.is_two_sided else 1,
        looks=looks,
        spending="" if asked.efficacy is None else asked.efficacy.spending,
        futility=futility,
        stops_treatment=asked.after_stopping == "stop_treatment",
    )
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


def _of_another(at: Moment) -> Moment:
    """A moment as another analysis sees it: events of the one that leads are not its own."""
    if at.of:
        return at._replace(of=tuple(map(_of_another, at.of)))
    return at._replace(kind="events of another") if at.kind == "events" else at


def _moment(at: AskedMoment, information: Information, most: float) -> Moment:
    for kind in ("earlier", "later"):
        two = getattr(at, kind)
        if two is not None:
            return Moment(kind, of=tuple(_moment(one, information, most) for one in two))
    if at.information is not None:
        counted = "events" if information is Information.DEATHS else "due"
        return Moment(counted, float(math.ceil(at.information * most - 1e-9)))
    for key, kind in _NUMBERS.items():
        if getattr(at, key) is not None:
            return Moment(kind, float(getattr(at, key)))
    raise AssertionError("a moment is one of those")
