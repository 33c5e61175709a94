"""A patient's hazard and labs, advanced to a patient-day only when they are needed.

What multiplies the baseline hazard changes at openings of patient-days, and between the openings at
which sessions or events begin to act it follows from the day alone: such a stretch of days is
worked out at once, and ahead. A session that begins rolls back the days on which it will act.
Labs keep a place of their own, since after sessions they are asked for at visits only, unless the
hazard or a rule of treatment sees them; they go forward only (model page, section 7).
"""

import math
from typing import Any

import numpy as np

from simulator.engines.compiled.ahead import WORDS
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import OVER, Patient, People, Session
from simulator.engines.compiled.structures import Floats, Records
from simulator.engines.compiled.tables import Disease, Tables
from simulator.records import MELD_LABS, SessionStatus
from simulator.rules import hazard as rule
from simulator.rules import labs as lab_rule
from simulator.rules.calendar import last_opening_by, opening

_MISSED = int(SessionStatus.MISSED)
_RUNNING = int(SessionStatus.RUNNING)
_SHIFTS_PER_MODALITY = 8  # of shifts: four labs, a fast and a slow part
_SHIFT, _RATE = range(2)  # of `Tables.kinetics`
# Days worked out at once, multiples of the vector width: few while a session may begin and roll
# them back.
_DAYS_IN_TREATMENT, _DAYS_AFTER_IT = 4, 32


@inlined
def next_to_act(session: Records[Session], p: int, done: int) -> int:
    """Index of the session after the `done` first that has begun, -1 if none has."""
    k, sessions = done, session.shape[1]
    while k < sessions and session[p, k].status == _MISSED:
        k += 1
    return k if k < sessions and session[p, k].status == _RUNNING else -1


@inlined
def apply_due_effects(t: Tables, people: People, p: int, day: int) -> int:
    """Apply sessions, serious events and infection that act from the opening of `day` on.

    Returns the patient-day from which the next of them acts.
    """
    d, one, session = t.disease[0], people.patient[p], people.session
    entry, most = one.entry_at, one.last_day
    planned, now = t.plans[one.arm].sessions, opening(entry, day)
    k = next_to_act(session, p, one.sessions_applied)
    while k >= 0 and session[p, k].end < now:
        if session[p, k].end < one.leaves_at:  # else the patient left while it ran
            if d.by_session:
                share = rule.share_earned(session[p, k].share, planned, one.earned)
                one.earned += share
                one.effect += share * t.modalities[session[p, k].modality].log_hazard_ratio
            if session[p, k].is_serious:
                one.serious = True
        one.sessions_applied = k + 1
        k = next_to_act(session, p, k + 1)
    infection = entry + one.infection
    one.infected = infection < now
    one.acute = rule.events_log_factor(
        one.infected, d.infection_log_ratio, one.serious, d.serious_log_ratio
    )
    changes = most + 1
    if k >= 0:
        changes = min(changes, last_opening_by(entry, session[p, k].end, most) + 1)
    if d.infection_log_ratio != 0.0 and not one.infected:
        changes = min(changes, last_opening_by(entry, infection, most) + 1)
    return changes


@kernel
def factors(d: Disease, one: Patient, first: int, out: Floats) -> None:
    """Fill in what multiplies the baseline on days from `first` on, sessions not seen in MELD.

    What is read for every day is read once: a loop that also writes is not vectorised else.
    """
    constant, events, effect = one.constant, one.acute, one.effect
    for k in range(out.size):
        out[k] = effect
    if has_direct_effect(d, one):
        for k in range(out.size):
            out[k] = direct_effect(d, first + k)
    coefficient, reference, bounded = d.meld_coefficient, d.meld_reference, d.meld_bounded
    b, b_slope = one.log_bilirubin, one.slope_bilirubin
    i, i_slope = one.log_inr, one.slope_inr
    c, c_slope = one.log_creatinine, one.slope_creatinine
    b_normal, b_ceiling = d.normal_bilirubin, d.ceiling_bilirubin
    i_normal, i_ceiling = d.normal_inr, d.ceiling_inr
    c_normal, c_ceiling = d.normal_creatinine, d.ceiling_creatinine
    for k in range(out.size):
        day = first + k
        meld = lab_rule.meld_of(
            lab_rule.native(b, b_slope, day, b_normal, b_ceiling),
            lab_rule.native(i, i_slope, day, i_normal, i_ceiling),
            lab_rule.native(c, c_slope, day, c_normal, c_ceiling),
            bounded,
        )
        out[k] = rule.hazard_multiplier(constant, coefficient, meld, reference, out[k], events)


@inlined
def has_direct_effect(d: Disease, one: Patient) -> bool:
    """Whether the effect is direct, and a patient's arm has it."""
    return one.arm == d.direct_arm and d.direct_log_hazard_ratio != 0.0


@inlined
def direct_effect(d: Disease, day: int) -> float:
    """Log hazard ratio of the arm that has it on a patient-day, where the effect is direct."""
    return rule.direct_log_hazard_ratio(
        d.direct_log_hazard_ratio, d.delay_days, d.waning_rate_per_day, float(day)
    )


@inlined
def accumulate_hazard(t: Tables, people: People, p: int, first: int, last: int) -> None:
    """Accumulate hazard over days `first` to `last`, or up to the death that comes before."""
    d, b, one = t.disease[0], t.baseline, people.patient[p]
    hazard, factor, at_opening = people.hazard[p], people.factor[p], b.at_opening
    threshold, day = one.threshold, first
    now = hazard[first]
    while True:
        after = rule.after_day(now, factor[day], at_opening[day], at_opening[day + 1])
        hazard[day + 1] = after
        if after >= threshold or day == last:
            break
        now = after
        day += 1
    one.opened = day
    if after >= threshold:
        one.death = rule.death_in_day(
            d.kind,
            b.day,
            b.cumulative,
            d.shape,
            float(day),
            at_opening[day],
            factor[day],
            threshold - now,
        )


@inlined
def rollback(one: Patient, session_end: float) -> None:
    """Undo the days worked out ahead on which a session that begins now will act."""
    acts = last_opening_by(one.entry_at, session_end, one.last_day) + 1
    if session_end < one.leaves_at and one.opened >= acts:
        one.opened = acts - 1
        one.death = math.inf  # it was to come on one of these days


@kernel
def advance_hazard(t: Tables, people: People, p: int, through: int) -> None:
    """Work out a patient's hazard up to `through` at least, as long as the patient lives."""
    d, one = t.disease[0], people.patient[p]
    through = min(through, one.last_day)
    while one.opened < through and one.death == math.inf:
        first = one.opened + 1
        changes = apply_due_effects(t, people, p, first)
        at_once = _DAYS_AFTER_IT if one.phase == OVER else _DAYS_IN_TREATMENT
        last = min(changes - 1, first + at_once - 1)
        if d.sees_sessions:  # no day ahead: labs cannot be rolled back
            last = first
            advance_labs(t, people, p, first)
            people.factor[p, first] = rule.hazard_multiplier(
                one.constant,
                d.meld_coefficient,
                one.seen_meld,
                d.meld_reference,
                direct_effect(d, first) if has_direct_effect(d, one) else one.effect,
                one.acute,
            )
        else:
            factors(d, one, first, people.factor[p, first : last + 1])
        accumulate_hazard(t, people, p, first, last)


@inlined
def shift_labs(t: Tables, people: People, p: int, through: int) -> None:
    """Advance the shifts that sessions made of a patient's labs to patient-day `through`."""
    one, session = people.patient[p], people.session
    entry, day = one.entry_at, one.seen
    shifts = people.flat_shift[p]
    k = next_to_act(session, p, one.sessions_shifted)
    while day < through:
        acts = through + 1 if k < 0 else last_opening_by(entry, session[p, k].end, through) + 1
        lab_rule.later_shifts(shifts, t.left, min(acts, through) - day)
        day = min(acts, through)
        now = opening(entry, day)
        while k >= 0 and session[p, k].end < now:
            if session[p, k].end < one.leaves_at:
                m = session[p, k].modality
                lab_rule.add_session(
                    shifts[m * _SHIFTS_PER_MODALITY : (m + 1) * _SHIFTS_PER_MODALITY],
                    t.kinetics[_SHIFT, m],
                    t.kinetics[_RATE, m],
                    session[p, k].share,
                    now,
                    session[p, k].end,
                )
            one.sessions_shifted = k + 1
            k = next_to_act(session, p, k + 1)
    one.seen = max(through, one.seen)


@inlined
def labs_at_opening(d: Disease, people: People, p: int, day: int) -> None:
    """Fill `lab` with a patient's labs at the latest opening, without sessions and with them."""
    one, native = people.patient[p], people.lab[0]
    native[0] = lab_rule.native(
        one.log_bilirubin,
        one.slope_bilirubin,
        day,
        d.normal_bilirubin,
        d.ceiling_bilirubin,
    )
    native[1] = lab_rule.native(one.log_inr, one.slope_inr, day, d.normal_inr, d.ceiling_inr)
    native[2] = lab_rule.native(
        one.log_creatinine,
        one.slope_creatinine,
        day,
        d.normal_creatinine,
        d.ceiling_creatinine,
    )
    native[3] = one.log_platelets
    lab_rule.shifted_labs(native, people.shift[p], people.lab[1])


@inlined
def take_visits(t: Tables, people: People, p: int, through: int) -> None:
    """Advance a patient's labs to the last visit by patient-day `through`, and note each visit."""
    d, one, seen = t.disease[0], people.patient[p], people.lab[1]
    visits = people.visit.shape[1]
    while one.visit < visits and people.visit[p, one.visit].order >= 0:
        visit = people.visit[p, one.visit].order
        day = int(people.visit[p, visit].day)
        if day > through:
            break
        shift_labs(t, people, p, day)
        labs_at_opening(d, people, p, day)
        for j in range(MELD_LABS):
            z = people.error[WORDS * visit + j, p]
            seen[j] = lab_rule.measured(seen[j], t.error_log_sd[j], z)
        people.visit[p, visit].meld = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
        one.visit += 1


@kernel
def advance_labs(t: Tables, people: People, p: int, through: int) -> None:
    """Advance a patient's labs to the opening of patient-day `through`, visits included."""
    d, one, seen = t.disease[0], people.patient[p], people.lab[1]
    take_visits(t, people, p, through)
    shift_labs(t, people, p, through)
    labs_at_opening(d, people, p, through)
    one.seen_meld = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
    one.seen_bilirubin = seen[0]
    one.seen_platelets = seen[3]


@kernel
def die_at_constant_factor(t: Tables, people: People, first: int, end: int) -> None:
    """Find deaths from the liver by one inversion each, where no factor depends on the day."""
    d, b = t.disease[0], t.baseline
    day: Any = np.int64(0)  # a literal would have the kernel below compiled a second time
    for p in range(first, end):
        one, factor = people.patient[p], people.factor[p, :1]
        factors(d, one, day, factor)
        one.death = rule.death_at_constant_factor(
            d.kind, b.day, b.cumulative, d.shape, factor[0], one.threshold
        )
