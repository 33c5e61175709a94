"""What becomes of each patient: the liver's death for all at once, other exits for the few."""

import math
from typing import NamedTuple

import numpy as np

from simulator import draws
from simulator.declarations.exits import Exit
from simulator.engines.compiled.exits import settled_exits, within
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.independence import Course, course_of
from simulator.engines.lanes.words import Words, draw_words, rows_of
from simulator.lanes.records import CENSORED, NOBODY, Count, key_of
from simulator.params.types import ExitParams, Params
from simulator.records import DeathCause, Floats, Ints
from simulator.rules import hazard as rule
from simulator.rules.elementary import log_of_normal

_EXIT = draws.code_of(draws.Purpose.EXIT)
_LIVER = draws.code_of(Exit.LIVER)
_TUMOUR, _TRANSPLANT = int(Exit.TUMOUR), int(Exit.TRANSPLANT)
_WITHDRAWAL, _LOSS, _INFECTION = int(Exit.WITHDRAWAL), int(Exit.LOSS), int(Exit.INFECTION)
_OF_TUMOUR = int(DeathCause.TUMOUR)
(
    _PATIENTS,
    _DEATHS,
    _TUMOUR_DEATHS,
    _TRANSPLANTS,
    _WITHDRAWN,
    _LOST,
    _INFECTIONS,
    _DEATHS_SEEN,
    _TRANSPLANTS_SEEN,
    _WITHDRAWALS_SEEN,
) = map(int, Count)
_TOGETHER = 8  # words looked at together: most of them are none of the few
_NEVER = 2**32  # a word that no word reaches


def least_words(exits: ExitParams, horizon: float) -> Ints:
    """Word from which on each exit happens by the horizon: the sooner the larger the word.

    Found by halving, with the rule itself: neighbouring words are further apart than its rounding.
    """
    found = np.full(exits.rate_per_day.size, _NEVER, np.int64)
    for which in np.flatnonzero(exits.rate_per_day > 0.0):
        rate, until = float(exits.rate_per_day[which]), float(exits.until_day[which])
        low, high = 0, _NEVER
        while low < high:
            middle = (low + high) // 2
            time = rule.exit_time(rate, until, draws.to_uniform(np.uint64(middle)))
            low, high = (low, middle) if time <= horizon else (middle + 1, high)
        found[which] = low
    return found


class Others(NamedTuple):
    """The other exits, in the order of `Exit`.

    Attributes
    ----------
    rate_per_day, until_day
        As `ExitParams` has them.
    least
        Word from which on each happens by the end of follow-up.
    happens
        Those that do at all.
    """

    rate_per_day: Floats
    until_day: Floats
    least: Ints
    happens: Ints


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
        (3, lanes)
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
    e, horizon = params.exits, float(params.trial.follow_up_days)
    happens = np.flatnonzero(e.rate_per_day > 0.0)
    others = Others(e.rate_per_day, e.until_day, least_words(e, horizon), happens)
    return Ends(horizon, course_of(params.hazard), others)


def settle_lanes(
    ends: Ends, seed: int, first_trial: int, entry_day: Floats, key: Ints
) -> tuple[Floats, Ints]:
    """Replace arms, as `key` has them, by keys; return times of transplant, and counts."""
    blocks, patients, lanes = key.shape
    happens, size = ends.others.happens, patients * lanes
    kept = patients if _TRANSPLANT in happens else 0
    transplant = np.full((blocks, kept, lanes), math.inf)
    counts = np.zeros((blocks, len(Count), 2, lanes), np.int64)
    room = _Room(
        words=np.empty((rows_of(patients), lanes), np.uint32),
        liver=np.empty((patients, lanes)),
        piece=np.empty((3, lanes)),
        time=np.full((happens.size + 1, size if happens.size else 0), math.inf),
        few=np.empty(happens.size * size + 1, np.int64),
        when=np.empty(happens.size * size + 1),
    )
    _settle(seed, first_trial, *ends, room, entry_day, key, transplant, counts)
    return transplant, counts


@entry
def _settle(
    seed: int,
    first_trial: int,
    horizon: float,
    course: Course,
    others: Others,
    room: _Room,
    entry_day: Floats,
    key: Ints,
    transplant: Floats,
    counts: Ints,
) -> None:
    """Settle block after block."""
    lanes, row_of = key.shape[2], np.empty(others.least.size, np.int64)
    row_of[:] = others.happens.size
    loss_alone = others.happens.size == 1 and others.happens[0] == _LOSS
    for row in range(others.happens.size):
        row_of[others.happens[row]] = row
    for block in range(key.shape[0]):
        trial, mine, ours = first_trial + block * lanes, key[block], counts[block]
        draw_words(seed, trial, _EXIT, _LIVER, room.words.shape[0], room.words)
        find_deaths(course, room.words, mine, room.liver)
        if course.kind == rule.PIECEWISE:
            piece = room.piece
            invert_pieces(course.day, course.cumulative, piece[0], piece[1], piece[2], room.liver)
        end_by_liver(horizon, room.liver, mine, ours)
        drop_late(horizon, entry_day[block], room.liver, mine, ours)
        found, flat = 0, room.words.reshape(-1)[: mine.size]
        for row in range(others.happens.size):
            which, before = others.happens[row], found
            draw_words(seed, trial, _EXIT, which, room.words.shape[0], room.words)
            found = find_few(others, which, horizon, flat, found, room.few, room.when)
            if not loss_alone:
                for k in range(before, found):
                    room.time[row, room.few[k]] = room.when[k]
        few, entries = room.few[:found], entry_day[block].reshape(-1)
        liver, keys = room.liver.reshape(-1), mine.reshape(-1)
        if loss_alone:
            end_by_loss(horizon, lanes, few, room.when, entries, liver, keys, ours)
        else:
            transplanted = transplant[block].reshape(-1)
            end_by_others(
                horizon, lanes, few, row_of, entries, liver, room.time, keys, transplanted, ours
            )


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
def invert_pieces(
    day: Floats, cumulative: Floats, opening: Floats, passed: Floats, rate: Floats, out: Floats
) -> None:
    """Turn cumulative hazards into times, each in the piece that it falls in.

    Lanes go through the pieces together; `opening`, `passed` and `rate` are room for their own.
    """
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


@kernel
def find_few(
    others: Others,
    which: int,
    horizon: float,
    words: "Words",
    found: int,
    few: Ints,
    when: Floats,
) -> int:
    """Note the places (patient x lanes + lane) of one exit, and its times there; return how many.

    `words` are those of the patients. `few` holds `found` places of other exits already. Only the
    few need a logarithm.
    """
    rate, until, least = others.rate_per_day[which], others.until_day[which], others.least[which]
    first, whole = found, words.size - words.size % _TOGETHER
    for start in range(0, whole, _TOGETHER):
        largest = words[start]
        for k in range(start + 1, start + _TOGETHER):
            largest = max(largest, words[k])
        if int(largest) >= least:
            for k in range(start, start + _TOGETHER):
                few[found] = k
                found += int(words[k]) >= least
    for k in range(whole, words.size):
        few[found] = k
        found += int(words[k]) >= least
    for k in range(first, found):
        u = draws.to_uniform(np.uint64(words[few[k]]))
        when[k] = within(rule.exit_time(rate, until, u), horizon)
    return found


@kernel
def end_by_loss(
    horizon: float,
    lanes: int,
    few: Ints,
    when: Floats,
    entry_day: Floats,
    liver: Floats,
    key: Ints,
    counts: Ints,
) -> None:
    """Do what `end_by_others` does where loss is all there is besides the liver."""
    for k in range(few.size):
        place, loss = few[k], when[k]
        dies = liver[place] if liver[place] <= horizon else math.inf
        if key[place] == NOBODY or not entry_day[place] + loss < entry_day[place] + dies:
            continue
        arm, t = key[place] & 1, np.uint32(place) % np.uint32(lanes)
        counts[_LOST, arm, t] += 1
        if loss < horizon:
            counts[_DEATHS_SEEN, arm, t] -= dies <= horizon
            key[place] = key_of(loss, CENSORED, arm)


@kernel
def end_by_others(
    horizon: float,
    lanes: int,
    few: Ints,
    row_of: Ints,
    entry_day: Floats,
    liver: Floats,
    time: Floats,
    key: Ints,
    transplant: Floats,
    counts: Ints,
) -> None:
    """Settle those who have an exit other than the liver's; leave `time` infinite as it was.

    Patients of all lanes stand in one row here; `row_of` has the row of each exit in `time`, the
    last of which nobody writes.
    """
    for place in few:
        tumour, transplanted = time[row_of[_TUMOUR], place], time[row_of[_TRANSPLANT], place]
        withdrawal, loss = time[row_of[_WITHDRAWAL], place], time[row_of[_LOSS], place]
        infection = time[row_of[_INFECTION], place]
        done = True
        for row in range(time.shape[0] - 1):
            done &= time[row, place] == math.inf
            time[row, place] = math.inf
        if done or key[place] == NOBODY:
            continue
        arm, t, by_liver = key[place] & 1, place % lanes, liver[place] <= horizon
        ours = counts[:, arm, t]
        cause, death, transplanted, withdrawal, loss, infection = settled_exits(
            entry_day[place],
            liver[place],
            tumour,
            transplanted,
            withdrawal,
            loss,
            infection,
            horizon,
        )
        seen_until = min(loss, horizon)
        dead, seen = death <= horizon, death <= seen_until
        ours[_DEATHS] += np.int64(dead) - by_liver
        ours[_DEATHS_SEEN] += np.int64(seen) - by_liver
        if cause == _OF_TUMOUR:
            ours[_TUMOUR_DEATHS] += 1
        if transplanted <= horizon:
            ours[_TRANSPLANTS] += 1
            ours[_TRANSPLANTS_SEEN] += transplanted <= seen_until
            transplant[place] = transplanted
        if withdrawal <= horizon:
            ours[_WITHDRAWN] += 1
            ours[_WITHDRAWALS_SEEN] += withdrawal <= seen_until
        if loss <= horizon:
            ours[_LOST] += 1
        if infection <= horizon:
            ours[_INFECTIONS] += 1
        key[place] = key_of(min(death, seen_until), 0 if seen else CENSORED, arm)
