"""Speed of runs with looks against the same runs without, measured and not asserted: `make bench`.

Whole runs as a user starts them. Trials a second are the processor time that more trials take
beyond few. Runs with looks and without are made in turn, each turn with a seed of its own, and the
median of the turns' ratios is told; each answer is asked how many trials it rests on and what its
looks came to.
"""

import itertools
import json
import shutil
import statistics
from pathlib import Path

import pytest
from commands import trialsim
from table import record

pytestmark = pytest.mark.benchmark

TURNS = 5
_seeds = itertools.count(3_000)

LOOKS = "[{at: {%s: %g}}, {at: {%s: %g}}]"
BARE = """\
extends: two-arm-survival
name: bare
title: 30 v 30, followed until almost all have died
trial: {follow_up_days: 1000}
hazard: {baseline: {horizon_days: 84}}
"""
BARE_LOOKS = f"""\
monitoring:
  analysis: log_rank
  max_information: 45
  looks: {LOOKS % ("deaths", 15, "deaths", 30)}
"""
REAL = """\
extends: nct05484908
name: real
title: the base case
"""
REAL_LOOKS = f"""\
monitoring:
  looks: {LOOKS % ("completed", 20, "completed", 40)}
"""
FUTILITY = "  futility: {rule: z(0), power: 0.8}\n"


@pytest.fixture
def tell(capsys):
    def print_now(*row: str | float) -> None:
        with capsys.disabled():
            print(f"\n    {record(*row)}", end="", flush=True)

    return print_now


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return name


def processor_seconds(scenario: str, trials: int, folder: Path, *, has_looks: bool) -> float:
    """Time of a run with a seed that was not asked before, of which all was done."""
    seed = next(_seeds)
    done = trialsim(f"power {scenario} --trials {trials} --seed {seed} --json --jobs 1", folder)
    answer = json.loads(done.out)
    assert (answer["trials"], answer["seed"]) == (trials, seed)
    assert (answer["looks"] is not None) == has_looks
    if has_looks:
        first, second, last = (look["taken"]["mean"] for look in answer["looks"]["looks"])
        assert first > 0.99  # all trials were looked at ...
        assert first >= second > 0.2
        stopped = sum(
            look["futility"]["mean"] + sum(s["mean"] for s in look["in_favour_of"].values())
            for look in answer["looks"]["looks"][:-1]
        )
        assert stopped == pytest.approx(1 - last, abs=1e-9)  # ... and those stopped that did
    shutil.rmtree(folder / "results")
    return done.processor_s


def seconds_a_trial(scenario: str, few: int, many: int, folder: Path, *, has_looks: bool) -> float:
    taken = [
        processor_seconds(scenario, trials, folder, has_looks=has_looks) for trials in (few, many)
    ]
    return (taken[1] - taken[0]) / (many - few)


def against_none(
    plain: str, looked_at: str, few: int, many: int, folder: Path
) -> tuple[float, float]:
    """Speed with looks as a share of that without, and trials a second with looks."""
    for scenario, has_looks in ((plain, False), (looked_at, True)):  # compiles what is not yet
        processor_seconds(scenario, few, folder, has_looks=has_looks)
    ratios, speeds = [], []
    for _ in range(TURNS):
        without = seconds_a_trial(plain, few, many, folder, has_looks=False)
        with_looks = seconds_a_trial(looked_at, few, many, folder, has_looks=True)
        ratios.append(without / with_looks)
        speeds.append(1 / with_looks)
    return statistics.median(ratios), statistics.median(speeds)


def test_two_looks_at_the_bare_trial(tell, tmp_path):
    """lrstat simulates 99,000 such trials a second on a core, rpact 31,000."""
    plain = written(tmp_path, "bare.yaml", BARE)
    looked_at = written(tmp_path, "looks.yaml", BARE + BARE_LOOKS)
    ratio, speed = against_none(plain, looked_at, 20_000, 120_000, tmp_path)
    work = "bare trial without the cap, looks at 15 and 30 deaths"
    tell(f"{work}, against none", ratio, "times", "0.5", "")
    tell(work, speed, "trials/s a core", "99000", "400000")


@pytest.mark.parametrize("futility", ["", FUTILITY])
def test_two_looks_at_the_base_case(tell, tmp_path, futility):
    plain = written(tmp_path, "real.yaml", REAL)
    looked_at = written(tmp_path, "looks.yaml", REAL + REAL_LOOKS + futility)
    ratio, speed = against_none(plain, looked_at, 500, 5_500, tmp_path)
    work = f"nct05484908, two looks{' with futility' if futility else ''}"
    tell(f"{work}, against none", ratio, "times", "0.6", "")
    tell(work, speed, "trials/s a core")
