"""Speeds of the engine alone, measured and not asserted: `make bench` prints a line for each.

What is compared is measured in turns within one run, and the best of several turns is taken, so
that a ratio holds where a speed depends on the machine.
"""

import functools
import time
from collections.abc import Callable

import pytest
from numpy_bare_trial import simulate_and_test
from scenario_builder import base_case, shipped
from table import record

from simulator.analysis import plans_of
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.engines import compiled
from simulator.engines.lanes import simulate_lanes
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario

pytestmark = pytest.mark.benchmark

TURNS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def best(*works: Callable[[], object]) -> list[float]:
    """Return the shortest time of each, measured in turns after one that does not count."""
    for work in works:
        work()
    turns = [[seconds(work) for work in works] for _ in range(TURNS)]
    return [min(times) for times in zip(*turns, strict=True)]


@pytest.fixture
def tell(capsys):
    def print_now(line: str) -> None:
        with capsys.disabled():
            print(f"\n    {line}", end="", flush=True)

    return print_now


def test_bare_trial_in_lanes_with_its_log_rank_test_against_numpy(tell):
    """Entry, time, event and arm of every patient are kept by both until the run is over."""
    scenario = shipped("two-arm-survival")
    params, plans, trials = lower(scenario), plans_of(scenario), 16_384
    kept = []

    def ours() -> None:
        kept.clear()
        for first in range(0, trials, 1024):
            records = simulate_lanes(params, 1, first, 1024)
            table = analyse_lanes(LaneBlock(records, params.trial.follow_up_days), plans)
            kept.append((records, table))

    taken, numpys = best(ours, lambda: simulate_and_test(trials, 1))
    assert sum(table.p_value.size for _, table in kept) == trials
    work = "two-arm-survival, kernel and log-rank test with records, against NumPy"
    tell(record(work, numpys / taken, "times", "1.3", "1.5"))


def trial_of(patients: int) -> Scenario:
    """The base case for so many patients, at one pace: the unit has as many days for each."""
    log_rank = [
        a for a in shipped("nct05484908").model_dump()["analyses"] if a["test"] == "log_rank"
    ]
    return base_case(
        changes={
            "trial.target_randomised": patients,
            "trial.max_recruitment_days": 36_600,
            "accrual.sites.0.randomised_per_month": 4.0,
            "analyses": log_rank,
        }
    )


def test_time_is_linear_in_patients(tell):
    sizes = 30, 100, 300, 1000, 3000
    params = [lower(trial_of(size)) for size in sizes]
    taken = best(
        *(
            functools.partial(compiled.simulate, p, 1, 0, 6000 // size)
            for p, size in zip(params, sizes, strict=True)
        )
    )
    each = [f"{size}: {t / 6000 * 1e6:.2f}" for t, size in zip(taken, sizes, strict=True)]
    tell(f"µs a patient, by patients a trial - {', '.join(each)}")


def test_time_is_linear_in_trials(tell):
    params = lower(base_case())
    counts = 100, 1000, 4000
    taken = best(*(functools.partial(compiled.simulate, params, 1, 0, n) for n in counts))
    each = [f"{n:,}: {t / n * 1e6:.0f}" for t, n in zip(taken, counts, strict=True)]
    tell(f"µs a trial, by trials - {', '.join(each)}")
