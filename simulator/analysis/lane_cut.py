"""Trials in lanes as they were known at a cut (model page, section 10).

Transplant and loss are treated first and cut then, which comes to the same as the other way round,
but where patients are left out for a loss that is not known yet: see `can_be_cut`.
"""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import by_the_cut
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.lanes import LaneBlock, count_known
from simulator.analysis.sort_keys import time_of
from simulator.declarations.analyses import AnalysisPlan, Information
from simulator.lanes.records import CENSORED, NOBODY, SECOND, LaneRecords, key_of, turned
from simulator.lanes.sorting import MOST_ROWS, network_for, padded, sort_block
from simulator.records import Floats, Ints

_turned = inlined(turned)


def can_be_cut(plan: AnalysisPlan, information: str) -> bool:
    """Whether lanes tell what an analysis knows at a cut."""
    return plan.lost != "excluded" or information == Information.COMPLETED


class Cut(NamedTuple):
    """Trials in lanes, of which what came later is not known.

    Attributes
    ----------
    keys, entry_day
        Of the whole trials, (blocks, patients, lanes).
    day
        (blocks, lanes): of the cut; before anybody, of lanes beyond the last trial.
    """

    keys: Ints
    entry_day: Floats
    day: Floats


class LaneCut(LaneBlock):
    """Trials cut on a day of their own, for one analysis that `can_be_cut`."""

    def __init__(
        self, whole: LaneBlock, records: LaneRecords, plan: AnalysisPlan, cut_day: Floats
    ) -> None:
        super().__init__(records, whole.follow_up_days)
        keys = whole.keys(plan, left_out=False)
        blocks, _, lanes = keys.shape
        days = np.full((blocks, lanes), -1.0)
        days.ravel()[: self.trials] = cut_day
        self.known = Cut(keys, records.entry_day, days)
        self._numbers: Ints | None = None

    def count(self) -> Ints:
        """Return an array for whoever counts patients and events, (2, lanes of all blocks)."""
        self._numbers = np.empty((2, self.known.day.size), np.int64)
        return self._numbers

    @property
    def numbers(self) -> Ints:
        """Patients randomised and events by the cut, (2, trials)."""
        if self._numbers is None:
            self._cut_keys()
        assert self._numbers is not None
        return self._numbers[:, : self.trials]

    def keys(self, plan: AnalysisPlan, left_out: bool) -> Ints:  # noqa: ARG002 of one analysis
        """Keys of the analysis at the cut; of those not entered nobody's."""
        return self._cut_keys()

    def _cut_keys(self) -> Ints:
        def make() -> Ints:
            keys = np.empty_like(self.known.keys)
            _cut(self.known, float(self.follow_up_days), keys, self.count())
            return keys

        return self._once("keys", make)

    def counts(self, plan: AnalysisPlan) -> Ints:  # noqa: ARG002
        """The dead and all, (trials, arms, 2), whose follow-up was due by the cut."""

        def make() -> Ints:
            keys = np.empty_like(self.known.keys)
            _keep_due(self.known, float(self.follow_up_days), keys)
            return count_known(keys, self.follow_up_days, self.trials)

        return self._once("counts", make)


def days_of(records: LaneRecords, keys: Ints, numbers: Ints, *, deaths_alone: bool) -> Floats:
    """Trial days on which so many have died, or are followed no more; infinity for never.

    Shape (numbers, trials).
    """
    blocks, patients, lanes = keys.shape
    found = np.empty((numbers.size, blocks, lanes))
    asked = keys, records.entry_day, CENSORED if deaths_alone else 0
    if patients <= MOST_ROWS:
        room = np.empty((padded(patients), lanes))
        of = network_for(padded(patients), patients, tuple((numbers - 1).tolist()))
        _days_in_turn(*asked, numbers, *of, room, found)
    else:
        days = np.empty(keys.shape)
        for block in range(blocks):
            _end_days(block, *asked, days[block])
        found[:] = np.sort(days, axis=1)[:, numbers - 1].swapaxes(0, 1)
    return found.reshape(numbers.size, -1)[:, : records.trials]


@kernel
def _days_in_turn(
    keys: Ints,
    entry_day: Floats,
    others: int,
    numbers: Ints,
    lines: Ints,
    kinds: Ints,
    room: Floats,
    found: Floats,
) -> None:
    """Put days in order, block after block, in one block of room."""
    for block in range(keys.shape[0]):
        _end_days(block, keys, entry_day, others, room)
        sort_block(room, lines, kinds)
        for k in range(numbers.size):
            found[k, block] = room[numbers[k] - 1]


@kernel
def _end_days(block: int, keys: Ints, entry_day: Floats, others: int, days: Floats) -> None:
    """Write the day on which each patient ends; of those whose key has a bit of `others`, never."""
    for p in range(keys.shape[1]):
        mine, entry, out = keys[block, p], entry_day[block, p], days[p]
        for t in range(mine.size):
            day = entry[t] + time_of(_turned(mine[t]))
            out[t] = math.inf if mine[t] & others else day
    days[keys.shape[1] :] = math.inf


@kernel
def _cut(cut: Cut, follow_up_days: float, cut_keys: Ints, numbers: Ints) -> None:
    """Make keys at the cut, and count patients and events."""
    lanes = cut.keys.shape[2]
    numbers[:] = 0
    for block in range(cut.keys.shape[0]):
        limit, first = cut.day[block], block * lanes
        randomised, events = numbers[0, first : first + lanes], numbers[1, first : first + lanes]
        for p in range(cut.keys.shape[1]):
            mine, entry = cut.keys[block, p], cut.entry_day[block, p]
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
def _keep_due(cut: Cut, follow_up_days: float, due_keys: Ints) -> None:
    """Keep the keys of those whose follow-up would have ended by the cut."""
    for block in range(cut.keys.shape[0]):
        limit = cut.day[block]
        for p in range(cut.keys.shape[1]):
            mine, entry, out = cut.keys[block, p], cut.entry_day[block, p], due_keys[block, p]
            for t in range(mine.size):
                out[t] = mine[t] if entry[t] + follow_up_days <= limit[t] else NOBODY
