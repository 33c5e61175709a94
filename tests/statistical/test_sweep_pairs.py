"""Differences between points of a sweep: what common random numbers give."""

import math

import numpy as np
import pytest

import simulator
from simulator.planning.paired import paired_error

KEY = "hazard.effect.hazard_ratio"
TRIALS = 6_000


@pytest.fixture(scope="module")
def sweep():
    study = simulator.load("two-arm-survival")
    return study.sweep({KEY: [0.55, 0.56, 0.57]}, TRIALS)


def test_paired_errors_of_neighbours_are_a_third_of_unpaired_ones_or_less(sweep):
    base = next(p for p in sweep.points if p.is_base).analyses[0]
    others = [p.analyses[0] for p in sweep.points if not p.is_base]
    assert len(others) == 3
    for a in others:
        unpaired = math.hypot(a.mcse, base.mcse)
        assert a.paired_mcse * 3 < unpaired


def test_paired_error_is_that_of_independent_repeats(sweep):
    """The spread of the difference over 30 seeds, within four of its own errors."""
    study = simulator.load("two-arm-survival")
    few, repeats = 200, 30
    planned = study.plan_sweep({KEY: [0.5]})
    found = [
        next(
            p.analyses[0]
            for p in study.run_sweep(planned, few, seed=100 + k).points
            if not p.is_base
        )
        for k in range(repeats)
    ]
    spread = float(np.std([a.difference for a in found], ddof=1))
    claimed = math.sqrt(np.mean([a.paired_mcse**2 for a in found]))
    assert abs(spread / claimed - 1) < 4 / math.sqrt(2 * (repeats - 1))


def test_paired_error_of_no_difference_is_not_nothing():
    assert paired_error(np.zeros(100)) == pytest.approx(math.sqrt(2 / 104) / math.sqrt(104))


def test_points_are_what_power_gives_for_a_file_with_their_values(sweep, tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text(
        "extends: two-arm-survival\nname: other\ntitle: another ratio\n"
        "hazard: {effect: {hazard_ratio: 0.55}}\n"
    )
    (own,) = simulator.load(str(file)).power(TRIALS).analyses
    (point,) = [p for p in sweep.points if p.values[KEY] == 0.55]
    assert point.analyses[0].power == own.power
    assert point.analyses[0].mcse == own.mcse
