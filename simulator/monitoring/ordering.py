"""Inference after stopping, by the stage-wise ordering of outcomes.

An outcome is a look at which a trial ended and the statistic there. In favour of the experimental
arm, an end by crossing the upper boundary is the more extreme the earlier it comes, then the larger
the statistic; and an end below comes after all others, the earlier the less (Fairbanks and Madsen
1982; Tsiatis, Rosner and Mehta 1984; Jennison and Turnbull 2000, section 8.4). It needs the looks
until the end alone, not those that would have come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.monitoring.plan import Look, regions_of
from simulator.monitoring.recursion import newly_beyond
from simulator.monitoring.roots import root_from


@dataclass(frozen=True)
class Ordered:
    """What an outcome says of the drift; the effect is the drift times its standard error at the
    planned end.

    Attributes
    ----------
    p_value
        By the number of sides.
    median_unbiased
        Drift under which a less and a more extreme outcome are equally probable.
    low, high
        Limits of the confidence interval.
    """

    p_value: float
    median_unbiased: float
    low: float
    high: float


def more_extreme(looks: Sequence[Look], z: float, drift: float, *, obeyed: bool = False) -> float:
    """Return the probability of an outcome at least as extreme, in favour of the experimental arm.

    Parameters
    ----------
    looks
        Until the end, that at which the trial ended included.
    z
        The statistic there.
    drift
        Mean of the statistic at information 1.
    obeyed
        Whether trials of the design stop for futility, as with a binding boundary they do.
    """
    regions = regions_of(looks[:-1], obeyed=obeyed)
    crossed = sum(
        newly_beyond(regions[:place], drift, region.information, region.upper, 1)
        for place, region in enumerate(regions)
    )
    return crossed + newly_beyond(regions, drift, looks[-1].information, z, 1)


def stagewise(
    looks: Sequence[Look], z: float, confidence: float, *, sides: int = 1, obeyed: bool = False
) -> Ordered:
    """Return p value, median-unbiased estimate and interval of a trial that ended at a look.

    Parameters
    ----------
    looks, z, obeyed
        As in `more_extreme`.
    confidence
        Of the interval, which is two-sided with equal tails: 0.95 where alpha is 0.025 one-sided or
        0.05 two-sided.
    sides
        Of the p value; two-sided it is twice the smaller tail.
    """
    above = more_extreme(looks, z, 0.0, obeyed=obeyed)
    tail = (1 - confidence) / 2
    return Ordered(
        above if sides == 1 else min(2 * min(above, 1 - above), 1.0),
        *(_drift_where(looks, z, share, obeyed) for share in (0.5, tail, 1 - tail)),
    )


def _drift_where(looks: Sequence[Look], z: float, share: float, obeyed: bool) -> float:
    """The drift under which more extreme outcomes have a probability."""

    def excess(drift: float) -> float:
        return more_extreme(looks, z, drift, obeyed=obeyed) - share

    start = z / looks[-1].information ** 0.5
    return root_from(excess, start, -0.5 if excess(start) > 0 else 0.5)
