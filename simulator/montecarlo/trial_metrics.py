"""What a trial took and what became of its patients, a row a trial (model page, section 6 to 8)."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisPlan, Use, uses
from simulator.declarations.estimands import statistic_of
from simulator.declarations.exits import Exit
from simulator.params.types import Params
from simulator.records import (
    SESSIONS_GIVEN,
    Column,
    Floats,
    Ints,
    Patients,
    SessionStatus,
    TrialRecords,
)

_ARM = ("arm",)
LEFT_OUT = tuple(why for why in Use if why is not Use.ANALYSED)


class TrialMetrics(NamedTuple):
    """A row a trial; columns with an arm axis count that arm's patients."""

    screened: Annotated[Ints, Column("1", "candidates referred")]
    failed_first: Annotated[Ints, Column("1", "by the first criterion failed", ("criterion",))]
    refused_consent: Annotated[Ints, Column("1", "eligible candidates who refused")]
    turned_away: Annotated[Ints, Column("1", "consented, but kept out by the investigator")]
    deferred: Annotated[Ints, Column("1", "put off once by the investigator")]
    randomised: Annotated[Ints, Column("1", "patients of all arms")]
    target_reached: Annotated[Ints, Column("1", "1 if the target number was randomised")]
    on_time: Annotated[
        Ints, Column("1", "1 if the target was reached and followed up by the planned completion")
    ]
    enrolment_days: Annotated[Floats, Column("d", "first opening to the end of recruitment")]
    trial_days: Annotated[Floats, Column("d", "first opening to the end of the last follow-up")]
    days_open: Annotated[Ints, Column("1", "openings of the ALSS units")]
    days_short: Annotated[Ints, Column("1", "of these, a waiting patient was without plasma")]
    machine_hours_open: Annotated[Floats, Column("h", "machine time on offer")]
    machine_hours_background: Annotated[Floats, Column("h", "taken by patients outside the trial")]
    machine_hours_used: Annotated[
        Floats, Column("h", "machine time taken by the trial's patients and the others")
    ]
    patients: Annotated[Ints, Column("1", "randomised", _ARM)]
    deaths: Annotated[Ints, Column("1", "dead by the end of follow-up, known or not", _ARM)]
    deaths_from_tumour: Annotated[Ints, Column("1", "of these, from the tumour", _ARM)]
    transplants: Annotated[Ints, Column("1", "liver transplants", _ARM)]
    withdrawn: Annotated[Ints, Column("1", "withdrew from treatment", _ARM)]
    lost: Annotated[Ints, Column("1", "lost to follow-up", _ARM)]
    infections: Annotated[Ints, Column("1", "patients with an infection", _ARM)]
    treated: Annotated[Ints, Column("1", "with a session delivered in full or in part", _ARM)]
    not_treated: Annotated[Ints, Column("1", "without", _ARM)]
    deaths_seen: Annotated[Ints, Column("1", "died in follow-up, before any loss", _ARM)]
    alive: Annotated[Ints, Column("1", "seen alive at the end of follow-up", _ARM)]
    transplants_seen: Annotated[Ints, Column("1", "transplanted, before any loss", _ARM)]
    withdrawals_seen: Annotated[Ints, Column("1", "withdrew, before any loss", _ARM)]
    analysed: Annotated[Ints, Column("1", "used by the primary analysis", _ARM)]
    left_out: Annotated[Ints, Column("1", "not used by it, by the first reason", (*_ARM, "reason"))]
    sessions_planned: Annotated[Ints, Column("1", "sessions planned", _ARM)]
    sessions_delivered: Annotated[Ints, Column("1", "delivered, cut short included", _ARM)]
    sessions_equivalent: Annotated[Floats, Column("1", "sum of fractions completed", _ARM)]
    sessions_cut_short: Annotated[Ints, Column("1", "cut short", _ARM)]
    sessions_late: Annotated[Ints, Column("1", "begun over a day late", _ARM)]
    sessions_missed: Annotated[Ints, Column("1", "window ended", _ARM)]
    sessions_due: Annotated[Ints, Column("1", "fell due", _ARM)]
    sessions_beyond_plan: Annotated[Ints, Column("1", "of these, rescue sessions", _ARM)]
    sessions_not_due: Annotated[Ints, Column("1", "planned, but never fell due", _ARM)]
    sessions_left_waiting: Annotated[
        Ints, Column("1", "the patient left, or follow-up ended, before they began", _ARM)
    ]
    sessions_broken_off: Annotated[
        Ints, Column("1", "the patient left, or follow-up ended, while they ran", _ARM)
    ]
    sessions_short_of_plasma: Annotated[Ints, Column("1", "no plasma on the planned day", _ARM)]
    sessions_by_modality: Annotated[
        Ints, Column("1", "delivered, by what was given", ("modality",))
    ]
    wait_days: Annotated[Floats, Column("d", "waits of the sessions that began, summed", _ARM)]
    plasma_litres: Annotated[Floats, Column("L", "fresh frozen plasma used", _ARM)]
    machine_hours: Annotated[Floats, Column("h", "machine time used", _ARM)]
    adverse_events: Annotated[Ints, Column("1", "of sessions", (*_ARM, "adverse event"))]


def trial_metrics_of(
    params: Params, records: TrialRecords, plans: Sequence[AnalysisPlan]
) -> TrialMetrics:
    """Add up the records of each trial, arm by arm; the first of the plans is the primary one."""
    t, p = records.trials, records.patients
    arms = len(params.allocation.ratio)
    cell = np.repeat(np.arange(t.trial.size), t.randomised) * arms + p.arm
    shape = (t.trial.size, arms)
    horizon = params.trial.follow_up_days

    def total(values: npt.ArrayLike) -> Floats:
        weights = np.asarray(values, np.float64)
        return np.bincount(cell, weights, shape[0] * arms).astype(np.float64).reshape(shape)

    def count(values: npt.ArrayLike) -> Ints:
        return np.rint(total(values)).astype(np.int64)

    reached = t.randomised >= params.trial.target_randomised
    planned_end = params.trial.planned_completion_day
    in_time = t.trial_end_day <= (math.inf if math.isnan(planned_end) else planned_end)
    nobody, nothing = np.zeros(shape, np.int64), np.zeros(shape)

    def count_of(exit_: Exit, until: Floats | float = horizon) -> Ints:
        if params.exits.rate_per_day[exit_] == 0.0:
            return nobody
        return count(getattr(p, f"{exit_.key}_after_days") <= until)

    count_of_sessions = count if params.max_sessions > 0 else lambda _: nobody
    sum_of_sessions = total if params.max_sessions > 0 else lambda _: nothing
    fates = _fates(records) if params.max_sessions > 0 else _Fates(*[nobody] * 5)
    seen_until = np.minimum(p.loss_after_days, horizon)
    by_use = _by_use(params, records, plans, cell, shape)
    patients, lost = count(np.ones(p.arm.size)), count_of(Exit.LOSS)
    deaths_seen = count(p.death_after_days <= seen_until)
    machine_hours = sum_of_sessions(p.machine_hours)
    return TrialMetrics(
        screened=t.screened,
        failed_first=t.failed_first,
        refused_consent=t.refused_consent,
        turned_away=t.turned_away,
        deferred=t.deferred,
        randomised=t.randomised,
        target_reached=reached.astype(np.int64),
        on_time=(reached & in_time).astype(np.int64),
        enrolment_days=t.recruitment_end_day,
        trial_days=t.trial_end_day,
        days_open=t.unit_days_open,
        days_short=t.unit_days_short,
        machine_hours_open=t.machine_hours_open,
        machine_hours_background=t.machine_hours_background,
        machine_hours_used=t.machine_hours_background + machine_hours.sum(axis=1),
        patients=patients,
        deaths=count(p.death_after_days <= horizon),
        deaths_from_tumour=count(p.death_cause == 2),
        transplants=count_of(Exit.TRANSPLANT),
        withdrawn=count_of(Exit.WITHDRAWAL),
        lost=lost,
        infections=count_of(Exit.INFECTION),
        treated=count_of_sessions(p.sessions_delivered > 0),
        not_treated=count_of_sessions(p.sessions_delivered == 0),
        deaths_seen=deaths_seen,
        alive=patients - deaths_seen - lost,
        transplants_seen=count_of(Exit.TRANSPLANT, seen_until),
        withdrawals_seen=count_of(Exit.WITHDRAWAL, seen_until),
        analysed=by_use[..., Use.ANALYSED],
        left_out=by_use[..., list(LEFT_OUT)],
        sessions_planned=count_of_sessions(p.sessions_planned),
        sessions_delivered=count_of_sessions(p.sessions_delivered),
        sessions_equivalent=sum_of_sessions(p.sessions_equivalent),
        sessions_cut_short=count_of_sessions(p.sessions_cut_short),
        sessions_late=count_of_sessions(p.sessions_late),
        sessions_missed=count_of_sessions(p.sessions_missed),
        sessions_due=count_of_sessions(fates.due),
        sessions_beyond_plan=count_of_sessions(fates.beyond_plan),
        sessions_not_due=count_of_sessions(fates.not_due),
        sessions_left_waiting=count_of_sessions(fates.left_waiting),
        sessions_broken_off=count_of_sessions(fates.broken_off),
        sessions_short_of_plasma=count_of_sessions(p.sessions_short_of_plasma),
        sessions_by_modality=_sessions_by_modality(params, records),
        wait_days=sum_of_sessions(p.session_wait_days),
        plasma_litres=sum_of_sessions(p.plasma_litres),
        machine_hours=machine_hours,
        adverse_events=_adverse_events(p, count_of_sessions),
    )


def _by_use(
    params: Params,
    records: TrialRecords,
    plans: Sequence[AnalysisPlan],
    cell: Ints,
    shape: tuple[int, int],
) -> Ints:
    """Patients of each trial and arm by what the primary analysis does with them.

    `cell` numbers each patient's trial and arm. Without an analysis nobody is used.
    """
    if not plans:
        return np.zeros((*shape, len(Use)), np.int64)
    horizon = params.trial.follow_up_days
    use = uses(records, plans[0], statistic_of(plans[0], plans), horizon, params.plan.modality)
    found = np.bincount(cell * len(Use) + use, minlength=math.prod(shape) * len(Use))
    return found.astype(np.int64).reshape(*shape, len(Use))


class _Fates(NamedTuple):
    """Sessions of each patient by what became of them; see `TrialMetrics`."""

    due: Ints
    beyond_plan: Ints
    not_due: Ints
    left_waiting: Ints
    broken_off: Ints


def _fates(records: TrialRecords) -> _Fates:
    """Count each patient's sessions; with those delivered and missed they are all that fell due."""
    status = records.sessions.status
    due = status != SessionStatus.NOT_DUE
    beyond = np.arange(status.shape[1]) >= records.patients.sessions_planned[:, None]

    def count(which: npt.NDArray[np.bool_]) -> Ints:
        counted: Ints = which.sum(axis=1)
        return counted

    return _Fates(
        due=count(due),
        beyond_plan=count(due & beyond),
        not_due=count(~due & ~beyond),
        left_waiting=count(np.isin(status, (SessionStatus.WAITING, SessionStatus.LEFT))),
        broken_off=count(np.isin(status, (SessionStatus.RUNNING, SessionStatus.ENDED_BY_EXIT))),
    )


def _sessions_by_modality(params: Params, records: TrialRecords) -> Ints:
    """Count the sessions delivered by the modality given, which may not be the arm's own."""
    s, modalities = records.sessions, params.modality.hours.size
    delivered = np.isin(s.status, SESSIONS_GIVEN)
    trial = np.repeat(np.arange(records.trials.trial.size), records.trials.randomised)
    cell = (trial[:, None] * modalities + s.modality)[delivered]
    shape = records.trials.trial.size, modalities
    return np.bincount(cell, minlength=math.prod(shape)).astype(np.int64).reshape(shape)


def _adverse_events(patients: Patients, count: Callable[[npt.ArrayLike], Ints]) -> Ints:
    kinds = patients.adverse_events.shape[1]
    return np.stack([count(patients.adverse_events[:, k]) for k in range(kinds)], axis=-1)
