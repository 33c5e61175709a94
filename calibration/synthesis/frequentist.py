"""Studies pooled without a prior: inverse variance, and random effects with few studies.

Held against R's metafor in tests/oracles/test_synthesis_in_r.py.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy
from scipy import special

from calibration.synthesis import conversions as convert
from calibration.synthesis.hazard_shape import relative_hazard
from simulator.records import Floats


class Estimate(NamedTuple):
    """A study's estimate on the logit or log scale, with its standard error."""

    value: float
    standard_error: float


class Pooled(NamedTuple):
    """A pooled estimate with its 95 % interval, and the between-study variance."""

    value: float
    low: float
    high: float
    tau2: float


def logit_mortality(deaths: float, n: float, day: float) -> Estimate:
    """Return the logit of mortality by day 84 that deaths by a day amount to (delta method).

    A half is added to both where nobody or everybody died.
    """
    risk = _risk(deaths, n)
    share = relative_hazard(day)
    by_84 = convert.risk_by_day(risk, 1 / share)
    error = math.sqrt(risk / (n * (1 - risk))) / share  # of the cumulative hazard by day 84
    return Estimate(convert.logit(by_84), error / by_84)


def log_hazard_ratio(treated: tuple[float, float], control: tuple[float, float]) -> Estimate:
    """Return the difference of complementary log-logs of two arms' mortalities (delta method)."""
    value, variance = 0.0, 0.0
    for sign, (deaths, n) in ((1, treated), (-1, control)):
        risk = _risk(deaths, n)
        hazard = -math.log1p(-risk)
        value += sign * math.log(hazard)
        variance += risk / (n * (1 - risk) * hazard**2)
    return Estimate(value, math.sqrt(variance))


def log_risk_ratio(treated: tuple[float, float], control: tuple[float, float]) -> Estimate:
    """Return the log ratio of two arms' mortalities, with its usual standard error.

    A half is added to every cell of a table that has an empty one.
    """
    (a, n), (b, m) = treated, control
    added = 0.5 if 0 in (a, b, n - a, m - b) else 0.0
    a, n, b, m = a + added, n + 2 * added, b + added, m + 2 * added
    return Estimate(math.log(a / n) - math.log(b / m), math.sqrt(1 / a - 1 / n + 1 / b - 1 / m))


def _risk(deaths: float, n: float) -> float:
    return deaths / n if 0 < deaths < n else (deaths + 0.5) / (n + 1)


def fixed_effect(studies: list[Estimate]) -> Pooled:
    """Pool by inverse variance: one common parameter."""
    y, v = _arrays(studies)
    w = 1 / v
    centre, half = float((w @ y) / w.sum()), convert.Z95 / math.sqrt(float(w.sum()))
    return Pooled(centre, centre - half, centre + half, 0.0)


def restricted_likelihood(studies: list[Estimate]) -> float:
    """Return the between-study variance by restricted maximum likelihood."""
    y, v = _arrays(studies)

    def minus_log(tau: float) -> float:
        w = 1 / (v + tau**2)
        centre = (w @ y) / w.sum()
        return 0.5 * float(
            np.log(v + tau**2).sum() + np.log(w.sum()) + (w * (y - centre) ** 2).sum()
        )

    grid = np.linspace(0.0, 5 * float(np.ptp(y)) + 1e-6, 201)
    best = int(np.argmin([minus_log(tau) for tau in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 200)]
    found = scipy.optimize.minimize_scalar(
        minus_log, bounds=(low, high), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x) ** 2 if found.fun < minus_log(0.0) else 0.0


def knapp_hartung(studies: list[Estimate], tau2: float) -> Pooled:
    """Pool with a between-study variance; the interval by Knapp and Hartung (2003)."""
    y, v = _arrays(studies)
    w = 1 / (v + tau2)
    centre = float((w @ y) / w.sum())
    error = math.sqrt(float((w * (y - centre) ** 2).sum() / ((y.size - 1) * w.sum())))
    half = float(special.stdtrit(y.size - 1, 0.975)) * error
    return Pooled(centre, centre - half, centre + half, tau2)


def _arrays(studies: list[Estimate]) -> tuple[Floats, Floats]:
    y = np.array([study.value for study in studies])
    return y, np.array([study.standard_error for study in studies]) ** 2
