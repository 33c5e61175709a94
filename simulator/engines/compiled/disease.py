"""A patient's hazard and labs, brought up to a patient-day only when somebody asks.

What multiplies the baseline hazard changes at openings of patient-days, and between the openings at
which sessions or events begin to act it follows from the day alone: such a stretch of days is
worked out at once, and ahead. A session that begins takes back the days on which it will act.
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
    SHARE,
    SHIFTED,
    SLOPE_BILIRUBIN,
    SLOPE_CREATININE,
    SLOPE_INR,
    STATUS,
    TAKEN_IN,
    THRESHOLD,
    VISIT,
    Floats,
    Ints,
    People,
)
from simulator.engines.compiled.tables import LOG_RATIO, Baseline, Disease
from simulator.records import SessionStatus
from simulator.rules import hazard as rule
from simulator.rules import labs as lab_rule
from simulator.rules.calendar import last_opening_by, opening

_MISSED = int(SessionStatus.MISSED)
_RUNNING = int(SessionStatus.RUNNING)
_MELD_LABS = 3
_NUMBERS_A_MODALITY = 8  # of shifts: four labs, a fast and a slow part
_WHOLE, _RATE = range(2)  # of `Tables.kinetics`
# Days worked out at once, multiples of what a processor takes at once: few while a session may
# begin and take them back.
_DAYS_IN_TREATMENT, _DAYS_AFTER_IT = 4, 32


@inlined
def next_to_act(session_count: Ints, p: int, done: int) -> int:
    """Index of the session after the `done` first that has begun, -1 if none has."""
    k, sessions = done, session_count.shape[1]
    while k < sessions and session_count[p, k, STATUS] == _MISSED:
        k += 1
    return k if k < sessions and session_count[p, k, STATUS] == _RUNNING else -1


@inlined
def take_in(
    d: Disease,
    modalities: Floats,
    planned: float,
    number: Floats,
    count: Ints,
    session: Floats,
    session_count: Ints,
    p: int,
    day: int,
) -> int:
    """Let act what acts from the opening of `day` on; return the day at which the next will."""
    entry, most = number[ENTRY_AT, p], count[LAST_DAY, p]
    now = opening(entry, day)
    k = next_to_act(session_count, p, count[TAKEN_IN, p])
    while k >= 0 and session[p, k, END] < now:
        if session[p, k, END] < number[LEAVES_AT, p]:  # else the patient left while it ran
            if d.by_session:
                share = rule.share_earned(session[p, k, SHARE], planned, number[EARNED, p])
                number[EARNED, p] += share
                number[EFFECT, p] += share * modalities[session_count[p, k, MODALITY], LOG_RATIO]
            if session_count[p, k, IS_SERIOUS]:
                count[SERIOUS, p] = 1
        count[TAKEN_IN, p] = k + 1
        k = next_to_act(session_count, p, k + 1)
    infection = entry + number[INFECTION, p]
    count[INFECTED, p] = infection < now
    number[EVENTS, p] = rule.events_log_factor(
        count[INFECTED, p], d.infection_log_ratio, count[SERIOUS, p], d.serious_log_ratio
    )
    changes = most + 1
    if k >= 0:
        changes = min(changes, last_opening_by(entry, session[p, k, END], most) + 1)
    if d.infection_log_ratio != 0.0 and not count[INFECTED, p]:
        changes = min(changes, last_opening_by(entry, infection, most) + 1)
    return changes


@kernel
def factors(
    d: Disease, number: Floats, factor: Floats, p: int, arm: int, first: int, last: int
) -> None:
    """Fill in what multiplies the baseline on days `first` to `last`, sessions not seen in MELD."""
    constant, events, effect = number[CONSTANT, p], number[EVENTS, p], number[EFFECT, p]
    direct, out = (
        arm == d.direct_arm and d.direct_log_hazard_ratio != 0.0,
        factor[p, first : last + 1],
    )
    for k in range(out.size):
        out[k] = direct_effect(d, first + k) if direct else effect
    b, b_slope = number[LOG_BILIRUBIN, p], number[SLOPE_BILIRUBIN, p]
    i, i_slope = number[LOG_INR, p], number[SLOPE_INR, p]
    c, c_slope = number[LOG_CREATININE, p], number[SLOPE_CREATININE, p]
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
def live(d: Disease, b: Baseline, people: People, p: int, first: int, last: int) -> None:
    """Let days `first` to `last` pass, or as many as the patient lives to see."""
    hazard, factor, at_opening = people.hazard[p], people.factor[p], b.at_opening
    threshold, day = people.number[THRESHOLD, p], first
    now = hazard[first]
    while True:
        after = rule.after_day(now, factor[day], at_opening[day], at_opening[day + 1])
        hazard[day + 1] = after
        if after >= threshold or day == last:
            break
        now = after
        day += 1
    people.whole[OPENED, p] = day
    if after >= threshold:
        people.number[DEATH, p] = rule.death_in_day(
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
def rollback(number: Floats, count: Ints, p: int, session_end: float) -> None:
    """Take back the days on which a session that begins now will act."""
    acts = last_opening_by(number[ENTRY_AT, p], session_end, count[LAST_DAY, p]) + 1
    if session_end < number[LEAVES_AT, p] and count[OPENED, p] >= acts:
        count[OPENED, p] = acts - 1
        number[DEATH, p] = math.inf  # it was to come on one of these days


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
    number, count = people.number, people.whole
    through = min(through, count[LAST_DAY, p])
    while count[OPENED, p] < through and number[DEATH, p] == math.inf:
        first = count[OPENED, p] + 1
        changes = take_in(
            d,
            modalities,
            planned,
            number,
            count,
            people.session,
            people.session_count,
            p,
            first,
        )
        at_once = _DAYS_AFTER_IT if count[PHASE, p] == OVER else _DAYS_IN_TREATMENT
        last = min(changes - 1, first + at_once - 1)
        if d.sees_sessions:  # no day ahead: labs cannot be taken back
            last = first
            advance_labs(d, kinetics, left, error_log_sd, people, p, first)
            direct = d.direct_log_hazard_ratio != 0.0 and count[ARM, p] == d.direct_arm
            people.factor[p, first] = rule.hazard_multiplier(
                number[CONSTANT, p],
                d.meld_coefficient,
                number[SEEN_MELD, p],
                d.meld_reference,
                direct_effect(d, first) if direct else number[EFFECT, p],
                number[EVENTS, p],
            )
        else:
            factors(d, number, people.factor, p, count[ARM, p], first, last)
        live(d, b, people, p, first, last)


@inlined
def shift_labs(kinetics: Floats, left: Floats, people: People, p: int, through: int) -> None:
    """Bring what sessions have done to a patient's labs to the opening of patient-day `through`."""
    number, count = people.number, people.whole
    session, session_count = people.session, people.session_count
    entry, day = number[ENTRY_AT, p], count[SEEN, p]
    shifts = people.flat_shift[p]
    k = next_to_act(session_count, p, count[SHIFTED, p])
    while day < through:
        acts = through + 1 if k < 0 else last_opening_by(entry, session[p, k, END], through) + 1
        lab_rule.later_shifts(shifts, left, min(acts, through) - day)
        day = min(acts, through)
        now = opening(entry, day)
        while k >= 0 and session[p, k, END] < now:
            if session[p, k, END] < number[LEAVES_AT, p]:
                m = session_count[p, k, MODALITY]
                lab_rule.add_session(
                    shifts[m * _NUMBERS_A_MODALITY : (m + 1) * _NUMBERS_A_MODALITY],
                    kinetics[_WHOLE, m],
                    kinetics[_RATE, m],
                    session[p, k, SHARE],
                    now,
                    session[p, k, END],
                )
            count[SHIFTED, p] = k + 1
            k = next_to_act(session_count, p, k + 1)
    count[SEEN, p] = max(through, count[SEEN, p])


@inlined
def see_labs(d: Disease, number: Floats, shift: Floats, lab: Floats, p: int, day: int) -> None:
    """Fill `lab` with a patient's labs at the latest opening, without sessions and with them."""
    native = lab[0]
    native[0] = lab_rule.native(
        number[LOG_BILIRUBIN, p],
        number[SLOPE_BILIRUBIN, p],
        day,
        d.normal_bilirubin,
        d.ceiling_bilirubin,
    )
    native[1] = lab_rule.native(
        number[LOG_INR, p], number[SLOPE_INR, p], day, d.normal_inr, d.ceiling_inr
    )
    native[2] = lab_rule.native(
        number[LOG_CREATININE, p],
        number[SLOPE_CREATININE, p],
        day,
        d.normal_creatinine,
        d.ceiling_creatinine,
    )
    native[3] = number[LOG_PLATELETS, p]
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
    """Bring a patient's labs to the opening of patient-day `through`, visits on the way taken."""
    number, count, seen = people.number, people.whole, people.lab[1]
    visits = people.visit_order.shape[1]
    while count[VISIT, p] < visits and people.visit_order[p, count[VISIT, p]] >= 0:
        visit = people.visit_order[p, count[VISIT, p]]
        day = int(people.visit_day[p, visit])
        if day > through:
            break
        shift_labs(kinetics, left, people, p, day)
        see_labs(d, number, people.shift, people.lab, p, day)
        for j in range(_MELD_LABS):
            z = people.error[WORDS * visit + j, p]
            seen[j] = lab_rule.measured(seen[j], error_log_sd[j], z)
        people.visit_meld[p, visit] = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
        count[VISIT, p] += 1
    shift_labs(kinetics, left, people, p, through)
    see_labs(d, number, people.shift, people.lab, p, through)
    number[SEEN_MELD, p] = lab_rule.meld_of(seen[0], seen[1], seen[2], d.meld_bounded)
    number[SEEN_BILIRUBIN, p] = seen[0]
    number[SEEN_PLATELETS, p] = seen[3]


@kernel
def die_at_constant_factor(d: Disease, b: Baseline, people: People, first: int, end: int) -> None:
    """Find deaths from the liver by one inversion a patient, where no factor depends on the day."""
    number, count, factor = people.number, people.whole, people.factor
    day: Any = np.int64(0)  # a literal would have the kernel below compiled a second time
    for p in range(first, end):
        factors(d, number, factor, p, count[ARM, p], day, day)
        number[DEATH, p] = rule.death_at_constant_factor(
            d.kind, b.day, b.cumulative, d.shape, factor[p, 0], number[THRESHOLD, p]
        )
