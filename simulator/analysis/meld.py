"""The change of MELD from baseline to the last visit."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator.analysis.types import Reason, Result
from simulator.records import Floats, Ints
from simulator.rules.normal import normal_cdf

Bools = npt.NDArray[np.bool_]

_LEAST_SEEN = 4  # patients: three coefficients and a degree of freedom


def ancova(change: Floats, baseline: Floats, arm: Ints) -> Result:
    """Regression of the change on baseline and arm among survivors seen, t test with n - 3 df.

    The estimate is the adjusted difference of the second arm from the first, in points of MELD.
    """
    size = change.size
    if size < _LEAST_SEEN or np.unique(arm).size < 2:
        return Result(math.nan, math.nan, math.nan, -1, int(Reason.TOO_FEW_SEEN))
    design = np.column_stack([np.ones(size), baseline - baseline.mean(), arm == 1])
    inner = design.T @ design
    if np.linalg.matrix_rank(inner) < 3:
        return Result(math.nan, math.nan, math.nan, -1, int(Reason.TOO_FEW_SEEN))
    inverse = np.linalg.inv(inner)
    coefficients = inverse @ (design.T @ change)
    residual = change - design @ coefficients
    error = math.sqrt(float(residual @ residual) / (size - 3) * inverse[2, 2])
    if error == 0.0:
        return Result(math.nan, math.nan, math.nan, -1, int(Reason.TOO_FEW_SEEN))
    difference = float(coefficients[2])
    p_value = 2.0 * float(special.stdtr(size - 3, -abs(difference) / error))
    favours = -1 if difference == 0 else int(difference < 0)
    return Result(p_value, difference, error, favours, int(Reason.ANALYSED))


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
        return Result(math.nan, math.nan, math.nan, -1, int(Reason.EMPTY_ARM))
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
        return Result(math.nan, math.nan, math.nan, -1, int(Reason.NO_EVENT))
    excess = n0 * n1 / 2 - float(u)
    error = math.sqrt(variance)
    p_value = 2.0 * normal_cdf(-abs(excess) / error)
    scale = 2.0 / (n0 * n1)
    favours = -1 if excess == 0 else int(excess > 0)
    return Result(p_value, excess * scale, error * scale, favours, int(Reason.ANALYSED))
