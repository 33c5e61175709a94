"""What one study says of its parameter: a log likelihood as a smooth function of one number.

A study's parameter is the logit of its mortality by day 84, or the log hazard ratio of its arms.
Page: docs/synthesis.md, section 2.
"""

from collections.abc import Callable

import numpy as np
import scipy
from scipy import special

from calibration.synthesis.hazard_shape import relative_hazard
from simulator.records import Floats

Ends = tuple[float, float]

_LOG_ROOT_2_PI = np.log(np.sqrt(2.0 * np.pi))
_DEPTH = 40.0  # of log likelihood: what lies lower is nothing beside the rest
_LIMIT = 25.0  # of a logit or a log ratio, where a likelihood that does not fall is cut
_SCAN = 501
_POINTS_A_WIDTH = 6
_NUISANCE_POINTS = 161
_HERMITE = np.polynomial.hermite_e.hermegauss(24)
_ROOT_2PI = np.sqrt(2 * np.pi)


class LogLikelihood:
    """A log likelihood on an evenly spaced grid: splines between its points, level beyond them.

    Attributes
    ----------
    at, values
        The grid, and the log likelihood less its maximum, shape (points,).
    width
        The shortest distance over which it changes: 1/sqrt of its largest curvature.
    """

    def __init__(self, log_likelihood: Callable[[Floats], Floats], low: float, high: float) -> None:
        low, high = _support(log_likelihood, low, high)
        fine = np.linspace(low, high, _SCAN)
        curvature = np.abs(np.gradient(np.gradient(log_likelihood(fine), fine), fine))
        self.width = float(min(1 / np.sqrt(max(curvature[5:-5].max(), 1e-4)), (high - low) / 4))
        count = int(np.ceil((high - low) / self.width * _POINTS_A_WIDTH)) + 1
        self.at = np.linspace(low, high, count)
        values = log_likelihood(self.at)
        self.values = values - values.max()
        self._spline = scipy.interpolate.CubicSpline(self.at, self.values)

    def __call__(self, x: Floats) -> Floats:
        """Return the log likelihood, less its maximum."""
        return np.asarray(self._spline(np.clip(x, self.at[0], self.at[-1])))

    def averaged(self, mean: Floats, sd: float) -> Floats:
        """Return the mean likelihood over normal distributions of these means and one sd.

        By Gauss-Hermite quadrature where the normal distribution is the narrower of the two, else
        by the trapezoidal rule over the likelihood, which for smooth functions converges faster
        than any power of the spacing (Trefethen and Weideman 2014).
        """
        if sd <= self.width:
            nodes, weights = _HERMITE
            likelihood = np.exp(self(mean[:, np.newaxis] + sd * nodes))
            return np.asarray(_weighted(likelihood, weights) / _ROOT_2PI)
        z = (self.at - mean[:, np.newaxis]) / sd
        step = self.at[1] - self.at[0]
        height = np.exp(self.values) * step / (sd * _ROOT_2PI)
        height[[0, -1]] /= 2
        below, above = special.ndtr(z[:, 0]), special.ndtr(-z[:, -1])
        beyond = below * np.exp(self.values[0]) + above * np.exp(self.values[-1])
        return np.asarray(_weighted(np.exp(-z * z / 2), height) + beyond)


def mortality_of_counts(deaths: float, n: float, day: float, weight: float) -> LogLikelihood:
    """Return what deaths by a day say of the logit of mortality by day 84.

    Binomial, with mortality by the day 1 - (1 - p)^r, where r is the share of the cumulative
    hazard by day 84 that has come by then (`relative_hazard`).

    Parameters
    ----------
    weight
        Power of the likelihood, 0 to 1 (Ibrahim and Chen 2000).
    """
    share = relative_hazard(day)

    def log_likelihood(logit: Floats) -> Floats:
        hazard = share * np.logaddexp(0.0, logit)  # cumulative, of the day
        return weight * (deaths * np.log(-np.expm1(-hazard)) - (n - deaths) * hazard)

    return LogLikelihood(log_likelihood, -_LIMIT, _LIMIT)


def contrast_of_counts(
    treated: tuple[float, float],
    control: tuple[float, float],
    weight: float,
    link: str = "cloglog",
) -> LogLikelihood:
    """Return what deaths in two arms by one day say of the log hazard ratio.

    Binomial in both arms with a complementary log-log link, whose contrast is the log hazard ratio
    under proportional hazards, whatever the day. The control arm's mortality by that day is the
    study's own, uniform from 0 to 1 before, and integrated out.

    Parameters
    ----------
    treated, control
        Deaths and patients of each arm.
    link
        `cloglog`; or `logit`, whose contrast is the log odds ratio.
    """
    chances = {"cloglog": _cloglog_chances, "logit": _logit_chances}[link]

    def control_part(alpha: Floats) -> Floats:
        dead, alive = chances(alpha)
        deaths, n = control
        # the density of alpha where the mortality is uniform
        density = alpha + alive if link == "cloglog" else dead + alive
        return weight * (deaths * dead + (n - deaths) * alive) + density

    ends = _support(control_part, -_LIMIT, _LIMIT if link == "logit" else 5.0)
    alpha = np.linspace(*ends, _NUISANCE_POINTS)
    own = control_part(alpha)

    def log_likelihood(contrast: Floats) -> Floats:
        dead, alive = chances(alpha + contrast[:, np.newaxis])
        deaths, n = treated
        both = own + weight * (deaths * dead + (n - deaths) * alive)
        return np.asarray(special.logsumexp(both, axis=1))

    return LogLikelihood(log_likelihood, -_LIMIT / 2, _LIMIT / 2)


def normal_estimate(estimate: float, standard_error: float, weight: float) -> LogLikelihood:
    """Return a normal log likelihood about an estimate on the logit or log scale."""

    def log_likelihood(x: Floats) -> Floats:
        z = (x - estimate) / standard_error
        return np.asarray(weight * (-(z**2) / 2.0 - _LOG_ROOT_2_PI - np.log(standard_error)))

    reach = 10 * standard_error / np.sqrt(weight)
    return LogLikelihood(log_likelihood, estimate - reach, estimate + reach)


def _weighted(rows: Floats, weights: Floats) -> Floats:
    """Weighted sums of rows: not by BLAS, whose threads wait for one another at this size."""
    return np.asarray(np.einsum("ij,j->i", rows, weights))


def _support(log_likelihood: Callable[[Floats], Floats], low: float, high: float) -> Ends:
    """Where a log likelihood is not far below its maximum; looked at again, closer, twice."""
    for _ in range(2):
        scan = np.linspace(low, high, _SCAN)
        values = log_likelihood(scan)
        inside = np.flatnonzero(values > values.max() - _DEPTH)
        low, high = float(scan[max(inside[0] - 1, 0)]), float(scan[min(inside[-1] + 1, _SCAN - 1)])
    return low, high


def _cloglog_chances(x: Floats) -> tuple[Floats, Floats]:
    """Log probabilities of death and survival at log cumulative hazards."""
    hazard = np.exp(np.minimum(x, 6.0))  # beyond, nobody survives
    return np.log(-np.expm1(-hazard)), -hazard


def _logit_chances(x: Floats) -> tuple[Floats, Floats]:
    return -np.logaddexp(0.0, -x), -np.logaddexp(0.0, x)
