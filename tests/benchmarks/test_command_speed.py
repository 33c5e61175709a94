"""Speed of whole runs, as a user starts them, measured and not asserted: run `make bench`.

Trials a second are the processor time that more trials take beyond few: start-up cancels. What is
compared is run in turns, each turn with a seed of its own, and the median of the turns is told. A
folder that is new for each turn makes sure that no stored answer is timed, and each answer is asked
how many trials it rests on.
"""

import itertools
import json
import shutil
import statistics
import sys
import time
from pathlib import Path

import pytest
from commands import Timed, timed, trialsim
from ruamel.yaml import YAML
from scenario_builder import base_case
from table import record

from simulator.engines import reference
from simulator.params.lower import lower

pytestmark = pytest.mark.benchmark

TURNS = 5
_seeds = itertools.count(1_000)

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
WITHOUT = {
    "nothing": ({}, "8000", "12000"),
    "the unit": ({"unit": None}, "14000", ""),
    "sessions and MELD": (
        NO_SESSIONS | {"hazard.log_hazard_ratio_per_meld_point": 0.0},
        "40000",
        "",
    ),
}


@pytest.fixture
def tell(capsys):
    def print_now(*row, **more) -> None:
        with capsys.disabled():
            print(f"\n    {record(*row, **more)}", end="", flush=True)

    return print_now


def power(scenario: str, trials: int, folder: Path, options: str = "--jobs 1") -> Timed:
    """Simulate trials of a seed that was not asked before."""
    seed = next(_seeds)
    done = trialsim(f"power {scenario} --trials {trials} --seed {seed} --json {options}", folder)
    answer = json.loads(done.out)
    assert (answer["trials"], answer["seed"]) == (trials, seed)
    shutil.rmtree(folder / "results")
    return done


def seconds_a_trial(scenario: str, few: int, many: int, folder: Path) -> float:
    more = power(scenario, many, folder).processor_s - power(scenario, few, folder).processor_s
    return more / (many - few)


NUMPY = """
import sys
from numpy_bare_trial import simulate_and_test
for seed in range(int(sys.argv[1])):
    simulate_and_test(16_384, seed)
"""


def numpy_seconds_a_trial(few: int, many: int, folder: Path) -> float:
    """Of the NumPy program, in runs that stay small enough to reuse their memory."""
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
    times = []
    for runs in few, many:
        done = timed([sys.executable, "-c", NUMPY, str(runs)], folder, **environment)
        assert done.status == 0, done.err
        times.append(done.processor_s)
    return (times[1] - times[0]) / (16_384 * (many - few))


def test_bare_trial_against_numpy(tell, tmp_path):
    ours, numpys = [], []
    power("two-arm-survival", 1_000, tmp_path)
    for _ in range(TURNS):
        ours.append(seconds_a_trial("two-arm-survival", 100_000, 1_600_000, tmp_path))
        numpys.append(numpy_seconds_a_trial(5, 105, tmp_path))
    ratio = statistics.median(b / a for a, b in zip(ours, numpys, strict=True))
    tell("two-arm-survival, whole run, against NumPy", ratio, "times", "1.0", "1.5")
    tell("two-arm-survival, whole run", 1 / statistics.median(ours), "trials/s a core")
    tell("NumPy program, no metrics", 1 / statistics.median(numpys), "trials/s a core")


@pytest.mark.parametrize("without", WITHOUT)
def test_base_case(tell, tmp_path, without):
    changes, asked, aim = WITHOUT[without]
    scenario = base_case(changes=changes | {"uncertain": None, "ranges": None})
    with (tmp_path / "base.yaml").open("w") as file:
        YAML().dump(scenario.model_dump(mode="python"), file)
    power("base.yaml", 100, tmp_path)
    each = [seconds_a_trial("base.yaml", 2_000, 12_000, tmp_path) for _ in range(TURNS)]
    name = "nct05484908, seven analyses, whole run"
    name += "" if without == "nothing" else f", without {without}"
    tell(name, 1 / statistics.median(each), "trials/s a core", asked, aim)
    if without == "nothing":
        ratios = [reference_seconds_a_trial(scenario) / one for one in each[:2]]
        tell(f"{name}, against the reference engine", statistics.median(ratios), "times", "380")


def reference_seconds_a_trial(scenario) -> float:
    params, trials = lower(scenario), 20
    start = time.process_time()
    records = reference.simulate(params, 1, 0, trials)
    assert records.trials.trial.size == trials
    return (time.process_time() - start) / trials


def test_two_jobs_against_one(tell, tmp_path):
    ratios = []
    for _ in range(3):
        walls = {}
        for jobs in 1, 2:
            few, many = (
                power("nct05484908", trials, tmp_path, f"--jobs {jobs}").wall_s
                for trials in (2_000, 62_000)
            )
            walls[jobs] = many - few
        ratios.append(walls[1] / walls[2])
    tell("two jobs against one, 60,000 trials of nct05484908", max(ratios), "times", "1.9")


def test_first_run_and_those_after_it(tell, tmp_path):
    cache = tmp_path / "cache"
    fresh = {"XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(cache / "kernels")}
    command = "power nct05484908 --trials 10000 --json --out"
    first = trialsim(f"{command} first --seed 1", tmp_path, **fresh)
    assert json.loads(first.out)["trials"] == 10_000
    tell("first run from an empty cache, power nct05484908", first.wall_s, "s", "20", "15")
    later = []
    for turn in range(TURNS):
        done = trialsim(f"{command} later{turn} --seed {turn + 2}", tmp_path, **fresh)
        assert json.loads(done.out)["seed"] == turn + 2
        later.append(done.wall_s)
    tell("power nct05484908, 10,000 trials, 2 cores, kernels cached", min(later), "s", "1.8", "1.2")


def test_an_answer_already_kept(tell, tmp_path):
    first = trialsim("power nct05484908 --trials 2000", tmp_path)
    again = [trialsim("power nct05484908 --trials 2000", tmp_path) for _ in range(TURNS)]
    assert {done.out for done in again} == {first.out}
    tell("an answer already kept", min(done.wall_s for done in again), "s", "0.4")


def test_help_and_a_wrong_key(tell, tmp_path):
    (tmp_path / "wrong.yaml").write_text("extends: nct05484908\ntrail: {target_randomised: 60}\n")
    shown = [trialsim("--help", tmp_path).wall_s for _ in range(TURNS)]
    wrong = [trialsim("power wrong.yaml", tmp_path, expected=2) for _ in range(TURNS)]
    assert all("wrong.yaml:2" in done.err for done in wrong)
    tell("--help", min(shown), "s", "0.15")
    tell("a scenario with a wrong key", min(done.wall_s for done in wrong), "s", "0.4")


@pytest.mark.parametrize(
    ("scenario", "few", "many"),
    [("two-arm-survival", 10_000, 1_000_000), ("nct05484908", 10_000, 100_000)],
)
def test_memory_is_flat_in_trials(tell, tmp_path, scenario, few, many):
    small, large = (power(scenario, n, tmp_path, "--jobs 2").peak_mb for n in (few, many))
    tell(f"peak memory, {many:,} trials of {scenario}", large, "MB", "300")
    tell(f"peak memory, {few:,} trials of {scenario}", small, "MB")


def test_certificate_of_the_base_case(tell, tmp_path):
    done = trialsim(f"power nct05484908 --certify --json --seed {next(_seeds)}", tmp_path)
    answer = json.loads(done.out)
    assert (answer["family"]["cells"], answer["trials_per_cell"]) == (36, 10_000)
    assert len(answer["levels"]) == 7
    tell("certificate of nct05484908, all analyses, 2 cores", done.wall_s, "s", "25", "16")


def test_sweep_of_twelve_points(tell, tmp_path):
    sweep = "sweep nct05484908 --vary n=50:72:2 --json --seed"
    trialsim(f"{sweep} 1 --trials 50", tmp_path)
    done = trialsim(f"{sweep} {next(_seeds)} --trials 20000", tmp_path)
    answer = json.loads(done.out)
    assert (len(answer["points"]), answer["trials"]) == (12, 20_000)
    tell("12 points of 20,000 trials, nct05484908, 2 cores", done.wall_s, "s", "25")
