"""Estimates and intervals of trials that ended at a look, allowing for the looks.

The ordering is that of the test, so that an interval excludes no effect where, and only where, the
trial rejects: each arm's favour has looks of its own (decision 24), and a boundary for futility
that is not binding is not counted on. A trial that stopped for futility obeyed it: it is ordered
among the trials that do.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.monitoring.boundaries import Looks
from simulator.monitoring.decisions import Stage
from simulator.monitoring.interpolated import Interpolated, Smooth
from simulator.monitoring.ordering import Outcomes, outcomes_of
from simulator.records import Floats, Ints

Bools = npt.NDArray[np.bool_]
_FUTILE, _OF_SECOND, _OF_FIRST = _KINDS = range(3)
_FARTHEST = 8.0  # a statistic farther from 0 is shifted as much as this one: p is below 1e-14
_WIDEST = 1.0  # cell in which shifts are interpolated ...
# ... and that by the spread of the statistic, given the look before: what went on there ends
# sharply.
_WIDEST_BY_SPREAD = 1.25


class Corrected(NamedTuple):
    """How far from the usual estimate, in its standard errors at the stop.

    Each has shape (trials,); positive towards larger statistics.

    Attributes
    ----------
    median_unbiased, low, high
        Of the stage-wise ordering.
    repeated_low, repeated_high
        Of the repeated interval, infinite where nothing can be shown at the look.
    """

    median_unbiased: Floats
    low: Floats
    high: Floats
    repeated_low: Floats
    repeated_high: Floats


def corrected(
    stages: Sequence[Stage],
    which: Ints,
    z: Floats,
    futile: Bools,
    tail: float,
    *,
    by_table: bool = False,
) -> Corrected:
    """Return what trials say that ended at the last of their looks.

    Parameters
    ----------
    stages, which
        Looks that trials had, and the place among them of each trial's.
    z
        (trials,): the statistic at the last look.
    futile
        (trials,): whether they stopped for futility.
    tail
        Beyond each limit of the interval by the stage-wise ordering: half of a two-sided level.
    by_table
        Whether to interpolate, which is sooner where many trials have the same looks.
    """
    of_second = np.array([stage.second[-1].efficacy_z for stage in stages])[which]
    first = [stage.first or stage.second for stage in stages]
    of_first = np.array([looks[-1].efficacy_z for looks in first])[which]
    binding, two_sided = stages[0].binding, bool(stages[0].first)
    # Each arm's favour has looks of its own. Where stopping for futility is counted on, which only
    # the order in favour of the second arm does, the other's is for those that it rejects.
    mirrored = two_sided & ~futile & (z < 0.0) & (not binding or z <= -of_first)
    sign = np.where(mirrored, -1.0, 1.0)
    kinds = np.where(futile, _FUTILE, np.where(mirrored, _OF_FIRST, _OF_SECOND))
    groups = np.unique(len(_KINDS) * which + kinds)
    group = np.searchsorted(groups, len(_KINDS) * which + kinds)
    orders = [
        _order(stages[number], kind, tail)
        for number, kind in zip(*np.divmod(groups, len(_KINDS)), strict=True)
    ]
    if by_table:
        found = _SHIFTS.values(orders, group, np.clip(sign * z, -_FARTHEST, _FARTHEST))
    else:
        found = np.empty((3, z.size))
        for number, order in enumerate(orders):
            mine = group == number
            found[:, mine] = shifts(order, sign[mine] * z[mine])
    median_unbiased, low, high = found
    low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    return Corrected(sign * median_unbiased, low, high, -of_second, of_first)


class Order(NamedTuple):
    """Whose outcomes are in order, and how far limits go.

    Attributes
    ----------
    looks
        Until the end.
    obeyed
        Whether trials stop for futility.
    tail
        The probability beyond each limit.
    """

    looks: Looks
    obeyed: bool
    tail: float

    @property
    def outcomes(self) -> Outcomes:
        """Those at the last look."""
        return outcomes_of(self.looks, self.obeyed)


def shifts(order: Order, z: Floats) -> Floats:
    """Return how far drifts lie from the usual estimate, (3, trials).

    Those of the median-unbiased estimate and of the limits of the interval, in standard errors at
    the stop; positive towards larger statistics.
    """
    outcomes, near = order.outcomes, np.clip(z, -_FARTHEST, _FARTHEST)
    return np.asarray(outcomes.drifts(near, order.tail) * outcomes.root - near)


def _smooth(order: Order) -> Smooth:
    """Shifts as a function that is smooth from cell to cell: right to 1e-6 where z is within 6."""
    spread = math.sqrt(order.outcomes.gained) / order.outcomes.root
    width = min(_WIDEST, _WIDEST_BY_SPREAD * spread)
    return Smooth(lambda z: shifts(order, z), math.ceil(_FARTHEST / width))


_SHIFTS = Interpolated(_smooth, outputs=3, farthest=_FARTHEST)


def _order(stage: Stage, kind: int, tail: float) -> Order:
    """That of a trial that stopped for futility, or that is in favour of an arm."""
    if kind == _OF_FIRST:
        return Order(stage.first, False, tail)
    return Order(stage.second, stage.binding or kind == _FUTILE, tail)
