"""Where a power curve crosses a power, from trials at several values of a key.

The curve is a probit regression on a scale on which it is nearly straight. Its slope is taken from
values far apart, its level from values near the crossing only: so what the straight line gets wrong
far away does not move the answer.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from simulator.constants import NORMAL_QUANTILE_975
from simulator.records import Floats

_ROOT_2_PI = math.sqrt(2.0 * math.pi)
_STEPS = 50
_TOLERANCE = 1e-10
_FLAT = 3.0  # standard errors
_FURTHEST = 8.0  # linear predictors beyond this are certainties


class Count(NamedTuple):
    """Trials and rejections at a value."""

    trials: int
    rejections: int


class Line(NamedTuple):
    """A probit regression, power = Phi(level + slope (x - centre)), with its covariance."""

    centre: float
    level: float
    slope: float
    level_variance: float
    slope_variance: float

    @property
    def is_flat(self) -> bool:
        """Whether the slope cannot be told from none, so that a crossing may be anywhere."""
        return self.slope**2 <= _FLAT**2 * self.slope_variance

    def crossing(self, power: float) -> tuple[float, float, float]:
        """Where the line reaches a power, and the 95 % confidence interval (delta method)."""
        away = (float(special.ndtri(power)) - self.level) / self.slope
        variance = (self.level_variance + away**2 * self.slope_variance) / self.slope**2
        half = NORMAL_QUANTILE_975 * math.sqrt(variance)
        return self.centre + away, self.centre + away - half, self.centre + away + half


def line_between(x: tuple[float, float], counts: tuple[Count, Count]) -> Line:
    """Draw the line through two points, with the variances of both."""
    eta, variance = zip(*(_linear_predictor(count) for count in counts), strict=True)
    apart = x[1] - x[0]
    return Line(
        x[0], eta[0], (eta[1] - eta[0]) / apart, variance[0], (variance[0] + variance[1]) / apart**2
    )


def _linear_predictor(count: Count) -> tuple[float, float]:
    """Probit of a share and its variance, from (r + 2) / (n + 4), so that both are finite."""
    p = (count.rejections + 2) / (count.trials + 4)
    eta = float(special.ndtri(p))
    return eta, p * (1 - p) / (count.trials + 4) / float(_density(eta)) ** 2


def _density(z: Any) -> Any:
    """Density of the standard normal distribution."""
    return np.exp(-np.square(z) / 2.0) / _ROOT_2_PI


def fit_line(counts: Mapping[float, Count], scale: Callable[[float], float]) -> Line | None:
    """Fit level and slope by maximum likelihood; None if the counts do not tell a slope."""
    x, trials, rejected = _columns(counts, scale)
    centre = float(np.average(x, weights=trials))
    design = np.column_stack([np.ones_like(x), x - centre])
    found = _probit(design, trials, rejected, np.zeros(x.size))
    if found is None:
        return None
    (level, slope), covariance = found
    return Line(
        centre, float(level), float(slope), float(covariance[0, 0]), float(covariance[1, 1])
    )


def fit_level(
    counts: Mapping[float, Count], scale: Callable[[float], float], slope: Line
) -> Line | None:
    """Fit the level alone, under the slope of another line; None if the counts do not tell it."""
    x, trials, rejected = _columns(counts, scale)
    centre = float(np.average(x, weights=trials))
    offset = slope.slope * (x - centre)
    found = _probit(np.ones((x.size, 1)), trials, rejected, offset)
    if found is None:
        return None
    (level,), covariance = found
    return Line(centre, float(level), slope.slope, float(covariance[0, 0]), slope.slope_variance)


def _columns(
    counts: Mapping[float, Count], scale: Callable[[float], float]
) -> tuple[Floats, Floats, Floats]:
    x = np.array([scale(value) for value in counts])
    trials, rejected = np.array(list(counts.values()), np.float64).T
    return x, trials, rejected


def _probit(
    design: Floats, trials: Floats, rejected: Floats, offset: Floats
) -> tuple[Floats, Floats] | None:
    """Coefficients and covariance by Fisher scoring; None where the likelihood has no maximum."""
    start = special.ndtri((rejected.sum() + 0.5) / (trials.sum() + 1.0)) - np.average(offset)
    beta = np.zeros(design.shape[1])
    beta[0] = start
    for _ in range(_STEPS):
        eta = np.clip(design @ beta + offset, -_FURTHEST, _FURTHEST)
        p, density = special.ndtr(eta), _density(eta)
        weight = trials * density**2 / (p * (1 - p))
        information = design.T @ (weight[:, None] * design)
        if np.linalg.cond(information) > 1e12:
            return None
        covariance = np.linalg.inv(information)
        step = covariance @ (design.T @ ((rejected - trials * p) * density / (p * (1 - p))))
        beta += step
        if np.abs(step).max() < _TOLERANCE:
            return np.asarray(beta), np.asarray(covariance)
    return None
