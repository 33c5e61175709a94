"""Trials in lanes as they were known at a cut (model page, section 10).

Transplant and loss are treated first and cut then, which comes to the same as the other way round,
but where patients are left out for a loss that is not known yet: see `can_be_cut`.
"""

import math

import numpy as np

from simulator.analysis.cut import by_the_cut
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.lanes import LaneBlock, count_known
from simulator.analysis.sort_keys import time_of
from simulator.declarations.analyses import AnalysisPlan, Information
from simulator.lanes.records import CENSORED, NOBODY, SECOND, LaneRecords, key_of, turned
from simulator.lanes.sorting import sorted_lanes
from simulator.records import Floats, Ints

_turned = inlined(turned)
_NEVER = int(np.float64(math.inf).view(np.int64))


def can_be_cut(plan: AnalysisPlan, information: str) -> bool:
    """Whether lanes tell what an analysis knows at a cut."""
    return plan.lost != "excluded" or information == Information.COMPLETED


class LaneCut(LaneBlock):
    """Trials cut on a day of their own, for one analysis that `can_be_cut`.

    Attributes
    ----------
    randomised, events
        By the cut, one row per trial.
    """

    def __init__(
        self, whole: LaneBlock, records: LaneRecords, plan: AnalysisPlan, cut_day: Floats
    ) -> None:
        super().__init__(records, whole.follow_up_days)
        keys = whole.keys(plan, left_out=False)
        blocks, _, lanes = keys.shape
        days = np.full((blocks, lanes), -1.0)
        days.ravel()[: self.trials] = cut_day
        self._whole, self._entry_day, self._cut_day = keys, records.entry_day, days
        self._cut_keys = np.empty_like(keys)
        numbers = np.zeros((2, blocks * lanes), np.int64)
        horizon = float(self.follow_up_days)
        _cut(keys, records.entry_day, days, horizon, self._cut_keys, numbers)
        self.randomised, self.events = numbers[:, : self.trials]

    def keys(self, plan: AnalysisPlan, left_out: bool) -> Ints:  # noqa: ARG002 of one analysis
        """Keys of the analysis at the cut; of those not entered nobody's."""
        return self._cut_keys

    def counts(self, plan: AnalysisPlan) -> Ints:  # noqa: ARG002
        """The dead and all, (trials, arms, 2), whose follow-up was due by the cut."""

        def make() -> Ints:
            keys = np.empty_like(self._whole)
            _keep_due(self._whole, self._entry_day, self._cut_day, float(self.follow_up_days), keys)
            return count_known(keys, self.follow_up_days, self.trials)

        return self._once("counts", make)


def calendar_of(records: LaneRecords, keys: Ints, *, deaths_alone: bool) -> Floats:
    """Trial days on which patients die, or are followed no more, in order, then infinity.

    Shape (blocks, padded patients, lanes).
    """
    days = np.empty(keys.shape)
    _end_days(keys, records.entry_day, deaths_alone, days)
    # The bits of positive floats sort like the floats.
    return sorted_lanes(days.view(np.int64), _NEVER).view(np.float64)


@kernel
def _end_days(keys: Ints, entry_day: Floats, deaths_alone: bool, days: Floats) -> None:
    others = CENSORED if deaths_alone else np.int64(0)
    for block in range(keys.shape[0]):
        for p in range(keys.shape[1]):
            mine, entry, out = keys[block, p], entry_day[block, p], days[block, p]
            for t in range(mine.size):
                day = entry[t] + time_of(_turned(mine[t]))
                out[t] = math.inf if mine[t] & others else day


@kernel
def _cut(
    keys: Ints,
    entry_day: Floats,
    cut_day: Floats,
    follow_up_days: float,
    cut_keys: Ints,
    numbers: Ints,
) -> None:
    """Make keys at the cut, and count patients and events."""
    lanes = keys.shape[2]
    for block in range(keys.shape[0]):
        limit, first = cut_day[block], block * lanes
        randomised, events = numbers[0, first : first + lanes], numbers[1, first : first + lanes]
        for p in range(keys.shape[1]):
            mine, entry = keys[block, p], entry_day[block, p]
            ours = cut_keys[block, p]
            for t in range(mine.size):
                time, entered = time_of(_turned(mine[t])), entry[t] <= limit[t]
                followed = minimum(limit[t] - entry[t], follow_up_days)
                pending = key_of(followed, CENSORED, mine[t] & SECOND)
                key = mine[t] if by_the_cut(entry[t], time, limit[t]) < math.inf else pending
                key = key if entered else NOBODY
                ours[t] = key
                randomised[t] += np.int64(entered)
                events[t] += np.int64((key & CENSORED) == 0)


@kernel
def _keep_due(
    keys: Ints, entry_day: Floats, cut_day: Floats, follow_up_days: float, due_keys: Ints
) -> None:
    """Keep the keys of those whose follow-up would have ended by the cut."""
    for block in range(keys.shape[0]):
        limit = cut_day[block]
        for p in range(keys.shape[1]):
            mine, entry, out = keys[block, p], entry_day[block, p], due_keys[block, p]
            for t in range(mine.size):
                out[t] = mine[t] if entry[t] + follow_up_days <= limit[t] else NOBODY
