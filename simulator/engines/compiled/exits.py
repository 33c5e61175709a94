"""Ways out of the trial: drawn when a patient enters, settled when all is known (section 8)."""

import math

import numpy as np

from simulator import draws
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    CANDIDATE,
    DEATH,
    ENTRY_AT,
    INFECTION,
    LAST_DAY,
    LEAVES_AT,
    LOSS,
    OPENED,
    STOPS_AT,
    THRESHOLD,
    TRANSPLANT,
    TUMOUR,
    WITHDRAWAL,
    Floats,
    Ints,
    People,
)
from simulator.engines.compiled.tables import Baseline, Disease
from simulator.params.types import ExitParams
from simulator.records import DeathCause
from simulator.rules import hazard as rule
from simulator.rules.calendar import last_opening_before, opening

_EXIT = draws.code_of(draws.Purpose.EXIT)
_NOBODY, _LIVER, _TUMOUR = int(DeathCause.NONE), int(DeathCause.LIVER), int(DeathCause.TUMOUR)
# Places in `ExitParams`
_OF_TUMOUR, _OF_TRANSPLANT, _OF_WITHDRAWAL, _OF_LOSS, _OF_INFECTION = range(5)


@inlined
def _within(time: float, horizon: float) -> float:
    return time if time <= horizon else math.inf


@kernel
def draw_exits(
    e: ExitParams,
    seed: int,
    trial: int,
    follow_up_days: int,
    patients: int,
    number: Floats,
    count: Ints,
) -> None:
    """Draw every patient's threshold of the liver hazard and the times of their other exits."""
    rate, until, horizon = e.rate_per_day, e.until_day, float(follow_up_days)
    for p in range(patients):
        w0, w1, w2, w3 = draws.block(seed, trial, _EXIT, count[CANDIDATE, p], 0)
        number[THRESHOLD, p] = rule.death_threshold(draws.to_uniform(w0))
        loss = rule.exit_time(rate[_OF_LOSS], until[_OF_LOSS], draws.to_uniform(w1))
        tumour = rule.exit_time(rate[_OF_TUMOUR], until[_OF_TUMOUR], draws.to_uniform(w2))
        transplant = rule.exit_time(
            rate[_OF_TRANSPLANT], until[_OF_TRANSPLANT], draws.to_uniform(w3)
        )
        number[LOSS, p] = _within(loss, horizon)
        number[TUMOUR, p] = _within(tumour, horizon)
        number[TRANSPLANT, p] = _within(transplant, horizon)
        number[WITHDRAWAL, p] = math.inf
        number[INFECTION, p] = math.inf
    if rate[_OF_WITHDRAWAL] > 0.0 or rate[_OF_INFECTION] > 0.0:
        for p in range(patients):
            w0, w1, _, _ = draws.block(seed, trial, _EXIT, count[CANDIDATE, p], 1)
            withdrawal = rule.exit_time(
                rate[_OF_WITHDRAWAL], until[_OF_WITHDRAWAL], draws.to_uniform(w0)
            )
            infection = rule.exit_time(
                rate[_OF_INFECTION], until[_OF_INFECTION], draws.to_uniform(w1)
            )
            number[WITHDRAWAL, p] = _within(withdrawal, horizon)
            number[INFECTION, p] = _within(infection, horizon)
    for p in range(patients):
        entry = number[ENTRY_AT, p]
        stops = min(
            opening(entry, follow_up_days),
            min(entry + number[TUMOUR, p], entry + number[TRANSPLANT, p]),
        )
        number[STOPS_AT, p] = stops
        number[LEAVES_AT, p] = min(
            stops, min(entry + number[WITHDRAWAL, p], entry + number[LOSS, p])
        )
        count[LAST_DAY, p] = last_opening_before(entry, stops, follow_up_days)


@kernel
def leaves_at(number: Floats, count: Ints, p: int) -> float:
    """Trial time before which a session must end to be delivered.

    A death comes after the opening of its day, and so after a session that ends at that instant.
    """
    entry = number[ENTRY_AT, p]
    died, day = entry + number[DEATH, p], count[OPENED, p]
    if day >= 0 and opening(entry, day) == died:
        died = np.nextafter(died, math.inf)
    return min(number[LEAVES_AT, p], died)


@kernel
def settle_exits(number: Floats, p: int, follow_up_days: int) -> int:
    """Keep of the exits those that happened, in the order of time; return the cause of death.

    At one instant: liver, tumour, transplant, withdrawal, loss. Withdrawal and loss end neither
    the liver's course nor each other.
    """
    entry = number[ENTRY_AT, p]
    cause, death = _LIVER, number[DEATH, p]
    if entry + number[TUMOUR, p] < entry + death:
        cause, death = _TUMOUR, number[TUMOUR, p]
    if death > follow_up_days or entry + number[TRANSPLANT, p] < entry + death:
        cause, death = _NOBODY, math.inf
    else:
        number[TRANSPLANT, p] = math.inf
    number[DEATH, p] = death
    ends = min(entry + death, entry + number[TRANSPLANT, p])
    if entry + number[WITHDRAWAL, p] >= ends:
        number[WITHDRAWAL, p] = math.inf
    if entry + number[LOSS, p] >= ends:
        number[LOSS, p] = math.inf
    if number[INFECTION, p] >= min(min(death, number[TRANSPLANT, p]), float(follow_up_days)):
        number[INFECTION, p] = math.inf
    return cause


@kernel
def cumulative_hazard(d: Disease, b: Baseline, people: People, p: int, ends: float) -> float:
    """Cumulative hazard of death from the liver at patient time `ends`."""
    at_end = rule.cumulative_baseline(d.kind, b.day, b.cumulative, d.shape, ends)
    day = max(people.whole[OPENED, p], 0)
    return rule.after_day(people.hazard[p, day], people.factor[p, day], b.at_opening[day], at_end)
