"""Trials in lanes are those of the compiled engine, to the last bit, and so is what comes of them.

The compiled engine, the analyses of records and the metrics of records are the oracle.
"""

import os
import pickle
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
from simulator.engines.lanes.others import least_words
from simulator.lanes.records import by_trial
from simulator.montecarlo import units
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.lane_metrics import come_in_lanes
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.params.types import ExitParams
from simulator.rules import hazard
from simulator.scenario.shipped import shipped_names
from simulator.truth import Truth
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
    others = draw(st.sampled_from([("loss",), ("transplant", "withdrawal", "loss")]))
    tumour = draw(st.sampled_from([{}, {"exits.tumour_death": exit_(draw, 50.0)}]))
    infection = exit_(draw, 50.0) | {"hazard_ratio": 1.0}
    if len(others) > 1:
        tumour |= {"exits.infection": infection}
    exits = {
        f"exits.{key}": exit_(draw, draw(st.sampled_from([0.5 * days, 1.0 * days, 200.0])))
        for key in others
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
        }
        | exits
        | tumour,
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


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenarios_that_lanes_take_are_those_of_records(name):
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    params, plans = lower(scenario), plans_of(scenario)
    takes = are_independent(params) and take_lanes(params, plans)
    assert takes == (name == "two-arm-survival")
    if takes:
        assert_same_trials(params, plans, 1, 0, 1000, 64)


def test_a_trial_alone_in_another_chunk_and_width_is_the_same():
    params = lower(shipped("two-arm-survival"))
    whole = simulate_lanes(params, 3, 0, 200)
    for first, trials, lanes in ((0, 64, 64), (70, 1, 64), (63, 100, 5), (199, 1, 1)):
        part = simulate_lanes(params, 3, first, trials, lanes)
        for name in ("entry_day", "key", "counts"):
            mine = by_trial(getattr(part, name), trials)
            np.testing.assert_array_equal(
                mine, by_trial(getattr(whole, name), 200)[first:][:trials]
            )


@pytest.mark.parametrize("rate", [0.5, 0.0006, 1e-9])
@pytest.mark.parametrize("until", [200.0, 84.0, 3.0, 1e-6])
def test_the_least_word_is_the_first_whose_exit_happens(rate, until):
    (least,) = least_words(ExitParams(np.array([rate]), np.array([until])), 84.0)

    def happens(word):
        return hazard.exit_time(rate, until, (word + 0.5) / 2**32) <= 84.0

    assert least == 2**32 or happens(int(least))
    assert least == 0 or not happens(int(least) - 1)
    words = np.random.default_rng(1).integers(0, 2**32, 500).tolist()
    words += list(range(max(least - 50, 0), min(least + 50, 2**32)))
    assert [happens(word) for word in words] == [word >= least for word in words]


@pytest.mark.parametrize("patients", [60, 150])
def test_sums_of_a_unit_from_lanes_are_those_from_records(patients, monkeypatch):
    scenario = bare(patients, {"exits.loss": {"net_probability": 0.05, "by_day": 84.0}})
    params, plans = lower(scenario), plans_of(scenario)
    truths = tuple(Truth(-0.5, 0.0, -0.5, 0.0) for _ in plans)
    asked = Evaluation(plans, truths, (), columns=("deaths", "trial_days"), table=True)
    assert come_in_lanes(params, plans)
    from_lanes = run_unit(params, asked, Engine.COMPILED, 1, 0, 2100)
    monkeypatch.setattr(units, "come_in_lanes", lambda *_: False)
    from_records = run_unit(params, asked, Engine.COMPILED, 1, 0, 2100)
    assert pickle.dumps(from_lanes) == pickle.dumps(from_records)


_DIGEST = """
import hashlib
from simulator.analysis import plans_of
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.engines.lanes import simulate_lanes
from simulator.params.lower import lower
from simulator.scenario.loader import load_scenario
scenario = load_scenario("two-arm-survival").scenario
records = simulate_lanes(lower(scenario), 1, 0, 128)
table = analyse_lanes(LaneBlock(records, 84), plans_of(scenario))
digest = hashlib.sha256()
for array in (records.entry_day, records.key, records.counts, *table):
    digest.update(array.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_bits_do_not_depend_on_the_width_of_the_processors_vectors(tmp_path):
    def digest(cpu):
        cache = tmp_path / (cpu or "host")
        own = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""} if cpu else {}
        environment = os.environ | own | {"NUMBA_CACHE_DIR": str(cache)} if cpu else os.environ
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        return done.stdout

    assert digest("generic") == digest(None)
