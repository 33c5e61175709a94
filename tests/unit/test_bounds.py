"""What grows without a bound is bounded, and what takes long can be watched and stopped."""

import itertools
import json
import math
import threading
import time
import tracemalloc
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from scenario_builder import base_case, changed, shipped

from simulator.allocation.metrics import _free_imbalance
from simulator.analysis import plans_of
from simulator.montecarlo import local
from simulator.montecarlo import work as work_module
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.units import trials_a_unit
from simulator.params import population
from simulator.params.lower import lower
from simulator.planning.observed import _count_known
from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.scenario.loader import load_scenario

# Complete randomisation: a walk of one step a patient


@pytest.mark.parametrize("patients", [1, 2, 3, 7, 12])
def test_the_largest_imbalance_of_a_fair_coin_is_that_of_every_sequence(patients):
    """The right value: the mean over all 2^n sequences."""
    walks = np.cumsum(list(itertools.product((-1, 1), repeat=patients)), axis=1)
    assert _free_imbalance(patients) == pytest.approx(np.abs(walks).max(axis=1).mean(), abs=1e-12)


def test_the_largest_imbalance_of_100_000_patients_takes_no_table():
    """Of Brownian motion it is sqrt(pi n / 2); a walk's falls short of it by 1/2."""
    tracemalloc.start()
    found = _free_imbalance(100_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == pytest.approx(np.sqrt(np.pi * 100_000 / 2) - 0.5, abs=0.01)
    assert most < 10_000_000


def test_outcomes_known_are_those_of_every_pair_of_patients():
    """The right value: each earlier patient asked for by each later one."""
    numbers = np.random.default_rng(3)
    sizes = np.array([40, 0, 1, 25])
    entry = np.concatenate([np.sort(numbers.integers(0, 60, n)).astype(float) for n in sizes])
    death, transplant, loss = (
        np.where(numbers.random(entry.size) < share, numbers.integers(0, 90, entry.size), np.inf)
        for share in (0.5, 0.2, 0.2)
    )
    found = np.zeros(sizes.size)
    _count_known(sizes, entry, death, transplant, loss, 84.0, found)
    ends = np.cumsum(sizes)
    for trial, (first, end) in enumerate(zip(ends - sizes, ends, strict=True)):
        known = sum(
            entry[q] + min(death[q], 84.0) <= entry[p]
            for p in range(first, end)
            for q in range(first, p)
            if loss[q] == np.inf and not (death[q] == np.inf and transplant[q] < np.inf)
        )
        assert found[trial] == known / max(sizes[trial], 1)


# Units of work


def test_a_unit_is_50_trials_times_a_power_of_2():
    for scenario in (shipped("two-arm-survival"), base_case()):
        params = lower(scenario)
        for patients in (30, 60, 300, 1_000, 3_000):
            larger = params._replace(trial=params.trial._replace(target_randomised=patients))
            times = trials_a_unit(larger, plans_of(scenario)) / 50
            assert math.log2(times) in range(20)


def test_a_unit_of_the_largest_trial_is_one_trial():
    scenario = base_case()
    params = lower(scenario)
    large = params._replace(trial=params.trial._replace(target_randomised=1_000_000))
    assert trials_a_unit(large, plans_of(scenario)) == 1


class _Unit(NamedTuple):
    """A unit that is its first trial."""

    first: int
    sums: Any = SimpleNamespace(trials=50)


def _units(work, jobs, monkeypatch):
    """Units of 50 trials, the work on each of which is a function of its first trial."""
    monkeypatch.setattr(work_module, "run_unit", lambda *asked: _Unit(work(asked[4])))
    monkeypatch.setattr(work_module, "trials_a_unit", lambda *_: 50)
    nothing = Evaluation((), (), ())
    return local.by_threads([work_module.Work(None, nothing, 1, 450, 0, Engine.COMPILED)], jobs)


def test_while_a_unit_is_waited_for_the_watch_is_called_and_the_work_can_be_left(monkeypatch):
    go_on, begun = threading.Event(), threading.Event()

    def long_work(number):
        begun.set()
        go_on.wait(60)
        return number

    monkeypatch.setattr(local, "_SECONDS_A_HEARTBEAT", 0.01)
    units = _units(long_work, 1, monkeypatch)
    assert next(units)[1] is None
    assert begun.wait(60)
    units.close()  # as Ctrl-C does: it does not wait for the work
    assert not go_on.is_set()
    go_on.set()


def test_units_come_in_their_order_whichever_is_done_first(monkeypatch):
    def work(first):
        time.sleep(0.02 if first % 100 else 0.0)
        return first

    found = [done.unit.first for _, done in _units(work, 3, monkeypatch) if done is not None]
    assert found == list(range(0, 450, 50))


# The sample of candidates


def test_the_same_candidates_are_screened_once(monkeypatch, tmp_path):
    calls = []

    def screened(size, *asked):
        calls.append(size)
        return size, np.zeros(asked[8].size - 1, np.int64)

    monkeypatch.setattr(population, "_screen_sample", screened)
    monkeypatch.setattr(population, "_screened", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(3):
        lower(base_case())
    assert len(calls) == 1
    lower(base_case(changes={"eligibility.criteria.0.all_of.0.0.threshold": 19.0}))
    assert len(calls) == 2
    monkeypatch.setattr(population, "_screened", {})  # as in the next process
    found = lower(base_case()).eligibility
    assert len(calls) == 2
    assert (found.eligible_share, set(found.fails_share.tolist())) == (1.0, {0.0})


@pytest.mark.parametrize("broken", ["", "null", "0\n[1]", "cut"])
def test_a_sample_that_is_kept_and_broken_is_taken_anew(monkeypatch, tmp_path, broken):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(population, "_screened", {})
    first = lower(base_case()).eligibility
    (kept,) = (tmp_path / "trialsim" / "screened").rglob("*.json")
    text = kept.read_text()
    kept.write_text(text[:-2] if broken == "cut" else broken)
    monkeypatch.setattr(population, "_screened", {})
    again = lower(base_case()).eligibility
    assert again.eligible_share == first.eligible_share
    assert again.fails_share.tolist() == first.fails_share.tolist()
    assert kept.read_text() == text


# What is refused before it is begun


@pytest.mark.parametrize(
    ("changes", "key", "number"),
    [
        (
            {"accrual.sites.0.randomised_per_month": 1e6, "trial.target_randomised": 100_000},
            "accrual.sites[0].randomised_per_month",
            "100,000 patients",
        ),
        (
            {"trial.follow_up_days": 3_660, "trial.target_randomised": 100_000},
            "trial.follow_up_days",
            "366,000,000 patient-days",
        ),
    ],
)
def test_a_trial_beyond_any_memory_or_patience_is_refused(changes, key, number):
    small = base_case(changes={"analyses": shipped("two-arm-survival").model_dump()["analyses"],
                               "multiplicity": None})  # fmt: skip
    with pytest.raises(RuleError) as refused:
        lower(changed(small, changes))
    assert refused.value.key == key
    assert number in str(refused.value)
    assert refused.value.remedy


# Messages


def test_of_thousands_of_problems_the_first_are_told_and_how_many_more():
    problem = Problem("a.yaml", 1, "k" * 5_000, "v", "is wrong", "mend it")
    said = str(ScenarioError(*[problem] * 200_000))
    assert len(said) < 100_000
    *told, last = said.splitlines()
    assert last == f"{200_000 - len(told):,} more problems; correct these first"


def test_a_file_of_faults_is_answered_in_a_page(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("name: [" + "&a 1, " * 5_000 + "1]\n")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path)
    assert len(str(refused.value)) < 100_000
    assert "more problems" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["a: " + "? " * 1_000, "a:\n  " + "? " * 1_000 + "b", "a:\n  " + "- " * 5_000]
)
def test_what_is_nested_beyond_reason_is_one_message(text, tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text(f"name: x\n{text}\n")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path)
    (problem,) = refused.value.problems
    assert problem.line in (2, 3)
    assert problem.remedy


def test_a_spread_with_its_point_amiss_is_refused(tmp_path):
    """15 for .15 makes sessions of e^15 times the median length, or none."""
    modalities = [modality.model_dump() for modality in shipped("nct05484908").modalities]
    modalities[0]["machine_hours_log_sd"] = 15.0
    lines = ["extends: nct05484908", "name: wrong", "title: t", "modalities:"]
    path = tmp_path / "wrong.yaml"
    path.write_text("\n".join([*lines, *(f"  - {json.dumps(one)}" for one in modalities)]))
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path)
    (problem,) = refused.value.problems
    assert problem.key == "modalities[0].machine_hours_log_sd"
    assert problem.rule == "must be <= 2"
    assert problem.line == 5
