"""P values of intervals of two proportions: 1 - the confidence of the one that just reaches none.

Tables as in `exact_tables`: shape (n0 + 1, n1 + 1), `side` 0 for fewer deaths in the second arm, 1
for more, 2 for both. A measure that does not exist, as a ratio where nobody died, has p = 1.
"""

import math

import numpy as np

from simulator.analysis.exact_tables import pooled_z
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.score import newcombe_z
from simulator.records import Floats
from simulator.rules.normal import normal_cdf

_NEWCOMBE, _SCORE, _LOG_RISK, _LOG_ODDS = range(4)


def risk_difference(n0: int, n1: int, side: int, *, interval: str) -> Floats:
    """Newcombe's interval of the difference, or Miettinen and Nurminen's."""
    return _table(n0, n1, side, _NEWCOMBE if interval == "newcombe" else _SCORE)


def risk_ratio(n0: int, n1: int, side: int, *, interval: str) -> Floats:
    """The interval of the ratio of mortalities."""
    return _table(n0, n1, side, _LOG_RISK if interval == "log" else _SCORE)


def odds_ratio(n0: int, n1: int, side: int, *, interval: str) -> Floats:
    """The interval of the ratio of odds."""
    return _table(n0, n1, side, _LOG_ODDS if interval == "log" else _SCORE)


@kernel
def _table(n0: int, n1: int, side: int, kind: int) -> Floats:
    table = np.ones((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            if x0 + x1 == 0 or x0 + x1 == n0 + n1:
                continue
            if kind == _NEWCOMBE:
                z = newcombe_z(x0, n0, x1, n1)
            elif kind == _SCORE:
                z = score_z(x0, n0, x1, n1)
            elif kind == _LOG_RISK:
                estimate, error = log_risk_ratio(x0, n0, x1, n1)
                z = estimate / error
            else:
                estimate, error = log_odds_ratio(x0, n0, x1, n1)
                z = estimate / error
            if side == 2:
                table[x0, x1] = 2.0 * normal_cdf(-abs(z))
            else:
                table[x0, x1] = normal_cdf(z if side == 0 else -z)
    return table


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
