"""The events of one trial in the order of time (model page, sections 4 to 6).

Only four things happen at an instant of their own: a session's window ends, a session falls due, a
patient is randomised, a queue is served. Exits, patient-days and the unit's days are found out when
one of those four asks for them.
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
    LEFT_FOR_AFTER,
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
    WATCHED,
    WINDOW_END_AT,
    Floats,
    Ints,
    People,
    Sites,
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
    left_by,
    miss,
)
from simulator.engines.compiled.unit import catch_up, nurses_busy, serve_background
from simulator.rules import sessions as rule
from simulator.rules.calendar import last_opening_before, last_opening_by

_FIRST_COME, _SICKEST_FIRST = 0, 1


@inlined
def bring(t: Tables, people: People, p: int, through: int) -> None:
    """Bring a patient's hazard up to the opening of patient-day `through`."""
    if people.whole[OPENED, p] >= through or people.number[DEATH, p] != math.inf:
        return
    planned = t.plans[people.whole[ARM, p], SESSIONS]
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
def bring_seen(t: Tables, people: People, p: int, through: int) -> None:
    """Bring a patient's labs to the opening of patient-day `through`."""
    advance_labs(t.disease, t.kinetics, t.left, t.error_log_sd, people, p, through)


@inlined
def rank(queue: int, number: Floats, p: int) -> float:
    """Place of a waiting patient in a queue; ties go by patient number."""
    if queue == _FIRST_COME:
        return number[DUE_AT, p]
    if queue == _SICKEST_FIRST:
        return -number[SEEN_MELD, p]
    return number[WINDOW_END_AT, p]


@kernel
def sort_queue(queue: int, number: Floats, waiting: Ints, size: int) -> None:
    """Put the first `size` of `waiting` in the order of the discipline (nearly sorted already)."""
    for i in range(1, size):
        p = waiting[i]
        mine = rank(queue, number, p)
        j = i - 1
        while j >= 0:
            other = rank(queue, number, waiting[j])
            if other < mine or (other == mine and waiting[j] < p):
                break
            waiting[j + 1] = waiting[j]
            j -= 1
        waiting[j + 1] = p


@inlined
def has_plasma(t: Tables, sites: Sites, site: int, m: int) -> bool:
    """Whether a site's stock holds what a session of modality `m` takes."""
    unlimited = t.units[site, PLASMA_LIMITED] == 0.0
    return unlimited or t.modalities[m, LITRES_EACH] <= sites.number[site, STOCK]


@inlined
def what_can_start(t: Tables, people: People, sites: Sites, site: int, p: int, now: float) -> int:
    """Modality that a waiting patient can be given as far as time and plasma go, -1 if none."""
    count, closes, arm = people.whole, sites.number[site, CLOSES_AT], people.whole[ARM, p]
    m, today = int(t.plans[arm, GIVES]), sites.whole[site, TODAY]
    if not rule.fits(now, t.modalities[m, HOURS], closes):
        return -1
    if count[FIRST_FIT, p] < 0:
        count[FIRST_FIT, p] = today
    if has_plasma(t, sites, site, m):
        return m
    if count[FIRST_FIT, p] == today:
        people.session_count[p, count[SESSION, p], SHORT] = 1
    if not sites.whole[site, SHORT_TODAY]:
        sites.whole[site, SHORT_TODAY] = 1
        sites.whole[site, DAYS_SHORT] += 1
    other = int(t.plans[arm, SWITCHES_TO])
    if other < 0 or not rule.fits(now, t.modalities[other, HOURS], closes):
        return -1
    return other if has_plasma(t, sites, site, other) else -1


@inlined
def watch(people: People, p: int, times: Floats, codes: Ints, events: int) -> int:
    """See to it that a session's window ends; most begin before that needs to be known."""
    if people.whole[WATCHED, p]:
        return events
    people.whole[WATCHED, p] = 1
    return push(times, codes, events, people.number[WINDOW_END_AT, p], WINDOW_ENDS + p)


@inlined
def serve(
    t: Tables,
    seed: int,
    trial: int,
    follow_up_days: int,
    people: People,
    sites: Sites,
    site: int,
    now: float,
    times: Floats,
    codes: Ints,
    events: int,
) -> int:
    """Start every session that can start now; return the number of events.

    Those who wait have been brought up to now.
    """
    number, waiting = people.number, sites.waiting[site]
    queue, machines = int(t.units[site, QUEUE]), int(t.units[site, MACHINES])
    free_at = sites.free_at[site, :machines]
    queued = sites.whole[site, QUEUED]
    sort_queue(queue, number, waiting, queued)
    kept = 0
    for i in range(queued):
        p = waiting[i]
        opened = last_opening_by(number[ENTRY_AT, p], now, follow_up_days)
        if left_by(number, people.whole, p, now, opened):
            people.whole[PHASE, p] = OVER
            continue
        m = what_can_start(t, people, sites, site, p, now)
        machine = -1
        if m >= 0 and nurses_busy(sites.until, site, now) < t.units[site, NURSE_SLOTS]:
            machine = rule.first_free(free_at, now)
        if machine < 0:
            waiting[kept] = p
            kept += 1
            continue
        if t.units[site, PLASMA_LIMITED]:
            sites.number[site, STOCK] -= t.modalities[m, LITRES_EACH]
        k = people.whole[SESSION, p]
        events = begin(t.plans, t.modalities, seed, trial, people, p, m, now, times, codes, events)
        free_at[machine] = sites.until[site, machine] = people.session[p, k, END]
    sites.whole[site, QUEUED] = kept
    if sites.whole[site, LEFT_FOR_AFTER] >= 0:
        serve_background(t.units, sites, site, sites.whole[site, LEFT_FOR_AFTER], now)
        sites.whole[site, LEFT_FOR_AFTER] = -1
    again = math.inf
    if kept > 0:
        again = sites.number[site, OPENS_AT]
        freed = min(rule.next_free(free_at, now), rule.next_free(sites.until[site], now))
        if freed < sites.number[site, CLOSES_AT]:
            again = min(again, freed)
    sites.number[site, SERVES_AT] = again
    for i in range(kept):
        if number[WINDOW_END_AT, waiting[i]] <= again:
            events = watch(people, waiting[i], times, codes, events)
    return events


@inlined
def join(sites: Sites, site: int, people: People, p: int, now: float) -> None:
    """Let a patient wait at a unit, which is served now or, if it is closed, when it opens."""
    number, count = sites.number, sites.whole
    people.whole[PHASE, p] = WAITING
    sites.waiting[site, count[site, QUEUED]] = p
    count[site, QUEUED] += 1
    serves_at = now if now < number[site, CLOSES_AT] else number[site, OPENS_AT]
    number[site, SERVES_AT] = min(number[site, SERVES_AT], serves_at)


@inlined
def stop_waiting(sites: Sites, site: int, patient: int) -> None:
    """Take a patient out of a queue."""
    waiting, kept = sites.waiting, 0
    for i in range(sites.whole[site, QUEUED]):
        if waiting[site, i] != patient:
            waiting[site, kept] = waiting[site, i]
            kept += 1
    sites.whole[site, QUEUED] = kept
    if kept == 0:
        sites.number[site, SERVES_AT] = math.inf


@inlined
def are_labs_seen(t: Tables, people: People, p: int) -> bool:
    """Whether a session that falls due depends on labs: on platelets, or on bilirubin."""
    arm = people.whole[ARM, p]
    return t.disease.labs_modelled and (
        t.plans[arm, POSTPONE_BELOW] != -math.inf
        or t.plans[arm, STOP_BELOW] != -math.inf
        or people.whole[SESSION, p] >= t.plans[arm, SESSIONS]
    )


@inlined
def ask(
    t: Tables,
    seed: int,
    trial: int,
    people: People,
    sites: Sites,
    p: int,
    now: float,
    times: Floats,
    codes: Ints,
    events: int,
) -> int:
    """Let a session fall due, or be tried again after a postponement; return the events."""
    number, count = people.number, people.whole
    arm, site = count[ARM, p], count[SITE, p]
    seen = are_labs_seen(t, people, p)
    if not count[POSTPONED, p]:
        if seen and bilirubin_ends_treatment(t.plans, number, count, p):
            count[PHASE, p] = OVER
            return events
        fall_due(t.plans, people, p, now)
    if seen and number[SEEN_PLATELETS, p] < t.plans[arm, POSTPONE_BELOW]:
        count[POSTPONED, p] = 1
        again = rule.tried_again(now)
        if again < number[WINDOW_END_AT, p]:
            return push(times, codes, events, again, FALLS_DUE + p)
        return watch(people, p, times, codes, events)
    count[POSTPONED, p] = 0
    if t.units[site, LIMITED]:
        join(sites, site, people, p, now)
        if number[WINDOW_END_AT, p] <= sites.number[site, SERVES_AT]:
            return watch(people, p, times, codes, events)
        return events
    m = int(t.plans[arm, GIVES])
    return begin(t.plans, t.modalities, seed, trial, people, p, m, now, times, codes, events)


@kernel
def enter(
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
    number, count = people.number, people.whole
    for q in range(patient):
        if not count[KNOWN, q]:
            opened = last_opening_before(number[ENTRY_AT, q], now, follow_up_days)
            bring(t, people, q, opened)
            learn_outcome(state, number, count, q, now, opened, follow_up_days)
    levels = count[SEEN, :0]  # it has no factors
    count[STRATUM, patient], count[ARM, patient], uniform[0] = allocate(
        plan, state, seed, trial, patient, levels, chances
    )
    if not t.disease.varies_by_day:
        die_at_constant_factor(t.disease, t.baseline, people, patient, patient + 1)


@kernel
def treat(
    t: Tables,
    seed: int,
    trial: int,
    start_weekday: int,
    follow_up_days: int,
    trial_end: float,
    patients: int,
    people: People,
    sites: Sites,
    times: Floats,
    codes: Ints,
    plan: allocation.Plan,
    state: allocation.State,
    probability: Floats,
    uniform: Floats,
    row: int,
) -> None:
    """Let every session of a trial happen; `times` and `codes` are room for the heap.

    A scheme that adapts to outcomes allocates here, where it is known who has died; the patients'
    rows of `probability` and `uniform` begin at `row`.
    """
    number, count = people.number, people.whole
    events: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    randomised: Any = np.int64(0)
    while True:
        serving: Any = np.int64(-1)
        serves_at = math.inf
        for site in range(sites.whole.shape[0]):
            if sites.number[site, SERVES_AT] < serves_at:
                serving, serves_at = site, sites.number[site, SERVES_AT]
        refers_at = number[ENTRY_AT, randomised] if randomised < patients else math.inf
        event_at = times[0] if events > 0 else math.inf
        now = min(event_at, refers_at, serves_at)
        if now == math.inf or now > trial_end:
            return
        p, falls_due, missing, site = -1, False, False, serving
        if event_at == now:
            p, falls_due = codes[0] % KIND, codes[0] >= FALLS_DUE
            events = pop(times, codes, events)
            missing = count[PHASE, p] in (DUE_NOW, WAITING) and number[WINDOW_END_AT, p] == now
            if not falls_due and not missing:
                continue  # the session has begun
            site = count[SITE, p]
        elif refers_at == now:
            if plan.adaptive:
                enter(
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
            arm = count[ARM, randomised]
            if t.plans[arm, SESSIONS] + t.plans[arm, RESCUES] > 0.0:
                due = now + t.plans[arm, FIRST_AFTER]
                events = push(times, codes, events, due, FALLS_DUE + randomised)
            randomised += 1
            continue
        # Everyone concerned, and the unit, is brought up to now: in one place, since these are the
        # longest kernels, and each place that calls them holds a copy.
        concerned = 1 if p >= 0 else sites.whole[site, QUEUED]
        sickest_first = p < 0 and t.units[site, QUEUE] == _SICKEST_FIRST
        for i in range(concerned):
            q = p if p >= 0 else sites.waiting[site, i]
            if p >= 0:
                opened = last_opening_before(number[ENTRY_AT, q], now, follow_up_days)
            else:
                opened = last_opening_by(number[ENTRY_AT, q], now, follow_up_days)
            bring(t, people, q, opened)
            if (sickest_first and not left_by(number, count, q, now, opened)) or (
                falls_due and are_labs_seen(t, people, q)
            ):
                bring_seen(t, people, q, max(opened, 0))
        if t.units[site, LIMITED]:
            catch_up(t.units, t.background, sites, site, start_weekday, seed, trial, now)
        if p < 0:
            events = serve(
                t, seed, trial, follow_up_days, people, sites, site, now, times, codes, events
            )
            continue
        if missing and count[PHASE, p] == WAITING:
            stop_waiting(sites, site, p)
        before = last_opening_before(number[ENTRY_AT, p], now, follow_up_days)
        if left_by(number, count, p, now, before):
            count[PHASE, p] = OVER
        elif falls_due:
            events = ask(t, seed, trial, people, sites, p, now, times, codes, events)
        else:
            events = miss(t.plans, people, p, now, times, codes, events)
