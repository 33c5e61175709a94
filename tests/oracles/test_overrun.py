"""The overrun of stopped trials, counted by hand in the records of each."""

import math

import numpy as np
import pytest
import reference_analysis
from reference_analysis import F, state, trials_in
from reference_looks import was_treated, with_sessions
from scenario_builder import changed
from test_looks import CASES, SEED, bare_trial, fast, slow

from simulator.analysis import plans_of
from simulator.declarations.analyses import STATISTICS
from simulator.engines.independence import are_independent
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.evaluation import Evaluation
from simulator.montecarlo.lane_parts import run_lane_part
from simulator.montecarlo.monitored_lanes import are_looked_at_in_lanes
from simulator.params.lower import lower

NAMES = ("overrun_randomised", "overrun_completed", "overrun_events")


def counted(trial, plan, day):
    """Patients entered, those with a known end, and events of the analysis by a day."""
    entered = sum(p["entry_day"] <= day for p in trial)
    if plan.population == "treated":
        trial = was_treated(trial, day)
    states = [(p, state(p, day, plan.lost, plan.transplant)[0]) for p in trial]
    ended = sum(p["entry_day"] + F <= day and what in ("dead", "complete") for p, what in states)
    return entered, ended, sum(what == "dead" for _, what in states)


@pytest.mark.parametrize("name", CASES)
def test_the_overrun_is_what_the_final_analysis_has_beyond_the_look(name):
    scenario = CASES[name]
    part, _ = fast(scenario, 20)
    plans, stops, gained = plans_of(scenario), 0, 0
    plan = next(p for p in plans if p.name == scenario.monitoring.analysis)
    is_counted = STATISTICS[plan.test].information == "completed"
    for trial, one in enumerate(slow(scenario, 20)):
        ours = np.stack([getattr(part.looks.rows, column)[trial] for column in NAMES])
        last = one.looks[-1]
        expected = np.full(ours.shape, math.nan)
        if last.place < len(scenario.monitoring.looks):
            patients = with_sessions(one.records)
            now, end = (counted(patients, plan, day) for day in (last.cut_day, math.inf))
            more = np.subtract(end, now).astype(float)
            if not is_counted:
                more[1] = math.nan
            expected[:, last.place] = more
            stops, gained = stops + 1, gained + (np.nansum(more) > 0)
        np.testing.assert_array_equal(ours, expected, err_msg=f"trial {trial}, {last}")
    assert stops
    assert gained or name.startswith("no boundary")  # whose stops come when all have ended


def test_lanes_count_the_same_overrun():
    scenario = CASES["bare trial, log-rank, two looks and a threshold"]
    params, plans = lower(scenario), plans_of(scenario)
    monitoring = monitoring_plan(scenario, plans)
    assert are_independent(params)
    assert are_looked_at_in_lanes(plans, monitoring)
    asked = Evaluation(plans, (), (), monitoring=monitoring)
    lanes = run_lane_part(params, asked, asked.layout(params), SEED, 0, 200).looks.rows
    records = fast(scenario, 200)[0].looks.rows
    late = lanes.stopped & (np.nan_to_num(lanes.overrun_randomised).sum(axis=1) == 0)
    assert 0 < late.sum() < lanes.stopped.sum()
    for column in NAMES:
        np.testing.assert_array_equal(getattr(lanes, column), getattr(records, column))


def test_of_a_trial_with_a_common_end_the_overrun_is_known_by_then(monkeypatch):
    """A stopped trial ends 84 days after its last entry; what comes later is no part of it."""
    scenario = bare_trial(
        max_information=40, looks=[{"at": {"deaths": 15}}], futility={"rule": "z(0.4)"}
    )
    longer = {"trial.max_follow_up_days": 400, "trial.end": {"deaths": 40}}
    part, records = fast(changed(scenario, longer), 40)
    (plan,), rows = plans_of(scenario), part.looks.rows
    monkeypatch.setattr(reference_analysis, "F", 400)
    ends, cut_short = records.trials.trial_end_day, 0
    for trial, patients in enumerate(trials_in(records)):
        if not rows.stopped[trial]:
            assert np.isnan(rows.overrun_events[trial]).all()
            continue
        now, end, ever = (
            counted(patients, plan, day) for day in (rows.cut_day[trial, 0], ends[trial], math.inf)
        )
        assert rows.overrun_randomised[trial, 0] == end[0] - now[0]
        assert rows.overrun_events[trial, 0] == end[2] - now[2]
        cut_short += ever[2] > end[2]
    assert cut_short
