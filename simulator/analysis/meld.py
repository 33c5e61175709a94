"""The change of MELD from baseline to the last visit."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator.analysis.types import Reason, Result, no_result
from simulator.records import Floats, Ints
from simulator.rules.normal import normal_cdf

Bools = npt.NDArray[np.bool_]

_LEAST_SEEN = 4  # patients: three coefficients and a degree of freedom


def ancova(change: Floats, baseline: Floats, arm: Ints) -> Result:
    """Regression of the change on baseline and arm among survivors seen, t test with n - 3 df.

    The estimate is the adjusted difference of the second arm from the first, in points of MELD. It
    is also that of the last MELD itself, since the baseline is adjusted for.
    """
    size, second = change.size, arm == 1
    in_second = int(second.sum())
    if size < _LEAST_SEEN or in_second in (0, size):
        return no_result(Reason.TOO_FEW_SEEN)
    baseline_means, baseline_left = _within_arms(baseline, second)
    change_means, change_left = _within_arms(change, second)
    spread = float(baseline_left @ baseline_left)
    if spread <= _rounding(size, float(np.abs(baseline).max())):
        return no_result(Reason.NOT_ESTIMABLE)
    slope = float(baseline_left @ change_left) / spread
    residual = change_left - slope * baseline_left
    squares = float(residual @ residual)
    largest = float(np.abs(change).max()) + abs(slope) * float(np.abs(baseline).max())
    if squares <= _rounding(size, largest):
        return no_result(Reason.NOT_ESTIMABLE)
    apart = baseline_means[1] - baseline_means[0]
    difference = change_means[1] - change_means[0] - slope * apart
    leverage = 1.0 / in_second + 1.0 / (size - in_second) + apart * apart / spread
    error = math.sqrt(squares / (size - 3) * leverage)
    p_value = 2.0 * float(special.stdtr(size - 3, -abs(difference) / error))
    favours = -1 if difference == 0 else int(difference < 0)
    return Result(p_value, difference, error, favours, int(Reason.ANALYSED))


def _within_arms(value: Floats, second: Bools) -> tuple[tuple[float, float], Floats]:
    """Means of both arms, and what each patient is above the mean of their arm."""
    means = float(value[~second].mean()), float(value[second].mean())
    return means, value - np.where(second, means[1], means[0])


def _rounding(size: int, largest: float) -> float:
    """Sum of squares that rounding alone can leave of values that are equal to their mean."""
    return size * (size * float(np.finfo(np.float64).eps) * largest) ** 2


def worst_rank(change: Floats, death_days: Floats, arm: Ints) -> Result:
    """Mann-Whitney test on ranks in which every death is worse than any change of MELD.

    Parameters
    ----------
    change
        Change of MELD of the survivors; not read for the dead.
    death_days
        When a patient died, infinity for the survivors; an earlier death is worse.

    Returns
    -------
    Result
        p by the normal approximation with the variance corrected for ties, without continuity
        correction; the estimate is the probability that a patient of the second arm fares better
        than one of the first minus the probability that they fare worse, its standard error that
        under no difference.
    """
    second = arm == 1
    n1 = int(second.sum())
    n0 = int(arm.size - n1)
    if n0 == 0 or n1 == 0:
        return no_result(Reason.EMPTY_ARM)
    dead = np.isfinite(death_days)
    order = np.lexsort((np.where(dead, -death_days, change), dead))
    badness = np.empty(arm.size)
    keys = np.column_stack([dead, np.where(dead, -death_days, change)])[order]
    new = np.concatenate([[True], (keys[1:] != keys[:-1]).any(axis=1)])
    group = np.cumsum(new) - 1
    sizes = np.bincount(group)
    middle = np.cumsum(sizes) - (sizes - 1) / 2
    badness[order] = middle[group]
    u = badness[second].sum() - n1 * (n1 + 1) / 2  # pairs in which the second arm is worse
    total = n0 + n1
    ties = float((sizes**3 - sizes).sum())
    variance = n0 * n1 / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return no_result(Reason.NOT_ESTIMABLE)
    excess = n0 * n1 / 2 - float(u)
    error = math.sqrt(variance)
    p_value = 2.0 * normal_cdf(-abs(excess) / error)
    scale = 2.0 / (n0 * n1)
    favours = -1 if excess == 0 else int(excess > 0)
    return Result(p_value, excess * scale, error * scale, favours, int(Reason.ANALYSED))
