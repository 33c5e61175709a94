"""The log-rank test of trials in lanes: one walk through the patients of a whole block.

The test asks in which order patients die and leave, and no more. So their times are taken in steps
of 2^-30 of the follow-up, in which two of a trial seldom share one: numbers of 32 bits sort in half
of the time of a key. A trial in which somebody dies in a step that another shares is left to
`survival.log_rank`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis import survival
from simulator.analysis.kernel import inlined, kernel
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
from simulator.lanes.sorting import MOST_ROWS, network, padded, sort_block, sort_lanes
from simulator.records import Floats, Ints

Places = npt.NDArray[np.uint32]

_PATIENTS, _SECOND, _SHARED = range(3)
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
    keys = block.keys(plan, left_out=True)
    blocks, patients, lanes = keys.shape
    steps = _LAST_STEP / float(block.follow_up_days)
    found = _Found(np.empty(block.trials, np.bool_), table, column)
    asked = two_sided_quantile(plan.interval_alpha), tested_by(plan)
    room = np.empty((3, lanes), np.int64), np.empty((4, lanes))
    if patients <= MOST_ROWS:
        places = np.empty((padded(patients), lanes), np.uint32)
        _test_in_turn(keys, steps, places, *network(padded(patients)), asked, room, found)
    else:
        ordered = np.empty((blocks, padded(patients), lanes), np.uint32)
        _place_all(keys, steps, ordered)
        sort_lanes(ordered)
        _test_ordered(ordered, asked, room, found)
    again = np.flatnonzero(found.shared)
    if again.size:
        redone = new_table(again.size, 1)
        survival.log_rank_of(block.times_of(plan, again), plan, redone, 0)
        for values, right in zip(table, redone, strict=True):
            values[again, column] = right[:, 0]


@kernel
def _test_in_turn(
    keys: Ints,
    steps: float,
    places: "Places",
    lines: Ints,
    sizes: Ints,
    asked: tuple[float, Tested],
    room: tuple[Ints, Floats],
    found: _Found,
) -> None:
    """Place, sort and test block after block, in one block of places."""
    for block in range(keys.shape[0]):
        _place(keys[block], steps, places)
        sort_block(places, lines, sizes)
        _test(block, places, asked, room, found)


@kernel
def _place_all(keys: Ints, steps: float, places: "Places") -> None:
    for block in range(keys.shape[0]):
        _place(keys[block], steps, places[block])


@kernel
def _test_ordered(
    ordered: "Places", asked: tuple[float, Tested], room: tuple[Ints, Floats], found: _Found
) -> None:
    for block in range(ordered.shape[0]):
        _test(block, ordered[block], asked, room, found)


@kernel
def _place(keys: Ints, steps: float, places: "Places") -> None:
    """Turn keys into steps of time, so many a day, with the last two bits of the keys."""
    for p in range(keys.shape[0]):
        mine, out = keys[p], places[p]
        for t in range(mine.size):
            step = np.int32(time_of(_turned(mine[t])) * steps)
            place = np.uint32(step * _STEP + (mine[t] & (CENSORED | SECOND)))
            out[t] = _NOBODY if mine[t] == NOBODY else place
    places[keys.shape[0] :] = _NOBODY


@kernel
def _test(
    block: int,
    ordered: "Places",
    asked: tuple[float, Tested],
    room: tuple[Ints, Floats],
    found: _Found,
) -> None:
    """Test the trials of a block."""
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
def _count(rows: "Places", numbers: Ints) -> None:
    """Count each lane's patients and those of the second arm."""
    patients, second = numbers[_PATIENTS], numbers[_SECOND]
    numbers[:] = 0
    for p in range(rows.shape[0]):
        mine = rows[p]
        for t in range(mine.size):
            patients[t] += np.int64(mine[t] != _NOBODY)
            second[t] += np.int64(mine[t] & np.uint32(SECOND))


@kernel
def _walk(rows: "Places", numbers: Ints, sums: Floats) -> None:
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
            dead = (mine[t] & np.uint32(CENSORED)) == np.uint32(0)
            second = 1.0 if mine[t] & np.uint32(SECOND) else 0.0
            share = at_risk_second[t] / (patients[t] - gone)
            more = excess[t] + (second - share)
            wider = variance[t] + share * (1.0 - share)
            excess[t] = more if dead else excess[t]
            variance[t] = wider if dead else variance[t]
            at_risk_second[t] -= second
            # Below a step where the two share it and the one before is dead: the dead come first.
            apart = (mine[t] ^ before[t]) | ((before[t] & np.uint32(CENSORED)) << np.uint32(1))
            shared[t] |= np.int64((apart | first) < np.uint32(_STEP))
        least = mine[0]
        for t in range(mine.size):
            least = min(least, mine[t])
        if least >= end:
            break
