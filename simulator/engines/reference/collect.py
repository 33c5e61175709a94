"""From the objects of the reference engine to records."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simulator.constants import HOURS_PER_DAY
from simulator.engines.reference.patient import Patient
from simulator.engines.reference.trial import SimulatedTrial
from simulator.engines.reference.types import Session
from simulator.engines.reference.unit import TreatmentUnit
from simulator.params.types import Params
from simulator.records import (
    ADVERSE_EVENTS,
    SESSIONS_GIVEN,
    Patients,
    Sessions,
    SessionStatus,
    TrialRecords,
    Trials,
)
from simulator.rules import sessions as rule


def collect(params: Params, trials: Sequence[SimulatedTrial]) -> TrialRecords:
    """Gather what trials left behind into a struct of arrays."""
    patients = [patient for trial in trials for patient in trial.patients]
    return TrialRecords(
        _trials(params, trials), _patients(params, patients), _sessions(params, patients)
    )


def _column(rows: Sequence[Any], value: Callable[[Any], Any], dtype: type, *axes: int) -> Any:
    """Return one column; `axes` are its lengths beyond the row, so that it may be empty."""
    return np.array([value(row) for row in rows], dtype=dtype).reshape(len(rows), *axes)


def _trials(params: Params, trials: Sequence[SimulatedTrial]) -> Trials:
    counts = [len(trial.patients) for trial in trials]

    def number(value: Callable[[SimulatedTrial], int]) -> Any:
        return _column(trials, value, np.int64)

    def time(value: Callable[[SimulatedTrial], float]) -> Any:
        return _column(trials, value, np.float64)

    def over_units(trial: SimulatedTrial, value: Callable[[TreatmentUnit], float]) -> float:
        return sum(value(unit) for unit in trial.units if unit is not None)

    return Trials(
        trial=number(lambda t: t.index),
        first_row=np.cumsum([0, *counts], dtype=np.int64)[:-1],
        screened=number(lambda t: t.screened),
        failed_first=_column(
            trials, lambda t: t.failed_first, np.int64, params.eligibility.first.size - 1
        ),
        refused_consent=number(lambda t: t.refused_consent),
        turned_away=number(lambda t: t.turned_away + t.deferred_pending),
        deferred=number(lambda t: t.deferred),
        randomised=np.array(counts, dtype=np.int64),
        recruitment_end_day=time(lambda t: t.recruitment_end_day),
        trial_end_day=time(lambda t: t.trial_end_day),
        unit_days_open=number(lambda t: int(over_units(t, lambda u: u.days_open))),
        unit_days_short=number(lambda t: int(over_units(t, lambda u: u.days_short))),
        plasma_delivered_litres=time(lambda t: over_units(t, lambda u: u.delivered_litres)),
        plasma_refused_litres=time(lambda t: over_units(t, lambda u: u.refused_litres)),
        plasma_background_litres=time(lambda t: over_units(t, lambda u: u.background_litres_used)),
        plasma_background_short_litres=time(
            lambda t: over_units(t, lambda u: u.background_litres_short)
        ),
        machine_hours_background=time(
            lambda t: over_units(t, lambda u: u.background_machine_hours)
        ),
        machine_hours_open=time(lambda t: over_units(t, lambda u: u.machine_hours_open)),
    )


def _patients(params: Params, patients: Sequence[Patient]) -> Patients:
    visits = params.assessment.day.size

    def number(value: Callable[[Patient], Any], *axes: int) -> Any:
        return _column(patients, value, np.int64, *axes)

    def real(value: Callable[[Patient], Any], *axes: int) -> Any:
        return _column(patients, value, np.float64, *axes)

    def over_sessions(value: Callable[[Session], float]) -> Callable[[Patient], float]:
        return lambda patient: sum(value(session) for session in patient.sessions)

    seen = [_visits_seen(patient) for patient in patients]
    return Patients(
        trial=number(lambda p: p.trial.index),
        patient=number(lambda p: p.number),
        candidate=number(lambda p: p.candidate),
        site=number(lambda p: p.site),
        stratum=number(lambda p: p.assignment.stratum),
        entry_day=real(lambda p: p.entry_day),
        arm=number(lambda p: p.arm),
        allocation_probability=real(
            lambda p: p.assignment.probability, len(params.allocation.ratio)
        ),
        allocation_draw=real(lambda p: p.assignment.draw),
        baseline_lab=real(lambda p: p.baseline_lab, 4),
        baseline_meld=real(lambda p: p.course.baseline_meld),
        lab_slope_per_day=real(lambda p: p.course.slope_per_day, 3),
        frailty=real(lambda p: p.frailty),
        death_after_days=real(lambda p: p.death_after_days),
        death_cause=number(lambda p: int(p.death_cause)),
        transplant_after_days=real(lambda p: p.transplant_after_days),
        withdrawal_after_days=real(lambda p: p.withdrawal_after_days),
        loss_after_days=real(lambda p: p.loss_after_days),
        infection_after_days=real(_infection),
        liver_cumulative_hazard=real(lambda p: p.liver_cumulative_hazard),
        sessions_planned=number(lambda p: int(params.plan.sessions[p.arm])),
        sessions_delivered=number(over_sessions(lambda s: s.status in SESSIONS_GIVEN)),
        sessions_equivalent=real(over_sessions(lambda s: s.fraction)),
        sessions_cut_short=number(over_sessions(lambda s: s.status is SessionStatus.CUT_SHORT)),
        sessions_missed=number(over_sessions(lambda s: s.status is SessionStatus.MISSED)),
        sessions_late=number(over_sessions(lambda s: rule.is_late(s.due_day, s.start_day))),
        sessions_short_of_plasma=number(over_sessions(lambda s: s.short_of_plasma)),
        session_wait_days=real(
            over_sessions(lambda s: s.start_day - s.due_day if s.ended else 0.0)
        ),
        plasma_litres=real(over_sessions(lambda s: s.plasma_litres)),
        machine_hours=real(
            over_sessions(lambda s: (s.end_day - s.start_day) * HOURS_PER_DAY if s.ended else 0.0)
        ),
        adverse_events=number(_adverse_events, ADVERSE_EVENTS),
        visit_after_days=np.array([days for days, _ in seen]).reshape(len(patients), visits),
        visit_meld=np.array([meld for _, meld in seen]).reshape(len(patients), visits),
    )


def _infection(patient: Patient) -> float:
    """First infection, if it came while the patient lived with their own liver in the trial."""
    ends = min(
        patient.death_after_days,
        patient.transplant_after_days,
        float(patient.trial.follow_up_days),
    )
    return patient.infection_after_days if patient.infection_after_days < ends else math.inf


def _adverse_events(patient: Patient) -> list[int]:
    """Adverse events by kind, of the sessions that ended with the patient there."""
    return [
        sum(s.adverse_events >> event & 1 for s in patient.sessions if s.status in SESSIONS_GIVEN)
        for event in range(ADVERSE_EVENTS)
    ]


def _visits_seen(patient: Patient) -> tuple[list[float], list[float]]:
    """Day and MELD of each visit, NaN for those that the patient had left before."""
    left = patient.entry_day + min(
        patient.death_after_days,
        patient.transplant_after_days,
        patient.withdrawal_after_days,
        patient.loss_after_days,
    )
    days, meld = list(patient.visit_after_days), list(patient.visit_meld)
    for visit, day in enumerate(days):
        if math.isnan(meld[visit]) or patient.entry_day + day >= left:
            days[visit] = meld[visit] = math.nan
    return days, meld


def _sessions(params: Params, patients: Sequence[Patient]) -> Sessions:
    width = params.max_sessions
    shape = len(patients), width
    columns = Sessions(
        status=np.full(shape, int(SessionStatus.NOT_DUE), dtype=np.int64),
        modality=np.full(shape, -1, dtype=np.int64),
        due_day=np.full(shape, np.nan),
        start_day=np.full(shape, np.nan),
        end_day=np.full(shape, np.nan),
        fraction=np.zeros(shape),
        plasma_litres=np.zeros(shape),
        short_of_plasma=np.zeros(shape, dtype=np.int64),
        adverse_events=np.zeros(shape, dtype=np.int64),
    )
    for row, patient in enumerate(patients):
        for session in patient.sessions:
            for name, column in zip(Sessions._fields, columns, strict=True):
                column[row, session.number] = getattr(session, name)
    return columns
