"""The compiled engine: the trials of the reference engine, bit for bit, at the machine's speed.

Written from the model page, with a control flow of its own; rules and random numbers are shared
(docs/decisions/0011-compiled-engine.md). `simulate` has the contract of the reference engine's.
"""

import math
import os
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from simulator.engines.compiled.inputs import inputs_of
from simulator.engines.compiled.recruitment import draw_entries
from simulator.engines.compiled.trials import run_trials
from simulator.params.types import Params
from simulator.records import Patients, Sessions, TrialRecords, Trials, columns

__all__ = ["is_cached", "simulate"]


def is_cached() -> bool:
    """Whether the kernels lie compiled in the user's cache, so that a run starts at once."""
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    return any(folder.rglob(f"*{run_trials.py_func.__name__}*.nbi"))


def simulate(params: Params, seed: int, first_trial: int, trials: int) -> TrialRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1` (see the reference engine)."""
    inputs = inputs_of(params)
    most = trials * params.trial.target_randomised
    axes = {
        "arm": len(params.allocation.ratio),
        "lab": 4,
        "meld lab": 3,
        "adverse event": 4,
        "visit": params.assessment.day.size,
        "criterion": params.eligibility.first.size - 1,
        "session": params.max_sessions,
    }
    t, p, s = (
        _table(kind, rows, axes)
        for kind, rows in ((Trials, trials), (Patients, most), (Sessions, most))
    )
    entries = np.empty((trials, params.accrual.candidates))
    if params.accrual.uniform:
        draw_entries(params.accrual.over_days, seed, first_trial, entries)
        entries.sort(axis=1)
    rows = run_trials(inputs, seed, first_trial, entries, t, p, s)
    return TrialRecords(
        t, Patients(*(column[:rows] for column in p)), Sessions(*(column[:rows] for column in s))
    )


def _table(kind: Any, rows: int, axes: dict[str, int]) -> Any:
    hints = get_type_hints(kind)
    made = []
    for name, column in columns(kind).items():
        shape = (rows, *(axes[axis] for axis in column.axes))
        dtype = (
            np.int64
            if hints[name] == kind.__annotations__.get("x", None) or "int64" in str(hints[name])
            else np.float64
        )
        fill = math.nan if name.startswith("visit") else 0
        made.append(np.full(shape, fill, dtype))
    return kind(*made)
