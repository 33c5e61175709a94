"""A site's queue: who waits, and who is served when the unit is (model page, section 6)."""

import math

from simulator.engines.compiled.heap import push
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    OVER,
    WAITING,
    Event,
    Patient,
    People,
    Run,
    Unit,
    UnitState,
)
from simulator.engines.compiled.structures import Ints, Records
from simulator.engines.compiled.tables import Modality, Tables, UnitPlan
from simulator.engines.compiled.treatment import WINDOW_ENDS, begin, has_left_treatment
from simulator.engines.compiled.unit import nurses_busy, serve_background
from simulator.rules import sessions as rule
from simulator.rules.calendar import last_opening_by


@inlined
def rank(queue: int, one: Patient) -> float:
    """Place of a waiting patient in a queue; ties go by patient number."""
    if queue == rule.FIRST_COME:
        return one.due_at
    if queue == rule.SICKEST_FIRST:
        return -one.seen_meld
    return one.window_end_at


@kernel
def sort_queue(queue: int, patient: Records[Patient], waiting: Ints, size: int) -> None:
    """Put the first `size` of `waiting` in the order of the discipline (nearly sorted already)."""
    for i in range(1, size):
        p = waiting[i]
        mine = rank(queue, patient[p])
        j = i - 1
        while j >= 0:
            other = rank(queue, patient[waiting[j]])
            if other < mine or (other == mine and waiting[j] < p):
                break
            waiting[j + 1] = waiting[j]
            j -= 1
        waiting[j + 1] = p


@inlined
def has_plasma(plan: UnitPlan, unit: Unit, modality: Modality) -> bool:
    """Whether a unit's stock holds what a session takes."""
    return not plan.plasma_limited or modality.plasma_litres <= unit.stock


@inlined
def feasible_modality(
    t: Tables, people: People, unit_state: UnitState, site: int, p: int, now: float
) -> int:
    """Modality that a waiting patient can be given as far as time and plasma go, -1 if none."""
    one, unit, offer = people.patient[p], unit_state.unit[site], t.units[site]
    plan = t.plans[one.arm]
    m, other = plan.modality, plan.switch_to
    if not rule.fits(now, t.modalities[m].hours, unit.closes_at):
        return -1
    if one.first_fit < 0:
        one.first_fit = unit.today
    if has_plasma(offer, unit, t.modalities[m]):
        return m
    if one.first_fit == unit.today:
        people.session[p, one.session].short = True
    if not unit.short_today:
        unit.short_today = True
        unit.days_short += 1
    if other < 0 or not rule.fits(now, t.modalities[other].hours, unit.closes_at):
        return -1
    return other if has_plasma(offer, unit, t.modalities[other]) else -1


@inlined
def schedule_window_end(run: Run, people: People, p: int, heap: Records[Event]) -> None:
    """Schedule the end of a session's window, once; most sessions start before that is needed."""
    one = people.patient[p]
    if not one.window_scheduled:
        one.window_scheduled = True
        push(heap, run, one.window_end_at, WINDOW_ENDS + p)


@inlined
def serve(
    t: Tables,
    run: Run,
    people: People,
    unit_state: UnitState,
    site: int,
    now: float,
    heap: Records[Event],
) -> None:
    """Start every session that can start now.

    The hazard and labs of those who wait have been advanced to now.
    """
    offer, unit, waiting = t.units[site], unit_state.unit[site], unit_state.waiting[site]
    free_at, until = unit_state.free_at[site, : offer.machines], unit_state.until[site]
    queued, kept = unit.queued, 0
    sort_queue(offer.queue, people.patient, waiting, queued)
    for i in range(queued):
        p = waiting[i]
        one = people.patient[p]
        opened = last_opening_by(one.entry_at, now, run.follow_up_days)
        if has_left_treatment(one, now, opened):
            one.phase = OVER
            continue
        m = feasible_modality(t, people, unit_state, site, p, now)
        machine = -1
        if m >= 0 and nurses_busy(until, now) < offer.nurse_slots:
            machine = rule.first_free(free_at, now)
        if machine < 0:
            waiting[kept] = p
            kept += 1
            continue
        if offer.plasma_limited:
            unit.stock -= t.modalities[m].plasma_litres
        k = one.session
        begin(t, run, people, p, m, now, heap)
        free_at[machine] = until[machine] = people.session[p, k].end
    unit.queued = kept
    if unit.left_for_after >= 0:
        serve_background(offer, unit_state, site, unit.left_for_after, now)
        unit.left_for_after = -1
    again = math.inf
    if kept > 0:
        again = unit.opens_at
        freed = min(rule.next_free(free_at, now), rule.next_free(until, now))
        if freed < unit.closes_at:
            again = min(again, freed)
    unit.serves_at = again
    for i in range(kept):
        if people.patient[waiting[i]].window_end_at <= again:
            schedule_window_end(run, people, waiting[i], heap)


@inlined
def join(unit_state: UnitState, site: int, one: Patient, p: int, now: float) -> None:
    """Let a patient wait at a unit, which is served now or, if it is closed, when it opens."""
    unit = unit_state.unit[site]
    one.phase = WAITING
    unit_state.waiting[site, unit.queued] = p
    unit.queued += 1
    unit.serves_at = min(unit.serves_at, now if now < unit.closes_at else unit.opens_at)


@inlined
def stop_waiting(unit_state: UnitState, site: int, p: int) -> None:
    """Take a patient out of a queue."""
    unit, waiting, kept = unit_state.unit[site], unit_state.waiting[site], 0
    for i in range(unit.queued):
        if waiting[i] != p:
            waiting[kept] = waiting[i]
            kept += 1
    unit.queued = kept
    if kept == 0:
        unit.serves_at = math.inf
