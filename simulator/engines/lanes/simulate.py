"""From addresses to the records of trials in lanes."""

import numpy as np

from simulator.allocation import Plan, build_plan
from simulator.engines.lanes.arms import allocate_lanes
from simulator.engines.lanes.ends import Ends, ends_of, settle_lanes
from simulator.engines.lanes.entries import draw_entries
from simulator.lanes.records import LaneRecords
from simulator.lanes.sorting import MOST_ROWS
from simulator.params.types import Params

_LANES, _LANES_OF_LARGE = 64, 16
_latest: list[tuple[Params, Plan, Ends]] = []


def lanes_of(patients: int, trials: int) -> int:
    """How many of so many trials go side by side: no more than a processor's cache holds."""
    return min(_LANES if patients <= MOST_ROWS else _LANES_OF_LARGE, trials)


def simulate_lanes(
    params: Params,
    seed: int,
    first_trial: int,
    trials: int,
    lanes: int | None = None,
    *,
    can_close: bool = False,
) -> LaneRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1` of two arms, as planned.

    Parameters
    ----------
    params
        A scenario that `are_independent`.
    lanes
        Trials side by side, `lanes_of` them unless given: the answer does not depend on it.
    can_close
        Whether `close_lanes` is to be asked of them.
    """
    patients = params.trial.target_randomised
    lanes = lanes_of(patients, trials) if lanes is None else lanes
    blocks = -(-trials // lanes)
    trial = np.full((blocks, lanes), first_trial + trials - 1)  # the last again, beyond it
    trial.ravel()[:trials] = np.arange(first_trial, first_trial + trials)
    entry_day = draw_entries(params, seed, trial)
    closes_day = np.full(trials, min(params.trial.max_recruitment_days, params.accrual.over_days))
    key = np.empty((blocks, patients, lanes), np.int64)
    plan, ends = _worked_out(params)
    allocate_lanes(params, plan, seed, trial, key)
    settled = settle_lanes(ends, seed, trial, entry_day, key, can_close)
    return LaneRecords(trials, closes_day, entry_day, key, *settled)


def _worked_out(params: Params) -> tuple[Plan, Ends]:
    """Return what is the same in all trials; that of the latest scenario is kept."""
    for known, plan, ends in _latest[-1:]:
        if known is params:
            return plan, ends
    a = params.allocation
    plan = build_plan(a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised)
    ends = ends_of(params)
    _latest[:] = [(params, plan, ends)]
    return plan, ends
