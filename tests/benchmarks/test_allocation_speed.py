"""Speeds of allocation schemes, measured and not asserted: run `make bench`."""

import pytest
from scenario_builder import base_case

from simulator import allocation
from simulator.allocation.metrics import exact_metrics
from simulator.allocation.notation import parse_scheme
from simulator.allocation.table import kept_tables
from simulator.analysis import plans_of
from simulator.params.lower import lower
from simulator.planning.candidate_schemes import candidate_scheme_of
from simulator.planning.scheme_comparison import compare

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("text", ["complete", "efron", "random_blocks(4,6)", "maximal", "smith"])
def test_exact_metrics_of_500_patients(benchmark, text):
    word, options = parse_scheme(text)
    plan = allocation.build_plan(word, options, [1, 1], [], 500)

    def measure():
        kept_tables.clear()
        return exact_metrics(plan, 500)

    assert benchmark(measure) is not None


@pytest.mark.parametrize("text", ["random_blocks(4,6)", "atkinson", "thompson"])
def test_five_hundred_trials_of_the_base_case_compared_on_one_core(benchmark, text):
    scenario = base_case()
    params, plans = lower(scenario), plans_of(scenario)[:1]
    candidate_schemes = [candidate_scheme_of(scenario, text)]
    found = benchmark.pedantic(
        compare,
        (scenario, params, params, plans, candidate_schemes, 500, 1, 1, lambda _: None),
        rounds=3,
        warmup_rounds=1,
    )
    assert found[0].trials == 500
