"""Records to be filled, and records that are filled already because nothing can happen."""

import math
from functools import lru_cache
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from simulator.declarations.exits import DRAWN, Exit
from simulator.engines.compiled.independent import allocate_rows, run_independent
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.structures import Floats
from simulator.engines.independence import course_of
from simulator.params.types import Params
from simulator.records import (
    ADVERSE_EVENTS,
    LABS,
    MELD_LABS,
    Patients,
    Sessions,
    TrialRecords,
    Trials,
    columns,
)

_NEVER_SEEN = ("baseline_lab", "baseline_meld", "visit_after_days", "visit_meld")  # NaN
_ONE = ("frailty",)


def _sizes(params: Params) -> tuple[tuple[str, int], ...]:
    """Length of every axis that a column may have beyond its row."""
    return (
        ("arm", len(params.allocation.ratio)),
        ("lab", LABS),
        ("meld lab", MELD_LABS),
        ("adverse event", ADVERSE_EVENTS),
        ("visit", params.assessment.day.size),
        ("criterion", params.eligibility.first.size - 1),
        ("session", params.max_sessions),
    )


@lru_cache(maxsize=16)
def _shapes(
    kind: Any, sizes: tuple[tuple[str, int], ...]
) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Shape beyond the row, and type, of every column of a table."""
    types, size = get_type_hints(kind), dict(sizes)
    return {
        name: (
            tuple(size[axis] for axis in column.axes),
            np.int64 if "int64" in str(types[name]) else np.float64,
        )
        for name, column in columns(kind).items()
    }


def new_table(kind: Any, rows: int, params: Params) -> Any:
    """Return a table of zeros; visits that nobody writes are never seen."""
    return kind(
        *(
            np.full((rows, *axes), math.nan)
            if name in _NEVER_SEEN
            else np.zeros((rows, *axes), dtype)
            for name, (axes, dtype) in _shapes(kind, _sizes(params)).items()
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
    """Simulate trials whose patients do not touch each other; `entries` are in order."""
    trials, target = entries.shape[0], params.trial.target_randomised
    if entries.shape[1] < target:
        missing = target - entries.shape[1]
        entries = np.pad(entries, ((0, 0), (0, missing)), constant_values=math.inf)
    entries = np.ascontiguousarray(entries[:, :target])
    shapes = _shapes(Patients, _sizes(params))
    filled: dict[str, npt.NDArray[Any]] = {"entry_day": entries.reshape(-1)} | {
        name: np.empty((trials * target, *shapes[name][0]), shapes[name][1]) for name in _FILLED
    }
    happens = [drawn.key for drawn in _NOT_DEATHS if params.exits.rate_per_day[drawn]]
    others = np.empty((len(happens), trials * target))
    allocated = (
        filled["allocation_draw"], filled["arm"], filled["allocation_probability"]
    )  # fmt: skip
    allocate_rows(inputs.allocation, seed, first_trial, target, *allocated)
    run_independent(
        course_of(params.hazard),
        params.exits,
        float(params.trial.follow_up_days),
        target,
        seed,
        first_trial,
        trials,
        *(filled[name] for name in _SETTLED),
        others,
    )
    filled |= {f"{name}_after_days": column for name, column in zip(happens, others, strict=True)}
    index = np.arange(first_trial, first_trial + trials)
    limit = params.trial.max_recruitment_days
    if trials and entries[:, -1].max() <= limit:
        randomised, numbers = _constant(target, (trials,), np.int64), _numbers(trials, target)
        last = entries[:, -1]
        filled["trial"] = np.repeat(index, target)
    else:  # patients who come too late are dropped
        entered = entries <= limit
        randomised, numbers = entered.sum(axis=1), np.nonzero(entered)[1]
        last = np.where(entered, entries, 0.0).max(axis=1, initial=0.0)
        filled = {name: column[entered.reshape(-1)] for name, column in filled.items()}
        filled["trial"] = np.repeat(index, randomised)
    filled |= {"patient": numbers, "candidate": numbers}
    rows = numbers.size
    for name, (axes, dtype) in shapes.items():
        if name not in filled:
            filled[name] = _constant(_without(name), (rows, *axes), dtype)
    patients = Patients(**filled)
    end = np.where(randomised >= target, last, min(limit, params.accrual.over_days))
    followed = np.where(randomised > 0, last + params.trial.follow_up_days, end)
    t = new_table(Trials, trials, params)._replace(
        trial=index,
        first_row=np.cumsum(randomised) - randomised,
        screened=randomised,
        randomised=randomised,
        recruitment_end_day=end,
        trial_end_day=np.maximum(end, followed),
    )
    return read_only(t, patients, new_table(Sessions, rows, params), rows)


_OF_EXITS = "death_after_days", "death_cause", "liver_cumulative_hazard"
_FILLED = ("arm", "allocation_probability", "allocation_draw", *_OF_EXITS)
_SETTLED = ("entry_day", "arm", *_OF_EXITS)
_NOT_DEATHS = tuple(drawn for drawn in DRAWN if drawn is not Exit.TUMOUR)


def _without(name: str) -> float:
    """Value of a column of what the scenario does not have."""
    if name in _NEVER_SEEN:
        return math.nan
    if name.startswith(tuple(drawn.key for drawn in _NOT_DEATHS)):
        return math.inf
    return 1.0 if name in _ONE else 0.0
