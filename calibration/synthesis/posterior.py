"""Random-effects synthesis by quadrature: study parameters are normal about a mean.

    study i's data | theta_i  ~  its likelihood, to the power of its weight
    theta_i | mu, tau         ~  normal(mu, tau^2)
    mu                        ~  normal
    tau                       ~  half-normal or half-Cauchy

The study parameters are integrated out one by one, mu and tau on a grid: two dimensions whatever
the number of studies, and no simulation. Page: docs/synthesis.md, section 3.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy

from calibration.synthesis.heterogeneity import HeterogeneityPrior
from calibration.synthesis.likelihood import LogLikelihood
from simulator.records import Floats

_DEPTH = 35.0
_REACH = 8.0  # prior standard deviations to either side of its mean
_COARSE = 101
_POINTS_AN_SD = 2
_MOST_POINTS = 3_000
_TAIL = 1e-5  # of the distribution of tau, cut where a predictive distribution is drawn up
_NOTHING = 1e-12
_FINE = 20_001
_DENSITY_POINTS = 401
_HERMITE = np.polynomial.hermite_e.hermegauss(12)
_ROOT_2PI = np.sqrt(2 * np.pi)


class NormalPrior(NamedTuple):
    """Of a mean, on the logit or log scale."""

    mean: float
    sd: float


class Distribution:
    """A distribution of one number, from its density on a grid."""

    def __init__(self, at: Floats, density: Floats) -> None:
        spline = scipy.interpolate.CubicSpline(at, density)
        self._fine = np.linspace(at[0], at[-1], _FINE)
        total = spline.antiderivative()(self._fine)
        self._cdf = np.maximum.accumulate(np.clip(total / total[-1], 0.0, 1.0))
        height = np.clip(spline(self._fine), 0.0, None)
        self._weights = height / height.sum()

    def cdf(self, x: Floats | float) -> Floats:
        """Return the probability of at most x."""
        return np.asarray(np.interp(x, self._fine, self._cdf))

    def quantile(self, share: Floats | float) -> Floats:
        """Return quantiles."""
        return np.asarray(np.interp(share, self._cdf, self._fine))

    @property
    def mean(self) -> float:
        """Its mean."""
        return float(self._weights @ self._fine)

    @property
    def sd(self) -> float:
        """Its standard deviation; of a half-Cauchy prior and one study there is none."""
        return float(np.sqrt(self._weights @ (self._fine - self.mean) ** 2))


class Posterior:
    """The posterior of the mean and the between-study standard deviation.

    Attributes
    ----------
    mu, tau
        Grid of the mean, evenly spaced, and nodes of the standard deviation.
    weights
        Their posterior probabilities, shape (tau, mu); their sum is 1.
    """

    def __init__(
        self, studies: Sequence[LogLikelihood], prior: NormalPrior, scale: HeterogeneityPrior
    ) -> None:
        self.tau, prior_weights = scale.nodes()
        low, high = _range(
            studies, prior, self.tau[np.linspace(0, self.tau.size - 1, 4).astype(int)]
        )
        precision = sum(1 / study.width**2 for study in studies) + 1 / prior.sd**2
        wanted = (high - low) * np.sqrt(precision) * _POINTS_AN_SD
        self.mu = np.linspace(low, high, int(np.clip(wanted, 101, _MOST_POINTS)))
        log_density = _log_density(studies, prior, self.mu, self.tau)
        log_density += np.log(prior_weights)[:, np.newaxis]
        density = np.exp(log_density - log_density.max())
        self.weights = density / density.sum()

    def mean_effect(self, extra_sd: float = 0.0) -> Distribution:
        """Return the distribution of the mean of all studies, widened by a further sd."""
        if extra_sd == 0:
            return Distribution(self.mu, self.weights.sum(axis=0))
        return self._spread(np.full(self.tau.size, extra_sd))

    def new_study(self, extra_sd: float = 0.0) -> Distribution:
        """Return the predictive distribution of a new study's parameter, widened likewise."""
        return self._spread(np.hypot(self.tau, extra_sd))

    @property
    def tau_weights(self) -> Floats:
        """Posterior probabilities of the nodes of the standard deviation."""
        return np.asarray(self.weights.sum(axis=1))

    def tau_quantile(self, share: float) -> float:
        """Return a quantile of the between-study standard deviation."""
        weights = self.tau_weights
        middle = np.cumsum(weights) - weights / 2
        return float(np.interp(share, middle, self.tau))

    def _centre(self) -> tuple[float, float]:
        """Mean and standard deviation of the mean."""
        weights = self.weights.sum(axis=0)
        middle = float(weights @ self.mu)
        return middle, float(np.sqrt(weights @ (self.mu - middle) ** 2))

    def _spread(self, sds: Floats) -> Distribution:
        """The mixture of the mean's distributions, each widened by an sd."""
        kept = np.flatnonzero(np.cumsum(self.tau_weights) < 1 - _TAIL)
        reach = 5 * sds[kept[-1] if kept.size else 0]
        # Points lie closer in the middle, where the narrowest parts of the mixture are.
        middle, sd = self._centre()
        low, high = (self.mu[0] - reach - middle) / sd, (self.mu[-1] + reach - middle) / sd
        even = np.linspace(float(np.arcsinh(low)), float(np.arcsinh(high)), _DENSITY_POINTS)
        at = middle + sd * np.sinh(even)
        density = np.zeros_like(at)
        for row, sd in zip(self.weights, sds, strict=True):
            if row.sum() > 0:
                density += _widened(self.mu, row, float(sd), at)
        return Distribution(at, density)


def _widened(mu: Floats, row: Floats, sd: float, at: Floats) -> Floats:
    """The density of a sum: of a mean with these probabilities and a normal error."""
    seen = np.flatnonzero(row > _NOTHING * row.max())
    first, last = max(seen[0] - 1, 0), seen[-1] + 2
    mu, row = mu[first:last], row[first:last]
    step = mu[1] - mu[0]
    if sd >= step:
        z = (at[:, np.newaxis] - mu) / sd
        return np.asarray(np.exp(-z * z / 2) @ row / (sd * _ROOT_2PI))
    # Narrower than the grid: the mean's density itself, averaged over the error.
    density = scipy.interpolate.CubicSpline(mu, row / step, extrapolate=False)
    nodes, weights = _HERMITE
    shifted = np.nan_to_num(density(at[:, np.newaxis] - sd * nodes))
    return np.asarray(shifted @ weights / _ROOT_2PI)


def _log_density(
    studies: Sequence[LogLikelihood], prior: NormalPrior, mu: Floats, tau: Floats
) -> Floats:
    """Log posterior density of the mean at each standard deviation, less a constant."""
    found = np.tile(-(((mu - prior.mean) / prior.sd) ** 2) / 2, (tau.size, 1))
    for study in studies:
        with np.errstate(divide="ignore"):
            found += np.log([study.averaged(mu, float(sd)) for sd in tau])
    return found


def _range(
    studies: Sequence[LogLikelihood], prior: NormalPrior, tau: Floats
) -> tuple[float, float]:
    """Where the mean can lie: the prior's range, narrowed until nothing more falls away."""
    low, high = prior.mean - _REACH * prior.sd, prior.mean + _REACH * prior.sd
    while True:
        mu = np.linspace(low, high, _COARSE)
        seen = _log_density(studies, prior, mu, tau).max(axis=0)
        inside = np.flatnonzero(seen > seen.max() - _DEPTH)
        ends = mu[max(inside[0] - 1, 0)], mu[min(inside[-1] + 1, _COARSE - 1)]
        if ends[1] - ends[0] > 0.8 * (high - low):
            return float(ends[0]), float(ends[1])
        low, high = float(ends[0]), float(ends[1])
