"""Power averaged over draws of what is not known, with its two errors apart.

Of n draws with m trials each, s2 the variance of their shares of rejections and v the mean of the
unbiased variances p (1 - p) / (m - 1) of one: outer_se^2 = (s2 - v) / n is what more draws would
lessen, inner_se^2 = v / n what more trials would.
"""

import math
from collections.abc import Callable

import numpy as np

from simulator.records import Floats, Ints
from simulator.results.assurance import AveragedPower

_GROUPS = 20  # of draws that a jackknife leaves out in turn


def averaged(rejections: Floats, trials: int) -> AveragedPower:
    """Average over draws; all is NaN without a draw, the outer error of a single draw is."""
    n = rejections.size
    if n == 0:
        return AveragedPower(math.nan, math.nan, math.nan)
    shares = rejections / trials
    within = float((shares * (1 - shares)).mean()) / (trials - 1)
    between = float(shares.var(ddof=1)) if n > 1 else math.nan
    outer = math.sqrt(max(between - within, 0.0) / n) if n > 1 else math.nan
    return AveragedPower(float(shares.mean()), outer, math.sqrt(within / n))


def jackknife(estimate: Callable[[Ints], Floats], draws: int) -> tuple[Floats, Floats]:
    """Return an estimate from all draws and its standard error, groups of draws left out in turn.

    Parameters
    ----------
    estimate
        Of the draws whose numbers it is given.
    """
    every = np.arange(draws)
    whole = estimate(every)
    groups = min(_GROUPS, draws)
    if groups < 2:
        return whole, np.full_like(whole, math.nan)
    found = np.stack([estimate(every[every % groups != g]) for g in range(groups)])
    spread = ((found - found.mean(axis=0)) ** 2).sum(axis=0)
    return whole, np.sqrt(spread * (groups - 1) / groups)
