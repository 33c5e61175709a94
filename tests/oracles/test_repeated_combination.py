"""Repeated intervals of trials whose stages have planned weights: rpact's, and their coverage."""

import csv
import math
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from simulator.monitoring.after_stopping import Combined, combined_of, repeated_alone
from simulator.monitoring.asked import LookPlan, Moment, MonitoringPlan
from simulator.monitoring.decisions import Stage, looked, sides_of
from simulator.monitoring.reestimation import (
    Zone,
    conditional_power,
    gain_needed,
    least_promising,
    zones,
)
from simulator.records import Floats

INSTALL = "apt-get install r-base-core r-cran-rpact"
SCRIPT = Path(__file__).with_name("repeated_in_r.R")
SPENDING = {"asOF": "lan_demets_obrien_fleming", "asP": "lan_demets_pocock"}


class Ended(NamedTuple):
    """A trial by its statistics at the looks until it ended, of which the last may be the end.

    `planned` is the information of the looks, and of the end 1; `end` that which it came to.
    """

    type: str
    sides: int
    planned: tuple[float, ...]
    z: tuple[float, ...]
    end: float

    @property
    def information(self) -> tuple[float, ...]:
        """Information at the looks that were taken."""
        return (*self.planned, self.end)[: len(self.z)]


ENDED = [
    Ended("asOF", 1, (0.5,), (1.2, 2.1), 1.5),
    Ended("asOF", 2, (0.5,), (1.2, 2.1), 1.5),
    Ended("asOF", 2, (0.5,), (3.2,), 1.0),
    Ended("asP", 2, (0.3, 0.6), (0.4, 1.5, -2.6), 1.9),
    Ended("asP", 2, (0.3, 0.6), (0.4, 1.5, 2.6), 0.7),
    Ended("asP", 1, (0.7,), (-0.4, 0.9), 3.5),
]
# (low, high) of the drift: rpact 3.3.4, R 4, by `repeated_in_r.R`.
PRINTED = [
    (0.0816711780374616, 3.34334724532482),
    (0.0816711780374616, 3.34334724532482),
    (0.335751198347669, 8.71521558934357),
    (-2.83056152790933, 0.604294402196621),
    (1.14978179641045, 6.82206103885674),
    (-1.1913685348034, 1.59472472416606),
]


def stage_of(type_: str, sides: int, planned: tuple[float, ...], taken: int) -> Stage:
    """The boundaries of a trial's looks, the last of which has the planned information."""
    asked = MonitoringPlan(
        column=0,
        information="deaths",
        max_information=100.0,
        alpha=0.025 * sides,
        sides=sides,
        looks=tuple(LookPlan(Moment("events", 100 * t), 0.0, pauses=False) for t in planned),
        spending=SPENDING.get(type_, ""),
        futility=None,
        stops_treatment=False,
    )
    stage, information = Stage(), (*planned, 1.0)
    for place, fraction in enumerate(information[:taken]):
        stage = looked(sides_of(asked), stage, place, fraction, place == len(planned))
    return stage


def ours(ended: Ended) -> tuple[float, float]:
    """Limits of the drift."""
    stage, z, t = stage_of(*ended[:3], len(ended.z)), ended.z[-1], ended.information[-1]
    combined = Combined.usual(1)
    if len(ended.z) > len(ended.planned):
        numbers = ended.z[-2], ended.information[-2], z, t
        combined = combined_of(*(np.array([x]) for x in numbers))
    low, high, _ = repeated_alone([stage], np.zeros(1, np.int64), combined)
    return (z + float(low[0])) / math.sqrt(t), (z + float(high[0])) / math.sqrt(t)


def test_repeated_intervals_are_those_that_rpact_printed() -> None:
    for ended, theirs in zip(ENDED, PRINTED, strict=True):
        assert ours(ended) == pytest.approx(theirs, abs=1e-5), ended


@pytest.mark.slow  # half a minute of R
def test_repeated_intervals_are_rpacts(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip(f"R is not installed: {INSTALL}")
    if subprocess.run(["Rscript", "-e", "find.package('rpact')"], capture_output=True).returncode:
        pytest.skip(f"R has no rpact: {INSTALL}")
    with (tmp_path / "combined.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["type", "alpha", "sides", "planned", "information", "z"])
        for one in ENDED:
            lists = (*one.planned, 1.0), one.information, one.z
            words = (";".join(map(repr, numbers)) for numbers in lists)
            writer.writerow([one.type, 0.025 * one.sides, one.sides, *words])
    done = subprocess.run(["Rscript", str(SCRIPT), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "combined_found.csv").open() as file:
        rows = [[float(cell) for cell in row.values()] for row in csv.DictReader(file)]
    for ended, theirs in zip(ENDED, rows, strict=True):
        assert ours(ended) == pytest.approx(theirs, abs=1e-5), ended  # rpact's own tolerance


TRIALS = 400_000
LOOK = 0.5
Rule = Callable[[Floats, float], Floats]
RULES: dict[str, Rule] = {  # information after the look, by Z there and the true drift
    "as planned": lambda z, drift: np.full(z.shape, 1 - LOOK),
    "more where it looks bad": lambda z, drift: np.where(z < drift * math.sqrt(LOOK), 6.0, 0.05),
    "more where it looks well": lambda z, drift: np.where(z > drift * math.sqrt(LOOK), 6.0, 0.05),
    # The worst for the upper tail of the usual statistic (Proschan and Hunsberger 1995): it goes on
    # for as long as makes the conditional error largest.
    "the largest conditional error": lambda z, drift: np.clip(
        ((1.96**2 / np.maximum(z - drift * math.sqrt(LOOK), 1e-6) ** 2) - 1) * LOOK, 0.02, 20.0
    ),
}


def covered(rule: Rule, drift: float, spending: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Whether intervals hold the drift: at the look, at the end, the usual one; and who stops."""
    rng = np.random.default_rng([TRIALS, round(100 * drift)])
    z_look = rng.standard_normal(TRIALS) + drift * math.sqrt(LOOK)
    gain = rule(z_look, drift)
    end = LOOK + gain
    after = rng.standard_normal(TRIALS) * np.sqrt(gain) + drift * gain
    z_end = (math.sqrt(LOOK) * z_look + after) / np.sqrt(end)

    def holds(z: Floats, t: Floats, taken: int, combined: Combined) -> Floats:
        stage = stage_of(spending, 2, (LOOK,), taken)
        low, high, _ = repeated_alone([stage], np.zeros(TRIALS, np.int64), combined)
        return (z + low <= drift * np.sqrt(t)) & (drift * np.sqrt(t) <= z + high)

    at_look = np.full(TRIALS, LOOK)
    combined = combined_of(z_look, at_look, z_end, end)
    usual = np.abs(z_end - drift * np.sqrt(end)) <= 1.959964
    first = stage_of(spending, 2, (LOOK,), 1)
    stops = (z_look >= first.second_z) | (z_look <= -first.first_z)
    early = holds(z_look, at_look, 1, Combined.usual(TRIALS))
    return early, holds(z_end, end, 2, combined), usual, stops


@pytest.mark.parametrize("spending", ["", "asP"])
@pytest.mark.parametrize("name", RULES)
def test_both_intervals_hold_the_drift_whatever_changed_the_size(name: str, spending: str) -> None:
    """Together exactly as often as they say; that of the stop at least as often."""
    error = math.sqrt(0.05 * 0.95 / TRIALS)
    for drift in (0.0, 1.5, 3.2):
        early, late, _, stops = covered(RULES[name], drift, spending)
        assert abs((early & late).mean() - 0.95) <= 4 * error, drift
        assert np.where(stops, early, late).mean() >= 0.95 - 4 * error, drift


def test_the_usual_interval_is_misled() -> None:
    """So that the rules are such as can mislead one."""
    error = math.sqrt(0.05 * 0.95 / TRIALS)
    for name, rule in RULES.items():
        _, late, usual, _ = covered(rule, 1.5, "")
        assert abs(late.mean() - 0.95) <= 4 * error
        if name == "the largest conditional error":
            assert usual.mean() < 0.95 - 20 * error


def test_the_centre_has_half_of_all_trials_on_each_side() -> None:
    """Where no look stops the trial: the combination is standard normal at the true drift."""
    rng = np.random.default_rng(7)
    for rule in RULES.values():
        z_look = rng.standard_normal(TRIALS) + 1.5 * math.sqrt(LOOK)
        gain = rule(z_look, 1.5)
        end = LOOK + gain
        after = rng.standard_normal(TRIALS) * np.sqrt(gain) + 1.5 * gain
        z_end = (math.sqrt(LOOK) * z_look + after) / np.sqrt(end)
        centre = combined_of(z_look, np.full(TRIALS, LOOK), z_end, end).centre
        above = (z_end + centre) / np.sqrt(end) > 1.5
        assert abs(above.mean() - 0.5) <= 4 * 0.5 / math.sqrt(TRIALS)


def test_after_the_usual_test_in_a_zone_the_interval_covers_a_little_less() -> None:
    """What the page on adaptation says of it, integrated over the law of Z at the look."""
    z, step = np.linspace(-9, 14, 46_001, retstep=True)
    t, critical, planned = np.array(LOOK), np.array(1.959964), np.full(z.shape, 1 - LOOK)
    for most, goal, worst in ((2.0, 0.8, 0.947), (3.0, 0.9, 0.945)):
        low = least_promising(LOOK, 1.959964, most, goal)
        zone = zones(conditional_power(z, t, critical, planned), low, goal)
        raised = np.clip(gain_needed(z, t, critical, goal), 1 - LOOK, most - LOOK)
        gain = np.where(zone == Zone.PROMISING, raised, planned)
        found = []
        for drift in np.arange(0.0, 5.0, 0.25):
            apart = z - drift * math.sqrt(LOOK)
            start, end = math.sqrt(LOOK) * apart, np.sqrt(LOOK + gain)
            ends = [(bound * end - start) / np.sqrt(gain) for bound in (1.959964, -1.959964)]
            inside = stats.norm.cdf(ends[0]) - stats.norm.cdf(ends[1])
            found.append(float(stats.norm.pdf(apart) @ inside) * step)
        assert found[0] >= 0.95  # no effect
        assert min(found) == pytest.approx(worst, abs=0.0006)
