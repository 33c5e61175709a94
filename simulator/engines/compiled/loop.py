"""The events of one trial in the order of time (model page, sections 4 to 6).

Only four things happen at an instant of their own: a session's window ends, a session falls due, a
patient is randomised, a queue is served. Exits, patient-days and the unit's days are worked out
when one of those four needs them.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from simulator import allocation
from simulator.engines.compiled.disease import advance_hazard, advance_labs, die_at_constant_factor
from simulator.engines.compiled.exits import learn_outcome
from simulator.engines.compiled.heap import pop, push
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.recruitment import allocate
from simulator.engines.compiled.serving import join, schedule_window_end, serve, stop_waiting
from simulator.engines.compiled.state import (
    DUE_NOW,
    OVER,
    WAITING,
    Event,
    Patient,
    People,
    Run,
    UnitState,
)
from simulator.engines.compiled.structures import Floats, Ints, Records
from simulator.engines.compiled.tables import Tables
from simulator.engines.compiled.treatment import (
    FALLS_DUE,
    KIND,
    begin,
    bilirubin_ends_treatment,
    fall_due,
    has_left_treatment,
    miss_session,
)
from simulator.engines.compiled.unit import catch_up
from simulator.rules import sessions as rule
from simulator.rules.calendar import last_opening_before, last_opening_by

PLATELETS = 3  # of the labs


class Adaptive(NamedTuple):
    """A scheme that adapts to outcomes, and where it writes of each patient how it allocated."""

    plan: allocation.Plan
    state: allocation.State
    levels: Ints  # (0,): it has no factors
    probability: Floats  # (patients, A)
    uniform: Floats  # (patients,)


@inlined
def update_hazard(t: Tables, people: People, p: int, through: int) -> None:
    """Advance a patient's hazard to the opening of patient-day `through`."""
    one = people.patient[p]
    if one.opened < through and one.death == math.inf and not one.is_safe:
        advance_hazard(t, people, p, through)


@inlined
def session_depends_on_labs(t: Tables, one: Patient) -> bool:
    """Whether a session that falls due depends on labs: on platelets, or on bilirubin."""
    plan = t.plans[one.arm]
    return t.disease[0].labs_modelled and (
        plan.postpone_log_platelets != -math.inf
        or plan.stop_log_bilirubin != -math.inf
        or one.session >= plan.sessions
    )


@inlined
def platelets_stay_low(t: Tables, one: Patient, threshold: float) -> bool:
    """Whether a patient's platelets stay below a threshold until another session is given.

    They are constant but for what sessions do; where no session raises them they cannot exceed
    what they were at randomisation.
    """
    for m in range(t.kinetics.shape[1]):
        for part in range(2 * PLATELETS, 2 * PLATELETS + 2):
            if t.kinetics[0, m, part] > 0.0:
                return False
    return one.log_platelets < threshold


@inlined
def on_session_due(
    t: Tables,
    run: Run,
    people: People,
    unit_state: UnitState,
    p: int,
    now: float,
    heap: Records[Event],
) -> None:
    """Handle a session that falls due, or is retried after a postponement."""
    one = people.patient[p]
    plan, site = t.plans[one.arm], one.site
    needs_labs = session_depends_on_labs(t, one)
    if not one.postponed:
        if needs_labs and bilirubin_ends_treatment(plan, one):
            one.phase = OVER
            return
        fall_due(plan, people, p, now)
    if needs_labs and one.seen_platelets < plan.postpone_log_platelets:
        one.postponed = True
        again = rule.tried_again(now)
        if platelets_stay_low(t, one, plan.postpone_log_platelets):
            # No attempt before the last will find them higher; the patient may have left by then.
            while again < one.leaves_at and rule.tried_again(again) < one.window_end_at:
                again = rule.tried_again(again)
        if again < one.window_end_at:
            push(heap, run, again, FALLS_DUE + p)
        else:
            schedule_window_end(run, people, p, heap)
        return
    one.postponed = False
    if not t.units[site].limited:
        begin(t, run, people, p, plan.modality, now, heap)
        return
    join(unit_state, site, one, p, now)
    if one.window_end_at <= unit_state.unit[site].serves_at:
        schedule_window_end(run, people, p, heap)


@kernel
def randomise_adaptively(
    t: Tables, run: Run, people: People, p: int, now: float, adaptive: Adaptive
) -> None:
    """Randomise a patient by a scheme that adapts to the outcomes known now.

    In a kernel of its own, with a copy of the longest ones.
    """
    one, most = people.patient[p], run.follow_up_days
    for q in range(p):
        other = people.patient[q]
        if not other.known:
            opened = last_opening_before(other.entry_at, now, most)
            update_hazard(t, people, q, opened)
            learn_outcome(adaptive.state, other, now, opened, most)
    row = run.row + p
    one.stratum, one.arm, adaptive.uniform[row] = allocate(
        adaptive.plan,
        adaptive.state,
        run.seed,
        run.trial,
        p,
        adaptive.levels,
        adaptive.probability[row],
    )
    if not t.disease[0].varies_by_day:
        die_at_constant_factor(t, people, p, p + 1)


@inlined
def advance(
    t: Tables,
    run: Run,
    people: People,
    unit_state: UnitState,
    site: int,
    p: int,
    falls_due: bool,
    now: float,
) -> None:
    """Advance everyone concerned, and the unit, to now: patient `p`, or all who wait if it is -1.

    In one place, since these are the longest kernels, and each place that calls them holds a copy.
    """
    concerned = 1 if p >= 0 else unit_state.unit[site].queued
    sickest_first = p < 0 and t.units[site].queue == rule.SICKEST_FIRST
    for i in range(concerned):
        q = p if p >= 0 else unit_state.waiting[site, i]
        one = people.patient[q]
        if p >= 0:
            opened = last_opening_before(one.entry_at, now, run.follow_up_days)
        else:
            opened = last_opening_by(one.entry_at, now, run.follow_up_days)
        update_hazard(t, people, q, opened)
        if (sickest_first and not has_left_treatment(one, now, opened)) or (
            falls_due and session_depends_on_labs(t, one)
        ):
            advance_labs(t, people, q, max(opened, 0))
    if t.units[site].limited:
        catch_up(t, run, unit_state, site, now)


@kernel
def run_event_loop(
    t: Tables,
    run: Run,
    people: People,
    unit_state: UnitState,
    heap: Records[Event],
    adaptive: Adaptive | None,
) -> None:
    """Run a trial's events in the order of time.

    A scheme that adapts to outcomes allocates here, where it is known who has died.
    """
    run.events = 0
    randomised: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    while True:
        serving: Any = np.int64(-1)
        serves_at = math.inf
        for site in range(unit_state.unit.size):
            if unit_state.unit[site].serves_at < serves_at:
                serving, serves_at = site, unit_state.unit[site].serves_at
        refers_at = math.inf
        if randomised < run.patients:
            refers_at = people.patient[randomised].entry_at
        event_at = heap[0].at if run.events > 0 else math.inf
        now = min(event_at, refers_at, serves_at)
        if now == math.inf or now > run.end_at:
            return
        p, falls_due, missing, site = -1, False, False, serving
        if event_at == now:
            p, falls_due = heap[0].code % KIND, heap[0].code >= FALLS_DUE
            pop(heap, run)
            one = people.patient[p]
            missing = one.phase in (DUE_NOW, WAITING) and one.window_end_at == now
            if not falls_due and not missing:
                continue  # the session has begun
            site = one.site
        elif refers_at == now:
            if adaptive is not None:
                randomise_adaptively(t, run, people, randomised, now, adaptive)
            plan = t.plans[people.patient[randomised].arm]
            if plan.sessions + plan.rescue_sessions > 0:
                push(heap, run, now + plan.first_after_days, FALLS_DUE + randomised)
            randomised += 1
            continue
        advance(t, run, people, unit_state, site, p, falls_due, now)
        if p < 0:
            serve(t, run, people, unit_state, site, now, heap)
            continue
        one = people.patient[p]
        if missing and one.phase == WAITING:
            stop_waiting(unit_state, site, p)
        before = last_opening_before(one.entry_at, now, run.follow_up_days)
        if has_left_treatment(one, now, before):
            one.phase = OVER
        elif falls_due:
            on_session_due(t, run, people, unit_state, p, now, heap)
        else:
            miss_session(t.plans[one.arm], run, people, p, now, heap)
