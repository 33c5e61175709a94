"""The compiled engine: the trials of the reference engine, bit for bit, at the machine's speed.

Written from the model page, with a control flow of its own; rules and random numbers are shared
(docs/decisions/0011-compiled-engine.md). `simulate` and `conducted` have the contracts of the
reference engine's.
"""

import contextlib
import ctypes

import numpy as np

from simulator.conduct import Conduct, as_planned, check_conduct
from simulator.engines.compiled.blocks import Stages, run_trials
from simulator.engines.compiled.inputs import inputs_of
from simulator.engines.compiled.recruitment import draw_entries
from simulator.engines.compiled.sharing import compile_together
from simulator.engines.compiled.tabled import independent_records, new_table, read_only
from simulator.engines.independence import are_independent
from simulator.params.types import Params
from simulator.records import Patients, Sessions, TrialRecords, Trials

__all__ = ["conducted", "simulate"]


# An allocator gives large arrays back to the system, which then has to clear them for the next
# block: a quarter of the time of a bare trial. GNU's is told to keep what is no larger than this;
# it learns that by itself, but not where its environment is set, as dask does for its workers.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGEST_KEPT = 2**25
with contextlib.suppress(OSError, AttributeError, TypeError):  # another allocator
    _mallopt = ctypes.CDLL(None).mallopt
    _mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    _mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_KEPT)


def simulate(
    params: Params, seed: int, first_trial: int, trials: int, with_hazard: bool = True
) -> TrialRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1` (see the reference engine).

    The columns are read-only; those of what the scenario does not have may share one array. Without
    `with_hazard`, `liver_cumulative_hazard` may be NaN: the days of patients who certainly survive
    are then skipped. All else is the same.
    """
    trial = np.arange(first_trial, first_trial + trials, dtype=np.int64)
    planned = as_planned(trial, params.trial.target_randomised)
    return _records(params, seed, planned, with_hazard)


def conducted(
    params: Params, seed: int, conduct: Conduct, with_hazard: bool = True
) -> TrialRecords:
    """Simulate the trials of a conduct, in its order, as decisions changed them.

    Everything else is as in `simulate`. Source: model page, section 11.

    Raises
    ------
    ConductError
        If trials of the scenario cannot be conducted so.
    """
    check_conduct(params, conduct)
    kinds = {"i": np.int64, "u": np.int64, "f": np.float64}
    # Kernels are compiled for contiguous arrays that can be written to, as those of `as_planned`.
    columns = (np.array(column, kinds[column.dtype.kind], order="C") for column in conduct)
    return _records(params, seed, Conduct._make(columns), with_hazard)


def _records(params: Params, seed: int, conduct: Conduct, with_hazard: bool) -> TrialRecords:
    inputs, trials = inputs_of(params), conduct.trial.size
    entries = np.empty((trials, params.accrual.candidates))
    if params.accrual.uniform:
        draw_entries(params.accrual.over_days, seed, conduct.trial, entries)
        entries.sort(axis=1)
    if are_independent(params):
        return independent_records(params, inputs, seed, conduct, entries)
    most = int(conduct.most_randomised.sum())
    t, p, s = (
        new_table(kind, rows, params)
        for kind, rows in ((Trials, trials), (Patients, most), (Sessions, most))
    )
    compile_together(params)
    stages = Stages(inputs, conduct, params.max_sessions, seed, t, p, s, with_hazard)
    rows = run_trials(stages, entries)
    return read_only(t, p, s, rows)
