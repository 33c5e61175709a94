"""Probabilities of crossing boundaries, by recursive numerical integration.

The density of the statistic of trials that go on is carried from look to look (Armitage, McPherson
and Rowe 1969; Jennison and Turnbull 2000, chapter 19), on the grid of the `gsdesign` package. The
probability beyond a value at the next look is an integral of normal tails over that density.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from gsdesign import gridpts, h1, hupdate

from simulator.monitoring.normal import (
    Floats,
    densities,
    upper_quantile,
    upper_tail,
    upper_tails,
)

GRID = 32  # 18 is usual; this many give two digits more, 1e-8 in a boundary
SAME = 5e-4  # relative: a look with no more information than this has none that is new
# Grid by the spread of the statistic given that of the look before. Simpson's error falls as
# exp(-pi^2 / 2 * (spread / step)^2); the step is 0.75 / grid, and thrice that beyond 3 deviations.
_NARROW = 4.0
_STEPS = 100
_TOLERANCE = 1e-12
LEAST = 1e-300  # a smaller probability is none


class Region(NamedTuple):
    """Between which values of the statistic a trial goes on, at a look with some information."""

    information: float
    lower: float
    upper: float


def is_new(information: float, before: float) -> bool:
    """Whether a look has more information than the look before."""
    return information > before * (1 + SAME)


class Density(NamedTuple):
    """The statistic of trials that have gone on: probability by grid point, shape (points,)."""

    information: float
    z: Floats
    mass: Floats


_BEFORE = Density(0.0, np.zeros(1), np.ones(1))  # the first look starts at 0 with certainty


@lru_cache(maxsize=2048)
def density_after(regions: tuple[Region, ...], drift: float, grid: int = GRID) -> Density:
    """Return the density of the statistic where a trial has gone on at every one of some looks.

    Parameters
    ----------
    regions
        By look, with increasing information.
    drift
        Mean of the statistic at information 1.
    grid
        `r` of `gsdesign.gridpts`.
    """
    if not regions:
        return _BEFORE
    *earlier, (information, lower, upper) = regions
    if lower >= upper:
        return Density(information, np.zeros(1), np.zeros(1))
    before = density_after(tuple(earlier), drift, grid)
    if before is _BEFORE:
        z, _, mass = h1(grid, drift, information, lower, upper)
    else:
        last = (before.z, before.mass, before.mass)
        now = (grid, drift, information, lower, upper)
        z, _, mass = hupdate(*now, drift, before.information, last)
    return Density(information, z, mass)


def fine_enough(regions: tuple[Region, ...], information: float, grid: int = GRID) -> int:
    """Return a grid that is fine enough for looks that follow closely on one another."""
    every = [region.information for region in regions] + [information]
    gains = [(now - before) / before for before, now in pairwise(every)]
    narrowest = math.sqrt(min(gains, default=1.0))
    return max(grid, math.ceil(_NARROW / narrowest))


def beyond(
    regions: tuple[Region, ...],
    drift: float,
    information: float,
    z: float,
    sign: int = 1,
    grid: int = GRID,
) -> float:
    """Return the probability to have gone on so far and then to be beyond a value.

    Parameters
    ----------
    sign
        1: above it; -1: below it.
    grid
        The coarsest that will do.
    """
    if math.isinf(z):
        return total(regions, drift) if z * sign < 0 else 0.0
    before = density_after(regions, drift, fine_enough(regions, information, grid))
    gained = information - before.information
    if before is _BEFORE:
        return upper_tail(sign * (z - drift * math.sqrt(information)))
    at = before.z * math.sqrt(before.information) + drift * gained
    far = sign * (z * math.sqrt(information) - at) / math.sqrt(gained)
    return float(before.mass @ upper_tails(far))


def total(regions: tuple[Region, ...], drift: float) -> float:
    """Return the probability to have gone on at every one of some looks."""
    if not regions:
        return 1.0
    *earlier, (information, lower, upper) = regions
    inside = beyond(tuple(earlier), drift, information, lower)
    return inside - beyond(tuple(earlier), drift, information, upper) if lower < upper else 0.0


def value_beyond_which(
    regions: tuple[Region, ...], drift: float, information: float, probability: float, sign: int = 1
) -> float:
    """Return the value beyond which a trial that has gone on so far is with a probability.

    Infinite where the probability is 0, or no smaller than that to have gone on so far.
    """
    if probability < LEAST:
        return sign * math.inf
    if probability >= total(regions, drift):
        return -sign * math.inf
    # Fewer trials go on and are then beyond it than would be, had none stopped before.
    z = drift * math.sqrt(information) + sign * upper_quantile(probability)
    if not regions:
        return z
    before = density_after(regions, drift, fine_enough(regions, information, GRID))
    gained = math.sqrt(information - before.information)
    at = before.z * math.sqrt(before.information) + drift * (information - before.information)
    # The logarithm of the probability is concave (the law of all looks together is, and trials go
    # on within intervals), so that Newton's steps from outside never pass the value.
    for _ in range(_STEPS):
        far = sign * (z * math.sqrt(information) - at) / gained
        found = max(float(before.mass @ upper_tails(far)), LEAST)
        slope = float(before.mass @ densities(far)) * math.sqrt(information) / gained
        step = sign * found * math.log(found / probability) / max(slope, LEAST)
        z += max(min(step, 1.0), -1.0)
        if abs(step) < _TOLERANCE:
            break
    return z


def newly_beyond(
    regions: tuple[Region, ...], drift: float, information: float, z: float, sign: int
) -> float:
    """Return the probability to have gone on so far and then to be beyond a value.

    As `beyond`, but a look may have the information of the look before: its statistic is the same
    then, and only what the look before let go on can be beyond the value.
    """
    regions, counted = _apart(regions, drift, information, sign)
    return max(beyond(regions, drift, information, z, sign) - counted, 0.0)


def spending_value(
    regions: tuple[Region, ...], drift: float, information: float, amount: float, sign: int
) -> float:
    """Return the value for which `newly_beyond` is an amount."""
    regions, counted = _apart(regions, drift, information, sign)
    return value_beyond_which(regions, drift, information, amount + counted, sign)


def _apart(
    regions: tuple[Region, ...], drift: float, information: float, sign: int
) -> tuple[tuple[Region, ...], float]:
    """The looks with less information, and the probability to have stopped at one with as much."""
    if not regions or is_new(information, regions[-1].information):
        return regions, 0.0
    *earlier, last = regions
    z = last.upper if sign > 0 else last.lower
    return tuple(earlier), beyond(tuple(earlier), drift, information, z, sign)


def mean_over_normal(mean: float, sd: float) -> tuple[Floats, Floats]:
    """Return points and weights by which a function is averaged over a normal distribution."""
    z, weights = gridpts(GRID)
    return mean + sd * z, weights * densities(z)
