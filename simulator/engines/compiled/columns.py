"""From the state of a trial to rows of the records."""

import math

from simulator.constants import HOURS_PER_DAY
from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import People, Run
from simulator.engines.compiled.tables import Tables
from simulator.records import ADVERSE_EVENTS, Patients, Sessions, SessionStatus, Trials
from simulator.rules import sessions as rule

_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)
_MISSED = int(SessionStatus.MISSED)


@kernel
def write_patients(r: Patients, t: Tables, run: Run, people: People) -> None:
    """Write what is a patient's own, but for labs and sessions."""
    row = run.row
    for p in range(run.patients):
        one = people.patient[p]
        r.trial[row + p] = run.trial
        r.patient[row + p] = p
        r.candidate[row + p] = one.candidate
        r.site[row + p] = one.site
        r.stratum[row + p] = one.stratum
        r.arm[row + p] = one.arm
        r.entry_day[row + p] = one.entry_at
        r.frailty[row + p] = one.frailty
        r.death_after_days[row + p] = one.death
        r.transplant_after_days[row + p] = one.transplant
        r.withdrawal_after_days[row + p] = one.withdrawal
        r.loss_after_days[row + p] = one.loss
        r.infection_after_days[row + p] = one.infection
        r.sessions_planned[row + p] = t.plans[one.arm].sessions
        r.lab_slope_per_day[row + p, 0] = one.slope_bilirubin
        r.lab_slope_per_day[row + p, 1] = one.slope_inr
        r.lab_slope_per_day[row + p, 2] = one.slope_creatinine


@kernel
def write_sessions(s: Sessions, run: Run, people: People) -> None:
    """Write every session."""
    row = run.row
    for p in range(run.patients):
        for k in range(people.session.shape[1]):
            session = people.session[p, k]
            status = session.status
            done = status in (_DELIVERED, _CUT_SHORT)
            s.status[row + p, k] = status
            s.modality[row + p, k] = session.modality
            s.due_day[row + p, k] = session.due
            s.start_day[row + p, k] = session.start
            s.end_day[row + p, k] = session.end
            s.fraction[row + p, k] = session.share if done else 0.0
            s.plasma_litres[row + p, k] = session.litres
            s.short_of_plasma[row + p, k] = session.short
            s.adverse_events[row + p, k] = session.event_bits


@kernel
def add_up_sessions(r: Patients, s: Sessions, run: Run) -> None:
    """Add up each patient's sessions."""
    for i in range(run.row, run.row + run.patients):
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
def write_trial(t: Trials, index: int, run: Run) -> None:
    """Write what is a trial's own."""
    t.trial[index] = run.trial
    t.first_row[index] = run.row
    t.screened[index] = run.screened
    t.refused_consent[index] = run.refused
    t.turned_away[index] = run.turned_away
    t.deferred[index] = run.deferred
    t.randomised[index] = run.patients
    t.recruitment_end_day[index] = run.recruitment_end
    t.trial_end_day[index] = run.end_at
    t.unit_days_open[index] = run.days_open
    t.unit_days_short[index] = run.days_short
    t.plasma_delivered_litres[index] = run.delivered_litres
    t.plasma_refused_litres[index] = run.refused_litres
    t.plasma_background_litres[index] = run.background_litres
    t.plasma_background_short_litres[index] = run.background_short_litres
    t.machine_hours_background[index] = run.background_hours
    t.machine_hours_open[index] = run.hours_open
