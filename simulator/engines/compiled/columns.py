"""From the state of a trial to rows of the records."""

import math

from simulator.constants import HOURS_PER_DAY
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
    UnitState,
)
from simulator.engines.compiled.tables import SESSIONS
from simulator.records import ADVERSE_EVENTS, MELD_LABS, Patients, Sessions, SessionStatus, Trials
from simulator.rules import sessions as rule

_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)
_MISSED = int(SessionStatus.MISSED)


@kernel
def write_patients(
    r: Patients, row: int, trial: int, patients: int, plans: Floats, real: Floats, integer: Ints
) -> None:
    """Write what is a patient's own, but for labs and sessions."""
    for p in range(patients):
        r.trial[row + p] = trial
        r.patient[row + p] = p
        r.candidate[row + p] = integer[CANDIDATE, p]
        r.site[row + p] = integer[SITE, p]
        r.stratum[row + p] = integer[STRATUM, p]
        r.arm[row + p] = integer[ARM, p]
        r.entry_day[row + p] = real[ENTRY_AT, p]
        r.frailty[row + p] = real[FRAILTY, p]
        r.death_after_days[row + p] = real[DEATH, p]
        r.transplant_after_days[row + p] = real[TRANSPLANT, p]
        r.withdrawal_after_days[row + p] = real[WITHDRAWAL, p]
        r.loss_after_days[row + p] = real[LOSS, p]
        r.infection_after_days[row + p] = real[INFECTION, p]
        r.sessions_planned[row + p] = int(plans[integer[ARM, p], SESSIONS])
        for j in range(MELD_LABS):
            r.lab_slope_per_day[row + p, j] = real[SLOPE_BILIRUBIN + j, p]


@kernel
def write_sessions(s: Sessions, row: int, patients: int, people: People) -> None:
    """Write every session."""
    session, session_integer = people.session, people.session_integer
    for p in range(patients):
        for k in range(session.shape[1]):
            status = session_integer[p, k, STATUS]
            done = status in (_DELIVERED, _CUT_SHORT)
            s.status[row + p, k] = status
            s.modality[row + p, k] = session_integer[p, k, MODALITY]
            s.due_day[row + p, k] = session[p, k, DUE]
            s.start_day[row + p, k] = session[p, k, START]
            s.end_day[row + p, k] = session[p, k, END]
            s.fraction[row + p, k] = session[p, k, SHARE] if done else 0.0
            s.plasma_litres[row + p, k] = session[p, k, LITRES]
            s.short_of_plasma[row + p, k] = session_integer[p, k, SHORT]
            s.adverse_events[row + p, k] = session_integer[p, k, EVENT_BITS]


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
                hours += (s.end_day[i, k] - s.start_day[i, k]) * HOURS_PER_DAY
            if status in (_DELIVERED, _CUT_SHORT):
                delivered += 1
                cut_short += status == _CUT_SHORT
                equivalent += s.fraction[i, k]
                for event in range(ADVERSE_EVENTS):
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
def add_unit(t: Trials, index: int, unit_state: UnitState, site: int) -> None:
    """Add what a site's unit did to its trial's row."""
    real, integer = unit_state.real, unit_state.integer
    t.unit_days_open[index] += integer[site, DAYS_OPEN]
    t.unit_days_short[index] += integer[site, DAYS_SHORT]
    t.plasma_delivered_litres[index] += real[site, DELIVERED_LITRES]
    t.plasma_refused_litres[index] += real[site, REFUSED_LITRES]
    t.plasma_background_litres[index] += real[site, BACKGROUND_LITRES]
    t.plasma_background_short_litres[index] += real[site, BACKGROUND_SHORT_LITRES]
    t.machine_hours_background[index] += real[site, BACKGROUND_HOURS]
    t.machine_hours_open[index] += real[site, HOURS_OPEN]
