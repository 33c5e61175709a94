"""Trial metrics and who is analysed, in NumPy, column by column: slow, plain, written apart.

What `simulator.montecarlo.trial_metrics` and `simulator.analysis.analysed` compile is held to it.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisPlan, Use
from simulator.analysis.cut import rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.estimands import statistic_of
from simulator.declarations.exits import Exit
from simulator.montecarlo.columns import LEFT_OUT, TrialMetrics
from simulator.params.types import Params
from simulator.records import (
    SESSIONS_GIVEN,
    Floats,
    Ints,
    Patients,
    SessionStatus,
    TrialRecords,
)


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
        # Of trials that end otherwise, or follow for longer: tests/oracles/test_trial_ends.py.
        deaths_reached=np.zeros(t.trial.size, np.int64),
        deaths_by_the_end=nobody,
        followed_days=nothing,
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
    cell,
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


def uses(
    records: TrialRecords,
    plan: AnalysisPlan,
    statistic: AnalysisPlan,
    follow_up_days: int,
    arm_modality: Ints,
) -> Ints:
    """Return a `Use` for each patient of the records, by the data at the end.

    Parameters
    ----------
    statistic
        The analysis whose statistic a randomisation test compares; else the plan itself.
    arm_modality
        (A,): index of each arm's own modality, -1 for none.
    """
    variable = STATISTICS[statistic.test].variable
    found = np.full(records.patients.arm.size, Use.ANALYSED, np.int64)
    may_leave_out = statistic.lost == "excluded" or variable.seen_only
    if may_leave_out:
        everybody = rows_of(records)
        # Those without a session are taken out below, so that the reason is known.
        handling = handling_of(plan)._replace(population="randomised")
        rows = handled(records, everybody, handling, arm_modality)
        block = Block(rows, np.full(records.trials.trial.size, np.inf), follow_up_days)
        status = block.outcome(statistic).status
        if variable.seen_only:
            seen = ~np.isnan(block.meld()).any(axis=0)
            found[(status == COMPLETE) & ~seen] = Use.NOT_SEEN
        if variable.survivors_only:
            found[status == EVENT] = Use.DIED
        # What counts as a loss comes before the patient's own, which is then no longer looked at.
        own = (rows.loss_after_days == everybody.loss_after_days) & np.isfinite(
            everybody.loss_after_days
        )
        lost = status == LOST
        found[lost] = np.where(own[lost], Use.LOST, Use.COUNTED_AS_LOST)
    if plan.population == "treated":
        found[records.patients.sessions_delivered == 0] = Use.NO_SESSION
    return found
