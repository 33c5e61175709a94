"""What becomes of each patient: the liver's death for all at once, other exits for the few."""

import math
from typing import NamedTuple

import numpy as np

from simulator import draws
from simulator.declarations.exits import Exit
from simulator.engines.compiled.kernel import entry
from simulator.engines.independence import Course, course_of
from simulator.engines.lanes.deaths import drop_late, end_by_liver, find_deaths, invert_pieces
from simulator.engines.lanes.others import (
    Others,
    end_by_loss,
    end_by_others,
    find_few,
    others_of,
)
from simulator.engines.lanes.words import Words, draw_words, rows_of
from simulator.lanes.records import Count, Counted
from simulator.params.types import Params
from simulator.records import Floats, Ints
from simulator.rules import hazard as rule

_EXIT = draws.code_of(draws.Purpose.EXIT)
_LIVER = draws.code_of(Exit.LIVER)
_TRANSPLANT, _LOSS = int(Exit.TRANSPLANT), int(Exit.LOSS)


class Ends(NamedTuple):
    """What ends a patient's follow-up; worked out once a scenario."""

    horizon: float
    course: Course
    others: Others


class _Room(NamedTuple):
    """Room for one block, used again and again.

    Attributes
    ----------
    liver
        (patients, lanes): when the liver would kill.
    piece
        (3, lanes): of a piecewise hazard, what each lane's patient is in.
    time
        (exits that happen + 1, patients x lanes): infinity, but while those who have one are
        settled; nobody writes the last.
    few, when
        Places of those who have an exit, and its times.
    """

    words: "Words"
    liver: Floats
    piece: Floats
    time: Floats
    few: Ints
    when: Floats


def ends_of(params: Params) -> Ends:
    """Work out what `settle_lanes` reads."""
    horizon = float(params.trial.follow_up_days)
    return Ends(horizon, course_of(params.hazard), others_of(params.exits, horizon))


def settle_lanes(
    ends: Ends, seed: int, trial: Ints, entry_day: Floats, key: Ints, one_by_one: bool
) -> tuple[Floats, Ints, Counted]:
    """Replace arms, as `key` has them, by keys; return the rest of `LaneRecords`.

    With `one_by_one` that is also what each patient is counted as.
    """
    blocks, patients, lanes = key.shape
    happens, size = ends.others.happens, patients * lanes
    kept = patients if _TRANSPLANT in happens else 0
    transplant = np.full((blocks, kept, lanes), math.inf)
    counts = np.zeros((blocks, len(Count), 2, lanes), np.int64)
    counted_as = np.zeros((blocks, patients if one_by_one else 0, lanes), np.int16)
    room = _Room(
        words=np.empty((rows_of(patients), lanes), np.uint32),
        liver=np.empty((patients, lanes)),
        piece=np.empty((3, lanes)),
        time=np.full((happens.size + 1, size if happens.size else 0), math.inf),
        few=np.empty(happens.size * size + 1, np.int64),
        when=np.empty(happens.size * size + 1),
    )
    _settle(seed, trial, *ends, room, entry_day, key, transplant, counts, counted_as)
    return transplant, counts, counted_as


@entry
def _settle(
    seed: int,
    trial: Ints,
    horizon: float,
    course: Course,
    others: Others,
    room: _Room,
    entry_day: Floats,
    key: Ints,
    transplant: Floats,
    counts: Ints,
    counted_as: "Counted",
) -> None:
    """Settle block after block."""
    lanes, happens, row_of = key.shape[2], others.happens, np.empty(others.least.size, np.int64)
    row_of[:] = happens.size
    for row in range(happens.size):
        row_of[happens[row]] = row
    loss_alone = happens.size == 1 and happens[0] == _LOSS
    words, liver, time, few, when = room.words, room.liver, room.time, room.few, room.when
    for block in range(key.shape[0]):
        mine, ours = key[block], counts[block]
        draw_words(seed, trial[block], _EXIT, _LIVER, words.shape[0], words)
        find_deaths(course, words, mine, liver)
        if course.kind == rule.PIECEWISE:
            invert_pieces(course, room.piece, liver)
        end_by_liver(horizon, liver, mine, ours)
        drop_late(horizon, entry_day[block], liver, mine, ours)
        found, patients_words = 0, words.reshape(-1)[: mine.size]
        for row in range(happens.size):
            which, before = happens[row], found
            draw_words(seed, trial[block], _EXIT, which, words.shape[0], words)
            found = find_few(others, which, horizon, patients_words, found, few, when)
            if not loss_alone:
                for k in range(before, found):
                    time[row, few[k]] = when[k]
        flat = entry_day[block].reshape(-1), liver.reshape(-1), mine.reshape(-1)
        each = counted_as[block].reshape(-1)
        if loss_alone:
            end_by_loss(horizon, lanes, few[:found], when, *flat, ours, each)
        else:
            out = transplant[block].reshape(-1)
            end_by_others(horizon, lanes, few[:found], row_of, time, *flat, out, ours, each)
