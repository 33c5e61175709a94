"""P values of intervals of two proportions: 1 - the confidence of the one that just reaches a null.

Tables as in `exact_tables`: shape (n0 + 1, n1 + 1), `side` 0 for a measure below its null value, 1
for above, 2 for both; the null value is a difference, or the logarithm of a ratio. A ratio where
nobody died, or everybody, and a difference there without a margin, have p = 1.
"""

import math

import numpy as np

from simulator.analysis.exact_tables import pooled_z
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.score import (
    DIFFERENCE,
    ODDS_RATIO,
    RATIO,
    newcombe,
    newcombe_z,
    over_error,
    score_at,
    score_limit,
)
from simulator.analysis.types import p_value_of
from simulator.declarations.analyses.hypothesis import Tested
from simulator.records import Floats

NEWCOMBE, SCORE, PLAIN_SCORE, WALD = range(4)
INTERVALS = {
    "newcombe": NEWCOMBE,
    "miettinen_nurminen": SCORE,
    "farrington_manning": PLAIN_SCORE,
    "wald": WALD,
    "log": WALD,
}


def risk_difference(n0: int, n1: int, side: int, *, interval: str, null: float = 0.0) -> Floats:
    """An interval of the difference: Newcombe's, a score interval, or Wald's."""
    return _table(n0, n1, Tested(side, null), DIFFERENCE, INTERVALS[interval])


def risk_ratio(n0: int, n1: int, side: int, *, interval: str, null: float = 0.0) -> Floats:
    """The interval of the ratio of mortalities."""
    return _table(n0, n1, Tested(side, null), RATIO, INTERVALS[interval])


def odds_ratio(n0: int, n1: int, side: int, *, interval: str, null: float = 0.0) -> Floats:
    """The interval of the ratio of odds."""
    return _table(n0, n1, Tested(side, null), ODDS_RATIO, INTERVALS[interval])


@kernel
def _table(n0: int, n1: int, tested: Tested, measure: int, interval: int) -> Floats:
    table = np.ones((n0 + 1, n1 + 1))
    says_nothing = measure != DIFFERENCE or tested.null == 0.0  # where all died, or none
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            if says_nothing and (x0 + x1 == 0 or x0 + x1 == n0 + n1):
                continue
            z = interval_z(x0, n0, x1, n1, measure, interval, tested.null)
            table[x0, x1] = p_value_of(z, tested)
    return table


@inlined
def interval_z(
    x0: int, n0: int, x1: int, n1: int, measure: int, interval: int, null: float
) -> float:
    """Normal quantile at which an interval just reaches a null value, above 0 if it lies above."""
    if interval == NEWCOMBE:
        return newcombe_z(x0, n0, x1, n1, null)
    if interval in (SCORE, PLAIN_SCORE):
        z = score_z(x0, n0, x1, n1) if null == 0.0 else score_at(x0, n0, x1, n1, measure, null)
        return z if interval == SCORE else z * math.sqrt((n0 + n1) / (n0 + n1 - 1.0))
    estimate, error = estimated(x0, n0, x1, n1, measure)
    if error > 0.0:
        return (estimate - null) / error
    return over_error(estimate - null, 0.0)


@inlined
def interval_limits(
    x0: int, n0: int, x1: int, n1: int, measure: int, interval: int, z: float
) -> tuple[float, float]:
    """Both limits of an interval, `z` the normal quantile of its level."""
    if interval == NEWCOMBE:
        return newcombe(x0, n0, x1, n1, z)
    if interval in (SCORE, PLAIN_SCORE):
        if interval == PLAIN_SCORE:
            z *= math.sqrt((n0 + n1 - 1.0) / (n0 + n1))
        low = score_limit(x0, n0, x1, n1, measure, z)
        return low, score_limit(x0, n0, x1, n1, measure, -z)
    estimate, error = estimated(x0, n0, x1, n1, measure)
    return estimate - z * error, estimate + z * error


@inlined
def estimated(x0: int, n0: int, x1: int, n1: int, measure: int) -> tuple[float, float]:
    """Estimate and standard error; those of ratios have half a patient added."""
    if measure == DIFFERENCE:
        return unpooled(x0, n0, x1, n1)
    if measure == RATIO:
        return log_risk_ratio(x0, n0, x1, n1)
    return log_odds_ratio(x0, n0, x1, n1)


@inlined
def unpooled(x0: int, n0: int, x1: int, n1: int) -> tuple[float, float]:
    """Difference of mortality and its unpooled standard error."""
    p0, p1 = x0 / n0, x1 / n1
    return p1 - p0, math.sqrt(p0 * (1.0 - p0) / n0 + p1 * (1.0 - p1) / n1)


@inlined
def score_z(x0: int, n0: int, x1: int, n1: int) -> float:
    """Score statistic of no difference, with the factor N / (N - 1) in its variance."""
    return pooled_z(x0, n0, x1, n1) * math.sqrt((n0 + n1 - 1.0) / (n0 + n1))


@inlined
def log_risk_ratio(x0: int, n0: int, x1: int, n1: int) -> tuple[float, float]:
    """Estimate and standard error, with half a patient added to deaths and patients."""
    a0, a1 = x0 + 0.5, x1 + 0.5
    estimate = math.log(a1 / (n1 + 0.5)) - math.log(a0 / (n0 + 0.5))
    variance = 1.0 / a1 - 1.0 / (n1 + 0.5) + 1.0 / a0 - 1.0 / (n0 + 0.5)
    return estimate, math.sqrt(variance)


@inlined
def log_odds_ratio(x0: int, n0: int, x1: int, n1: int) -> tuple[float, float]:
    """Estimate and standard error, with half a patient added to each cell."""
    a0, a1, b0, b1 = x0 + 0.5, x1 + 0.5, n0 - x0 + 0.5, n1 - x1 + 0.5
    estimate = math.log(a1 / b1) - math.log(a0 / b0)
    return estimate, math.sqrt(1.0 / a0 + 1.0 / a1 + 1.0 / b0 + 1.0 / b1)
