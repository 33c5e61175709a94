"""The usual estimate at an interim, the statistic of counts, and the deaths still to come."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy.special import ndtri

from simulator.analysis.exact_power import p_value_table, question_of
from simulator.declarations.analyses import MOST_PATIENTS, AnalysisPlan, Information
from simulator.declarations.analyses.measure import (
    LOG_HAZARD_RATIO,
    LOG_ODDS_RATIO,
    LOG_RISK_RATIO,
    RISK_DIFFERENCE,
    STRATIFIED_LOG_HAZARD_RATIO,
    Measure,
)
from simulator.monitoring.asked import sign_of
from simulator.montecarlo.predictive_looks import probability_of
from simulator.planning.interim.keys import Counts, Result
from simulator.results.measures import Scale

_FARTHEST = 40.0  # a p value of 1 is that of a z far below
_MOST_PATIENTS = 2_000  # of a test that sets no limit: its tables have as many cells squared


class Effect(NamedTuple):
    """An estimate, second arm against first.

    Attributes
    ----------
    raw, error
        The difference or log ratio, and its standard error.
    sign
        1 where a larger one makes z larger, else -1.
    null
        Its value where z is 0.
    is_ratio
        Whether it is shown as a ratio.
    """

    raw: float
    error: float
    sign: int
    null: float
    is_ratio: bool

    @classmethod
    def of(cls, plan: AnalysisPlan, measure: Measure, raw: float, error: float) -> "Effect":
        """Return an estimate of what an analysis is to show."""
        scale, hypothesis = measure.scale, plan.hypothesis
        sign = sign_of(hypothesis, measure)
        null = 0.0 if hypothesis.equivalence is not None else hypothesis.tested(scale).null
        return cls(raw, error, sign, null, scale is Scale.LOG_RATIO)

    @property
    def z(self) -> float:
        """Distance from the null value in standard errors."""
        return self.sign * (self.raw - self.null) / self.error

    def moved(self, z: float) -> float:
        """The difference or log ratio whose z is so much larger."""
        return self.raw + self.sign * z * self.error

    def at(self, z: float) -> float:
        """The difference or ratio that has a z, with this standard error."""
        return self.shown(self.null + self.sign * z * self.error)

    def shown(self, raw: float) -> float:
        """A difference, or a log ratio as a ratio."""
        return math.exp(min(max(raw, -700.0), 700.0)) if self.is_ratio else raw

    @classmethod
    def of_counts(
        cls,
        plan: AnalysisPlan,
        measure: Measure,
        by_arm: Sequence[Counts],
        information: Information,
    ) -> "Effect | None":
        """Return the crude estimate of two proportions; None: of another measure, or undefined."""
        if information is not Information.COMPLETED:
            return None
        numbers = [(c.deaths, c.followed_up) for c in by_arm]
        known = [(x, n) for x, n in numbers if x is not None and n]
        if len(known) < 2:
            return None
        (x0, n0), (x1, n1) = known
        p0, p1 = x0 / n0, x1 / n1
        if measure is RISK_DIFFERENCE:
            raw, variance = p1 - p0, p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1
        elif min(x0, x1, n0 - x0, n1 - x1) == 0:
            return None
        elif measure is LOG_RISK_RATIO:
            raw, variance = math.log(p1 / p0), 1 / x0 - 1 / n0 + 1 / x1 - 1 / n1
        elif measure is LOG_ODDS_RATIO:
            raw = math.log(p1 / (1 - p1)) - math.log(p0 / (1 - p0))
            variance = 1 / x0 + 1 / (n0 - x0) + 1 / x1 + 1 / (n1 - x1)
        else:
            return None
        if variance <= 0:
            return None
        return cls.of(plan, measure, raw, math.sqrt(variance))

    @classmethod
    def of_deaths(
        cls,
        plan: AnalysisPlan,
        measure: Measure,
        z: float,
        deaths: int | None,
        ratio: Sequence[int],
    ) -> "Effect | None":
        """Return the log hazard ratio whose error follows from the deaths (Schoenfeld 1981)."""
        if not deaths or measure not in (LOG_HAZARD_RATIO, STRATIFIED_LOG_HAZARD_RATIO):
            return None
        first, second = ratio
        error = (first + second) / math.sqrt(deaths * first * second)
        at_null = cls.of(plan, measure, 0.0, error)
        return at_null._replace(raw=at_null.null + at_null.sign * z * error)


def effect_of(plan: AnalysisPlan, measure: Measure, result: Result) -> Effect | None:
    """Return the estimate that is given; None: none is."""
    if result.standard_error is None:
        return None
    raw = math.log(result.ratio) if result.ratio is not None else result.difference
    assert raw is not None
    return Effect.of(plan, measure, raw, result.standard_error)


def z_of_counts(plan: AnalysisPlan, by_arm: Sequence[Counts]) -> float | None:
    """Return the statistic of a test of two proportions: the z that has its p value.

    As at the looks of simulated trials. None: the counts are not whole, or too many.
    """
    numbers = [(c.deaths, c.followed_up) for c in by_arm]
    known = [(x, n) for x, n in numbers if x is not None and n]
    if len(known) < 2:
        return None
    (x0, n0), (x1, n1) = known
    if n0 + n1 > MOST_PATIENTS.get(plan.test, _MOST_PATIENTS):
        return None
    p = float(p_value_table(question_of(plan, n0, n1))[x0, x1])
    if not plan.hypothesis.is_two_sided:
        return min(max(-float(ndtri(p)), -_FARTHEST), _FARTHEST)
    apart = x0 * n1 - x1 * n0
    return 0.0 if apart == 0 else math.copysign(abs(float(ndtri(min(p, 1.0) / 2))), apart)


class Enumerated(NamedTuple):
    """Predictive probability, and the patients by arm whose deaths it enumerates."""

    probability: float
    to_come: tuple[int, int]


def enumerated(
    plan: AnalysisPlan,
    by_arm: Sequence[Counts],
    planned: int,
    ratio: Sequence[int],
    level: float,
) -> Enumerated | None:
    """Return the predictive probability that a test of two proportions shows what it is to show.

    That is, of a two-sided test, an effect in favour of the second arm. At the planned end, at a
    level, under flat priors of the mortality of both arms.

    Parameters
    ----------
    planned
        Patients at the end, of both arms.
    """
    numbers = [(c.deaths, c.followed_up) for c in by_arm]
    if any(x is None or n is None for x, n in numbers):
        return None
    (x0, n0), (x1, n1) = [(x or 0, n or 0) for x, n in numbers]
    first = round(planned * ratio[0] / sum(ratio))
    all0, all1 = max(first, n0), max(planned - first, n1)
    if all0 + all1 > MOST_PATIENTS.get(plan.test, _MOST_PATIENTS) or min(all0, all1) < 1:
        return None
    probability = probability_of(question_of(plan, all0, all1), level, (x0, n0), (x1, n1))
    return Enumerated(probability, (all0 - n0, all1 - n1))
