"""Analyses of trials in lanes: from keys to the same table that records give, bit for bit.

A `LaneBlock` stands in for a `Block` where an analysis needs times of death, or the dead and the
living, and no more: most analyses of it are those of records, on rows taken out of the lanes. An
analysis that is worth it has a kernel of its own for lanes (see `Analysis.lanes`).
"""

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from simulator.analysis.analysed import Use
from simulator.analysis.hypotheses import run
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.outcomes import Treatment, counted_as, treatment_of
from simulator.analysis.sort_keys import time_of
from simulator.analysis.types import AnalysisTable, new_table
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.declarations.estimands import statistic_of
from simulator.declarations.exits import Exit
from simulator.lanes.records import (
    CENSORED,
    NOBODY,
    SECOND,
    LaneRecords,
    by_trial,
    key_of,
    turned,
)
from simulator.lanes.sorting import sorted_lanes
from simulator.named import named
from simulator.params.types import Params
from simulator.records import Floats, Ints

_turned = inlined(turned)
_LOST, _COUNTED_AS_LOST = int(Use.LOST), int(Use.COUNTED_AS_LOST)


def take_lanes(params: Params, plans: Sequence[AnalysisPlan]) -> bool:
    """Whether keys tell all that these analyses want to know of a scenario without sessions."""
    withdrawn = params.exits.rate_per_day[Exit.WITHDRAWAL] > 0.0
    return all(
        plan.test in STATISTICS
        and STATISTICS[plan.test].lanes is not None
        and plan.population == "randomised"
        and (plan.withdrawal == "ignored" or not withdrawn)
        for plan in plans
    )


def analyse_lanes(block: "LaneBlock", plans: Sequence[AnalysisPlan]) -> AnalysisTable:
    """Analyse every trial at its end by every plan; see `analyse` and `take_lanes`."""
    table = new_table(block.trials, len(plans))
    for column, plan in enumerate(plans):
        place = STATISTICS[plan.test].lanes
        if place is None:
            raise ValueError(f"{plan.test} has no kernel for lanes")
        run(named(place), block, plan, table, column)
    return table


class LaneBlock:
    """Trials at their end, from whose keys each analysis takes what it needs.

    Attributes
    ----------
    trials
        How many.
    patients, lanes
        Planned a trial, and trials side by side.
    follow_up_days
        From randomisation.
    """

    def __init__(self, records: LaneRecords, follow_up_days: int) -> None:
        self.trials, self.follow_up_days = records.trials, follow_up_days
        _, self.patients, self.lanes = records.key.shape
        self._records = records
        self._kept: dict[Hashable, Ints] = {}

    def _once(self, key: Hashable, make: Callable[[], Ints]) -> Ints:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def looks_at_records(self, plan: AnalysisPlan) -> bool:
        """Whether the keys of a plan are those of the records: the dead are who was seen to die."""
        return plan.lost == "censored" and self._records.transplant_after_days.shape[1] == 0

    def keys(self, plan: AnalysisPlan, left_out: bool) -> Ints:
        """Keys, (blocks, patients, lanes), transplant and loss treated as the plan declares.

        With `left_out`, who is lost is nobody if the plan excludes them.
        """
        records, treatment = self._records, treatment_of(plan)
        left_out = left_out and plan.lost == "excluded"
        if self.looks_at_records(plan):
            return records.key

        def make() -> Ints:
            keys = np.empty_like(records.key)
            before = math.inf if left_out else 0.0
            never = np.full(keys.shape[2], math.inf)
            transplant, horizon = records.transplant_after_days, float(self.follow_up_days)
            _treat(records.key, transplant, never, horizon, treatment, before, keys)
            return keys

        return self._once(("keys", treatment, left_out), make)

    def ordered(self, plan: AnalysisPlan) -> Ints:
        """Keys in order, (blocks, padded patients, lanes), for tests on time."""

        def make() -> Ints:
            return sorted_lanes(self.keys(plan, left_out=True), NOBODY)

        return self._once(("ordered", treatment_of(plan), plan.lost == "excluded"), make)

    def times(self, plan: AnalysisPlan) -> Ints:
        """Sorted keys of each trial's patients, (trials, patients), as `Block.times` has them."""

        def make() -> Ints:
            ordered = self.ordered(plan)[:, : self._records.key.shape[1]]
            found: Ints = turned(by_trial(ordered, self.trials))
            return found

        return self._once(("times", treatment_of(plan), plan.lost == "excluded"), make)

    def times_of(self, plan: AnalysisPlan, trials: Ints) -> Ints:
        """Sorted keys of some trials' patients, as `times` has those of all."""
        keys = self.keys(plan, left_out=True)
        blocks, lanes = np.divmod(trials, keys.shape[2])
        found: Ints = turned(np.sort(keys[blocks, :, lanes], axis=1))
        return found

    def counts(self, plan: AnalysisPlan) -> Ints:
        """The dead and all, (trials, arms, 2), as `Block.counts` has them."""

        def make() -> Ints:
            return count_known(self.keys(plan, left_out=False), self.follow_up_days, self.trials)

        return self._once(("counts", treatment_of(plan)), make)

    def uses(self, plans: Sequence[AnalysisPlan]) -> Ints:
        """Patients of each trial by arm and `Use` in the first analysis, (arms, uses, trials)."""
        statistic, counts = statistic_of(plans[0], plans), self._records.counts[:, 0]
        found = np.zeros((counts.shape[0], 2, len(Use), counts.shape[2]), np.int64)
        found[:, :, Use.ANALYSED] = counts
        if statistic.lost == "excluded":
            keys = self.keys(statistic, left_out=False)
            _leave_out(self._records.key, keys, float(self.follow_up_days), found)
        return np.moveaxis(by_trial(found, self.trials), 0, -1)


@kernel
def _treat(
    keys: Ints,
    transplant: Floats,
    never: Floats,
    follow_up_days: float,
    treatment: Treatment,
    left_out_before: float,
    out: Ints,
) -> None:
    """Make the keys of a plan; see `sort_keys.time_keys`."""
    for block in range(keys.shape[0]):
        for p in range(keys.shape[1]):
            mine, ours = keys[block, p], out[block, p]
            transplanted = transplant[block, p] if transplant.shape[1] > 0 else never
            for t in range(mine.size):
                time, censored = time_of(_turned(mine[t])), (mine[t] & CENSORED) != 0
                dead, lost = counted_as(
                    math.inf if censored else time,
                    time if censored and time < follow_up_days else math.inf,
                    transplanted[t],
                    follow_up_days,
                    treatment,
                )
                ends = minimum(minimum(dead, lost), follow_up_days)
                key = key_of(ends, np.int64(0) if dead < math.inf else CENSORED, mine[t] & SECOND)
                gone = mine[t] == NOBODY or lost < left_out_before
                ours[t] = NOBODY if gone else key


def count_known(keys: Ints, follow_up_days: int, trials: int) -> Ints:
    """Count the dead and all who are dead or were followed to the end, (trials, arms, 2)."""
    found = np.zeros((keys.shape[0], 2, 2, keys.shape[2]), np.int64)
    _count(keys, float(follow_up_days), found)
    return np.ascontiguousarray(by_trial(found, trials))


@inlined
def _is_complete(key: int, end: int) -> bool:
    """Whether a patient was followed to the end; `end` is the key of one in the second arm."""
    return (key | SECOND) == end


@kernel
def _count(keys: Ints, follow_up_days: float, found: Ints) -> None:
    """Add up the dead and all who are dead or were followed to the end, (blocks, arm, 2, lanes)."""
    end = key_of(follow_up_days, CENSORED, SECOND)
    for block in range(keys.shape[0]):
        dead, known = found[block, 0, 0], found[block, 0, 1]
        second_dead, second_known = found[block, 1, 0], found[block, 1, 1]
        for p in range(keys.shape[1]):
            mine = keys[block, p]
            for t in range(mine.size):
                died, second = np.int64((mine[t] & CENSORED) == 0), mine[t] & SECOND
                seen = died | np.int64(_is_complete(mine[t], end))
                dead[t] += died
                known[t] += seen
                second_dead[t] += died & second
                second_known[t] += seen & second
        for t in range(dead.size):
            dead[t] -= second_dead[t]
            known[t] -= second_known[t]


@kernel
def _leave_out(known: Ints, treated: Ints, follow_up_days: float, found: Ints) -> None:
    """Take those who count as lost from those analysed, by whether they were lost themselves."""
    end = key_of(follow_up_days, CENSORED, SECOND)
    for block in range(known.shape[0]):
        for p in range(known.shape[1]):
            for t in range(known.shape[2]):
                key, treatment = known[block, p, t], treated[block, p, t]
                if treatment == NOBODY or not treatment & CENSORED or _is_complete(treatment, end):
                    continue
                use = _COUNTED_AS_LOST if _is_complete(key, end) else _LOST
                found[block, key & SECOND, use, t] += 1
                found[block, key & SECOND, 0, t] -= 1
