"""What becomes of a trial over time: the tables that figures are drawn from.

Each is seen in single trials, of the first `TRIALS_SEEN` of a run: a mean over them, its Monte
Carlo error, and the band that holds nine trials of ten.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from simulator.constants import DAYS_PER_MONTH, FIRST_AUXILIARY_TRIAL
from simulator.engines.compiled import simulate
from simulator.kernels import njit
from simulator.montecarlo.evaluation import Observed, Observer
from simulator.montecarlo.open_unit import UnitResult
from simulator.params.types import Params
from simulator.records import SESSIONS_GIVEN, Floats, Ints, TrialRecords
from simulator.results.curves import (
    TRIALS_SEEN,
    Curves,
    MeldPoint,
    PlasmaPoint,
    RecruitmentPoint,
    SessionsPoint,
    SurvivalPoint,
)

_MOST_POINTS = 120
_PILOT_TRIALS, _PILOT_PATIENTS = 20, 200_000
_MARGIN = 1.5  # of the longest recruitment among the pilot's trials


class Grid(NamedTuple):
    """At which times curves are seen.

    Attributes
    ----------
    days
        Since randomisation.
    recruitment, months
        Since the first opening: when patients are counted, and between which plasma is added up.
        Their last is the last on which a patient can be randomised, or treated.
    weeks
        Since randomisation.
    """

    days: Floats
    recruitment: Floats
    months: Floats
    weeks: int


class CurveRows(NamedTuple):
    """A row a trial; by arm, then by time."""

    survival: Floats  # Kaplan-Meier estimate
    at_risk: Floats
    recruited: Floats  # by each day of `recruitment`
    meld: Floats  # mean of those seen, by visit
    assessed: Floats  # patients seen
    started: Floats  # sessions begun, by week since randomisation
    plasma: Floats  # litres of the sessions begun between two of `months`


def grid_of(params: Params) -> Grid:
    """Times that suit a scenario; how long recruitment takes is seen in a few trials of it."""
    follow_up = params.trial.follow_up_days
    step = max(1, math.ceil(follow_up / _MOST_POINTS))
    days = np.unique(np.append(np.arange(0, follow_up, step), follow_up)).astype(np.float64)
    trials = min(_PILOT_TRIALS, max(1, _PILOT_PATIENTS // params.trial.target_randomised))
    pilot = simulate(params, 0, FIRST_AUXILIARY_TRIAL, trials).trials.recruitment_end_day
    last_entry = float(params.trial.max_recruitment_days)
    longest = min(_MARGIN * float(pilot.max()), last_entry)
    apart = math.ceil(longest / DAYS_PER_MONTH / _MOST_POINTS) * DAYS_PER_MONTH
    return Grid(
        days=days,
        recruitment=_times(longest, max(1, math.ceil(longest / _MOST_POINTS)), last_entry),
        months=_times(longest + follow_up, apart, last_entry + follow_up),
        weeks=math.ceil(follow_up / 7) if params.max_sessions else 0,
    )


def _times(until: float, apart: float, last: float) -> Floats:
    """Return times evenly apart to `until` at least, and the last of all."""
    times = np.arange(math.ceil(max(until, apart) / apart) + 1.0) * apart
    return np.append(times[times < last], last)


def observer(grid: Grid) -> Observer:
    """Return what looks at the records of a run, of those of its trials that are to be seen."""

    def observe(params: Params, records: TrialRecords) -> Observed:
        t, p, s = records
        seen = max(0, min(t.trial.size, TRIALS_SEEN - int(t.trial[0]))) if t.trial.size else 0
        arms, visits = len(params.allocation.ratio), p.visit_meld.shape[1]
        shapes = {
            "survival": (arms, grid.days.size),
            "at_risk": (arms, grid.days.size),
            "recruited": (grid.recruitment.size,),
            "meld": (arms, visits),
            "assessed": (arms, visits),
            "started": (arms, grid.weeks),
            "plasma": (grid.months.size - 1,),
        }
        found = CurveRows(**{name: np.zeros((seen, *shape)) for name, shape in shapes.items()})
        patients = t.randomised[:seen]
        horizon = float(params.trial.follow_up_days)
        _see_survival(
            patients,
            p.arm,
            p.death_after_days,
            p.loss_after_days,
            horizon,
            grid.days,
            found.survival,
            found.at_risk,
        )
        row = np.repeat(np.arange(seen), patients)
        rows = row.size
        by = np.searchsorted(grid.recruitment, p.entry_day[:rows])
        np.add.at(found.recruited, (row, by), 1.0)
        np.cumsum(found.recruited, axis=1, out=found.recruited)
        arm = p.arm[:rows]
        _see_meld(row, arm, p.visit_meld[:rows], found)
        if grid.weeks:
            _see_sessions(row, arm, p.entry_day[:rows], s, rows, grid, found)
        return tuple(found)

    return Observer(observe, TRIALS_SEEN, ("curves", grid))


@njit(error_model="numpy", nogil=True)
def _see_survival(
    patients: Ints,
    arm: Ints,
    death: Floats,
    loss: Floats,
    horizon: float,
    days: Floats,
    survival: Floats,
    at_risk: Floats,
) -> None:
    """Kaplan-Meier estimate of each arm of each trial on the grid's days.

    The lost are at risk until they are lost; whoever dies on that very day is seen to.
    """
    row = 0
    for trial in range(patients.size):
        end = row + patients[trial]
        for a in range(survival.shape[1]):
            until = np.empty(end - row)
            size = 0
            died = np.empty(end - row)
            deaths = 0
            for i in range(row, end):
                if arm[i] != a:
                    continue
                seen = death[i] <= min(loss[i], horizon)
                until[size] = min(death[i], loss[i], horizon)
                size += 1
                if seen:
                    died[deaths] = death[i]
                    deaths += 1
            ends, times = np.sort(until[:size]), np.sort(died[:deaths])
            share, gone, k = 1.0, 0, 0
            for d in range(days.size):
                while k < deaths and times[k] <= days[d]:
                    while ends[gone] < times[k]:
                        gone += 1
                    share *= 1.0 - 1.0 / (size - gone)
                    gone += 1
                    k += 1
                survival[trial, a, d] = share if size > 0 else math.nan
                before = gone
                while before < size and ends[before] < days[d]:
                    before += 1
                at_risk[trial, a, d] = size - before
        row = end


def _see_meld(row: Ints, arm: Ints, visit_meld: Floats, found: CurveRows) -> None:
    taken = ~np.isnan(visit_meld)
    for visit in range(visit_meld.shape[1]):
        has = taken[:, visit]
        at = row[has], arm[has]
        np.add.at(found.assessed[:, :, visit], at, 1.0)
        np.add.at(found.meld[:, :, visit], at, visit_meld[has, visit])
    with np.errstate(invalid="ignore"):
        np.divide(found.meld, found.assessed, out=found.meld)


def _see_sessions(
    row: Ints, arm: Ints, entry_day: Floats, sessions: Any, rows: int, grid: Grid, found: CurveRows
) -> None:
    status = sessions.status[:rows]
    given = np.isin(status, SESSIONS_GIVEN)
    patient, number = np.nonzero(given)
    start = sessions.start_day[patient, number]
    week = ((start - entry_day[patient]) // 7).astype(np.int64)
    np.add.at(found.started, (row[patient], arm[patient], np.clip(week, 0, grid.weeks - 1)), 1.0)
    # A session that ends early has used its plasma all the same.
    patient, number = np.nonzero(~np.isnan(sessions.start_day[:rows]))
    start = sessions.start_day[patient, number]
    month = np.searchsorted(grid.months, start, side="right") - 1
    np.add.at(found.plasma, (row[patient], month), sessions.plasma_litres[patient, number])


_COUNTS = "at_risk", "recruited", "assessed", "started"  # exact in 32 bits


@dataclass
class CurveRecorder:
    """What was seen of the trials of a run so far."""

    grid: Grid
    _parts: list[CurveRows] = field(default_factory=list)

    def keep(self, _first_trial: int, unit: UnitResult) -> None:
        """Take in a unit of work."""
        if unit.observed and unit.observed[0].shape[0]:
            rows = CurveRows(*unit.observed)
            self._parts.append(rows._replace(**{name: _small(rows, name) for name in _COUNTS}))

    def _whole(self, name: str) -> Any:
        """Return a column of all trials; its parts are let go, which halves the memory."""
        column = np.concatenate([getattr(part, name) for part in self._parts])
        self._parts = [part._replace(**{name: column[:0]}) for part in self._parts]
        return column

    def tables(self, params: Params, arms: Sequence[str]) -> Curves:
        """Return the tables that the scenario models."""
        seen = CurveRows(*map(self._whole, CurveRows._fields))
        self._parts = [seen]
        has_meld = params.lab.modelled and seen.meld.shape[2]
        return Curves(
            survival=_survival_table(seen, self.grid, arms),
            recruitment=_recruitment_table(seen, self.grid),
            meld=_meld_table(seen, params, arms) if has_meld else (),
            sessions=_sessions_table(seen, params, arms) if self.grid.weeks else (),
            plasma=_plasma_table(seen, self.grid) if self.grid.weeks else (),
        )


def _small(rows: CurveRows, name: str) -> Any:
    """Return a column of whole numbers of patients or sessions in half the memory."""
    return getattr(rows, name).astype(np.float32)


def _mean(values: Floats, *quantiles: int) -> dict[str, float]:
    """Mean over the trials that have a value, its Monte Carlo error, and percentiles p5 ..."""
    values = values.astype(np.float64)
    known = values[~np.isnan(values)]
    if known.size == 0:
        return dict.fromkeys(("mean", "mcse", *(f"p{q}" for q in quantiles)), math.nan)
    error = float(known.std(ddof=1)) / math.sqrt(known.size) if known.size > 1 else math.nan
    found = {"mean": float(known.mean()), "mcse": error}
    if quantiles:
        at = np.percentile(known, quantiles).tolist()
        found |= {f"p{q}": value for q, value in zip(quantiles, at, strict=True)}
    return found


def _survival_table(seen: CurveRows, grid: Grid, arms: Sequence[str]) -> tuple[SurvivalPoint, ...]:
    table = []
    for a, arm in enumerate(arms):
        for d, day in enumerate(grid.days.tolist()):
            found = _mean(seen.survival[:, a, d], 5, 95)
            at_risk = float(seen.at_risk[:, a, d].mean(dtype=np.float64))
            table.append(SurvivalPoint(arm, day, found.pop("mean"), **found, at_risk=at_risk))
    return tuple(table)


def _recruitment_table(seen: CurveRows, grid: Grid) -> tuple[RecruitmentPoint, ...]:
    """Patients randomised by each day of the grid, up to the first by which no trial goes on."""
    over = (seen.recruited == seen.recruited[:, -1:]).all(axis=0)
    return tuple(
        RecruitmentPoint(day, **_mean(seen.recruited[:, k], 5, 25, 50, 75, 95))
        for k, day in enumerate(grid.recruitment[: int(np.argmax(over)) + 1].tolist())
    )


def _meld_table(seen: CurveRows, params: Params, arms: Sequence[str]) -> tuple[MeldPoint, ...]:
    table = []
    for a, arm in enumerate(arms):
        for visit, day in enumerate(params.assessment.day.tolist()):
            found = _mean(seen.meld[:, a, visit], 5, 95)
            patients = float(seen.assessed[:, a, visit].mean(dtype=np.float64))
            table.append(MeldPoint(arm, day, found.pop("mean"), **found, patients=patients))
    return tuple(table)


def _sessions_table(
    seen: CurveRows, params: Params, arms: Sequence[str]
) -> tuple[SessionsPoint, ...]:
    """Sessions of a trial by week since randomisation, up to the last week that has any."""
    planned = np.zeros(seen.started.shape[1:])
    patients = seen.at_risk[:, :, 0].mean(axis=0, dtype=np.float64)
    for a in range(len(arms)):
        for k in range(int(params.plan.sessions[a])):
            day = params.plan.first_after_days[a] + k * params.plan.least_interval_days[a]
            if day < params.trial.follow_up_days:
                planned[a, int(day // 7)] += patients[a]
    busy = np.flatnonzero(seen.started.any(axis=(0, 1)) | planned.any(axis=0))
    weeks = int(busy[-1]) + 1 if busy.size else 0
    table = []
    for a, arm in enumerate(arms):
        for week in range(weeks):
            found = _mean(seen.started[:, a, week])
            due = float(planned[a, week])
            table.append(SessionsPoint(arm, week + 1, due, found["mean"], found["mcse"]))
    return tuple(table)


def _plasma_table(seen: CurveRows, grid: Grid) -> tuple[PlasmaPoint, ...]:
    weeks = np.diff(grid.months) / 7
    used = np.flatnonzero(seen.plasma.any(axis=0))
    table = []
    for k in range(int(used[-1]) + 1 if used.size else 0):
        start, end = grid.months[k : k + 2]
        found = _mean(seen.plasma[:, k] / weeks[k], 5, 95)
        litres = found.pop("mean")
        table.append(PlasmaPoint(k + 1, float(start), float(end), litres, **found))
    return tuple(table)
