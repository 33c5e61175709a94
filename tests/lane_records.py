"""Records turned into lanes, and what lanes and records are to agree on."""

import math

import numpy as np

from simulator.analysis import END, AnalysisPlan, analyse, design_of
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.engines import compiled
from simulator.engines.lanes import simulate_lanes
from simulator.lanes.records import CENSORED, NOBODY, Count, LaneRecords, by_trial, key_of
from simulator.montecarlo.columns import layout_of
from simulator.montecarlo.lane_metrics import lane_metric_rows_of
from simulator.montecarlo.trial_metrics import metric_rows_of
from simulator.params.types import Params
from simulator.records import TrialRecords


def as_lanes(
    records: TrialRecords, follow_up_days: int, patients: int, lanes: int, has_transplant: bool
) -> LaneRecords:
    """Turn records into lanes, patient by patient; `counts` has the patients alone."""
    trials = records.trials.randomised.size
    blocks = -(-trials // lanes)
    entry = np.full((blocks, patients, lanes), math.inf)
    key = np.full((blocks, patients, lanes), NOBODY, np.int64)
    transplant = np.full((blocks, patients if has_transplant else 0, lanes), math.inf)
    counts = np.zeros((blocks, len(Count), 2, lanes), np.int64)
    row, p = 0, records.patients
    for trial, size in enumerate(records.trials.randomised.tolist()):
        block, lane = divmod(trial, lanes)
        for patient in range(size):
            place = block, patient, lane
            death, loss = p.death_after_days[row], p.loss_after_days[row]
            until = min(loss, float(follow_up_days))
            censored = 0 if death <= until else CENSORED
            entry[place] = p.entry_day[row]
            key[place] = key_of(float(min(death, until)), censored, int(p.arm[row]))
            if has_transplant:
                transplant[place] = p.transplant_after_days[row]
            counts[block, Count.PATIENTS, int(p.arm[row]), lane] += 1
            row += 1
    closes_day = np.full(trials, math.nan)  # not in records
    nobody_asked = np.zeros((blocks, 0, lanes), np.int16)
    return LaneRecords(trials, closes_day, entry, key, transplant, counts, nobody_asked)


def assert_same_trials(
    params: Params,
    plans: tuple[AnalysisPlan, ...],
    seed: int,
    first_trial: int,
    trials: int,
    lanes: int,
) -> LaneRecords:
    """Require that lanes give what the compiled engine, the analyses and the metrics give."""
    records = compiled.simulate(params, seed, first_trial, trials)
    found = simulate_lanes(params, seed, first_trial, trials, lanes)
    follow_up, patients = params.trial.follow_up_days, params.trial.target_randomised
    has_transplant = found.transplant_after_days.shape[1] > 0
    expected = as_lanes(records, follow_up, patients, lanes, has_transplant)
    for name in ("entry_day", "key", "transplant_after_days"):
        ours, theirs = (by_trial(getattr(lane, name), trials) for lane in (found, expected))
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    assert_same_results(found, records, params, plans, seed)
    return found


def assert_same_results(
    found: LaneRecords,
    records: TrialRecords,
    params: Params,
    plans: tuple[AnalysisPlan, ...],
    seed: int,
) -> None:
    """Require that lanes and records give the same table and the same metrics."""
    follow_up = params.trial.follow_up_days
    ours = analyse_lanes(LaneBlock(found, follow_up), plans)
    theirs = analyse(records, plans, design_of(params, seed), END)
    for name in ours._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    for first in range(len(plans)):  # each as the primary analysis
        some = plans[first:]
        layout, block = layout_of(params, some), LaneBlock(found, follow_up)
        metrics = lane_metric_rows_of(params, layout, found, block, some)
        for mine, other in zip(metrics, metric_rows_of(params, layout, records, some), strict=True):
            np.testing.assert_array_equal(mine, other, err_msg=str(layout))
