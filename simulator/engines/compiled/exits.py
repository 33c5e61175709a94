"""Ways out of the trial: drawn when a patient enters, settled when all is known (section 8)."""

import math

import numpy as np

from simulator import allocation, draws
from simulator.declarations.exits import DRAWN, Exit
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    ARM,
    CANDIDATE,
    DEATH,
    ENTRY_AT,
    INFECTION,
    KNOWN,
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
_OF_LIVER = draws.code_of(Exit.LIVER)
_ROW_OF = {
    Exit.TUMOUR: TUMOUR,
    Exit.TRANSPLANT: TRANSPLANT,
    Exit.WITHDRAWAL: WITHDRAWAL,
    Exit.LOSS: LOSS,
    Exit.INFECTION: INFECTION,
}
_ROWS = tuple(_ROW_OF[drawn] for drawn in DRAWN)


@inlined
def within(time: float, horizon: float) -> float:
    """Time of an exit, infinity if it comes after the horizon."""
    return time if time <= horizon else math.inf


@kernel
def draw_exits(
    e: ExitParams,
    seed: int,
    trial: int,
    follow_up_days: int,
    patients: int,
    real: Floats,
    integer: Ints,
) -> None:
    """Draw every patient's threshold of the liver hazard and the times of their other exits."""
    rate, until, horizon = e.rate_per_day, e.until_day, float(follow_up_days)
    for p in range(patients):
        u = draws.uniform(seed, trial, _EXIT, _OF_LIVER, integer[CANDIDATE, p])
        real[THRESHOLD, p] = rule.death_threshold(u)
    for which in range(rate.size):
        out = real[_ROWS[which]]
        for p in range(patients):
            out[p] = math.inf
        if rate[which] > 0.0:
            for p in range(patients):
                u = draws.uniform(seed, trial, _EXIT, which, integer[CANDIDATE, p])
                out[p] = within(rule.exit_time(rate[which], until[which], u), horizon)
    for p in range(patients):
        entry = real[ENTRY_AT, p]
        stops = min(
            opening(entry, follow_up_days),
            min(entry + real[TUMOUR, p], entry + real[TRANSPLANT, p]),
        )
        real[STOPS_AT, p] = stops
        real[LEAVES_AT, p] = min(stops, min(entry + real[WITHDRAWAL, p], entry + real[LOSS, p]))
        integer[LAST_DAY, p] = last_opening_before(entry, stops, follow_up_days)


@kernel
def leaves_at(real: Floats, integer: Ints, p: int) -> float:
    """Trial time before which a session must end to be delivered.

    A death comes after the opening of its day, and so after a session that ends at that instant.
    """
    entry = real[ENTRY_AT, p]
    died, day = entry + real[DEATH, p], integer[OPENED, p]
    if day >= 0 and opening(entry, day) == died:
        died = np.nextafter(died, math.inf)
    return min(real[LEAVES_AT, p], died)


@inlined
def learn_outcome(
    state: allocation.State,
    real: Floats,
    integer: Ints,
    p: int,
    now: float,
    opened: int,
    follow_up_days: int,
) -> None:
    """Let an adaptive scheme know what is known of a patient by `now`.

    Patient-day `opened` is their latest. At one instant: liver, tumour, transplant, loss, end. A
    transplant or a loss before the outcome leaves it unknown for good.
    """
    entry, never = real[ENTRY_AT, p], math.inf
    liver = real[DEATH, p] if integer[OPENED, p] <= opened else never
    death = entry + min(within(liver, float(follow_up_days)), real[TUMOUR, p])
    other = entry + min(real[TRANSPLANT, p], real[LOSS, p])
    ends = opening(entry, follow_up_days)
    if other < death and other <= now:
        integer[KNOWN, p] = 1
    elif death <= now:
        integer[KNOWN, p] = 1
        allocation.learn(state, integer[ARM, p], True)
    elif ends <= now:
        integer[KNOWN, p] = 1
        allocation.learn(state, integer[ARM, p], False)


@inlined
def settled_exits(
    entry: float,
    liver: float,
    tumour: float,
    transplant: float,
    withdrawal: float,
    loss: float,
    infection: float,
    horizon: float,
) -> tuple[int, float, float, float, float, float]:
    """Keep of the exits those that happened, in the order of time.

    At one instant: liver, tumour, transplant, withdrawal, loss. Withdrawal and loss end neither
    the liver's course nor each other. Returns the cause of death and the times of death,
    transplant, withdrawal, loss and infection, infinity for what did not happen.
    """
    by_tumour = entry + tumour < entry + liver
    death = tumour if by_tumour else liver
    cause = _TUMOUR if by_tumour else _LIVER
    saved = death > horizon or entry + transplant < entry + death
    transplant = transplant if saved else math.inf
    death = math.inf if saved else death
    cause = _NOBODY if saved else cause
    ends = min(entry + death, entry + transplant)
    withdrawal = math.inf if entry + withdrawal >= ends else withdrawal
    loss = math.inf if entry + loss >= ends else loss
    lived = min(min(death, transplant), horizon)
    infection = math.inf if infection >= lived else infection
    return cause, death, transplant, withdrawal, loss, infection


@kernel
def settle_exits(real: Floats, p: int, follow_up_days: int) -> int:
    """Keep of a patient's exits those that happened; return the cause of death."""
    settled = settled_exits(
        real[ENTRY_AT, p],
        real[DEATH, p],
        real[TUMOUR, p],
        real[TRANSPLANT, p],
        real[WITHDRAWAL, p],
        real[LOSS, p],
        real[INFECTION, p],
        float(follow_up_days),
    )
    real[DEATH, p], real[TRANSPLANT, p] = settled[1], settled[2]
    real[WITHDRAWAL, p], real[LOSS, p] = settled[3], settled[4]
    real[INFECTION, p] = settled[5]
    return settled[0]


@kernel
def cumulative_hazard(d: Disease, b: Baseline, people: People, p: int, ends: float) -> float:
    """Cumulative hazard of death from the liver at patient time `ends`."""
    at_end = rule.cumulative_baseline(d.kind, b.day, b.cumulative, d.shape, ends)
    day = max(people.integer[OPENED, p], 0)
    return rule.after_day(people.hazard[p, day], people.factor[p, day], b.at_opening[day], at_end)
