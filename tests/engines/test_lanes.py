"""Trials in lanes are those of the compiled engine, to the last bit, and so is what comes of them.

The compiled engine, the analyses of records and the metrics of records are the oracle.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from simulator.allocation import SCHEMES
from simulator.analysis import plans_of
from simulator.analysis.lanes import take_lanes
from simulator.declarations.schemes import Factors, Ratio
from simulator.engines.independence import are_independent
from simulator.engines.lanes import simulate_lanes
from simulator.engines.lanes.ends import least_words
from simulator.lanes.records import by_trial
from simulator.params.lower import lower
from simulator.rules import hazard
from simulator.scenario.shipped import shipped_names
from tests.analysis_records import plan_of
from tests.engines.generated_scenarios import _OPTIONS as OPTIONS
from tests.lane_records import assert_same_trials
from tests.scenario_builder import bare, base_case, shipped

PLANS = (
    plan_of("log_rank", "censored", "event", name="a"),
    plan_of("log_rank", "excluded", "ignored", name="b"),
    plan_of("log_rank", "worst_case", "censored", name="c"),
    plan_of("log_rank", "best_case", "censored", name="d"),
    plan_of("chi_square", "excluded", "censored", name="e"),
    plan_of("yates", "worst_case", "ignored", name="f"),
    plan_of("risk_ratio", "best_case", "event", name="g", interval="log"),
    plan_of("km_difference", "censored", "ignored", name="h"),
)
BASELINES = (
    {"kind": "exponential"},
    {"kind": "weibull", "shape": 0.6},
    {"kind": "piecewise", "days": [9.0], "shares": [1.0]},
    {"kind": "piecewise", "days": [2.0, 5.0, 20.0, 84.0], "shares": [0.3, 0.0, 0.5, 0.2]},
)
TARGETS = st.one_of(st.integers(2, 20), st.integers(21, 70), st.sampled_from([128, 129, 200]))


def _baseline(baseline, mortality):
    horizon = baseline["days"][-1] if baseline["kind"] == "piecewise" else 84.0
    return baseline | {"horizon_days": horizon, "mortality_at_horizon": mortality}


def exit_(draw, by_day):
    return {"net_probability": draw(st.sampled_from([0.0, 0.0, 0.05, 0.5])), "by_day": by_day}


@st.composite
def scenarios(draw):
    """Scenarios of every scheme without factors, hazard and exit that patients alone can have."""
    words = [word for word, made in SCHEMES.items() if made.factors is not Factors.NEEDED]
    word = draw(st.sampled_from([w for w in words if not SCHEMES[w].adaptive]))
    made, target = SCHEMES[word], draw(TARGETS)
    ratio = draw(st.sampled_from([[1, 1], [2, 1], [1, 3]])) if made.ratio is Ratio.ANY else [1, 1]
    block = sum(ratio)
    target = max(target // block, 2) * block
    options = {
        key: draw(st.sampled_from(OPTIONS[key])) if key in OPTIONS else standard
        for key, standard in made.standard.items()
    }
    if word == "permuted_block":
        options = {"block_size": 2 * block}
        target = max(target, 2 * block)
    elif word == "random_blocks":
        options = {"block_sizes": [block, 2 * block]}
        target = max(target, 3 * block)
    days = draw(st.sampled_from([1, 30, 84]))
    mortality = draw(st.sampled_from([0.02, 0.4, 0.98]))
    baseline = draw(st.sampled_from(BASELINES))
    exits = {
        f"exits.{key}": exit_(draw, draw(st.sampled_from([0.5 * days, 1.0 * days, 200.0])))
        for key in ("transplant", "withdrawal", "loss")
    }
    return bare(
        target,
        {
            "allocation.scheme": word,
            "allocation.ratio": ratio,
            "allocation.options": options,
            "trial.follow_up_days": days,
            "trial.max_recruitment_days": draw(st.sampled_from([730.0, 700.0, 30.0])),
            "accrual.over_days": draw(st.sampled_from([730.0, 730.0, 10.0])),
            "accrual.candidates": target + draw(st.sampled_from([0, 0, 7])),
            "hazard.baseline": _baseline(baseline, mortality),
            "hazard.effect.hazard_ratio": draw(st.sampled_from([1.0, 0.5, 3.0])),
            "exits.tumour_death": exit_(draw, 50.0),
            "exits.infection": exit_(draw, 50.0) | {"hazard_ratio": 1.0},
        }
        | exits,
    )


@pytest.mark.parametrize("batch", range(2))
def test_generated_trials_are_those_of_records(batch):
    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        scenarios(),
        st.sampled_from([1, 0, 2**63 - 1]),
        st.sampled_from([0, 7, 2**32 - 6]),
        st.integers(1, 9),
        st.sampled_from([1, 3, 8, 64]),
    )
    def agree(scenario, run_seed, first_trial, trials, lanes):
        params = lower(scenario)
        assert are_independent(params)
        plans = tuple(plan for plan in PLANS if take_lanes(params, [plan]))
        assert_same_trials(params, plans, run_seed, first_trial, trials, lanes)

    agree()
