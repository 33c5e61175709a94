"""Sums over trials in their order, and the means that they give."""

import math

import numpy as np

from simulator.records import Floats
from simulator.results.measures import Estimate


def mean_of(known: float, total: float, squares: float) -> Estimate:
    """Return mean and standard error of so many numbers, by their sum and that of squares."""
    if known < 1:
        return Estimate(math.nan, math.nan)
    mean = total / known
    if known < 2:
        return Estimate(mean, math.nan)
    variance = max(squares - known * mean**2, 0.0) / (known - 1)
    return Estimate(mean, math.sqrt(variance / known))


def add_in_order(total: Floats, values: Floats) -> None:
    """Add rows to a total one after another, so that it does not matter where blocks begin."""
    if len(values):
        total[:] = np.add.accumulate(np.concatenate([total[None], values]), axis=0)[-1]
