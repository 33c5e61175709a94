"""Records to be filled, and records that are filled already because nothing can happen."""

import math
from functools import lru_cache
from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

from simulator.conduct import Conduct
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

Bools = npt.NDArray[np.bool_]

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


class _Entering(NamedTuple):
    """Who of the candidates of independent trials are randomised.

    Attributes
    ----------
    entries
        (trials, candidates): trial days in order, as many as matter.
    entered
        (trials, candidates), or None where all of them are randomised.
    """

    entries: Floats
    entered: Bools | None


def _entering(params: Params, conduct: Conduct, entries: Floats) -> _Entering:
    """Find who is randomised; infinity is put in for candidates that the target lacks."""
    target, candidates = params.trial.target_randomised, entries.shape[1]
    last_day = np.minimum(conduct.recruitment_closes_day, params.trial.max_recruitment_days)
    from_day, until_day = conduct.pause_from_day, conduct.pause_until_day
    pauses = np.flatnonzero((from_day < until_day).any(axis=0))
    if candidates < target:
        missing = target - candidates
        entries = np.pad(entries, ((0, 0), (0, missing)), constant_values=math.inf)
    elif not pauses.size:  # else those who come later take the places of the candidates missed
        entries = np.ascontiguousarray(entries[:, :target])
    full = (conduct.most_randomised >= target).all() and (entries[:, -1] <= last_day).all()
    if full and not pauses.size:
        return _Entering(entries, None)
    entered = entries <= last_day[:, None]
    for k in pauses:
        entered &= ~((from_day[:, [k]] < entries) & (entries < until_day[:, [k]]))
    entered &= entered.cumsum(axis=1) <= conduct.most_randomised[:, None]
    return _Entering(entries, entered)


def independent_records(
    params: Params, inputs: Inputs, seed: int, conduct: Conduct, entries: Floats
) -> TrialRecords:
    """Simulate trials whose patients do not touch each other; `entries` are in order."""
    trials, target = conduct.trial.size, params.trial.target_randomised
    entries, entered = _entering(params, conduct, entries)
    candidates = entries.shape[1]
    shapes = _shapes(Patients, _sizes(params))
    filled: dict[str, npt.NDArray[Any]] = {"entry_day": entries.reshape(-1)} | {
        name: np.empty((trials * rows, *shapes[name][0]), shapes[name][1])
        for names, rows in ((_ALLOCATED, target), (_OF_EXITS, candidates))
        for name in names
    }
    happens = [drawn.key for drawn in _NOT_DEATHS if params.exits.rate_per_day[drawn]]
    others = np.empty((len(happens), trials * candidates))
    allocated = (filled[name] for name in _ALLOCATED)
    allocate_rows(inputs.allocation, seed, conduct.trial, target, *allocated)
    arm = filled["arm"]
    if entered is not None:  # by place among those who enter
        place = np.clip(entered.cumsum(axis=1) - 1, 0, target - 1)
        arm = np.take_along_axis(arm.reshape(trials, target), place, axis=1).reshape(-1)
    run_independent(
        course_of(params.hazard),
        params.exits,
        float(params.trial.max_follow_up_days),
        candidates,
        seed,
        conduct.trial,
        filled["entry_day"],
        arm,
        *(filled[name] for name in _OF_EXITS),
        others,
    )
    filled |= {f"{name}_after_days": column for name, column in zip(happens, others, strict=True)}
    if entered is None:
        randomised = _constant(target, (trials,), np.int64)
        last, numbers = entries[:, -1], _numbers(trials, target)
        filled |= {"trial": np.repeat(conduct.trial, target), "candidate": numbers}
    else:  # those who do not enter are dropped
        randomised = entered.sum(axis=1)
        last = np.where(entered, entries, 0.0).max(axis=1, initial=0.0)
        placed = np.arange(target) < randomised[:, None]
        kept = {name: placed if name in _ALLOCATED else entered for name in filled}
        filled = {name: column[kept[name].reshape(-1)] for name, column in filled.items()}
        numbers = np.nonzero(placed)[1]
        filled["candidate"] = np.nonzero(entered)[1]
        filled["trial"] = np.repeat(conduct.trial, randomised)
    filled["patient"] = numbers
    rows = numbers.size
    for name, (axes, dtype) in shapes.items():
        if name not in filled:
            filled[name] = _constant(_without(name), (rows, *axes), dtype)
    patients = Patients(**filled)
    limit = min(params.trial.max_recruitment_days, params.accrual.over_days)
    closes = np.minimum(conduct.recruitment_closes_day, limit)
    end = np.where(randomised >= conduct.most_randomised, last, closes)
    followed = np.where(randomised > 0, last + params.trial.max_follow_up_days, end)
    t = new_table(Trials, trials, params)._replace(
        trial=conduct.trial,
        first_row=np.cumsum(randomised) - randomised,
        screened=randomised,
        randomised=randomised,
        recruitment_end_day=end,
        trial_end_day=np.maximum(end, followed),
    )
    return read_only(t, patients, new_table(Sessions, rows, params), rows)


_ALLOCATED = "allocation_draw", "arm", "allocation_probability"
_OF_EXITS = "death_after_days", "death_cause", "liver_cumulative_hazard"
_NOT_DEATHS = tuple(drawn for drawn in DRAWN if drawn is not Exit.TUMOUR)


def _without(name: str) -> float:
    """Value of a column of what the scenario does not have."""
    if name in _NEVER_SEEN:
        return math.nan
    if name.startswith(tuple(drawn.key for drawn in _NOT_DEATHS)):
        return math.inf
    return 1.0 if name in _ONE else 0.0
