"""The gate between the engines on the scenarios that are shipped: every column, bit for bit."""

import functools

import pytest
from differences import HAZARD, assert_meaningful, assert_same

from calibration.targets import solve_targets
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.scenario.loader import load_scenario

SHIPPED = (
    "nct05484908",
    "nct05484908-events",
    "nct05484908-null",
    "nct05484908-noninferiority",
    "nct05484908-scarce",
    "nct05484908-slow",
    "nct05484908-strata",
    "two-arm-survival",
)
TRIALS_A_BATCH = 8
TRIALS_BEFORE = 52  # in the slow test, which holds those of the daily one too
# Seed and first trial: three batches make 24 trials of each scenario, and slowly all of them 300.
BATCHES = (1, 0), (2**32 + 1, 2**31 - TRIALS_A_BATCH // 2), (2**63 - 1, 2**31)
MORE = (20220812, 1_000), (0, 2**32 - 1 - TRIALS_A_BATCH)


@functools.cache
def shipped_params(name: str) -> Params:
    """A shipped scenario, solved and lowered once."""
    return lower(solve_targets(load_scenario(name).scenario, lambda line: None))


def hold_to_each_other(name: str, of_seed: int, first_trial: int, trials: int) -> None:
    """Hold the engines to each other on so many trials of a shipped scenario."""
    params = shipped_params(name)
    asked = params, of_seed, first_trial, trials
    records = compiled.simulate(*asked)
    assert_same(records, reference.simulate(*asked))
    assert_same(compiled.simulate(*asked, with_hazard=False), records, but=HAZARD)
    assert_meaningful(records, params)


@pytest.mark.parametrize(("of_seed", "first_trial"), BATCHES)
@pytest.mark.parametrize("name", SHIPPED)
def test_engines_agree_on_shipped_scenarios(name, of_seed, first_trial):
    hold_to_each_other(name, of_seed, first_trial, TRIALS_A_BATCH)


@pytest.mark.slow
@pytest.mark.parametrize(("of_seed", "first_trial"), BATCHES + MORE)
@pytest.mark.parametrize("name", SHIPPED)
def test_engines_agree_on_more_trials_of_shipped_scenarios(name, of_seed, first_trial):
    first = max(0, first_trial - TRIALS_BEFORE)
    hold_to_each_other(name, of_seed, first, TRIALS_A_BATCH + TRIALS_BEFORE)
