"""Exact nominal levels as critical values of z."""

import math

import numpy as np
from scipy.special import ndtri

from simulator.monitoring.asked import MonitoringPlan
from simulator.records import Floats

_ROUNDING = 1e-6  # of a p value, relative: far above what interpolation and arithmetic leave
_FARTHEST = 9.0  # beyond, a critical value spends nothing


def exact_z_of(asked: MonitoringPlan) -> tuple[float, ...]:
    """Return the critical values of exact nominal levels, which a p value reaches but for rounding.

    Empty where they are not asked for, or are each trial's own.
    """
    if not asked.exact or asked.own_sizes:
        return ()
    assert asked.exact_levels, "exact levels are enumerated before boundaries are used"
    return tuple(z_of(level, asked.sides) for level in asked.exact_levels)


def z_of(level: float, sides: int) -> float:
    """Return the critical value of an exact nominal level; infinite of 0."""
    return -float(ndtri(level * (1.0 + _ROUNDING) / sides))


def moved_to(exact: float, spent: float, z: Floats) -> Floats:
    """Return statistics on the scale on which the exact critical value is that which was spent.

    From 0 up to it in proportion, beyond it by as much as it. So a stage-wise p value is at most
    alpha where and only where an exact boundary was crossed.
    """
    spent = min(spent, _FARTHEST)
    if exact == math.inf:  # nothing rejects: all stay below
        return np.asarray(np.where(z > 0.0, spent * z / (1.0 + np.maximum(z, 0.0)), z))
    beyond = z + (spent - exact)
    if min(exact, spent) <= 0.0:  # of a level of a half
        return np.asarray(beyond)
    return np.asarray(np.where(z >= exact, beyond, np.where(z > 0.0, z * (spent / exact), z)))
