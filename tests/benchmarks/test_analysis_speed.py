"""Speeds of the analyses of a chunk, measured and not asserted: run `make bench`.

A chunk has 1,000 trials: a millisecond of it is a microsecond a trial.
"""

import functools

import numpy as np
import pytest
from analysis_records import design, every_plan
from scenario_builder import base_case, run, shipped

from simulator import analysis
from simulator.analysis import END, AnalysisPlan, Cut, analyse
from simulator.analysis.exact_tables import p_values
from simulator.analysis.proportions import looked_up
from simulator.params.lower import lower
from simulator.records import Patients, TrialRecords, Trials

F = 84
TRIALS = 1000
SIMULATED = {"two-arm-survival": 1000, "nct05484908": 50}  # the others are copies of these


@functools.cache
def chunk(name: str) -> TrialRecords:
    """Return 1,000 trials with columns as the compiled engine gives them, read-only."""
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    records = run(scenario, 1, SIMULATED[name])

    def copies(column: np.ndarray) -> np.ndarray:
        many = np.concatenate([column] * (TRIALS // SIMULATED[name]))
        many.flags.writeable = False
        return many

    trials, patients = map(copies, records.trials), map(copies, records.patients)
    return TrialRecords(Trials(*trials), Patients(*patients), records.sessions)


def plans_of(name: str) -> list[AnalysisPlan]:
    return list(analysis.plans_of(shipped(name)))


def measure(benchmark, name: str, plans: list[AnalysisPlan], at: Cut = END) -> None:
    records = chunk(name)
    analyse(records, plans, design(F), at)
    table = benchmark.pedantic(
        analyse, args=(records, plans, design(F), at), rounds=30, warmup_rounds=3
    )
    assert table.p_value.shape == (TRIALS, len(plans))


@pytest.mark.benchmark
@pytest.mark.parametrize("name", SIMULATED)
def test_all_analyses_of_a_scenario(benchmark, name):
    measure(benchmark, name, plans_of(name))


@pytest.mark.benchmark
@pytest.mark.parametrize("plan", every_plan(), ids=lambda plan: plan.name)
def test_one_analysis_of_60_patients(benchmark, plan):
    """From records to result: what is counted or sorted once for all analyses is in each."""
    measure(benchmark, "nct05484908", [plan])


@pytest.mark.benchmark
@pytest.mark.parametrize("test", ["fisher", "boschloo", "z_pooled", "barnard"])
def test_a_tabulated_test_once_the_deaths_are_counted(benchmark, test):
    rng = np.random.default_rng(1)
    tables = np.stack([rng.integers(0, 31, (TRIALS, 2)), np.full((TRIALS, 2), 30)], axis=2)
    p_values(test, 30, 30, 0.0)
    benchmark.pedantic(
        looked_up, (tables, lambda n0, n1: p_values(test, n0, n1, 0.0)), rounds=200, warmup_rounds=9
    )


@pytest.mark.benchmark
@pytest.mark.parametrize(
    "inner",
    [
        "chi_square",
        "fisher",
        "log_rank",
        "meld_worst_rank",
        "meld_welch",
        "meld_ancova",
        "win_ratio",
    ],
)
@pytest.mark.parametrize("kind", ["permutation", "rerandomisation"])
def test_a_trial_replayed_999_times(benchmark, kind, inner):
    """For 50 trials: a fiftieth of it is for one."""
    few = run(base_case("nct05484908"), 1, 50)
    statistic = next(plan for plan in every_plan() if plan.test == inner)
    plan = statistic._replace(name="r", test=kind, options={"of": statistic.name, "draws": 999})
    asked = analysis.design_of(lower(base_case("nct05484908")), 1)
    analyse(few, [statistic, plan], asked, END)
    benchmark.pedantic(analyse, (few, [statistic, plan], asked, END), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark
@pytest.mark.parametrize(
    "at", [Cut("day", 400.0), Cut("deaths", 15)], ids=lambda at: f"{at.kind} {at.value:.0f}"
)
def test_an_interim_log_rank_of_the_bare_trial(benchmark, at):
    measure(benchmark, "two-arm-survival", plans_of("two-arm-survival"), at)
