"""Trials in lanes whose recruitment closes early (model page, section 11).

Patients of such trials do not touch each other: who comes before the closing day is whoever came
as planned, and those who come later are taken out. Nothing is drawn again.
"""

import math

import numpy as np

from simulator.engines.compiled.kernel import entry
from simulator.engines.lanes.others import count_in
from simulator.engines.lanes.simulate import lanes_of
from simulator.lanes.records import CENSORED, NOBODY, SECOND, Count, Counted, LaneRecords, bit_of
from simulator.records import Floats, Ints

_A_PATIENT = bit_of(Count.PATIENTS)
_A_KNOWN_DEATH = bit_of(Count.DEATHS) + bit_of(Count.DEATHS_SEEN)


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
    patients, size = planned.key.shape[1], trials.size
    lanes = lanes_of(patients, size) if lanes is None else lanes
    blocks = -(-size // lanes)
    source = np.resize(trials, blocks * lanes)  # beyond the last, anything
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
    _close(source, closes, *planned[2:], *new[2:6])
    return new


@entry
def _close(
    source: Ints,
    closes_day: Floats,
    entry_day: Floats,
    key: Ints,
    transplant: Floats,
    counts: Ints,
    counted_as: "Counted",
    new_entry_day: Floats,
    new_key: Ints,
    new_transplant: Floats,
    new_counts: Ints,
) -> None:
    """Copy trials, and take out who comes late."""
    lanes, new_lanes = key.shape[2], new_key.shape[2]
    for b in range(new_key.shape[0]):
        places = source[b * new_lanes : (b + 1) * new_lanes]
        closes = closes_day[b * new_lanes : (b + 1) * new_lanes]
        for t in range(new_lanes):
            new_counts[b, :, :, t] = counts[places[t] // lanes, :, :, places[t] % lanes]
        for p in range(key.shape[1]):
            for t in range(new_lanes):
                block, lane = places[t] // lanes, places[t] % lanes
                enters, ends = entry_day[block, p, lane], key[block, p, lane]
                late = enters > closes[t] and ends != NOBODY
                new_entry_day[b, p, t] = math.inf if late else enters
                new_key[b, p, t] = NOBODY if late else ends
                if p < transplant.shape[1]:
                    new_transplant[b, p, t] = math.inf if late else transplant[block, p, lane]
                if late:
                    by_key = _A_PATIENT + (0 if ends & CENSORED else _A_KNOWN_DEATH)
                    by_exits = int(counted_as[block, p, lane])
                    bits = by_exits if by_exits else by_key
                    count_in(bits, -1, new_counts[b, :, ends & SECOND, t])
