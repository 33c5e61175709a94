"""Predictive distributions of what a study sees, given the simulated figure (docs/calibration.md).

Studies differ: the log odds of a share, or a mean itself, is normal between studies. A study of n
patients then samples: binomial counts, or a mean with the error of its standard deviation.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy
from scipy import special

from simulator.records import Floats

_ROOT_2_PI = math.sqrt(2.0 * math.pi)
_POINTS = 801  # of a grid over log odds
_REACH = 6.0  # standard deviations to either side
_LEAST = 1e-9  # share: log odds end there
_FINEST = 100  # a spread below a hundredth of the range of draws would fall between points


class Prediction(NamedTuple):
    """Central 95 % of a predictive distribution, and how a figure stands in it."""

    low: float
    high: float
    p_value: float


def predict_share(
    centres: Floats, error: float, between_sd: float, n: int, observed: float, level: float = 0.05
) -> Prediction:
    """Predict a share of n patients.

    Parameters
    ----------
    centres
        (draws,): simulated shares, each as likely as another.
    error
        Monte Carlo standard error of one.
    between_sd
        Standard deviation of log odds between studies.
    observed
        The study's share; its count is the nearest whole number.
    level
        Counts with a two-sided mid-p value of at least this make the interval.
    """
    centres = np.clip(centres, _LEAST, 1 - _LEAST)
    odds = special.logit(centres)
    spread = np.sqrt(between_sd**2 + (error / (centres * (1 - centres))) ** 2)
    spread = np.maximum(spread, max(np.ptp(odds) / _FINEST, _LEAST))
    ends = (odds - _REACH * spread).min(), (odds + _REACH * spread).max()
    grid = np.linspace(*ends, _POINTS)
    z = (grid[:, None] - odds) / spread
    density = (np.exp(-(z**2) / 2.0) / _ROOT_2_PI / spread).sum(axis=1)
    counts, mass = np.arange(n + 1), np.zeros(n + 1)
    log_choose = special.gammaln(n + 1) - special.gammaln(counts + 1)
    log_choose -= special.gammaln(n - counts + 1)
    for share, weight in zip(special.expit(grid), density / density.sum(), strict=True):
        log_mass = counts * math.log(share) + (n - counts) * math.log1p(-share)
        mass += weight * np.exp(log_choose + log_mass)
    below = np.cumsum(mass) - mass / 2
    p_values = np.minimum(1.0, 2 * np.minimum(below, 1 - below))
    inside = np.flatnonzero(p_values >= level)
    seen = float(p_values[round(observed * n)])
    return Prediction(float(inside[0] / n), float(inside[-1] / n), seen)


def predict_mean(
    centres: Floats, error: float, between_sd: float, sd: float, n: int, observed: float
) -> Prediction:
    """Predict a mean of n patients whose standard deviation is the study's own."""
    spread = math.sqrt(between_sd**2 + error**2 + sd**2 / n)

    def below(value: float) -> float:
        return float(special.ndtr((value - centres) / spread).mean())

    ends = float(centres.min() - 10 * spread), float(centres.max() + 10 * spread)
    low, high = (scipy.optimize.brentq(lambda x, p=p: below(x) - p, *ends) for p in (0.025, 0.975))
    seen = below(observed)
    return Prediction(low, high, min(1.0, 2 * min(seen, 1 - seen)))
