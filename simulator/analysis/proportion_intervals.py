"""Intervals of one proportion, a formula each: of deaths in an arm, and of rejections in trials."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator.analysis.kernel import inlined
from simulator.records import Floats


@inlined
def wilson(count: int, number: int, z: float) -> tuple[float, float]:
    """Score interval of `count` of `number` (Wilson 1927), `z` the normal quantile of its level.

    The lower limit of none and the upper one of all are 0 and 1 but for rounding.
    """
    share, z2 = count / number, z * z
    centre = (share + z2 / (2.0 * number)) / (1.0 + z2 / number)
    spread = math.sqrt(share * (1.0 - share) / number + z2 / (4.0 * number * number))
    half = z / (1.0 + z2 / number) * spread
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(count: npt.ArrayLike, number: int, tail: float) -> tuple[Floats, Floats]:
    """Exact limits of each `count` of `number` (Clopper and Pearson 1934).

    Each limit alone has the confidence 1 - tail, both together 1 - 2 tail.
    """
    seen = np.asarray(count)
    # A beta distribution with a parameter of 0 does not exist; there the limit is the end itself.
    low = special.betaincinv(seen, number - seen + 1, tail)
    high = special.betaincinv(seen + 1, number - seen, 1.0 - tail)
    return np.where(seen > 0, low, 0.0), np.where(seen < number, high, 1.0)
