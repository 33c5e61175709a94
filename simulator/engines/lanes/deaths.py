"""When the liver kills, worked out for all patients at once, as if nothing else could happen."""

import math

import numpy as np

from simulator import draws
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.independence import Course
from simulator.engines.lanes.words import Words
from simulator.lanes.records import CENSORED, NOBODY, Count, key_of
from simulator.records import Floats, Ints
from simulator.rules import hazard as rule
from simulator.rules.elementary import log_of_normal

_PATIENTS = int(Count.PATIENTS)
_DEATHS, _DEATHS_SEEN = int(Count.DEATHS), int(Count.DEATHS_SEEN)


@inlined
def _target(word: np.uint32, arm: int, of_first: float, of_second: float) -> float:
    """Cumulative baseline hazard at which a patient dies."""
    threshold = -log_of_normal(draws.to_uniform(np.uint64(word)))
    return threshold / (of_second if arm == 1 else of_first)


@kernel
def find_deaths(
    course: Course,
    words: "Words",
    arm: Ints,
    out: Floats,
) -> None:
    """Find when the liver would kill: `rule.death_at_constant_factor`, its kind known beforehand.

    The power of a Weibull baseline is taken for one patient at a time (see `rules.elementary`).
    """
    kind, day, cumulative, shape = course.kind, course.day, course.cumulative, course.shape
    of_first, of_second = course.factor[0], course.factor[1]
    if kind == rule.WEIBULL and shape == 1.0:
        last_day, last = day[day.size - 1], cumulative[day.size - 1]
        for p in range(out.shape[0]):
            word, mine, row = words[p], arm[p], out[p]
            for t in range(row.size):
                row[t] = last_day * (_target(word[t], mine[t], of_first, of_second) / last)
    elif kind == rule.WEIBULL:
        for p in range(out.shape[0]):
            for t in range(out.shape[1]):
                target = _target(words[p, t], arm[p, t], of_first, of_second)
                out[p, t] = rule.inverse_baseline(kind, day, cumulative, shape, target)
    else:
        for p in range(out.shape[0]):
            word, mine, row = words[p], arm[p], out[p]
            for t in range(row.size):
                row[t] = _target(word[t], mine[t], of_first, of_second)


@kernel
def invert_pieces(course: Course, piece: Floats, out: Floats) -> None:
    """Turn cumulative hazards into times, each in the piece that it falls in.

    Lanes go through the pieces together; `piece` is room for when their own opens, the hazard
    passed by then, and its rate.
    """
    day, cumulative = course.day, course.cumulative
    opening, passed, rate = piece[0], piece[1], piece[2]
    for p in range(out.shape[0]):
        row = out[p]
        for k in range(1, day.size):
            before, already = day[k - 1], cumulative[k - 1]
            mine = (cumulative[k] - already) / (day[k] - before)
            for t in range(row.size):
                here = k == 1 or row[t] > already
                opening[t] = before if here else opening[t]
                passed[t] = already if here else passed[t]
                rate[t] = mine if here else rate[t]
        for t in range(row.size):
            time = opening[t] + (row[t] - passed[t]) / rate[t]
            row[t] = opening[t] if rate[t] == 0.0 else time


@kernel
def end_by_liver(horizon: float, liver: Floats, key: Ints, counts: Ints) -> None:
    """Make keys, and counts, as if there were no other exit."""
    first_dead, second_dead = counts[_DEATHS, 0], counts[_DEATHS, 1]
    first, second = counts[_PATIENTS, 0], counts[_PATIENTS, 1]
    for p in range(key.shape[0]):
        time, mine = liver[p], key[p]
        for t in range(mine.size):
            arm = mine[t]
            dead = np.int64(time[t] <= horizon)
            second[t] += arm
            first_dead[t] += dead
            second_dead[t] += dead & arm
            ends = time[t] if time[t] <= horizon else horizon
            mine[t] = key_of(ends, CENSORED * (1 - dead), arm)
    for t in range(first.size):
        first[t] = key.shape[0] - second[t]
        first_dead[t] -= second_dead[t]
        counts[_DEATHS_SEEN, 0, t] = first_dead[t]
        counts[_DEATHS_SEEN, 1, t] = second_dead[t]


@kernel
def drop_late(horizon: float, entry_day: Floats, liver: Floats, key: Ints, counts: Ints) -> None:
    """Take out again those who never enter, the last of their trial."""
    for p in range(key.shape[0] - 1, -1, -1):
        late = 0
        for t in range(key.shape[1]):
            if entry_day[p, t] == math.inf:
                late += 1
                arm = key[p, t] & 1
                add_liver_death(horizon, liver[p, t], arm, t, -1, counts)
                counts[_PATIENTS, arm, t] -= 1
                key[p, t] = NOBODY
        if late == 0:
            break


@inlined
def add_liver_death(
    horizon: float, liver: float, arm: int, t: int, number: int, counts: Ints
) -> None:
    """Count a death of the liver, or take it back, if it comes by the horizon."""
    if liver <= horizon:
        counts[_DEATHS, arm, t] += number
        counts[_DEATHS_SEEN, arm, t] += number
