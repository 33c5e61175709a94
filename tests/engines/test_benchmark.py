"""Speeds, measured and not asserted: run `make bench`."""

import pytest

from calibration.targets import solve_targets
from simulator.engines.reference import simulate
from simulator.params.lower import lower
from simulator.scenario.loader import load_scenario

TRIALS = 25


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["nct05484908", "nct05484908-scarce", "two-arm-survival"])
def test_trials_of_the_reference_engine(benchmark, name):
    """Operations a second are chunks of 25 trials: 1 means 25 trials a second on a core."""
    params = lower(solve_targets(load_scenario(name).scenario, print))
    simulate(params, 1, 0, 1)
    records = benchmark.pedantic(simulate, args=(params, 1, 0, TRIALS), rounds=5)
    assert records.trials.trial.size == TRIALS
