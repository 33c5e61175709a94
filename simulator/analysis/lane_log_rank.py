"""The log-rank test of trials in lanes: one walk through the patients of a whole block.

The test asks in which order patients die and leave, and no more. So their times are taken in steps
of 2^-30 of the follow-up, in which two of a trial seldom share one: numbers of 32 bits sort in half
of the time of a key. A trial in which somebody dies in a step that another shares is left to
`survival.log_rank`.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis import survival
from simulator.analysis.cut import by_the_cut
from simulator.analysis.kernel import inlined, kernel, maximum, minimum
from simulator.analysis.lane_cut import Cut, LaneCut
from simulator.analysis.lanes import LaneBlock
from simulator.analysis.sort_keys import time_of
from simulator.analysis.types import (
    EMPTY_ARM,
    AnalysisTable,
    new_table,
    tested_by,
    two_sided_quantile,
    write_no_result,
    write_one_step,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import Tested
from simulator.lanes.records import CENSORED, NOBODY, SECOND, turned
from simulator.lanes.sorting import (
    MOST_ROWS,
    Networks,
    networks,
    padded,
    sort_filled,
    sort_lanes,
)
from simulator.records import Floats, Ints

Places = npt.NDArray[np.uint32]

_PATIENTS, _SECOND, _DEAD, _SHARED = range(4)
_EXCESS, _VARIANCE, _AT_RISK, _AT_RISK_SECOND = range(4)
_LAST_STEP = 2.0**30 - 2.0  # of the end of follow-up; one more is nobody's
_NOBODY = np.uint32(2**32 - 2)
_STEP = 4  # a place is a step, then the last two bits of a key
_turned = inlined(turned)


class _Found(NamedTuple):
    """Where the results of trials are written.

    Attributes
    ----------
    shared
        (trials,): whether two share a step, so that the trial is left to `survival.log_rank`.
    table, column
        Where the others are written.
    """

    shared: npt.NDArray[np.bool_]
    table: AnalysisTable
    column: int


def log_rank(block: LaneBlock, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test, as `survival.log_rank` has it."""
    lanes, patients, horizon = block.lanes, block.patients, float(block.follow_up_days)
    found = _Found(np.empty(block.trials, np.bool_), table, column)
    asked = two_sided_quantile(plan.interval_alpha), tested_by(plan)
    room = np.empty((4, lanes), np.uint32), np.empty((4, lanes))
    height = padded(patients)
    if patients > MOST_ROWS:
        keys = block.keys(plan, left_out=True)
        ordered = np.empty((len(keys), height, lanes), np.uint32)
        _place_all(keys, _LAST_STEP / horizon, ordered)
        sort_lanes(ordered)
        _test_ordered(ordered, asked, room, found)
    else:
        places, of = np.empty((height, lanes), np.uint32), networks(height)
        if isinstance(block, LaneCut):
            _test_cut_in_turn(block.known, horizon, places, of, asked, room, found, block.count())
        else:
            keys = block.keys(plan, left_out=True)
            _test_in_turn(keys, horizon, places, of, asked, room, found)
    again = np.flatnonzero(found.shared)
    if again.size:
        redone = new_table(again.size, 1)
        survival.log_rank_of(block.times_of(plan, again), plan, redone, 0)
        for values, right in zip(table, redone, strict=True):
            values[again, column] = right[:, 0]


@kernel
def _test_in_turn(
    keys: Ints,
    horizon: float,
    places: "Places",
    of: Networks,
    asked: tuple[float, Tested],
    room: tuple["Places", Floats],
    found: _Found,
) -> None:
    """Place, sort and test block after block, in one block of places."""
    for block in range(keys.shape[0]):
        filled = _place(keys[block], _LAST_STEP / horizon, places)
        sort_filled(places, filled, of)
        _test(block, places[:filled], asked, room, found)


@kernel
def _test_cut_in_turn(
    cut: Cut,
    horizon: float,
    places: "Places",
    of: Networks,
    asked: tuple[float, Tested],
    room: tuple["Places", Floats],
    found: _Found,
    counted: Ints,
) -> None:
    """Do what `_test_in_turn` does with trials at a cut, and count patients and events."""
    lanes = places.shape[1]
    for block in range(cut.keys.shape[0]):
        mine = cut.keys[block], cut.entry_day[block], cut.day[block]
        filled = _place_known(*mine, horizon, places)
        sort_filled(places, filled, of)
        _test(block, places[:filled], asked, room, found)
        for t in range(lanes):
            counted[0, block * lanes + t] = room[0][_PATIENTS, t]
            counted[1, block * lanes + t] = room[0][_DEAD, t]


@kernel
def _place_all(keys: Ints, steps: float, places: "Places") -> None:
    for block in range(keys.shape[0]):
        _place(keys[block], steps, places[block])


@kernel
def _test_ordered(
    ordered: "Places", asked: tuple[float, Tested], room: tuple["Places", Floats], found: _Found
) -> None:
    for block in range(ordered.shape[0]):
        _test(block, ordered[block], asked, room, found)


@kernel
def _place(keys: Ints, steps: float, places: "Places") -> int:
    """Turn keys into steps of time, so many a day, with the last two bits of the keys.

    Returns
    -------
    int
        Rows beyond these are nobody's.
    """
    filled = 0
    for p in range(keys.shape[0]):
        mine, out, least = keys[p], places[p], _NOBODY
        for t in range(mine.size):
            step = np.int32(time_of(_turned(mine[t])) * steps)
            place = np.uint32(step * _STEP + (mine[t] & (CENSORED | SECOND)))
            place = _NOBODY if mine[t] == NOBODY else place
            least = min(least, place)
            out[t] = place
        filled = p + 1 if least < _NOBODY else filled
    places[filled:] = _NOBODY
    return filled


@kernel
def _place_known(
    keys: Ints, entry_day: Floats, cut_day: Floats, horizon: float, places: "Places"
) -> int:
    """Do what `_place` does with what is known at a cut of each trial, as `LaneCut.keys` has it."""
    steps, filled = _LAST_STEP / horizon, keys.shape[0]
    for p in range(keys.shape[0]):
        mine, entry, out, entered = keys[p], entry_day[p], places[p], np.int64(0)
        for t in range(mine.size):
            time, limit = time_of(_turned(mine[t])), cut_day[t]
            is_known = by_the_cut(entry[t], time, limit) < math.inf
            step = np.int32((time if is_known else minimum(limit - entry[t], horizon)) * steps)
            bits = mine[t] & (CENSORED | SECOND) if is_known else CENSORED | (mine[t] & SECOND)
            out[t] = np.uint32(step * _STEP + bits) if entry[t] <= limit else _NOBODY
            entered |= np.int64(entry[t] <= limit)
        if entered == 0:  # nor has anybody who comes later
            filled = p
            break
    places[filled:] = _NOBODY
    return filled


@kernel
def _test(
    block: int,
    ordered: "Places",
    asked: tuple[float, Tested],
    room: tuple["Places", Floats],
    found: _Found,
) -> None:
    """Test the trials of a block, whose patients are in order."""
    quantile, tested = asked
    numbers, sums = room
    shared, table, column = found
    lanes = ordered.shape[1]
    _count(ordered, numbers)
    _walk(ordered, numbers, sums)
    for t in range(min(lanes, shared.size - block * lanes)):
        k = block * lanes + t
        patients, second = numbers[_PATIENTS, t], numbers[_SECOND, t]
        excess, variance = sums[_EXCESS, t], sums[_VARIANCE, t]
        shared[k] = numbers[_SHARED, t] != 0 or not variance > 0.0
        if second == 0 or second == patients:
            shared[k] = False
            write_no_result(table, k, column, EMPTY_ARM)
        elif not shared[k]:
            write_one_step(table, k, column, excess, variance, variance, 1, tested)
        half = quantile * table.standard_error[k, column]
        table.low[k, column] = table.estimate[k, column] - half
        table.high[k, column] = table.estimate[k, column] + half


@kernel
def _count(rows: "Places", numbers: "Places") -> None:
    """Count each lane's patients, those of the second arm, and the dead."""
    patients, second, dead = numbers[_PATIENTS], numbers[_SECOND], numbers[_DEAD]
    numbers[:] = 0
    for p in range(rows.shape[0]):
        mine = rows[p]
        for t in range(mine.size):
            patients[t] += np.uint32(mine[t] != _NOBODY)
            second[t] += mine[t] & np.uint32(SECOND)
            dead[t] += np.uint32((mine[t] & np.uint32(CENSORED)) == np.uint32(0))


@kernel
def _walk(rows: "Places", numbers: "Places", sums: Floats) -> None:
    """Add up observed minus expected deaths, and their variance, as if no two shared a step.

    Where a death does, that is noted. Nobody dies after the last step.
    """
    shared, patients, at_risk_second = numbers[_SHARED], sums[_AT_RISK], sums[_AT_RISK_SECOND]
    excess, variance = sums[_EXCESS], sums[_VARIANCE]
    end = np.uint32(np.int64(_LAST_STEP) * _STEP | CENSORED)
    for t in range(shared.size):
        excess[t], variance[t] = 0.0, 0.0
        patients[t], at_risk_second[t] = numbers[_PATIENTS, t], numbers[_SECOND, t]
    for p in range(rows.shape[0]):
        mine, before, gone = rows[p], rows[max(p - 1, 0)], float(p)
        first = np.uint32(_STEP if p == 0 else 0)  # who has nobody before them
        for t in range(mine.size):
            # Products with 0 or 1, since a processor takes its time over stores that may not be.
            dead = 1.0 if (mine[t] & np.uint32(CENSORED)) == np.uint32(0) else 0.0
            second = 1.0 if mine[t] & np.uint32(SECOND) else 0.0
            share = at_risk_second[t] / maximum(patients[t] - gone, 1.0)
            excess[t] += dead * (second - share)
            variance[t] += dead * (share * (1.0 - share))
            at_risk_second[t] -= second
            # Below a step where the two share it and the one before is dead: the dead come first.
            apart = (mine[t] ^ before[t]) | ((before[t] & np.uint32(CENSORED)) << np.uint32(1))
            shared[t] |= np.uint32((apart | first) < np.uint32(_STEP))
        least = mine[0]
        for t in range(mine.size):
            least = min(least, mine[t])
        if least >= end:
            break
