"""Speeds of the analyses of a chunk, measured and not asserted: run `make bench`.

A chunk has 1,000 trials: a millisecond of it is a microsecond a trial.
"""

import functools

import numpy as np
import pytest
from scenario_builder import base_case, run, shipped

from simulator.analysis import END, AnalysisPlan, Cut, analyse
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
    return [
        AnalysisPlan(a.name, a.test, a.alpha, a.lost, a.transplant) for a in shipped(name).analyses
    ]


def measure(benchmark, name: str, plans: list[AnalysisPlan], at: Cut = END) -> None:
    records = chunk(name)
    analyse(records, plans, F, at)
    table = benchmark.pedantic(analyse, args=(records, plans, F, at), rounds=30, warmup_rounds=3)
    assert table.p_value.shape == (TRIALS, len(plans))


@pytest.mark.benchmark
@pytest.mark.parametrize("name", SIMULATED)
def test_all_analyses_of_a_scenario(benchmark, name):
    measure(benchmark, name, plans_of(name))


@pytest.mark.benchmark
@pytest.mark.parametrize("plan", plans_of("nct05484908"), ids=lambda plan: plan.test)
def test_one_analysis_of_60_patients(benchmark, plan):
    measure(benchmark, "nct05484908", [plan])


@pytest.mark.benchmark
@pytest.mark.parametrize(
    "at", [Cut("day", 400.0), Cut("deaths", 15)], ids=lambda at: f"{at.kind} {at.value:.0f}"
)
def test_an_interim_log_rank_of_the_bare_trial(benchmark, at):
    measure(benchmark, "two-arm-survival", plans_of("two-arm-survival"), at)
