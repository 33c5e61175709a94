"""Ways out of the trial: drawn when a patient enters, settled when all is known (section 8)."""

import math

import numpy as np

from simulator import allocation, draws
from simulator.declarations.exits import Exit
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import Patient, People, Run
from simulator.engines.compiled.structures import Floats, Records
from simulator.engines.compiled.tables import Tables
from simulator.params.types import ExitParams
from simulator.records import DeathCause
from simulator.rules import hazard as rule
from simulator.rules.calendar import last_opening_before, opening

_EXIT = draws.code_of(draws.Purpose.EXIT)
_NOBODY, _LIVER, _TUMOUR = int(DeathCause.NONE), int(DeathCause.LIVER), int(DeathCause.TUMOUR)
_OF_LIVER = draws.code_of(Exit.LIVER)
_OF_TUMOUR, _OF_TRANSPLANT = int(Exit.TUMOUR), int(Exit.TRANSPLANT)
_OF_WITHDRAWAL, _OF_LOSS = int(Exit.WITHDRAWAL), int(Exit.LOSS)


@inlined
def within(time: float, horizon: float) -> float:
    """Time of an exit, infinity if it comes after the horizon."""
    return time if time <= horizon else math.inf


@inlined
def note_exit(one: Patient, which: int, time: float) -> None:
    """Note when one of the exits that are drawn would happen."""
    if which == _OF_TUMOUR:
        one.tumour = time
    elif which == _OF_TRANSPLANT:
        one.transplant = time
    elif which == _OF_WITHDRAWAL:
        one.withdrawal = time
    elif which == _OF_LOSS:
        one.loss = time
    else:
        one.infection = time


@kernel
def draw_exits(e: ExitParams, run: Run, patient: Records[Patient], time: Floats) -> None:
    """Draw every patient's threshold of the liver hazard and the times of their other exits.

    `time` is work space of a number a patient, in which the times of an exit are worked out.
    """
    seed, trial, patients, follow_up_days = run.seed, run.trial, run.patients, run.follow_up_days
    rate, until, horizon = e.rate_per_day, e.until_day, float(follow_up_days)
    for p in range(patients):
        time[p] = draws.uniform(seed, trial, _EXIT, _OF_LIVER, patient[p].candidate)
    for p in range(patients):
        patient[p].threshold = rule.death_threshold(time[p])
    for which in range(rate.size):
        for p in range(patients):
            time[p] = math.inf
        if rate[which] > 0.0:
            for p in range(patients):
                u = draws.uniform(seed, trial, _EXIT, which, patient[p].candidate)
                time[p] = within(rule.exit_time(rate[which], until[which], u), horizon)
        for p in range(patients):
            note_exit(patient[p], which, time[p])
    for p in range(patients):
        one = patient[p]
        entry = one.entry_at
        stops = min(
            opening(entry, follow_up_days),
            min(entry + one.tumour, entry + one.transplant),
        )
        one.stops_at = stops
        leaves = min(stops, min(entry + one.withdrawal, entry + one.loss))
        one.leaves_at = min(leaves, run.treatment_stops_day)
        one.last_day = last_opening_before(entry, stops, follow_up_days)


@kernel
def leaves_at(one: Patient) -> float:
    """Trial time before which a session must end to be delivered.

    A death comes after the opening of its day, and so after a session that ends at that instant.
    """
    entry = one.entry_at
    died, day = entry + one.death, one.opened
    if day >= 0 and opening(entry, day) == died:
        died = np.nextafter(died, math.inf)
    return min(one.leaves_at, died)


@inlined
def learn_outcome(
    state: allocation.State, one: Patient, now: float, opened: int, follow_up_days: int
) -> None:
    """Let an adaptive scheme know what is known of a patient by `now`.

    Patient-day `opened` is their latest. At one instant: liver, tumour, transplant, loss, end. A
    transplant or a loss before the outcome leaves it unknown for good.
    """
    entry, never = one.entry_at, math.inf
    liver = one.death if one.opened <= opened else never
    death = entry + min(within(liver, float(follow_up_days)), one.tumour)
    other = entry + min(one.transplant, one.loss)
    ends = opening(entry, follow_up_days)
    if other < death and other <= now:
        one.known = True
    elif death <= now:
        one.known = True
        allocation.learn(state, one.arm, True)
    elif ends <= now:
        one.known = True
        allocation.learn(state, one.arm, False)


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
def settle_exits(one: Patient, follow_up_days: int) -> int:
    """Keep of a patient's exits those that happened; return the cause of death."""
    settled = settled_exits(
        one.entry_at,
        one.death,
        one.tumour,
        one.transplant,
        one.withdrawal,
        one.loss,
        one.infection,
        float(follow_up_days),
    )
    one.death, one.transplant = settled[1], settled[2]
    one.withdrawal, one.loss = settled[3], settled[4]
    one.infection = settled[5]
    return settled[0]


@kernel
def cumulative_hazard(t: Tables, people: People, p: int, ends: float) -> float:
    """Cumulative hazard of death from the liver at patient time `ends`."""
    d, b = t.disease[0], t.baseline
    at_end = rule.cumulative_baseline(d.kind, b.day, b.cumulative, d.shape, ends)
    day = max(people.patient[p].opened, 0)
    return rule.after_day(people.hazard[p, day], people.factor[p, day], b.at_opening[day], at_end)
