"""Estimates and intervals of trials that ended at a look, allowing for the looks.

The ordering is that of the test, so that an interval excludes no effect where, and only where, the
trial rejects: each arm's favour has looks of its own (decision 24), and a boundary for futility
that is not binding is not counted on. A trial that stopped for futility obeyed it: it is ordered
among the trials that do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.monitoring.decisions import Stage
from simulator.monitoring.ordering import Outcomes, outcomes_of
from simulator.monitoring.tabulated import Shifts, interpolated, solved
from simulator.records import Floats, Ints

Bools = npt.NDArray[np.bool_]
_FUTILE, _OF_SECOND, _OF_FIRST = _KINDS = range(3)


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
    groups, group = np.unique(len(_KINDS) * which + kinds, return_inverse=True)
    outcomes = [
        _outcomes(stages[number], kind)
        for number, kind in zip(*np.divmod(groups, len(_KINDS)), strict=True)
    ]
    shifts = _shifts(outcomes, group, sign * z, tail, by_table=by_table)
    low = np.where(mirrored, -shifts.high, shifts.low)
    high = np.where(mirrored, -shifts.low, shifts.high)
    return Corrected(sign * shifts.median_unbiased, low, high, -of_second, of_first)


def _outcomes(stage: Stage, kind: int) -> Outcomes:
    """Those among which a trial is that stopped for futility, or is in favour of an arm."""
    if kind == _OF_FIRST:
        return outcomes_of(stage.first, False)
    return outcomes_of(stage.second, stage.binding or kind == _FUTILE)


def _shifts(
    outcomes: list[Outcomes], group: Ints, z: Floats, tail: float, *, by_table: bool
) -> Shifts:
    if by_table:
        return interpolated(outcomes, group, z, tail)
    found = np.empty((3, z.size))
    for number, one in enumerate(outcomes):
        found[:, group == number] = solved(one, z[group == number], tail)
    return Shifts(*found)
