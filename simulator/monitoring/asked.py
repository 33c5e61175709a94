"""Looks as the Monte Carlo loop reads them: numbers and words, of the scenario alone."""

import math
from typing import NamedTuple

from simulator.declarations.analyses import STATISTICS, AnalysisPlan, Information
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.results.measures import Scale
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
        Level of the analysis; 2: it is two-sided.
    spending
        How the level is spent, on one line; empty: no look stops for efficacy.
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
    column = 0 if asked.analysis is None else names.index(asked.analysis)
    information = STATISTICS[plans[column].test].information
    most = asked.max_information or float(scenario.trial.target_randomised)
    looks = tuple(
        LookPlan(_moment(look.at, information, most), look.cleaning_days, look.pause)
        for look in asked.looks
    )
    futility = None if asked.futility is None else FutilityPlan(**asked.futility.model_dump())
    return MonitoringPlan(
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


def sign_of(hypothesis: Hypothesis, scale: Scale) -> int:
    """Return 1 where a larger estimate has a larger statistic, else -1.

    A positive statistic is in favour of the second arm, or of what is to be shown.
    """
    if hypothesis.is_two_sided:
        return 1 if scale is Scale.DAYS else -1  # survival time is good; all else is deaths
    return -1 if hypothesis.alternative == "less" else 1


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
