"""Records as they were known by a day: what is later is masked, so that two trials can be compared.

A trial is the same up to the first day that its conduct changes: then so are these.
"""

import numpy as np

from simulator.params.types import Params
from simulator.records import SESSIONS_GIVEN, Patients, Sessions, SessionStatus, TrialRecords

EVENTS = "death", "transplant", "withdrawal", "loss", "infection"
UNKNOWN = -9
ADDED_UP = (  # over a patient's sessions, to the end
    *("sessions_delivered", "sessions_equivalent", "sessions_cut_short", "sessions_missed"),
    *("sessions_late", "sessions_short_of_plasma", "session_wait_days"),
    *("plasma_litres", "machine_hours", "adverse_events"),
)


def known_by(records: TrialRecords, params: Params, day: np.ndarray) -> TrialRecords:
    """Patients who entered by the day, one for each trial, and of them what had happened by it.

    Everything of those whose follow-up was over; of the others events, sessions and visits by their
    times. The trials are left with what each was and how many had entered.
    """
    row = np.repeat(np.arange(records.trials.trial.size), records.trials.randomised)
    entered = records.patients.entry_day <= day[row]
    p = Patients._make(column[entered] for column in records.patients)
    s = Sessions._make(column[entered] for column in records.sessions)
    row, until = row[entered], day[row][entered]
    over = p.entry_day + params.trial.follow_up_days <= until
    number = np.bincount(row, minlength=day.size)
    kept = ("trial", "first_row", "randomised")
    trials = records.trials._replace(
        **{name: np.zeros(0) for name in records.trials._fields if name not in kept},
        first_row=np.cumsum(number) - number,
        randomised=number,
    )
    return TrialRecords(trials, _patients(p, until, over), _sessions(p, s, params, until, over))


def _patients(p: Patients, until: np.ndarray, over: np.ndarray) -> Patients:
    changes = {}
    for name in EVENTS:
        days = getattr(p, f"{name}_after_days")
        changes[f"{name}_after_days"] = np.where(p.entry_day + days <= until, days, np.inf)
    died = np.isfinite(changes["death_after_days"])
    changes["death_cause"] = np.where(died, p.death_cause, 0)
    ended = over | died | np.isfinite(changes["transplant_after_days"])
    changes["liver_cumulative_hazard"] = np.where(ended, p.liver_cumulative_hazard, np.nan)
    seen = p.entry_day[:, None] + p.visit_after_days <= until[:, None]
    for name in ("visit_after_days", "visit_meld"):
        changes[name] = np.where(seen, getattr(p, name), np.nan)
    for name in ADDED_UP:
        column = getattr(p, name)
        changes[name] = np.where(over.reshape(-1, *[1] * (column.ndim - 1)), column, 0)
    return p._replace(**changes)


def _sessions(
    p: Patients, s: Sessions, params: Params, until: np.ndarray, over: np.ndarray
) -> Sessions:
    until, over = until[:, None], over[:, None]
    due = over | (s.due_day <= until)
    began, ended = over | (s.start_day <= until), over | (s.end_day <= until)
    leaves = p.entry_day[:, None] + np.min(
        [getattr(p, f"{name}_after_days") for name in EVENTS if name != "infection"], axis=0
    ).reshape(-1, 1)
    window_ends = s.due_day + params.plan.window_days[p.arm][:, None]
    missed = (s.status == SessionStatus.MISSED) & (window_ends <= until)
    left = (s.status == SessionStatus.LEFT) & (leaves <= until)
    broken_off = (s.status == SessionStatus.ENDED_BY_EXIT) & (leaves <= until)
    settled = over | (began & ended) | missed | left | broken_off
    status = np.where(settled, s.status, np.where(began, SessionStatus.RUNNING, UNKNOWN))
    return Sessions(
        status=np.where(due, status, SessionStatus.NOT_DUE),
        modality=np.where(began, s.modality, UNKNOWN),
        due_day=np.where(due, s.due_day, np.nan),
        start_day=np.where(began, s.start_day, np.nan),
        end_day=np.where(began, s.end_day, np.nan),
        fraction=np.where(settled & np.isin(s.status, SESSIONS_GIVEN), s.fraction, 0.0),
        plasma_litres=np.where(began, s.plasma_litres, 0.0),
        short_of_plasma=np.where(settled | began, s.short_of_plasma, UNKNOWN),
        adverse_events=np.where(began, s.adverse_events, UNKNOWN),
    )
