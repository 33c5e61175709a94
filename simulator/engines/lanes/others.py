"""Exits other than the liver's, settled for the few who have one."""

import math
from typing import NamedTuple

import numpy as np

from simulator import draws
from simulator.declarations.exits import Exit
from simulator.engines.compiled.exits import settled_exits, within
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.lanes.words import Words
from simulator.lanes.records import CENSORED, NOBODY, Count, Counted, bit_of, key_of
from simulator.params.types import ExitParams
from simulator.records import DeathCause, Floats, Ints
from simulator.rules import hazard as rule

_TUMOUR, _TRANSPLANT = int(Exit.TUMOUR), int(Exit.TRANSPLANT)
_WITHDRAWAL, _LOSS, _INFECTION = int(Exit.WITHDRAWAL), int(Exit.LOSS), int(Exit.INFECTION)
_OF_TUMOUR = int(DeathCause.TUMOUR)
_PATIENTS, _LOST = int(Count.PATIENTS), int(Count.LOST)
_DEATHS, _DEATHS_SEEN = int(Count.DEATHS), int(Count.DEATHS_SEEN)
_A_PATIENT, _A_LOSS = bit_of(Count.PATIENTS), bit_of(Count.LOST)
_A_DEATH, _A_DEATH_SEEN = bit_of(Count.DEATHS), bit_of(Count.DEATHS_SEEN)
_TOGETHER = 8  # words looked at together: most of them are none of the few
_NEVER = 2**32  # a word that no word reaches


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


def others_of(exits: ExitParams, horizon: float) -> Others:
    """Work out which exits happen, and for whom."""
    happens = np.flatnonzero(exits.rate_per_day > 0.0)
    return Others(exits.rate_per_day, exits.until_day, least_words(exits, horizon), happens)


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
    counted_as: "Counted",
) -> None:
    """Do what `end_by_others` does where loss is all there is besides the liver."""
    for k in range(few.size):
        place, loss = few[k], when[k]
        dies = liver[place] if liver[place] <= horizon else math.inf
        if key[place] == NOBODY or not entry_day[place] + loss < entry_day[place] + dies:
            continue
        arm, t = key[place] & 1, np.uint32(place) % np.uint32(lanes)
        counts[_LOST, arm, t] += 1
        dead = np.int64(dies <= horizon)
        seen = dead if loss >= horizon else np.int64(0)
        counts[_DEATHS_SEEN, arm, t] -= dead - seen
        if loss < horizon:
            key[place] = key_of(loss, CENSORED, arm)
        if counted_as.size > 0:
            counted_as[place] = _A_PATIENT + _A_LOSS + dead * _A_DEATH + seen * _A_DEATH_SEEN


@kernel
def end_by_others(
    horizon: float,
    lanes: int,
    few: Ints,
    row_of: Ints,
    time: Floats,
    entry_day: Floats,
    liver: Floats,
    key: Ints,
    transplant: Floats,
    counts: Ints,
    counted_as: "Counted",
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
        transplants, withdraws = transplanted <= horizon, withdrawal <= horizon
        if transplants:
            transplant[place] = transplanted
        key[place] = key_of(min(death, seen_until), 0 if seen else CENSORED, arm)
        # In the order of `Count`.
        counted = (
            True,
            dead,
            cause == _OF_TUMOUR,
            transplants,
            withdraws,
            loss <= horizon,
            infection <= horizon,
            seen,
            transplants and transplanted <= seen_until,
            withdraws and withdrawal <= seen_until,
        )
        bits = np.int64(0)
        for count in range(len(counted)):
            bits += np.int64(counted[count]) << count
        count_in(bits, 1, ours)
        # Until now counted as if there were no other exit.
        ours[_PATIENTS] -= 1
        ours[_DEATHS] -= by_liver
        ours[_DEATHS_SEEN] -= by_liver
        if counted_as.size > 0:
            counted_as[place] = bits


@inlined
def count_in(bits: int, number: int, counts: Ints) -> None:
    """Add so many patients who are counted as some bits say; `counts` are those of their arm."""
    for count in range(counts.shape[0]):
        counts[count] += number * ((bits >> count) & 1)
