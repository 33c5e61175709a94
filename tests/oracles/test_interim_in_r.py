"""A whole interim of a survival trial against rpact's getAnalysisResults."""

import csv
import math
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.planning.interim.answer import interim
from simulator.planning.interim.file import read_observed
from simulator.results.interim import Interim
from simulator.scenario.loader import load_scenario

INSTALL = "apt-get install r-base-core r-cran-rpact"
SCRIPT = Path(__file__).with_name("interim_in_r.R")
PLANNED = 100
SCENARIO = """\
extends: two-arm-survival
name: looked
title: a survival trial with one look
trial: {target_randomised: 200}
monitoring:
  max_information: 100
  looks: [{at: {deaths: 50}}]
  efficacy: {spending: RULE}
"""
RULES = {
    "asOF": "lan_demets_obrien_fleming",
    "asHSD": "hwang_shih_decani(-4)",
    "OF": "obrien_fleming",
}


class Asked(NamedTuple):
    """A trial at a look: its boundary, and deaths and statistics so far."""

    type: str
    deaths: tuple[int, ...]
    z: tuple[float, ...]


QUESTIONS = [
    Asked("asOF", (50,), (1.3,)),
    Asked("asOF", (50, 100), (1.1, 2.4)),
]
MORE = [
    Asked("asHSD", (50,), (-0.6,)),
    *(Asked(kind, (50,), (z,)) for kind in RULES for z in (0.2, 3.2)),
    *(Asked(kind, (50, 100), (1.1, z)) for kind in RULES for z in (2.7, 1.2)),
]


def ours(question: Asked, folder: Path) -> Interim:
    path = folder / "looked.yaml"
    path.write_text(SCENARIO.replace("RULE", RULES[question.type]))
    looks = list(zip(question.deaths, question.z, strict=True))
    known = {
        "cut": date(2023, 6, 30),
        "pooled": {"randomised": 180, "deaths": question.deaths[-1]},
        "result": {"z": question.z[-1]},
        "earlier_looks": [
            {"cut": date(2022, 12, 31), "information": float(d), "z": z} for d, z in looks[:-1]
        ],
    }
    return interim(load_scenario(path), read_observed(known))


def ask_rpact(folder: Path, of: list[Asked]) -> list[tuple[Asked, Interim, dict[str, float]]]:
    """Answers here, and rpact's, which takes seconds for each."""
    if shutil.which("Rscript") is None:
        pytest.skip(f"R is not installed: {INSTALL}")
    if subprocess.run(["Rscript", "-e", "find.package('rpact')"], capture_output=True).returncode:
        pytest.skip(f"R has no rpact: {INSTALL}")
    found = [ours(question, folder) for question in of]
    with (folder / "interim.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["type", "events", "z", "hazard_ratio"])
        for question in of:
            events, z = (";".join(map(repr, cells)) for cells in question[1:])
            # The estimated one: Schoenfeld's relation of hazard ratio, deaths and z.
            ratio = math.exp(-2 * question.z[-1] / math.sqrt(question.deaths[-1]))
            writer.writerow([question.type, events, z, repr(ratio)])
    done = subprocess.run(["Rscript", str(SCRIPT), str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (folder / "interim_found.csv").open() as file:
        rows = [
            {key: math.nan if cell == "NA" else float(cell) for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]
    return list(zip(of, found, rows, strict=True))


def hold(found: list[tuple[Asked, Interim, dict[str, float]]]) -> tuple[int, int]:
    """Hold answers to rpact's; how many conditional powers and final p values there were."""
    conditional = final = 0
    for question, mine, row in found:
        if len(question.z) == 1 and question.z[0] < 3:
            assert mine.prospects is not None
            assert mine.prospects.estimate == pytest.approx(row["conditional"], abs=2e-6)
            conditional += 1
        assert mine.repeated is not None
        repeated = mine.repeated.effect_low, mine.repeated.effect_high
        assert repeated == pytest.approx((row["repeated_low"], row["repeated_high"]), rel=2e-4)
        if not math.isnan(row["p"]):
            assert mine.stopped is not None
            at = mine.stopped.estimate
            # rpact's p is one-sided; a second look is the last, where the trial ends in any case.
            assert mine.stopped.p_value == pytest.approx(2 * row["p"], rel=1e-4)
            assert at.effect == pytest.approx(row["estimate"], rel=1e-3)
            limits = row["low"], row["high"]
            assert (at.effect_low, at.effect_high) == pytest.approx(limits, rel=1e-3)
            final += 1
    return conditional, final


def test_conditional_power_and_intervals_of_a_hazard_ratio_are_rpacts(tmp_path):
    assert hold(ask_rpact(tmp_path, QUESTIONS)) == (1, 1)


@pytest.mark.slow
def test_more_boundaries_and_outcomes_are_rpacts(tmp_path):
    assert hold(ask_rpact(tmp_path, MORE)) == (4, 9)
