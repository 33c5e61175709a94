"""The gate between the engines: every column of every patient of every trial, bit for bit.

The reference engine is the oracle. Scenarios that are shipped, and generated ones that ask for
everything the schema knows; what the generated ones reach is asserted in
test_agreement_coverage.py, and extremes made by hand are in test_agreement_extremes.py.
"""

import functools

import pytest
from differences import assert_meaningful, assert_same
from generated_scenarios import Case, cases, quick_screening
from hypothesis import HealthCheck, assume, given, seed, settings

from calibration.targets import solve_targets
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.scenario.errors import RuleError
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
GENERATED_BATCHES = range(8)
GENERATED_A_BATCH = 200
GENERATED_TRIALS = 5


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


def lowered(case: Case) -> Params:
    """The case's parameters; a scenario whose criteria admit next to nobody is left out."""
    try:
        return lower(case.scenario)
    except RuleError:
        assume(False)
        raise


@pytest.mark.parametrize("batch", GENERATED_BATCHES)
def test_engines_agree_on_generated_scenarios(batch):
    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=GENERATED_A_BATCH,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],  # 100s of draws
    )
    @given(cases())
    def agree(case):
        params = lowered(case)
        asked = params, case.seed, case.first_trial, GENERATED_TRIALS
        expected = reference.simulate(*asked)
        assert_meaningful(expected, params)
        assert_same(compiled.simulate(*asked), expected)

    with quick_screening():
        agree()
