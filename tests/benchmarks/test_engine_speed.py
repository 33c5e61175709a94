"""Speeds and memory, measured and not asserted: `make bench` prints a line for each.

What is compared is measured in turns within one run, and the best of several turns is taken, so
that a ratio holds where a speed depends on the machine.
"""

import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy_bare_trial import simulate_and_test
from scenario_builder import base_case, shipped

import simulator
from simulator.analysis import END, analyse, design_of, plans_of
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario

pytestmark = pytest.mark.benchmark

ROOT = Path(simulator.__file__).parents[1]
TURNS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(*works: Callable[[], object]) -> list[float]:
    """Return the shortest time of each, measured in turns after one that does not count."""
    for work in works:
        work()
    turns = [[seconds(work) for work in works] for _ in range(TURNS)]
    return [min(times) for times in zip(*turns, strict=True)]


def analysed(scenario: Scenario, trials: int, engine=compiled) -> Callable[[], object]:
    """Work that simulates trials and analyses them, a thousand at a time as a run does."""
    params = lower(scenario)
    plans = plans_of(scenario)
    spans = [(first, min(1000, trials - first)) for first in range(0, trials, 1000)]

    def work() -> None:
        for first, number in spans:
            analyse(engine.simulate(params, 1, first, number), plans, design_of(params, 1), END)

    return work


@pytest.fixture
def tell(capsys):
    def print_now(line: str) -> None:
        with capsys.disabled():
            print(f"\n    {line}", end="", flush=True)

    return print_now


def test_base_case_against_the_reference_engine(tell):
    scenario = base_case()
    fast, slow = best(analysed(scenario, 1000), analysed(scenario, 10, reference))
    fast, slow = 1000 / fast, 10 / slow
    tell(
        f"nct05484908 with its analyses, one core: {fast:,.0f} trials a second; reference engine "
        f"{slow:.1f}; ratio {fast / slow:.0f}"
    )


def test_bare_trial_against_numpy(tell):
    ours, numpys = best(
        analysed(shipped("two-arm-survival"), 16_000),
        lambda: simulate_and_test(16_384, 1),
    )
    ours, numpys = 16_000 / ours, 16_384 / numpys
    tell(
        f"two-arm-survival with records and log-rank, one core: {ours:,.0f} trials a second; "
        f"NumPy {numpys:,.0f}; ratio {ours / numpys:.2f}"
    )


NO_SESSIONS = {
    **{f"arms.{arm}.{key}": None for arm in (0, 1) for key in ("plan", "modality")},
    "modalities": [],
    "unit": None,
    "costs": None,
    "hazard.effect": {
        "kind": "direct",
        "hazard_ratio": 1.0,
        "delay_days": 0,
        "waning_half_life_days": None,
        "combined_with_labs": False,
    },
}


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        ("nothing", {}),
        ("the unit", {"unit": None}),
        ("sessions", NO_SESSIONS),
        ("sessions and MELD", NO_SESSIONS | {"hazard.log_hazard_ratio_per_meld_point": 0.0}),
        ("criteria", {"eligibility": None}),
    ],
)  # fmt: skip
def test_a_scenario_pays_for_what_it_turns_on(tell, without, changes):
    params = lower(base_case(changes=changes))
    (taken,) = best(lambda: compiled.simulate(params, 1, 0, 500))
    tell(f"nct05484908 without {without}: {taken / 500 * 1e6:.0f} µs a trial")


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


RUN = """
import sys, time
start = time.perf_counter()
from simulator.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
    print(f"{time.perf_counter() - start:.2f} {peak}", file=sys.stderr)
"""


def run(arguments: str, **environment: str) -> tuple[float, float, int]:
    """Run a command as a new process: seconds with its start and without, and peak memory in MB."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments.split()],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    inside, peak = done.stderr.split()[-2:]
    return time.perf_counter() - start, float(inside), int(peak)


def test_two_jobs_against_one(tell):
    taken = {jobs: [] for jobs in (1, 2)}
    for _ in range(TURNS):
        for jobs, times in taken.items():
            few = run(f"power nct05484908 --trials 1000 --seed 1 --jobs {jobs}")[0]
            many = run(f"power nct05484908 --trials 41000 --seed 1 --jobs {jobs}")[0]
            times.append(many - few)
    one, two = min(taken[1]), min(taken[2])
    tell(f"40,000 trials more: one job {one:.1f} s, two jobs {two:.1f} s, ratio {one / two:.2f}")


def test_memory_is_flat_in_trials(tell):
    peaks = {n: run(f"power two-arm-survival --trials {n} --seed 1") for n in (10_000, 1_000_000)}
    each = [f"{n:,} trials {peak} MB in {taken:.1f} s" for n, (taken, _, peak) in peaks.items()]
    tell(f"two-arm-survival: {', '.join(each)}")
    peaks = {n: run(f"power nct05484908 --trials {n} --seed 1") for n in (10_000, 100_000)}
    each = [f"{n:,} trials {peak} MB in {taken:.1f} s" for n, (taken, _, peak) in peaks.items()]
    tell(f"nct05484908: {', '.join(each)}")


def test_ten_thousand_trials_from_the_shell(tell, tmp_path):
    command = "power nct05484908 --trials 10000"
    cold, _, _ = run(command, NUMBA_CACHE_DIR=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    run(command)
    warm = min(run(command)[0] for _ in range(TURNS))
    tell(f"trialsim {command}: {warm:.2f} s from a warm cache, {cold:.1f} s from a cold one")
