"""What trials that ended at a look say of the drift, one look after another, for tests."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulator.monitoring.ordering import Outcomes
from simulator.monitoring.plan import Look
from simulator.records import Floats


class Ordered(NamedTuple):
    """What outcomes say of the drift; the effect is the drift times its standard error at the
    planned end. Each has shape (outcomes,).

    Attributes
    ----------
    p_value
        By the number of sides.
    median_unbiased
        Drift under which a less and a more extreme outcome are equally probable.
    low, high
        Limits of the confidence interval.
    """

    p_value: Floats
    median_unbiased: Floats
    low: Floats
    high: Floats


def stagewise(
    looks: Sequence[Look], z: Floats, confidence: float, *, sides: int = 1, obeyed: bool = False
) -> Ordered:
    """Return p values, median-unbiased estimates and intervals of trials that ended at a look.

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
    outcomes, tail = Outcomes(looks, obeyed=obeyed), (1 - confidence) / 2
    above, _ = outcomes.more_extreme(z, np.zeros_like(z))
    both = np.minimum(2.0 * np.minimum(above, 1.0 - above), 1.0)
    return Ordered(above if sides == 1 else both, *outcomes.drifts(z, tail))
