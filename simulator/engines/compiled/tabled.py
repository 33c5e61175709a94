"""Records to be filled, and records that are filled already because nothing can happen."""

import math
from functools import lru_cache
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from simulator import allocation
from simulator.engines.compiled.independent import run_independent, table_of
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.state import Floats
from simulator.params.types import Params
from simulator.records import Patients, Sessions, TrialRecords, Trials, columns

_LABS, _MELD_LABS, _ADVERSE_EVENTS = 4, 3, 4
_NEVER_SEEN = ("baseline_lab", "baseline_meld", "visit_after_days", "visit_meld")  # NaN
_NEVER_HAPPENS = ("transplant", "withdrawal", "loss", "infection")  # infinity
_ONE = ("frailty",)


def _shapes(kind: type[Any], params: Params) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Shape beyond the row, and type, of every column of a table."""
    sizes = {
        "arm": len(params.allocation.ratio),
        "lab": _LABS,
        "meld lab": _MELD_LABS,
        "adverse event": _ADVERSE_EVENTS,
        "visit": params.assessment.day.size,
        "criterion": params.eligibility.first.size - 1,
        "session": params.max_sessions,
    }
    types = get_type_hints(kind)
    return {
        name: (
            tuple(sizes[axis] for axis in column.axes),
            np.int64 if "int64" in str(types[name]) else np.float64,
        )
        for name, column in columns(kind).items()
    }


def new_table(kind: type[Any], rows: int, params: Params) -> Any:
    """Return a table of zeros; visits that nobody writes are never seen."""
    return kind(
        *(
            np.full((rows, *axes), math.nan if name in _NEVER_SEEN else 0, dtype)
            for name, (axes, dtype) in _shapes(kind, params).items()
        )
    )


def read_only(t: Trials, p: Patients, s: Sessions, rows: int) -> TrialRecords:
    """Return the records with the rows that were filled, not to be changed any more."""
    records = TrialRecords(
        t,
        Patients._make(column[:rows] for column in p),
        Sessions._make(column[:rows] for column in s),
    )
    for table in records:
        for column in table:
            column.flags.writeable = False
    return records


@lru_cache(maxsize=64)
def _constant(value: float, shape: tuple[int, ...], dtype: type[Any]) -> npt.NDArray[Any]:
    column = np.full(shape, value, dtype)
    column.flags.writeable = False
    return column


@lru_cache(maxsize=4)
def _numbers(trials: int, patients: int) -> npt.NDArray[np.int64]:
    """Numbers of the patients of trials that are all of one size."""
    return np.tile(np.arange(patients), trials)


def independent_records(
    params: Params, inputs: Inputs, seed: int, first_trial: int, entries: Floats
) -> TrialRecords:
    """Simulate trials whose patients do not touch each other."""
    trials, target = entries.shape[0], params.trial.target_randomised
    most = trials * target
    others = np.empty((4 if params.exits.rate_per_day.any() else 0, most))
    filled = {
        name: np.empty((most, *axes), dtype)
        for name, (axes, dtype) in _shapes(Patients, params).items()
        if name in _FILLED
    }
    randomised = np.empty(trials, np.int64)
    state = allocation.new_state(inputs.allocation)
    rows = run_independent(
        inputs,
        table_of(inputs.allocation, state),
        seed,
        first_trial,
        entries,
        randomised,
        *(filled[name] for name in _FILLED),
        others,
    )
    filled = {name: column[:rows] for name, column in filled.items()}
    filled |= dict(zip(_OTHERS, others[:, :rows], strict=False))
    sizes = randomised.tolist()
    alike = randomised.size > 0 and min(sizes) == max(sizes)
    numbers = (
        _numbers(trials, sizes[0])
        if alike
        else np.concatenate([np.arange(0), *(np.arange(n) for n in sizes)])
    )
    index = np.arange(first_trial, first_trial + trials)
    filled |= {"trial": np.repeat(index, randomised), "patient": numbers, "candidate": numbers}
    patients = Patients(
        *(
            filled[name] if name in filled else _constant(_without(name), (rows, *axes), dtype)
            for name, (axes, dtype) in _shapes(Patients, params).items()
        )
    )
    t = new_table(Trials, trials, params)
    ends = np.cumsum(randomised)
    reached = randomised >= target
    last = patients.entry_day[np.maximum(ends - 1, 0)] if rows else np.zeros(trials)
    limit = min(params.trial.max_recruitment_days, params.accrual.over_days)
    end = np.where(reached, last, limit)
    followed = np.where(randomised > 0, last + params.trial.follow_up_days, end)
    t = t._replace(
        trial=index,
        first_row=ends - randomised,
        screened=randomised,
        randomised=randomised,
        recruitment_end_day=end,
        trial_end_day=np.maximum(end, followed),
    )
    sessions = new_table(Sessions, rows, params)
    return read_only(t, patients, sessions, rows)


_FILLED = (
    "entry_day",
    "arm",
    "allocation_probability",
    "allocation_draw",
    "death_after_days",
    "death_cause",
    "liver_cumulative_hazard",
)
_OTHERS = (
    "transplant_after_days",
    "withdrawal_after_days",
    "loss_after_days",
    "infection_after_days",
)


def _without(name: str) -> float:
    """Value of a column of what the scenario does not have."""
    if name in _NEVER_SEEN:
        return math.nan
    if name.startswith(_NEVER_HAPPENS):
        return math.inf
    return 1.0 if name in _ONE else 0.0
