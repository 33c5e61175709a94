"""Trials in lanes whose recruitment closes early (model page, section 11).

Patients of such trials do not touch each other: who comes before the closing day is whoever came
as planned, and those who come later are taken out. Nothing is drawn again.
"""

import math

import numpy as np

from simulator.engines.compiled.kernel import entry
from simulator.engines.lanes.others import count_in
from simulator.engines.lanes.simulate import lanes_of
from simulator.lanes.records import CENSORED, NOBODY, SECOND, Count, Counted, LaneRecords
from simulator.records import Floats, Ints

_PATIENTS = int(Count.PATIENTS)
_DEATHS, _DEATHS_SEEN = int(Count.DEATHS), int(Count.DEATHS_SEEN)


def close_lanes(
    planned: LaneRecords, trials: Ints, closes_day: Floats, lanes: int | None = None
) -> LaneRecords:
    """Return some trials as they are if nobody enters after a day of each.

    Parameters
    ----------
    planned
        Trials that were simulated so that they can close.
    trials, closes_day
        Places among them, at least one, and trial days.
    lanes
        Trials side by side.
    """
    patients, size, old_lanes = planned.key.shape[1], trials.size, planned.key.shape[2]
    lanes = lanes_of(patients, size) if lanes is None else lanes
    blocks = -(-size // lanes)
    block, lane = np.divmod(np.resize(trials, blocks * lanes), old_lanes)  # beyond the last, any
    closes = np.resize(closes_day, blocks * lanes)
    kept = planned.transplant_after_days.shape[1]
    new = LaneRecords(
        size,
        np.minimum(planned.closes_day[trials], closes_day),
        np.empty((blocks, patients, lanes)),
        np.empty((blocks, patients, lanes), np.int64),
        np.empty((blocks, kept, lanes)),
        np.empty((blocks, len(Count), 2, lanes), np.int64),
        np.zeros((blocks, 0, lanes), np.int16),
    )
    _copy_counts(block, lane, planned.counts, new.counts)
    first = block * patients * old_lanes + lane
    columns = planned.entry_day, planned.key, planned.counted_as
    flat = tuple(column.reshape(-1) for column in columns)
    _close(first, closes, old_lanes, *flat, new.entry_day, new.key, new.counts)
    if kept:
        late = new.key == NOBODY
        transplant = planned.transplant_after_days[block, :, lane].reshape(blocks, lanes, kept)
        new.transplant_after_days[:] = np.where(late, math.inf, transplant.swapaxes(1, 2))
    return new


@entry
def _copy_counts(block: Ints, lane: Ints, counts: Ints, new_counts: Ints) -> None:
    lanes = new_counts.shape[3]
    for k in range(block.size):
        new_counts[k // lanes, :, :, k % lanes] = counts[block[k], :, :, lane[k]]


@entry
def _close(
    first: Ints,
    closes_day: Floats,
    old_lanes: int,
    entry_day: Floats,
    key: Ints,
    counted_as: "Counted",
    new_entry_day: Floats,
    new_key: Ints,
    new_counts: Ints,
) -> None:
    """Copy trials, and take out who comes late.

    `first` is where the first patient of each trial stands; the others are `old_lanes` apart.
    """
    lanes = new_key.shape[2]
    exits, simple = np.empty(lanes, np.int64), np.empty((4, lanes), np.int64)
    of_all, second, dead, dead_second = simple[0], simple[1], simple[2], simple[3]
    for b in range(new_key.shape[0]):
        places, closes = first[b * lanes : (b + 1) * lanes], closes_day[b * lanes : (b + 1) * lanes]
        simple[:] = 0  # who is late and was counted by their key alone
        for p in range(new_key.shape[1]):
            enters, ends, others = new_entry_day[b, p], new_key[b, p], np.int64(0)
            for t in range(lanes):
                place = places[t] + p * old_lanes
                enters[t], ends[t] = entry_day[place], key[place]
                exits[t] = counted_as[place]
            for t in range(lanes):
                key_now, late = ends[t], np.int64((enters[t] > closes[t]) & (ends[t] != NOBODY))
                enters[t] = math.inf if late else enters[t]
                ends[t] = NOBODY if late else key_now
                exits[t] = exits[t] if late else np.int64(0)
                others |= exits[t]
                by_key = late & np.int64(exits[t] == 0)
                by_key_second = by_key & (key_now & SECOND)
                dies = np.int64((key_now & CENSORED) == 0)
                of_all[t] += by_key
                second[t] += by_key_second
                dead[t] += by_key & dies
                dead_second[t] += by_key_second & dies
            if others != 0:
                for t in range(lanes):
                    arm = key[places[t] + p * old_lanes] & SECOND
                    if exits[t] != 0:
                        count_in(exits[t], -1, new_counts[b, :, arm, t])
        ours = new_counts[b]
        for t in range(lanes):
            ours[_PATIENTS, 0, t] -= of_all[t] - second[t]
            ours[_PATIENTS, 1, t] -= second[t]
            for count in (_DEATHS, _DEATHS_SEEN):
                ours[count, 0, t] -= dead[t] - dead_second[t]
                ours[count, 1, t] -= dead_second[t]
