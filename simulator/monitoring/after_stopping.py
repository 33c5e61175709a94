"""Estimates and intervals of trials that ended at a look, allowing for the looks.

The ordering is that of the test, so that an interval excludes no effect where, and only where, the
trial rejects: each arm's favour has looks of its own (decision 24), and a boundary for futility
that is not binding is not counted on. A trial that stopped for futility obeyed it: it is ordered
among the trials that do.

Where the sides differ each limit is the bound by the test of its own side, whatever z is, and
the median that of the order by both boundaries, at which trials do stop.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.monitoring.boundaries import Looks
from simulator.monitoring.decisions import Sides, Stage
from simulator.monitoring.interpolated import Interpolated, Smooth
from simulator.monitoring.ordering import Outcomes, outcomes_of
from simulator.monitoring.reestimation import weighted_root, weighted_z
from simulator.records import Floats, Ints

Bools = npt.NDArray[np.bool_]
_FUTILE, _OF_SECOND, _OF_FIRST = _KINDS = range(3)
_FARTHEST = 8.0  # a statistic farther from 0 is shifted as much as this one: p is below 1e-14
_WIDEST = 1.0  # cell in which shifts are interpolated ...
# ... and that by the spread of the statistic, given the look before: what went on there ends
# sharply.
_WIDEST_BY_SPREAD = 1.25


class Tails(NamedTuple):
    """The probability beyond each limit of the interval by the stage-wise ordering.

    Attributes
    ----------
    low
        Beyond the lower limit: the level at which the second arm, or what a one-sided hypothesis is
        to show, is shown.
    high
        Beyond the upper limit: that at which the first arm is.
    differ
        Whether the sides have rules or parts of the level of their own.
    """

    low: float
    high: float
    differ: bool = False

    @classmethod
    def of(cls, sides: Sides, tail: float) -> "Tails":
        """Return those of the sides of an analysis; `tail` is each where they are alike."""
        if not sides.differ or sides.first is None:
            return cls(tail, tail)
        return cls(sides.second.alpha, sides.first.alpha, differ=True)


class Corrected(NamedTuple):
    """How far from the usual estimate, in its standard errors at the stop.

    Each has shape (trials,); positive towards larger statistics.

    Attributes
    ----------
    median_unbiased, low, high
        Of the stage-wise ordering.
    repeated_low, repeated_high
        Of the repeated interval, infinite where nothing can be shown at the look.
    centre
        Of the repeated interval, were alpha 1: 0 but where stages have planned weights.
    """

    median_unbiased: Floats
    low: Floats
    high: Floats
    repeated_low: Floats
    repeated_high: Floats
    centre: Floats


class Combined(NamedTuple):
    """How the last statistic of trials combines the stages, each of shape (trials,).

    Attributes
    ----------
    centre
        Where its estimate lies, in standard errors of the usual one from that.
    stretch
        Its standard error over that of the usual estimate, at least 1.
    """

    centre: Floats
    stretch: Floats

    @classmethod
    def usual(cls, trials: int) -> "Combined":
        """Return that of trials whose last statistic is the usual one."""
        return cls(np.zeros(trials), np.ones(trials))


def combined_of(z_look: Floats, look: Floats, z_end: Floats, end: Floats) -> Combined:
    """Return that of trials whose stages before and after a look have the weights planned.

    Parameters
    ----------
    z_look, look, z_end, end
        Statistics and information as in `reestimation.weighted_z`, of which the weight is `look`.
    """
    # Of an exact test a statistic may be infinite. No other is moved: it is a distance here.
    before, after = (np.where(np.isinf(z), np.copysign(_FARTHEST, z), z) for z in (z_look, z_end))
    weighted = weighted_z(before, look, after, end, look, farthest=math.inf)
    stretch = np.sqrt(end) / weighted_root(look, end, look)
    return Combined(stretch * weighted - after, stretch)


def repeated_alone(
    stages: Sequence[Stage], which: Ints, combined: Combined
) -> tuple[Floats, Floats, Floats]:
    """Return the last three of `Corrected`, whatever changed the information to come.

    Lehmacher and Wassmer (1999, section 4); Mehta, Bauer, Posch and Brannath (2007).
    """
    of_second, of_first = _criticals(stages, which)
    centre, stretch = combined
    return centre - stretch * of_second, centre + stretch * of_first, centre


def _criticals(stages: Sequence[Stage], which: Ints) -> tuple[Floats, Floats]:
    """The critical values of trials at their last look, in favour of each arm."""
    of_second = np.array([stage.second[-1].efficacy_z for stage in stages])[which]
    first = [stage.first or stage.second for stage in stages]
    return of_second, np.array([looks[-1].efficacy_z for looks in first])[which]


def corrected(
    stages: Sequence[Stage],
    which: Ints,
    z: Floats,
    futile: Bools,
    tails: Tails,
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
    tails
        Beyond the limits of the interval by the stage-wise ordering.
    by_table
        Whether to interpolate, which is sooner where many trials have the same looks.
    """
    of_second, of_first = _criticals(stages, which)
    binding, two_sided = stages[0].binding, bool(stages[0].first)
    # Each arm's favour has looks of its own. Where stopping for futility is counted on, which only
    # the order in favour of the second arm does, the other's is for those that it rejects.
    of_other = two_sided & ~futile & (z < 0.0) & ((not binding) | (z <= -of_first))
    mirrored = of_other & (not tails.differ)
    sign = np.where(mirrored, -1.0, 1.0)
    kinds = np.where(futile, _FUTILE, np.where(of_other, _OF_FIRST, _OF_SECOND))
    codes = len(_KINDS) * which + kinds
    exists = np.bincount(codes) > 0
    groups, group = np.flatnonzero(exists), (np.cumsum(exists) - 1)[codes]
    orders = [
        _order(stages[number], kind, tails)
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
    none = np.zeros(z.size)
    return Corrected(sign * median_unbiased, low, high, -of_second, of_first, none)


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
    other
        How the other side differs; None: it does not, or there is none.
    """

    looks: Looks
    obeyed: bool
    tail: float
    other: "OtherSide | None" = None

    @property
    def outcomes(self) -> Outcomes:
        """Those at the last look."""
        return outcomes_of(self.looks, self.obeyed)

    @property
    def stopped_by_both(self) -> Outcomes:
        """Those at the last look of trials that either boundary would have stopped."""
        if self.other is None:
            return self.outcomes
        pairs = zip(self.looks, self.other.looks, strict=True)
        both = tuple(replace(one, lower_z=-another.efficacy_z) for one, another in pairs)
        return outcomes_of(both, self.obeyed)


class OtherSide(NamedTuple):
    """The side of the first arm, where it differs from that of the second.

    Attributes
    ----------
    looks
        Until the end, of minus the statistic.
    tail
        The probability beyond the upper limit. Where futility is not obeyed that is the bound by
        the test of this side. Else futility takes trials away on this side, which the order by all
        that stops them has.
    """

    looks: Looks
    tail: float


def shifts(order: Order, z: Floats) -> Floats:
    """Return how far drifts lie from the usual estimate, (3, trials).

    Those of the median-unbiased estimate and of the limits of the interval, in standard errors at
    the stop; positive towards larger statistics.
    """
    outcomes, near = order.outcomes, np.clip(z, -_FARTHEST, _FARTHEST)
    if order.other is None:
        return np.asarray(outcomes.drifts(near, order.tail) * outcomes.root - near)
    of_first, beyond = order.other
    median = order.stopped_by_both.drift_where(near, np.full(z.size, 0.5))
    low = outcomes.drift_where(near, np.full(z.size, order.tail))
    if order.obeyed:
        high = order.stopped_by_both.drift_where(near, np.full(z.size, 1.0 - beyond))
    else:
        mirrored = outcomes_of(of_first, False)
        high = -mirrored.drift_where(-near, np.full(z.size, beyond))
    return np.asarray(np.stack([median, low, high]) * outcomes.root - near)


def _smooth(order: Order) -> Smooth:
    """Shifts as a function that is smooth from cell to cell: right to 1e-6 where z is within 6."""
    outcomes = order.stopped_by_both
    spread = math.sqrt(outcomes.gained) / outcomes.root
    width = min(_WIDEST, _WIDEST_BY_SPREAD * spread)
    return Smooth(lambda z: shifts(order, z), math.ceil(_FARTHEST / width))


_SHIFTS = Interpolated(_smooth, outputs=3, farthest=_FARTHEST)


def _order(stage: Stage, kind: int, tails: Tails) -> Order:
    """That of a trial that stopped for futility, or that is in favour of an arm."""
    obeyed = kind == _FUTILE or (stage.binding and kind == _OF_SECOND)
    if tails.differ:
        return Order(stage.second, obeyed, tails.low, OtherSide(stage.first, tails.high))
    if kind == _OF_FIRST:
        return Order(stage.first, obeyed, tails.high)
    return Order(stage.second, obeyed, tails.low)
