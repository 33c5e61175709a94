"""From addresses to the records of trials in lanes."""

import numpy as np

from simulator.allocation import Plan, build_plan
from simulator.conduct import Conduct, check_conduct
from simulator.engines.lanes.arms import allocate_lanes
from simulator.engines.lanes.ends import Ends, ends_of, settle_lanes
from simulator.engines.lanes.entries import draw_entries, end_recruitment
from simulator.errors import ConductError
from simulator.lanes.records import LaneRecords
from simulator.lanes.sorting import MOST_ROWS
from simulator.params.types import Params
from simulator.records import Ints

_LANES, _LANES_OF_LARGE = 64, 16
_latest: list[tuple[Params, Plan, Ends]] = []


def lanes_of(patients: int, trials: int) -> int:
    """How many of so many trials go side by side: no more than a processor's cache holds."""
    return min(_LANES if patients <= MOST_ROWS else _LANES_OF_LARGE, trials)


def simulate_lanes(
    params: Params, seed: int, first_trial: int, trials: int, lanes: int | None = None
) -> LaneRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1` of two arms, as planned.

    Parameters
    ----------
    params
        A scenario that `are_independent`.
    lanes
        Trials side by side, `lanes_of` them unless given: the answer does not depend on it.
    """
    indices = np.arange(first_trial, first_trial + trials)
    return _simulated(params, seed, indices, lanes, None)


def conduct_lanes(
    params: Params, seed: int, conduct: Conduct, lanes: int | None = None
) -> LaneRecords:
    """Simulate trials of two arms whose conduct was changed (model page, section 11).

    Raises
    ------
    ConductError
        If the trials cannot be conducted so, or one of them pauses: `compiled.conducted` does that.
    """
    check_conduct(params, conduct)
    if (conduct.pause_from_day < conduct.pause_until_day).any():
        rule, remedy = "no trial in lanes pauses", "use the compiled engine"
        raise ConductError("pause_from_day", conduct.pause_from_day, rule, remedy)
    return _simulated(params, seed, conduct.trial, lanes, conduct)


def _simulated(
    params: Params, seed: int, indices: Ints, lanes: int | None, conduct: Conduct | None
) -> LaneRecords:
    trials, patients = indices.size, params.trial.target_randomised
    lanes = lanes_of(patients, trials) if lanes is None else lanes
    blocks = -(-trials // lanes)
    trial = np.full((blocks, lanes), indices[-1])  # again and again, beyond the last
    trial.ravel()[:trials] = indices
    entry_day = draw_entries(params, seed, trial)
    closes_day = np.full(trials, min(params.trial.max_recruitment_days, params.accrual.over_days))
    if conduct is not None:
        closes_day = np.minimum(closes_day, conduct.recruitment_closes_day)
        end_recruitment(conduct, entry_day)
    key = np.empty((blocks, patients, lanes), np.int64)
    plan, ends = _worked_out(params)
    allocate_lanes(params, plan, seed, trial, key)
    transplant, counts = settle_lanes(ends, seed, trial, entry_day, key)
    return LaneRecords(trials, closes_day, entry_day, key, transplant, counts)


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
