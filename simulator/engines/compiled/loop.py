"""The events of one trial in the order of time (model page, sections 4 to 6).

Only four things happen at an instant of their own: a session's window ends, a session falls due, a
patient is randomised, a queue is served. Exits, patient-days and the unit's days are worked out
when one of those four needs them.
"""

import math
from typing import Any

import numpy as np

from simulator import allocation
from simulator.engines.compiled.disease import advance_hazard, advance_labs, die_at_constant_factor
from simulator.engines.compiled.exits import learn_outcome
from simulator.engines.compiled.heap import pop, push
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.recruitment import allocate
from simulator.engines.compiled.state import (
    ARM,
    CLOSES_AT,
    DAYS_SHORT,
    DEATH,
    DUE_AT,
    DUE_NOW,
    END,
    ENTRY_AT,
    FIRST_FIT,
    KNOWN,
    LEAVES_AT,
    LEFT_FOR_AFTER,
    LOG_PLATELETS,
    OPENED,
    OPENS_AT,
    OVER,
    PHASE,
    POSTPONED,
    QUEUED,
    SEEN,
    SEEN_MELD,
    SEEN_PLATELETS,
    SERVES_AT,
    SESSION,
    SHORT,
    SHORT_TODAY,
    SITE,
    STOCK,
    STRATUM,
    TODAY,
    WAITING,
    WINDOW_END_AT,
    WINDOW_SCHEDULED,
    Floats,
    Ints,
    People,
    UnitState,
)
from simulator.engines.compiled.tables import (
    FIRST_AFTER,
    GIVES,
    HOURS,
    LIMITED,
    LITRES_EACH,
    MACHINES,
    NURSE_SLOTS,
    PLASMA_LIMITED,
    POSTPONE_BELOW,
    QUEUE,
    RESCUES,
    SESSIONS,
    STOP_BELOW,
    SWITCHES_TO,
    Tables,
)
from simulator.engines.compiled.treatment import (
    FALLS_DUE,
    KIND,
    WINDOW_ENDS,
    begin,
    bilirubin_ends_treatment,
    fall_due,
    has_left_treatment,
    miss_session,
)
from simulator.engines.compiled.unit import catch_up, nurses_busy, serve_background
from simulator.rules import sessions as rule
from simulator.rules.calendar import last_opening_before, last_opening_by

PLATELETS = 3  # of the labs


@inlined
def update_hazard(t: Tables, people: People, p: int, through: int) -> None:
    """Advance a patient's hazard to the opening of patient-day `through`."""
    if people.integer[OPENED, p] >= through or people.real[DEATH, p] != math.inf:
        return
    planned = t.plans[people.integer[ARM, p], SESSIONS]
    advance_hazard(
        t.disease,
        t.baseline,
        t.modalities,
        t.kinetics,
        t.left,
        t.error_log_sd,
        planned,
        people,
        p,
        through,
    )


@inlined
def update_labs(t: Tables, people: People, p: int, through: int) -> None:
    """Advance a patient's labs to the opening of patient-day `through`."""
    advance_labs(t.disease, t.kinetics, t.left, t.error_log_sd, people, p, through)


@inlined
def rank(queue: int, real: Floats, p: int) -> float:
    """Place of a waiting patient in a queue; ties go by patient number."""
    if queue == rule.FIRST_COME:
        return real[DUE_AT, p]
    if queue == rule.SICKEST_FIRST:
        return -real[SEEN_MELD, p]
    return real[WINDOW_END_AT, p]


@kernel
def sort_queue(queue: int, real: Floats, waiting: Ints, size: int) -> None:
    """Put the first `size` of `waiting` in the order of the discipline (nearly sorted already)."""
    for i in range(1, size):
        p = waiting[i]
        mine = rank(queue, real, p)
        j = i - 1
        while j >= 0:
            other = rank(queue, real, waiting[j])
            if other < mine or (other == mine and waiting[j] < p):
                break
            waiting[j + 1] = waiting[j]
            j -= 1
        waiting[j + 1] = p


@inlined
def has_plasma(t: Tables, unit_state: UnitState, site: int, m: int) -> bool:
    """Whether a site's stock holds what a session of modality `m` takes."""
    unlimited = t.units[site, PLASMA_LIMITED] == 0.0
    return unlimited or t.modalities[m, LITRES_EACH] <= unit_state.real[site, STOCK]


@inlined
def feasible_modality(
    t: Tables, people: People, unit_state: UnitState, site: int, p: int, now: float
) -> int:
    """Modality that a waiting patient can be given as far as time and plasma go, -1 if none."""
    integer, closes, arm = people.integer, unit_state.real[site, CLOSES_AT], people.integer[ARM, p]
    m, today = int(t.plans[arm, GIVES]), unit_state.integer[site, TODAY]
    if not rule.fits(now, t.modalities[m, HOURS], closes):
        return -1
    if integer[FIRST_FIT, p] < 0:
        integer[FIRST_FIT, p] = today
    if has_plasma(t, unit_state, site, m):
        return m
    if integer[FIRST_FIT, p] == today:
        people.session_integer[p, integer[SESSION, p], SHORT] = 1
    if not unit_state.integer[site, SHORT_TODAY]:
        unit_state.integer[site, SHORT_TODAY] = 1
        unit_state.integer[site, DAYS_SHORT] += 1
    other = int(t.plans[arm, SWITCHES_TO])
    if other < 0 or not rule.fits(now, t.modalities[other, HOURS], closes):
        return -1
    return other if has_plasma(t, unit_state, site, other) else -1


@inlined
def schedule_window_end(people: People, p: int, times: Floats, codes: Ints, events: int) -> int:
    """Schedule the end of a session's window, once; most sessions start before that is needed."""
    if people.integer[WINDOW_SCHEDULED, p]:
        return events
    people.integer[WINDOW_SCHEDULED, p] = 1
    return push(times, codes, events, people.real[WINDOW_END_AT, p], WINDOW_ENDS + p)


@inlined
def serve(
    t: Tables,
    seed: int,
    trial: int,
    follow_up_days: int,
    people: People,
    unit_state: UnitState,
    site: int,
    now: float,
    times: Floats,
    codes: Ints,
    events: int,
) -> int:
    """Start every session that can start now; return the number of events.

    The hazard and labs of those who wait have been advanced to now.
    """
    real, waiting = people.real, unit_state.waiting[site]
    queue, machines = int(t.units[site, QUEUE]), int(t.units[site, MACHINES])
    free_at = unit_state.free_at[site, :machines]
    queued = unit_state.integer[site, QUEUED]
    sort_queue(queue, real, waiting, queued)
    kept = 0
    for i in range(queued):
        p = waiting[i]
        opened = last_opening_by(real[ENTRY_AT, p], now, follow_up_days)
        if has_left_treatment(real, people.integer, p, now, opened):
            people.integer[PHASE, p] = OVER
            continue
        m = feasible_modality(t, people, unit_state, site, p, now)
        machine = -1
        if m >= 0 and nurses_busy(unit_state.until, site, now) < t.units[site, NURSE_SLOTS]:
            machine = rule.first_free(free_at, now)
        if machine < 0:
            waiting[kept] = p
            kept += 1
            continue
        if t.units[site, PLASMA_LIMITED]:
            unit_state.real[site, STOCK] -= t.modalities[m, LITRES_EACH]
        k = people.integer[SESSION, p]
        events = begin(t.plans, t.modalities, seed, trial, people, p, m, now, times, codes, events)
        free_at[machine] = unit_state.until[site, machine] = people.session[p, k, END]
    unit_state.integer[site, QUEUED] = kept
    if unit_state.integer[site, LEFT_FOR_AFTER] >= 0:
        serve_background(t.units, unit_state, site, unit_state.integer[site, LEFT_FOR_AFTER], now)
        unit_state.integer[site, LEFT_FOR_AFTER] = -1
    again = math.inf
    if kept > 0:
        again = unit_state.real[site, OPENS_AT]
        freed = min(rule.next_free(free_at, now), rule.next_free(unit_state.until[site], now))
        if freed < unit_state.real[site, CLOSES_AT]:
            again = min(again, freed)
    unit_state.real[site, SERVES_AT] = again
    for i in range(kept):
        if real[WINDOW_END_AT, waiting[i]] <= again:
            events = schedule_window_end(people, waiting[i], times, codes, events)
    return events


@inlined
def join(unit_state: UnitState, site: int, people: People, p: int, now: float) -> None:
    """Let a patient wait at a unit, which is served now or, if it is closed, when it opens."""
    real, integer = unit_state.real, unit_state.integer
    people.integer[PHASE, p] = WAITING
    unit_state.waiting[site, integer[site, QUEUED]] = p
    integer[site, QUEUED] += 1
    serves_at = now if now < real[site, CLOSES_AT] else real[site, OPENS_AT]
    real[site, SERVES_AT] = min(real[site, SERVES_AT], serves_at)


@inlined
def stop_waiting(unit_state: UnitState, site: int, patient: int) -> None:
    """Take a patient out of a queue."""
    waiting, kept = unit_state.waiting, 0
    for i in range(unit_state.integer[site, QUEUED]):
        if waiting[site, i] != patient:
            waiting[site, kept] = waiting[site, i]
            kept += 1
    unit_state.integer[site, QUEUED] = kept
    if kept == 0:
        unit_state.real[site, SERVES_AT] = math.inf


@inlined
def session_depends_on_labs(t: Tables, people: People, p: int) -> bool:
    """Whether a session that falls due depends on labs: on platelets, or on bilirubin."""
    arm = people.integer[ARM, p]
    return t.disease.labs_modelled and (
        t.plans[arm, POSTPONE_BELOW] != -math.inf
        or t.plans[arm, STOP_BELOW] != -math.inf
        or people.integer[SESSION, p] >= t.plans[arm, SESSIONS]
    )


@inlined
def platelets_stay_low(t: Tables, real: Floats, p: int, threshold: float) -> bool:
    """Whether a patient's platelets stay below a threshold until another session is given.

    They are constant but for what sessions do; where no session raises them they cannot exceed
    what they were at randomisation.
    """
    for m in range(t.kinetics.shape[1]):
        for part in range(2 * PLATELETS, 2 * PLATELETS + 2):
            if t.kinetics[0, m, part] > 0.0:
                return False
    return bool(real[LOG_PLATELETS, p] < threshold)


@inlined
def on_session_due(
    t: Tables,
    seed: int,
    trial: int,
    people: People,
    unit_state: UnitState,
    p: int,
    now: float,
    times: Floats,
    codes: Ints,
    events: int,
) -> int:
    """Handle a session that falls due, or is retried after a postponement.

    Returns the number of events on the heap.
    """
    real, integer = people.real, people.integer
    arm, site = integer[ARM, p], integer[SITE, p]
    needs_labs = session_depends_on_labs(t, people, p)
    if not integer[POSTPONED, p]:
        if needs_labs and bilirubin_ends_treatment(t.plans, real, integer, p):
            integer[PHASE, p] = OVER
            return events
        fall_due(t.plans, people, p, now)
    if needs_labs and real[SEEN_PLATELETS, p] < t.plans[arm, POSTPONE_BELOW]:
        integer[POSTPONED, p] = 1
        again = rule.tried_again(now)
        if platelets_stay_low(t, real, p, t.plans[arm, POSTPONE_BELOW]):
            # No attempt before the last will find them higher; the patient may have left by then.
            while again < real[LEAVES_AT, p] and rule.tried_again(again) < real[WINDOW_END_AT, p]:
                again = rule.tried_again(again)
        if again < real[WINDOW_END_AT, p]:
            return push(times, codes, events, again, FALLS_DUE + p)
        return schedule_window_end(people, p, times, codes, events)
    integer[POSTPONED, p] = 0
    if t.units[site, LIMITED]:
        join(unit_state, site, people, p, now)
        if real[WINDOW_END_AT, p] <= unit_state.real[site, SERVES_AT]:
            return schedule_window_end(people, p, times, codes, events)
        return events
    m = int(t.plans[arm, GIVES])
    return begin(t.plans, t.modalities, seed, trial, people, p, m, now, times, codes, events)


@kernel
def randomise_adaptively(
    t: Tables,
    people: People,
    follow_up_days: int,
    patient: int,
    now: float,
    plan: allocation.Plan,
    state: allocation.State,
    seed: int,
    trial: int,
    chances: Floats,
    uniform: Floats,
) -> None:
    """Randomise a patient by a scheme that adapts to the outcomes known now.

    In a kernel of its own, with a copy of the longest ones: in the loop of events, which most
    trials go through without it, it cost a twentieth of the time.
    """
    real, integer = people.real, people.integer
    for q in range(patient):
        if not integer[KNOWN, q]:
            opened = last_opening_before(real[ENTRY_AT, q], now, follow_up_days)
            update_hazard(t, people, q, opened)
            learn_outcome(state, real, integer, q, now, opened, follow_up_days)
    levels = integer[SEEN, :0]  # it has no factors
    integer[STRATUM, patient], integer[ARM, patient], uniform[0] = allocate(
        plan, state, seed, trial, patient, levels, chances
    )
    if not t.disease.varies_by_day:
        die_at_constant_factor(t.disease, t.baseline, people, patient, patient + 1)


@kernel
def run_event_loop(
    t: Tables,
    seed: int,
    trial: int,
    start_weekday: int,
    follow_up_days: int,
    trial_end: float,
    patients: int,
    people: People,
    unit_state: UnitState,
    times: Floats,
    codes: Ints,
    plan: allocation.Plan,
    state: allocation.State,
    probability: Floats,
    uniform: Floats,
    row: int,
) -> None:
    """Run a trial's events in the order of time; `times` and `codes` hold the heap.

    A scheme that adapts to outcomes allocates here, where it is known who has died; the patients'
    rows of `probability` and `uniform` begin at `row`.
    """
    real, integer = people.real, people.integer
    events: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    randomised: Any = np.int64(0)
    while True:
        serving: Any = np.int64(-1)
        serves_at = math.inf
        for site in range(unit_state.integer.shape[0]):
            if unit_state.real[site, SERVES_AT] < serves_at:
                serving, serves_at = site, unit_state.real[site, SERVES_AT]
        refers_at = real[ENTRY_AT, randomised] if randomised < patients else math.inf
        event_at = times[0] if events > 0 else math.inf
        now = min(event_at, refers_at, serves_at)
        if now == math.inf or now > trial_end:
            return
        p, falls_due, missing, site = -1, False, False, serving
        if event_at == now:
            p, falls_due = codes[0] % KIND, codes[0] >= FALLS_DUE
            events = pop(times, codes, events)
            missing = integer[PHASE, p] in (DUE_NOW, WAITING) and real[WINDOW_END_AT, p] == now
            if not falls_due and not missing:
                continue  # the session has begun
            site = integer[SITE, p]
        elif refers_at == now:
            if plan.adaptive:
                randomise_adaptively(
                    t,
                    people,
                    follow_up_days,
                    randomised,
                    now,
                    plan,
                    state,
                    seed,
                    trial,
                    probability[row + randomised],
                    uniform[row + randomised : row + randomised + 1],
                )
            arm = integer[ARM, randomised]
            if t.plans[arm, SESSIONS] + t.plans[arm, RESCUES] > 0.0:
                due = now + t.plans[arm, FIRST_AFTER]
                events = push(times, codes, events, due, FALLS_DUE + randomised)
            randomised += 1
            continue
        # Everyone concerned, and the unit, is advanced to now: in one place, since these are the
        # longest kernels, and each place that calls them holds a copy.
        concerned = 1 if p >= 0 else unit_state.integer[site, QUEUED]
        sickest_first = p < 0 and t.units[site, QUEUE] == rule.SICKEST_FIRST
        for i in range(concerned):
            q = p if p >= 0 else unit_state.waiting[site, i]
            if p >= 0:
                opened = last_opening_before(real[ENTRY_AT, q], now, follow_up_days)
            else:
                opened = last_opening_by(real[ENTRY_AT, q], now, follow_up_days)
            update_hazard(t, people, q, opened)
            if (sickest_first and not has_left_treatment(real, integer, q, now, opened)) or (
                falls_due and session_depends_on_labs(t, people, q)
            ):
                update_labs(t, people, q, max(opened, 0))
        if t.units[site, LIMITED]:
            catch_up(t.units, t.background, unit_state, site, start_weekday, seed, trial, now)
        if p < 0:
            events = serve(
                t, seed, trial, follow_up_days, people, unit_state, site, now, times, codes, events
            )
            continue
        if missing and integer[PHASE, p] == WAITING:
            stop_waiting(unit_state, site, p)
        before = last_opening_before(real[ENTRY_AT, p], now, follow_up_days)
        if has_left_treatment(real, integer, p, now, before):
            integer[PHASE, p] = OVER
        elif falls_due:
            events = on_session_due(
                t, seed, trial, people, unit_state, p, now, times, codes, events
            )
        else:
            events = miss_session(t.plans, people, p, now, times, codes, events)
