"""What a trial took and what became of its patients (model page, section 6 to 8)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.analysis import AnalysisPlan, Use
from simulator.analysis.analysed import count_uses, use_rule
from simulator.analysis.cut import read_only
from simulator.montecarlo.columns import LEFT_OUT, Layout, MetricRows, new_rows
from simulator.montecarlo.patient_counts import (
    OF_PATIENTS,
    OF_SESSIONS,
    SUMS_OF_SESSIONS,
    count_patients,
    count_sessions,
)
from simulator.params.types import Params
from simulator.records import Ints, TrialRecords

_OF_TRIALS = {
    "screened": "screened",
    "failed_first": "failed_first",
    "refused_consent": "refused_consent",
    "turned_away": "turned_away",
    "deferred": "deferred",
    "randomised": "randomised",
    "enrolment_days": "recruitment_end_day",
    "trial_days": "trial_end_day",
    "days_open": "unit_days_open",
    "days_short": "unit_days_short",
    "machine_hours_open": "machine_hours_open",
    "machine_hours_background": "machine_hours_background",
}


def metric_rows_of(
    params: Params, layout: Layout, records: TrialRecords, plans: Sequence[AnalysisPlan]
) -> MetricRows:
    """Add up the records of each trial, arm by arm, patient by patient in order of randomisation.

    The first of the plans is the primary analysis.
    """
    trials = records.trials.trial.size
    rows = new_rows(layout, trials)
    first_row = np.zeros(trials + 1, np.int64)
    np.cumsum(records.trials.randomised, out=first_row[1:])
    first_row = read_only(first_row)
    _write_trials(params, layout, records, rows)
    _write_patients(params, layout, records, first_row, rows)
    if params.max_sessions > 0:
        _write_sessions(layout, records, first_row, rows)
    if "machine_hours_used" in layout.amounts:
        used = _row(layout, rows, "machine_hours_used")
        used[:] = records.trials.machine_hours_background
        if "machine_hours" in layout.amounts:
            used += rows.amounts[layout.amounts["machine_hours"]].sum(axis=0)
    if plans:
        _write_uses(params, layout, records, first_row, plans, rows)
    return rows


def _row(layout: Layout, rows: MetricRows, name: str) -> Any:
    """Row of a number of each trial that is live."""
    if name in layout.counts:
        return rows.counts[layout.counts[name].start]
    return rows.amounts[layout.amounts[name].start]


def _write_trials(params: Params, layout: Layout, records: TrialRecords, rows: MetricRows) -> None:
    """Write what the records have of each trial as it is."""
    t = records.trials
    for name, column in _OF_TRIALS.items():
        values = getattr(t, column)
        if name in layout.counts:
            rows.counts[layout.counts[name]] = values.reshape(values.shape[0], -1).T
        elif name in layout.amounts:
            rows.amounts[layout.amounts[name]] = values
    reached = t.randomised >= params.trial.target_randomised
    planned_end = params.trial.planned_completion_day
    in_time = t.trial_end_day <= (math.inf if math.isnan(planned_end) else planned_end)
    _row(layout, rows, "target_reached")[:] = reached
    _row(layout, rows, "on_time")[:] = reached & in_time


def _places(layout: Layout, names: Sequence[str]) -> Ints:
    """First row of each column among the counts, -1 where it is not live."""
    return np.array(
        [layout.counts[name].start if name in layout.counts else -1 for name in names], np.int64
    )


def _write_patients(
    params: Params, layout: Layout, records: TrialRecords, first_row: Ints, rows: MetricRows
) -> None:
    """Write the patients of each arm by what became of them."""
    p = records.patients
    columns = (
        p.arm, p.death_after_days, p.death_cause, p.transplant_after_days,
        p.withdrawal_after_days, p.loss_after_days, p.infection_after_days,
    )  # fmt: skip
    horizon, places = float(params.trial.follow_up_days), _places(layout, OF_PATIENTS)
    count_patients(first_row, *map(read_only, columns), horizon, places, layout.arms, rows.counts)
    alive, patients, deaths = (
        rows.counts[layout.counts[name]] for name in ("alive", "patients", "deaths_seen")
    )
    np.subtract(patients, deaths, out=alive)
    if "lost" in layout.counts:
        alive -= rows.counts[layout.counts["lost"]]


def _write_sessions(
    layout: Layout, records: TrialRecords, first_row: Ints, rows: MetricRows
) -> None:
    """Write the sessions of each arm, of those planned as of those given."""
    p, s = records.patients, records.sessions
    columns = (
        p.arm, p.sessions_planned, p.sessions_delivered, p.sessions_cut_short, p.sessions_late,
        p.sessions_missed, p.sessions_short_of_plasma, p.adverse_events, p.sessions_equivalent,
        p.session_wait_days, p.plasma_litres, p.machine_hours, s.status, s.modality,
    )  # fmt: skip
    names = *OF_SESSIONS, "adverse_events", "sessions_by_modality"
    amounts = np.array([layout.amounts[name].start for name in SUMS_OF_SESSIONS], np.int64)
    count_sessions(
        first_row,
        *map(read_only, columns),
        _places(layout, names),
        amounts,
        layout.arms,
        layout.width("sessions_by_modality"),
        *rows,
    )


def _write_uses(
    params: Params,
    layout: Layout,
    records: TrialRecords,
    first_row: Ints,
    plans: Sequence[AnalysisPlan],
    rows: MetricRows,
) -> None:
    """Write the patients of each arm by what the primary analysis does with them."""
    analysed = rows.counts[layout.counts["analysed"]]
    if "left_out" not in layout.counts:
        analysed[:] = rows.counts[layout.counts["patients"]]
        return
    uses = np.empty((layout.arms, len(Use), analysed.shape[1]), np.int64)
    rule = use_rule(plans, params.trial.follow_up_days, params.plan.modality)
    count_uses(records, first_row, rule, uses)
    analysed[:] = uses[:, Use.ANALYSED]
    left_out = rows.counts[layout.counts["left_out"]]
    left_out[:] = uses[:, list(LEFT_OUT)].reshape(left_out.shape)
