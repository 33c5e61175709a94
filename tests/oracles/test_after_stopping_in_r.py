"""Median-unbiased estimates and stage-wise intervals against rpact's getFinalConfidenceInterval.

Of two-sided designs rpact is asked in favour of the second arm alone: its answers for a negative
statistic are not the mirror of those for the positive one.
"""

import csv
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from simulator.monitoring.after_stopping import Tails, corrected
from simulator.monitoring.asked import FutilityPlan, LookPlan, Moment, MonitoringPlan
from simulator.monitoring.decisions import Stage, decided, looked, sides_of
from simulator.monitoring.held import Decision

INSTALL = "apt-get install r-base-core r-cran-rpact"
SCRIPT = Path(__file__).with_name("after_stopping_in_r.R")
SPENDING = {"asOF": "lan_demets_obrien_fleming", "asP": "lan_demets_pocock"}
TAIL = 0.025


class Ended(NamedTuple):
    """A trial of three equally spaced looks, by its statistics until the end."""

    type: str
    sides: int
    z: tuple[float, ...]
    futility: tuple[float, ...] = ()
    binding: bool = False


ENDED = [
    *(Ended("asP", 2, z) for z in ((2.6,), (1.0, 2.5), (0.5, 1.0, 1.7), (0.5, 1.0, 2.4))),
    *(Ended("asOF", 2, z) for z in ((0.5, 2.9), (0.5, 1.0, 2.4))),
    *(
        Ended("asOF", 1, z, (0.0, 0.7), binding)
        for z in ((0.8, 2.9), (0.8, 1.2, 1.9), (0.8, 1.2, 2.1))
        for binding in (False, True)
    ),
    *(Ended("asOF", 1, z, (0.0, 0.7), True) for z in ((-0.3,), (0.3, 0.5))),  # for futility
]


def ours(ended: Ended) -> tuple[float, ...]:
    """Estimate and limits of the drift."""
    words = ",".join(map(str, ended.futility))
    futility = FutilityPlan(f"z({words})", 0.8, ended.binding) if ended.futility else None
    asked = MonitoringPlan(
        column=0,
        information="deaths",
        max_information=3.0,
        alpha=TAIL * ended.sides,
        sides=ended.sides,
        looks=tuple(LookPlan(Moment("events", k), 0.0, pauses=False) for k in (1.0, 2.0)),
        spending=SPENDING[ended.type],
        futility=futility,
        stops_treatment=False,
    )
    sides, stage = sides_of(asked), Stage()
    for place in range(len(ended.z)):
        stage = looked(sides, stage, place, (place + 1) / 3, place == 2)
    z = np.array(ended.z[-1:])
    futile = decided(stage, z, len(ended.z) == 3) == Decision.FUTILITY
    shifts = corrected([stage], np.zeros(1, int), z, futile, Tails(TAIL, TAIL))[:3]
    return tuple((z[0] + shift[0]) / (len(ended.z) / 3) ** 0.5 for shift in shifts)


def test_estimates_and_intervals_after_stopping_are_rpacts(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip(f"R is not installed: {INSTALL}")
    if subprocess.run(["Rscript", "-e", "find.package('rpact')"], capture_output=True).returncode:
        pytest.skip(f"R has no rpact: {INSTALL}")
    with (tmp_path / "stopped.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["type", "sides", "alpha", "z", "futility", "binding"])
        for one in ENDED:
            z, futility = (";".join(map(repr, numbers)) for numbers in (one.z, one.futility))
            writer.writerow(
                [one.type, one.sides, TAIL * one.sides, z, futility, str(one.binding).upper()]
            )
    done = subprocess.run(["Rscript", str(SCRIPT), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "stopped_found.csv").open() as file:
        rows = [[float(cell) for cell in row.values()] for row in csv.DictReader(file)]
    for ended, theirs in zip(ENDED, rows, strict=True):
        # Two sides are two designs here (decision 24): who crosses one boundary and would have
        # crossed the other later, one in 1e5, is counted.
        allowed = 3e-5 if ended.sides == 2 else 5e-6
        assert ours(ended) == pytest.approx(theirs, abs=allowed), ended
