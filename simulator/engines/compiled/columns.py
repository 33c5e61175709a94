"""From the state of a trial to rows of the records."""

import math

from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import (
    ARM,
    BACKGROUND_HOURS,
    BACKGROUND_LITRES,
    BACKGROUND_SHORT_LITRES,
    CANDIDATE,
    DAYS_OPEN,
    DAYS_SHORT,
    DEATH,
    DELIVERED_LITRES,
    DUE,
    END,
    ENTRY_AT,
    EVENT_BITS,
    FRAILTY,
    HOURS_OPEN,
    INFECTION,
    LITRES,
    LOSS,
    MODALITY,
    REFUSED_LITRES,
    SHARE,
    SHORT,
    SITE,
    SLOPE_BILIRUBIN,
    START,
    STATUS,
    STRATUM,
    TRANSPLANT,
    WITHDRAWAL,
    Floats,
    Ints,
    People,
    Sites,
)
from simulator.engines.compiled.tables import EVENTS_OF_SESSION, SESSIONS
from simulator.records import Patients, Sessions, SessionStatus, Trials
from simulator.rules import sessions as rule

_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)
_MISSED = int(SessionStatus.MISSED)
_SLOPES = 3


@kernel
def write_patients(
    r: Patients, row: int, trial: int, patients: int, plans: Floats, number: Floats, count: Ints
) -> None:
    """Write what is a patient's own, but for labs and sessions."""
    for p in range(patients):
        r.trial[row + p] = trial
        r.patient[row + p] = p
        r.candidate[row + p] = count[CANDIDATE, p]
        r.site[row + p] = count[SITE, p]
        r.stratum[row + p] = count[STRATUM, p]
        r.arm[row + p] = count[ARM, p]
        r.entry_day[row + p] = number[ENTRY_AT, p]
        r.frailty[row + p] = number[FRAILTY, p]
        r.death_after_days[row + p] = number[DEATH, p]
        r.transplant_after_days[row + p] = number[TRANSPLANT, p]
        r.withdrawal_after_days[row + p] = number[WITHDRAWAL, p]
        r.loss_after_days[row + p] = number[LOSS, p]
        r.infection_after_days[row + p] = number[INFECTION, p]
        r.sessions_planned[row + p] = int(plans[count[ARM, p], SESSIONS])
        for j in range(_SLOPES):
            r.lab_slope_per_day[row + p, j] = number[SLOPE_BILIRUBIN + j, p]


@kernel
def write_sessions(s: Sessions, row: int, patients: int, people: People) -> None:
    """Write every session."""
    session, session_count = people.session, people.session_count
    for p in range(patients):
        for k in range(session.shape[1]):
            status = session_count[p, k, STATUS]
            done = status in (_DELIVERED, _CUT_SHORT)
            s.status[row + p, k] = status
            s.modality[row + p, k] = session_count[p, k, MODALITY]
            s.due_day[row + p, k] = session[p, k, DUE]
            s.start_day[row + p, k] = session[p, k, START]
            s.end_day[row + p, k] = session[p, k, END]
            s.fraction[row + p, k] = session[p, k, SHARE] if done else 0.0
            s.plasma_litres[row + p, k] = session[p, k, LITRES]
            s.short_of_plasma[row + p, k] = session_count[p, k, SHORT]
            s.adverse_events[row + p, k] = session_count[p, k, EVENT_BITS]


@kernel
def add_up_sessions(r: Patients, s: Sessions, row: int, patients: int) -> None:
    """Add up each patient's sessions."""
    for i in range(row, row + patients):
        delivered, cut_short, missed, late, short = 0, 0, 0, 0, 0
        equivalent, wait, litres, hours = 0.0, 0.0, 0.0, 0.0
        for k in range(s.status.shape[1]):
            status = s.status[i, k]
            missed += status == _MISSED
            short += s.short_of_plasma[i, k]
            if not math.isnan(s.start_day[i, k]):
                late += rule.is_late(s.due_day[i, k], s.start_day[i, k])
                wait += s.start_day[i, k] - s.due_day[i, k]
                litres += s.plasma_litres[i, k]
                hours += (s.end_day[i, k] - s.start_day[i, k]) * rule.HOURS_PER_DAY
            if status in (_DELIVERED, _CUT_SHORT):
                delivered += 1
                cut_short += status == _CUT_SHORT
                equivalent += s.fraction[i, k]
                for event in range(EVENTS_OF_SESSION):
                    r.adverse_events[i, event] += s.adverse_events[i, k] >> event & 1
        r.sessions_delivered[i] = delivered
        r.sessions_equivalent[i] = equivalent
        r.sessions_cut_short[i] = cut_short
        r.sessions_missed[i] = missed
        r.sessions_late[i] = late
        r.sessions_short_of_plasma[i] = short
        r.session_wait_days[i] = wait
        r.plasma_litres[i] = litres
        r.machine_hours[i] = hours


@kernel
def add_unit(t: Trials, index: int, sites: Sites, site: int) -> None:
    """Add what a site's unit did to its trial's row."""
    number, count = sites.number, sites.whole
    t.unit_days_open[index] += count[site, DAYS_OPEN]
    t.unit_days_short[index] += count[site, DAYS_SHORT]
    t.plasma_delivered_litres[index] += number[site, DELIVERED_LITRES]
    t.plasma_refused_litres[index] += number[site, REFUSED_LITRES]
    t.plasma_background_litres[index] += number[site, BACKGROUND_LITRES]
    t.plasma_background_short_litres[index] += number[site, BACKGROUND_SHORT_LITRES]
    t.machine_hours_background[index] += number[site, BACKGROUND_HOURS]
    t.machine_hours_open[index] += number[site, HOURS_OPEN]
