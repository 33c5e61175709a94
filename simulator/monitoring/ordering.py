"""Inference after stopping, by the stage-wise ordering of outcomes.

An outcome is a look at which a trial ended and the statistic there. In favour of the experimental
arm, an end by crossing the upper boundary is the more extreme the earlier it comes, then the larger
the statistic; and an end below comes after all others, the earlier the less (Fairbanks and Madsen
1982; Tsiatis, Rosner and Mehta 1984; Jennison and Turnbull 2000, section 8.4). It needs the looks
until the end alone, not those that would have come.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from simulator.monitoring.plan import Look, regions_of
from simulator.monitoring.recursion import Region, density_after, fine_enough, is_new
from simulator.records import Floats

_STEPS = 100
_TOLERANCE = 1e-9  # of the last of Newton's steps, each of which squares the error
_LONGEST_STEP = 2.0  # standard errors; from far away a tail is no guide
_NOTHING = 1e-8  # nearer to 0 or 1 the slope of a probability is lost in rounding
_ROOT_OF_TWO_PI = math.sqrt(2.0 * math.pi)


class _Crossing(NamedTuple):
    """Having gone on before a look, and then being above a value of its score, z * sqrt(t).

    Attributes
    ----------
    start, mass
        (points,): scores at the look before, and their probabilities without an effect.
    before, gained
        Information at the look before, and from then on.
    """

    start: Floats
    mass: Floats
    before: float
    gained: float

    @classmethod
    def after(cls, regions: tuple[Region, ...], information: float) -> "_Crossing":
        """Return that at a look which comes after some, at which trials go on between values."""
        density = density_after(regions, 0.0, fine_enough(regions, information))
        start = density.z * math.sqrt(density.information)
        return cls(start, density.mass, density.information, information - density.information)

    def above(self, score: Floats | float, drift: Floats) -> tuple[Floats, Floats]:
        """Return the probability for each of some drifts, and by how much it grows with the drift.

        A drift d changes the probability of a path to a score s at information t by exp(d s - d^2 t
        / 2), whatever the path (Jennison and Turnbull 2000, section 8.4.2): the density without an
        effect is all that is integrated. A row is summed by itself, so that it does not matter
        which others there are.
        """
        d, root = drift[:, None], math.sqrt(self.gained)
        weight = self.mass * np.exp(d * self.start - 0.5 * d * d * self.before)
        far = (self.start + d * self.gained - np.reshape(score, (-1, 1))) / root
        inside, density = ndtr(far), np.exp(-0.5 * far * far) / _ROOT_OF_TWO_PI
        slope = (self.start - d * self.before) * inside + root * density
        return (weight * inside).sum(axis=1), (weight * slope).sum(axis=1)


class Outcomes:
    """The outcomes at a look in their order, after the same earlier looks.

    Parameters
    ----------
    looks
        Until the end, that at which the trials ended included.
    obeyed
        Whether trials of the design stop for futility, as with a binding boundary they do.
    """

    def __init__(self, looks: Sequence[Look], *, obeyed: bool = False) -> None:
        last = looks[-1]
        # A look with no more information has the same statistic: it is one with the last. One that
        # cannot stop a trial might as well not be.
        earlier = [look for look in looks[:-1] if is_new(last.information, look.information)]
        regions = tuple(r for r in regions_of(earlier, obeyed=obeyed) if _stops(r))
        self.root = math.sqrt(last.information)
        self._last = _Crossing.after(regions, last.information)
        self._earlier = [
            (_Crossing.after(regions[:k], now), upper * math.sqrt(now))
            for k, (now, _, upper) in enumerate(regions)
            if math.isfinite(upper)
        ]

    @property
    def gained(self) -> float:
        """Information since the last look that could have stopped a trial."""
        return self._last.gained

    def above(self, z: Floats) -> Floats:
        """Return the probability, without an effect, to go on so far and then be above values."""
        start, mass, _, gained = self._last
        far = (start - (z * self.root)[:, None]) / math.sqrt(gained)
        return np.asarray((ndtr(far) * mass).sum(axis=1))

    def more_extreme(self, z: Floats, drift: Floats) -> tuple[Floats, Floats]:
        """Return the probability of outcomes at least as extreme, and its slope in the drift.

        Parameters
        ----------
        z, drift
            (outcomes,): the statistic, and its mean at information 1.
        """
        found, slope = self._last.above(z * self.root, drift)
        for crossing, score in self._earlier:
            crossed, steeper = crossing.above(score, drift)
            found, slope = found + crossed, slope + steeper
        return found, slope

    def drift_where(self, z: Floats, share: Floats) -> Floats:
        """Return the drifts under which more extreme outcomes have each some probability.

        By Newton's method on the normal scale, on which the probability is nearly straight.
        """
        quantile = ndtri(share)

        def excess(drift: Floats, places: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
            found, slope = self.more_extreme(z[places], drift)
            deviate = ndtri(np.clip(found, _NOTHING, 1.0 - _NOTHING))
            density = np.exp(-0.5 * deviate * deviate) / _ROOT_OF_TWO_PI
            known = (found > _NOTHING) & (found < 1.0 - _NOTHING)
            return deviate - quantile[places], np.where(known, slope / density, 0.0)

        return _roots(excess, (z + quantile) / self.root, _LONGEST_STEP / self.root)

    def drifts(self, z: Floats, tail: float) -> Floats:
        """Return those of the median-unbiased estimate and of the limits, (3, outcomes).

        Parameters
        ----------
        tail
            The probability beyond each limit.
        """
        shares = np.repeat((0.5, tail, 1.0 - tail), z.size)
        return self.drift_where(np.tile(z, 3), shares).reshape(3, -1)


@lru_cache(maxsize=1024)
def outcomes_of(looks: tuple[Look, ...], obeyed: bool) -> Outcomes:
    """Return the outcomes at the last of some looks, as `Outcomes` has them."""
    return Outcomes(looks, obeyed=obeyed)


def _stops(region: Region) -> bool:
    """Whether a look could stop a trial."""
    return math.isfinite(region.lower) or math.isfinite(region.upper)


def more_extreme(
    looks: Sequence[Look], z: Floats | float, drift: Floats | float, *, obeyed: bool = False
) -> Floats:
    """Return the probability of outcomes at least as extreme, in favour of the experimental arm.

    Parameters
    ----------
    looks, obeyed
        As `Outcomes` has them.
    z, drift
        (outcomes,), or one of them of all: the statistic, and its mean at information 1.
    """
    every, drifts = np.broadcast_arrays(np.atleast_1d(z).astype(float), drift)
    return Outcomes(looks, obeyed=obeyed).more_extreme(every, np.asarray(drifts, float))[0]


def _roots(
    function: Callable[[Floats, npt.NDArray[np.intp]], tuple[Floats, Floats]],
    start: Floats,
    longest: float,
) -> Floats:
    """Return where increasing functions cross 0: Newton's steps, between what is known to enclose.

    Parameters
    ----------
    function
        Of arguments and the places that they have: values and slopes, 0 where it is not known.
    start, longest
        Where the search begins, and how far it goes at once.
    """
    found = start.copy()
    low, high = np.full(start.size, -math.inf), np.full(start.size, math.inf)
    left = np.arange(start.size)
    for _ in range(_STEPS):
        x = found[left]
        value, slope = function(x, left)
        low[left] = np.where(value < 0.0, x, low[left])
        high[left] = np.where(value > 0.0, x, high[left])
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(slope > 0.0, -value / slope, -np.sign(value) * math.inf)
            between = 0.5 * (low[left] + high[left])  # NaN or infinite: not enclosed yet
        to = x + np.where(value == 0.0, 0.0, np.clip(step, -longest, longest))
        outside = (value != 0.0) & ((to <= low[left]) | (to >= high[left]))
        found[left] = np.where(outside & np.isfinite(between), between, to)
        left = left[np.abs(found[left] - x) > _TOLERANCE * (1.0 + np.abs(x))]
        if left.size == 0:
            break
    return found
