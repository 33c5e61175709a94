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
from simulator.engines.compiled.state import (
    ARM,
    CONSTANT,
    DEATH,
    EARNED,
    EFFECT,
    END,
    ENTRY_AT,
    EVENTS,
    INFECTED,
    INFECTION,
    IS_SERIOUS,
    LAST_DAY,
    LEAVES_AT,
    LOG_BILIRUBIN,
    LOG_CREATININE,
    LOG_INR,
    LOG_PLATELETS,
    MODALITY,
    OPENED,
    OVER,
    PHASE,
    SEEN,
    SEEN_BILIRUBIN,
    SEEN_MELD,
    SEEN_PLATELETS,
    SERIOUS,
    SESSIONS_APPLIED,
    SESSIONS_SHIFTED,
    SHARE,
    SLOPE_BILIRUBIN,
    SLOPE_CREATININE,
    SLOPE_INR,
    STATUS,
    THRESHOLD,
    VISIT,
    Floats,
    Ints,
    People,
)
from simulator.engines.compiled.tables import LOG_RATIO, Baseline, Disease
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
def next_to_act(session_integer: Ints, p: int, done: int) -> int:
    """Index of the session after the `done` first that has begun, -1 if none has."""
    k, sessions = done, session_integer.shape[1]
    while k < sessions and session_integer[p, k, STATUS] == _MISSED:
        k += 1
    return k if k < sessions and session_integer[p, k, STATUS] == _RUNNING else -1


@inlined
def apply_due_effects(
    d: Disease,
    modalities: Floats,
    planned: float,
    real: Floats,
    integer: Ints,
    session: Floats,
    session_integer: Ints,
    p: int,
    day: int,
) -> int:
    """Apply sessions, serious events and infection that act from the opening of `day` on.

    Returns the patient-day from which the next of them acts.
    """
    entry, most = real[ENTRY_AT, p], integer[LAST_DAY, p]
    now = opening(entry, day)
    k = next_to_act(session_integer, p, integer[SESSIONS_APPLIED, p])
    while k >= 0 and session[p, k, END] < now:
        if session[p, k, END] < real[LEAVES_AT, p]:  # else the patient left while it ran
            if d.by_session:
                share = rule.share_earned(session[p, k, SHARE], planned, real[EARNED, p])
                real[EARNED, p] += share
                real[EFFECT, p] += share * modalities[session_integer[p, k, MODALITY], LOG_RATIO]
            if session_integer[p, k, IS_SERIOUS]:
                integer[SERIOUS, p] = 1
        integer[SESSIONS_APPLIED, p] = k + 1
        k = next_to_act(session_integer, p, k + 1)
    infection = entry + real[INFECTION, p]
    integer[INFECTED, p] = infection < now
    real[EVENTS, p] = rule.events_log_factor(
        integer[INFECTED, p], d.infection_log_ratio, integer[SERIOUS, p], d.serious_log_ratio
    )
    changes = most + 1
    if k >= 0:
        changes = min(changes, last_opening_by(entry, session[p, k, END], most) + 1)
    if d.infection_log_ratio != 0.0 and not integer[INFECTED, p]:
        changes = min(changes, last_opening_by(entry, infection, most) + 1)
    return changes


@kernel
def factors(
    d: Disease, real: Floats, factor: Floats, p: int, arm: int, first: int, last: int
) -> None:
    """Fill in what multiplies the baseline on days `first` to `last`, sessions not seen in MELD."""
    constant, events, effect = real[CONSTANT, p], real[EVENTS, p], real[EFFECT, p]
    direct, out = (
        arm == d.direct_arm and d.direct_log_hazard_ratio != 0.0,
        factor[p, first : last + 1],
    )
    for k in range(out.size):
        out[k] = direct_effect(d, first + k) if direct else effect
    b, b_slope = real[LOG_BILIRUBIN, p], real[SLOPE_BILIRUBIN, p]
    i, i_slope = real[LOG_INR, p], real[SLOPE_INR, p]
    c, c_slope = real[LOG_CREATININE, p], real[SLOPE_CREATININE, p]
    for k in range(out.size):
        day = first + k
        meld = lab_rule.meld_of(
            lab_rule.native(b, b_slope, day, d.normal_bilirubin, d.ceiling_bilirubin),
            lab_rule.native(i, i_slope, day, d.normal_inr, d.ceiling_inr),
            lab_rule.native(c, c_slope, day, d.normal_creatinine, d.ceiling_creatinine),
            d.meld_bounded,
        )
        out[k] = rule.hazard_multiplier(
            constant, d.meld_coefficient, meld, d.meld_reference, out[k], events
        )


@inlined
def direct_effect(d: Disease, day: int) -> float:
    """Log hazard ratio of the arm that has it on a patient-day, where the effect is direct."""
    return rule.direct_log_hazard_ratio(
        d.direct_log_hazard_ratio, d.delay_days, d.waning_rate_per_day, float(day)
    )


@inlined
def accumulate_hazard(
    d: Disease, b: Baseline, people: People, p: int, first: int, last: int
) -> None:
    """Accumulate hazard over days `first` to `last`, or up to the death that comes before."""
    hazard, factor, at_opening = people.hazard[p], people.factor[p], b.at_opening
    threshold, day = people.real[THRESHOLD, p], first
    now = hazard[first]
    while True:
        after = rule.after_day(now, factor[day], at_opening[day], at_opening[day + 1])
        hazard[day + 1] = after
        if after >= threshold or day == last:
            break
        now = after
        day += 1
    people.integer[OPENED, p] = day
    if after >= threshold:
        people.real[DEATH, p] = rule.death_in_day(
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
def rollback(real: Floats, integer: Ints, p: int, session_end: float) -> None:
    """Undo the days worked out ahead on which a session that begins now will act."""
    acts = last_opening_by(real[ENTRY_AT, p], session_end, integer[LAST_DAY, p]) + 1
    if session_end < real[LEAVES_AT, p] and integer[OPENED, p] >= acts:
        integer[OPENED, p] = acts - 1
        real[DEATH, p] = math.inf  # it was to come on one of these days


@kernel
def advance_hazard(
    d: Disease,
    b: Baseline,
    modalities: Floats,
    kinetics: Floats,
    left: Floats,
    error_log_sd: Floats,
    planned: float,
    people: People,
    p: int,
    through: int,
) -> None:
    """Work out a patient's hazard up to `through` at least, as long as the patient lives."""
    real, integer = people.real, people.integer
    through = min(through, integer[LAST_DAY, p])
    while integer[OPENED, p] < through and real[DEATH, p] == math.inf:
        first = integer[OPENED, p] + 1
        changes = apply_due_effects(
            d,
            modalities,
            planned,
            real,
            integer,
            people.session,
            people.session_integer,
            p,
            first,
        )
        at_once = _DAYS_AFTER_IT if integer[PHASE, p] == OVER else _DAYS_IN_TREATMENT
        last = min(changes - 1, first + at_once - 1)
        if d.sees_sessions:  # no day ahead: labs cannot be rolled back
            last = first
            advance_labs(d, kinetics, left, error_log_sd, people, p, first)
            direct = d.direct_log_hazard_ratio != 0.0 and integer[ARM, p] == d.direct_arm
            people.factor[p, first] = rule.hazard_multiplier(
                real[CONSTANT, p],
                d.meld_coefficient,
                real[SEEN_MELD, p],
                d.meld_reference,
                direct_effect(d, first) if direct else real[EFFECT, p],
                real[EVENTS, p],
            )
        else:
            factors(d, real, people.factor, p, integer[ARM, p], first, last)
        accumulate_hazard(d, b, people, p, first, last)


@inlined
def shift_labs(kinetics: Floats, left: Floats, people: People, p: int, through: int) -> None:
    """Advance the shifts that sessions made of a patient's labs to patient-day `through`."""
    real, integer = people.real, people.integer
    session, session_integer = people.session, people.session_integer
    entry, day = real[ENTRY_AT, p], integer[SEEN, p]
    shifts = people.flat_shift[p]
    k = next_to_act(session_integer, p, integer[SESSIONS_SHIFTED, p])
    while day < through:
        acts = through + 1 if k < 0 else last_opening_by(entry, session[p, k, END], through) + 1
        lab_rule.later_shifts(shifts, left, min(acts, through) - day)
        day = min(acts, through)
        now = opening(entry, day)
        while k >= 0 and session[p, k, END] < now:
            if session[p, k, END] < real[LEAVES_AT, p]:
                m = session_integer[p, k, MODALITY]
                lab_rule.add_session(
                    shifts[m * _SHIFTS_PER_MODALITY : (m + 1) * _SHIFTS_PER_MODALITY],
                    kinetics[_SHIFT, m],
                    kinetics[_RATE, m],
                    session[p, k, SHARE],
                    now,
                    session[p, k, END],
                )
            integer[SESSIONS_SHIFTED, p] = k + 1
            k = next_to_act(session_integer, p, k + 1)
    integer[SEEN, p] = max(through, integer[SEEN, p])


@inlined
def labs_at_opening(d: Disease, real: Floats, shift: Floats, lab: Floats, p: int, day: int) -> None:
    """Fill `lab` with a patient's labs at the latest opening, without sessions and with them."""
    native = lab[0]
    native[0] = lab_rule.native(
        real[LOG_BILIRUBIN, p],
        real[SLOPE_BILIRUBIN, p],
        day,
        d.normal_bilirubin,
        d.ceiling_bilirubin,
    )
    native[1] = lab_rule.native(
        real[LOG_INR, p], real[SLOPE_INR, p], day, d.normal_inr, d.ceiling_inr
    )
    native[2] = lab_rule.native(
        real[LOG_CREATININE, p],
        real[SLOPE_CREATININE, p],
        day,
        d.normal_creatinine,
        d.ceiling_creatinine,
    )
    native[3] = real[LOG_PLATELETS, p]
    lab_rule.shifted_labs(native, shift[p], lab[1])


@kernel
def advance_labs(
    d: Disease,
    kinetics: Floats,
    left: Floats,
    error_log_sd: Floats,
    people: People,
    p: int,
    through: int,
) -> None:
    """Advance a patient's labs to the opening of patient-day `through`, visits included."""
    real, integer, seen = people.real, people.integer, people.lab[1]
    visits = people.visit_order.shape[1]
    while integer[VISIT, p] < visits and people.visit_order[p, integer[VISIT, p]] >= 0:
        visit = people.visit_order[p, integer[VISIT, p]]
        day = int(people.visit_day[p, visit])
        if day > through:
            break
        shift_labs(kinetics, left, people, p, day)
        labs_at_opening(d, real, people.shift, people.lab, p, day)
        for j in range(MELD_LABS):
            z = people.error[WORDS * visit + j, p]
            seen[j] = lab_rule.measured(seen[j], error_log_sd[j], z)
        people.visit_meld[p, visit] = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
        integer[VISIT, p] += 1
    shift_labs(kinetics, left, people, p, through)
    labs_at_opening(d, real, people.shift, people.lab, p, through)
    real[SEEN_MELD, p] = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
    real[SEEN_BILIRUBIN, p] = seen[0]
    real[SEEN_PLATELETS, p] = seen[3]


@kernel
def die_at_constant_factor(d: Disease, b: Baseline, people: People, first: int, end: int) -> None:
    """Find deaths from the liver by one inversion each, where no factor depends on the day."""
    real, integer, factor = people.real, people.integer, people.factor
    day: Any = np.int64(0)  # a literal would have the kernel below compiled a second time
    for p in range(first, end):
        factors(d, real, factor, p, integer[ARM, p], day, day)
        real[DEATH, p] = rule.death_at_constant_factor(
            d.kind, b.day, b.cumulative, d.shape, factor[p, 0], real[THRESHOLD, p]
        )
