"""The gate between the engines on the scenarios that are shipped: every column, bit for bit."""

import functools

import pytest
from differences import assert_meaningful, assert_same

from calibration.targets import solve_targets
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.scenario.loader import load_scenario

SHIPPED = (
    "nct05484908",
    "nct05484908-null",
    "nct05484908-scarce",
    "nct05484908-slow",
    "nct05484908-strata",
    "two-arm-survival",
)
TRIALS_A_BATCH = 40
# Seed and first trial: five batches make 200 trials of each scenario.
BATCHES = (
    (1, 0),
    (20220812, 1_000),
    (2**32 + 1, 2**31 - TRIALS_A_BATCH // 2),
    (2**63 - 1, 2**31),
    (0, 2**32 - 1 - TRIALS_A_BATCH),
)


@functools.cache
def shipped_params(name: str) -> Params:
    """A shipped scenario, solved and lowered once."""
    return lower(solve_targets(load_scenario(name).scenario, lambda line: None))


@pytest.mark.parametrize(("of_seed", "first_trial"), BATCHES)
@pytest.mark.parametrize("name", SHIPPED)
def test_engines_agree_on_shipped_scenarios(name, of_seed, first_trial):
    params = shipped_params(name)
    asked = params, of_seed, first_trial, TRIALS_A_BATCH
    records = compiled.simulate(*asked)
    assert_same(records, reference.simulate(*asked))
    assert_meaningful(records, params)
