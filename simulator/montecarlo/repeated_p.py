"""Repeated p values: the level at which a look would just reject.

That of a hypothesis at a look is the level at which its group-sequential test, run at that level
from the first look on, would just reject there (Jennison and Turnbull 2000, section 9.4); the least
of them so far is the sequential p value (Liu and Anderson 2008). Either is at most gamma where and
only where a test at level gamma rejects. So a graph judges hypotheses at looks as it does at the
end, by holding p values to levels (Maurer and Bretz 2013).
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.analysis.looked_at import Known
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Stage, looked, sides_of
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.spending import spent_at
from simulator.montecarlo.look_statistics import fraction_of, signed
from simulator.records import Floats, Ints

APART = 1e-6  # a p value above a level is above it by so much: more than what rounding forgives
_CLOSE = 1e-6  # to what bounds a nominal level, in proportion: the boundary itself decides

History = tuple[tuple[int, float, bool], ...]  # of looks: place, fraction, whether it is the end


class Tested(NamedTuple):
    """What a look came to for one hypothesis, a row a trial.

    Attributes
    ----------
    p_value
        Repeated p value, NaN where it was not tested.
    z
        Its statistic: positive in favour of the second arm or of what is to be shown.
    favours
        The arm that fared better.
    critical, futility
        (trials, levels): critical values of z and those for futility, NaN where it was not tested
        and where they were not asked for.
    """

    p_value: Floats
    z: Floats
    favours: Ints
    critical: Floats
    futility: Floats

    @property
    def informed(self) -> Bools:
        """Whether it was tested."""
        return ~np.isnan(self.p_value)


class RepeatedP:
    """Repeated p values of one hypothesis in each trial of a block, look by look.

    Attributes
    ----------
    levels
        At which it can be tested, climbing. P values are exact at each: at most a level where and
        only where a test at it rejects. Between them a p value is the nominal one, or stands just
        beside a level where that would be on the other side of it.
    fraction
        (trials, looks): share of the planned information at each look.

    Parameters
    ----------
    with_boundaries
        Whether critical values are asked for. Without them few are computed: the nominal level of a
        look is at least what the look spends and at most what is spent by then, which settles most
        trials.
    """

    def __init__(
        self,
        plan: MonitoringPlan,
        levels: tuple[float, ...],
        trials: int,
        *,
        with_boundaries: bool,
    ) -> None:
        self.plan, self.levels, self.with_boundaries = plan, np.array(levels), with_boundaries
        self.sides = [sides_of(plan._replace(alpha=level)) for level in levels]
        self.rule = read_efficacy(plan.spending) if plan.spending else None
        self.histories: list[History] = [()]  # every one that a trial has had
        self.history = np.zeros(trials, dtype=np.int64)  # which of them
        self.fraction = np.full((trials, len(plan.looks) + 1), math.nan)
        self._stages: dict[tuple[int, History], Stage] = {}

    def look(self, place: int, taken: Bools, table: AnalysisTable, known: Known) -> Tested:
        """Test the trials in which a look is taken; `table` has the analysis alone."""
        final = place == len(self.plan.looks)
        z = signed(table, self.plan.sides)
        fraction = fraction_of(self.plan, table, known)
        self.fraction[taken, place] = fraction[taken]
        by_level = taken.size, self.levels.size
        critical, futility = np.full(by_level, math.nan), np.full(by_level, math.nan)
        p_value, far = np.full(taken.size, math.nan), np.abs(z) if self.plan.sides == 2 else z
        trials = np.flatnonzero(taken & (fraction > 0.0) & ~np.isnan(z))
        pairs = np.stack([self.history[trials].astype(float), fraction[trials]])
        alike, group = np.unique(pairs, axis=1, return_inverse=True)
        for number, (before, now) in enumerate(alike.T.tolist()):
            earlier = self.histories[int(before)]
            if not final and (now >= 1.0 or (earlier and now <= earlier[-1][1])):
                continue  # all that is left is the final analysis's
            history = (*earlier, (place, now, final))
            mine = trials[group.ravel() == number]
            if self.with_boundaries:
                stages = [self._stage(k, history) for k in range(self.levels.size)]
                critical[mine] = [stage.second[-1].efficacy_z for stage in stages]
                futility[mine] = [stage.second[-1].futility_z for stage in stages]
            p_value[mine] = self._p_values(history, far[mine])
            self.history[mine] = len(self.histories)
            self.histories.append(history)
        return Tested(p_value, z, table.favours[:, 0], critical, futility)

    def _p_values(self, history: History, z: Floats) -> Floats:
        """Repeated p values of trials with one history."""
        nominal = ndtr(-z)
        least, most = self._bounds(history)
        rejects = nominal[:, None] <= least * (1.0 - _CLOSE)
        open_at = ~rejects & (nominal[:, None] <= most * (1.0 + _CLOSE))
        for k in np.flatnonzero(open_at.any(axis=0)).tolist():
            bound = self._stage(k, history).second[-1].efficacy_z
            rejects[:, k] = np.where(open_at[:, k], z >= bound, rejects[:, k])
        # A level rejects what all larger ones reject too: less than they do never more.
        rejects = np.logical_and.accumulate(rejects[:, ::-1], axis=1)[:, ::-1]
        first = np.where(rejects.any(axis=1), rejects.argmax(axis=1), self.levels.size)
        at_most = np.concatenate([self.levels, [1.0]])
        above = np.concatenate([[0.0], self.levels * (1.0 + APART)])
        return np.asarray(np.clip(self.plan.sides * nominal, above[first], at_most[first]))

    def _bounds(self, history: History) -> tuple[Floats, Floats]:
        """Least and most that the nominal level of the last look can be, one-sided, by level.

        Who crosses the boundary there had gone on, or not: so the nominal level is at least what
        the look spends. Who is beyond it crosses it or crossed one before: at most what is spent by
        then. A shape is not bounded so.
        """
        alpha = self.levels / self.plan.sides
        if self.rule is None or self.rule.family.spent is None:
            return np.zeros(alpha.size), np.ones(alpha.size)
        spent = [self._spent(alpha, one) for one in history[-2:]]
        before = spent[0] if len(spent) == 2 else np.zeros(alpha.size)
        return spent[-1] - before, spent[-1]

    def _spent(self, alpha: Floats, look: tuple[int, float, bool]) -> Floats:
        assert self.rule is not None
        _, fraction, final = look
        if final:
            return alpha
        return np.array([spent_at(self.rule, level, fraction, ()) for level in alpha.tolist()])

    def _stage(self, level: int, history: History) -> Stage:
        """Looks of a history by the boundaries of a level."""
        if not history:
            return Stage()
        found = self._stages.get((level, history))
        if found is None:
            before = self._stage(level, history[:-1])
            found = looked(self.sides[level], before, *history[-1])
            self._stages[level, history] = found
        return found
