"""Exact nominal levels enumerated at the sizes that each trial turns out to have.

Given its sizes, of which outcomes say nothing, a trial without an effect then rejects with no
larger probability than spending allows, and so do trials of whatever sizes. A look spends what it
was planned to. Many trials share their sizes: levels are kept by them.
"""

import math
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import Bools
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Stage
from simulator.monitoring.exact_z import moved_to, z_of
from simulator.monitoring.held import Limits
from simulator.montecarlo.exact_stages import exact_levels, spent_by, stages_of
from simulator.records import Floats, Ints

Arms = tuple[int, int]


@runtime_checkable
class Counting(Protocol):
    """Trials whose tables of deaths are known."""

    @property
    def plan(self) -> AnalysisPlan: ...  # noqa: D102

    def counted(self, cut_day: Floats) -> Ints:
        """Count the dead and all of each arm, (trials, arms, 2), that a proportion is of."""
        ...


class OwnLevels:
    """The sizes so far of a block of trials, and the levels that follow from them."""

    def __init__(self, asked: MonitoringPlan, trials: Counting, size: int) -> None:
        self._sides, self._spent, self._trials = asked.sides, spent_by(asked), trials
        self._sizes: list[tuple[Arms, ...]] = [()] * size
        self._by_look: list[tuple[float, ...]] = [()] * size

    def critical(self, place: int, counts: Bools, cut_day: Floats) -> Floats:
        """Return the critical value of each trial at a look that counts as one; else infinity."""
        at = np.where(counts, cut_day, -1.0)
        arms = self._trials.counted(at)[:, :, 1].tolist()
        found = np.full(counts.size, math.inf)
        for trial in np.flatnonzero(counts).tolist():
            self._sizes[trial] += (tuple(arms[trial]),)
            self._by_look[trial] += (self._spent[place],)
            stages = stages_of(self._trials.plan, self._sizes[trial])
            found[trial] = z_of(exact_levels(stages, self._by_look[trial])[-1], self._sides)
        return found


def with_critical(limits: Limits, which: Ints, critical: Floats) -> Limits:
    """Return the limits of trials, a row each, with their own critical values for efficacy."""
    first = critical if limits.first_z.size else limits.first_z
    return Limits(critical, limits.futility_z[which], first)


def on_spent_scale(
    stages: Sequence[Stage], which: Ints, z: Floats, critical: Floats, sides: int
) -> Floats:
    """Return statistics moved so that those on the own critical value are on that spent."""
    found = z.copy()
    for trial in np.flatnonzero(~np.isnan(z)).tolist():
        spent = stages[which[trial]].second[-1].efficacy_z
        far = np.abs(z[trial : trial + 1]) if sides == 2 else z[trial : trial + 1]
        moved = moved_to(float(critical[trial]), spent, far)
        found[trial] = math.copysign(moved[0], z[trial]) if sides == 2 else moved[0]
    return found
