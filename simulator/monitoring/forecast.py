"""Recruitment to come, given what sites have recruited (Anisimov and Fedorov 2007).

Each site recruits by a Poisson process whose rate is a draw from a gamma distribution. Given its
counts the rate is gamma again, so that the patients of a site to come have a negative binomial law,
and those of several sites the convolution of theirs. Nothing is simulated.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, gammaln, xlogy

Floats = npt.NDArray[np.float64]

MOST_DAYS = 36_600  # a century: recruitment that takes longer never ends
_DIRECT = 64  # terms up to which a sum of products is as quick as a transform


class Rate(NamedTuple):
    """Gamma distribution of a site's rate at full pace, in patients a day.

    Attributes
    ----------
    shape
        As of as many patients.
    days
        The gamma distribution's own rate: as if those patients had taken so many days.
    """

    shape: float
    days: float

    @property
    def mean(self) -> float:
        """Mean, patients a day."""
        return self.shape / self.days

    def quantile(self, share: float) -> float:
        """Quantile, patients a day."""
        return float(gammaincinv(self.shape, share)) / self.days


class Pace(NamedTuple):
    """How a site's rate climbs and changes after its opening, as a scenario has it.

    Attributes
    ----------
    ramp_days
        Over which it climbs linearly.
    steps
        (day since opening, multiplier), the first at day 0.
    """

    ramp_days: float = 0.0
    steps: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    def full_days(self, days: float) -> float:
        """Return the days at full pace that the first days since opening are worth."""
        if days <= 0:
            return 0.0
        found = 0.0
        ends = (*(start for start, _ in self.steps[1:]), math.inf)
        for (start, multiplier), end in zip(self.steps, ends, strict=True):
            found += multiplier * (self._climbed(min(end, days)) - self._climbed(min(start, days)))
        return found

    def _climbed(self, days: float) -> float:
        if days >= self.ramp_days:
            return days - 0.5 * self.ramp_days
        return 0.5 * days * days / self.ramp_days


class Site(NamedTuple):
    """A site as it goes on recruiting.

    Attributes
    ----------
    rates
        Of which its rate is one, each with equal chances.
    to_come
        Days at full pace by day since the cut.
    """

    rates: tuple[Rate, ...]
    to_come: Callable[[float], float]


def updated(prior: Rate, patients: int, full_days: float) -> Rate:
    """Return the distribution of a rate given a count: gamma and Poisson are conjugate."""
    return Rate(prior.shape + patients, prior.days + full_days)


class Forecast:
    """Patients of several sites by day since the cut, as far as so many are to come."""

    def __init__(self, sites: Sequence[Site], wanted: int) -> None:
        self.sites, self.wanted = tuple(sites), wanted
        self._below = lru_cache(maxsize=4096)(self._cumulative)

    def chance(self, days: float) -> float:
        """Return the probability that all who are wanted are recruited by a day."""
        if self.wanted <= 0:
            return 1.0
        if days <= 0:
            return 0.0
        return float(min(max(1.0 - self._below(days)[-1], 0.0), 1.0))

    def closing_day(self, share: float) -> int | None:
        """Return the first day by which all are recruited with a probability; None: none is."""
        if self.wanted <= 0:
            return 0
        if self.chance(MOST_DAYS) < share:
            return None
        low, high = 0, 64
        while self.chance(high) < share:
            low, high = high, min(high * 2, MOST_DAYS)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.chance(middle) >= share else (middle, high)
        return high

    def patients(self, days: float, share: float) -> int:
        """Return a quantile of the patients recruited by a day, none beyond those wanted."""
        if self.wanted <= 0 or days <= 0:
            return 0
        return int(np.searchsorted(self._below(days), share * (1 - 1e-12)))

    def _cumulative(self, days: float) -> Floats:
        """Probability of at most 0, 1, ... patients by a day, shape (wanted,)."""
        whole = np.zeros(self.wanted)
        whole[0] = 1.0
        for site in self.sites:
            whole = _sum_of(whole, site_law(site, days, self.wanted))
        return np.asarray(np.cumsum(whole))


def site_law(site: Site, days: float, terms: int) -> Floats:
    """Return the probability of 0, 1, ... patients of one site by a day, shape (terms,)."""
    exposure = site.to_come(days)
    laws = [negative_binomial(rate, exposure, terms) for rate in site.rates]
    return np.asarray(np.mean(laws, axis=0))


def negative_binomial(rate: Rate, full_days: float, terms: int) -> Floats:
    """Return the probability of 0, 1, ... patients in some days, shape (terms,)."""
    k = np.arange(terms, dtype=np.float64)
    share = full_days / (rate.days + full_days)
    ways = gammaln(rate.shape + k) - gammaln(rate.shape) - gammaln(k + 1.0)
    return np.asarray(np.exp(ways + rate.shape * math.log1p(-share) + xlogy(k, share)))


def _sum_of(one: Floats, other: Floats) -> Floats:
    """The law of a sum of two counts, cut off at as many terms."""
    terms = one.size
    if terms <= _DIRECT:
        return np.convolve(one, other)[:terms]
    size = 1 << (2 * terms - 1).bit_length()
    found = np.fft.irfft(np.fft.rfft(one, size) * np.fft.rfft(other, size), size)[:terms]
    return np.asarray(np.maximum(found, 0.0))
