"""Closed-form sizes with a margin and one-sided, against rpact and enumeration."""

import math
import shutil
import subprocess

import pytest

from simulator.analysis.exact_power import ExactQuestion, power, rejection_set
from simulator.analysis.margins import Border
from simulator.analysis.score import DIFFERENCE, RATIO
from simulator.planning.closed_forms import (
    exact_patients,
    margin_patients,
    normal_patients,
    schoenfeld_events,
    t_test_patients,
)


def in_r(expression: str) -> float:
    """A number that rpact gives."""
    if shutil.which("Rscript") is None:
        pytest.skip("needs R")
    program = f"suppressMessages(library(rpact)); cat(format({expression}, digits = 12))"
    done = subprocess.run(["Rscript", "-e", program], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("needs R's package rpact")
    return float(done.stdout)


@pytest.mark.parametrize(
    ("ratio_of_risks", "p_control", "p_second", "null", "allocation"),
    [(False, 0.45, 0.45, 0.15, 1.0), (False, 0.3, 0.35, 0.2, 2.0), (False, 0.4, 0.38, -0.1, 0.5),
     (True, 0.4, 0.4, 1.4, 1.0), (True, 0.5, 0.45, 1.2, 2.0)],
)  # fmt: skip
def test_farrington_and_mannings_size_is_rpacts(
    ratio_of_risks, p_control, p_second, null, allocation
):
    border = Border(RATIO, math.log(null)) if ratio_of_risks else Border(DIFFERENCE, null)
    ours = margin_patients(p_control, p_second, border, 0.05, 0.8, allocation)
    theirs = in_r(
        f"getSampleSizeRates(thetaH0 = {null}, pi1 = {p_second}, pi2 = {p_control}, alpha = 0.025,"
        f" beta = 0.2, allocationRatioPlanned = {allocation},"
        f" riskRatio = {'TRUE' if ratio_of_risks else 'FALSE'})$nFixed"
    )
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_without_a_margin_farrington_and_mannings_size_is_the_normal_one():
    ours = margin_patients(0.6, 0.4, Border(DIFFERENCE, 0.0), 0.05, 0.8)
    assert ours == pytest.approx(normal_patients(0.6, 0.4, 0.05, 0.8), rel=1e-9)


def test_schoenfelds_events_with_a_margin_are_rpacts():
    ours = schoenfeld_events(0.9 / 1.3, 0.05, 0.8)
    theirs = in_r(
        "getSampleSizeSurvival(thetaH0 = 1.3, hazardRatio = 0.9, alpha = 0.025, beta = 0.2,"
        " typeOfComputation = 'Schoenfeld', median2 = 12)$eventsFixed"
    )
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_size_of_means_with_a_margin_is_rpacts():
    ours = t_test_patients(0.5 - 2.0, (5.0, 5.0), 0.05, 0.8)
    theirs = in_r(
        "getSampleSizeMeans(thetaH0 = -2, alternative = -0.5, stDev = 5, alpha = 0.025,"
        " beta = 0.2)$nFixed"
    )
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_a_one_sided_exact_size_has_the_power_for_good():
    found = exact_patients("fisher", 0.6, 0.3, 0.05, 0.8, 200, alternative="less")
    both = exact_patients("fisher", 0.6, 0.3, 0.1, 0.8, 200)
    assert found is not None
    assert both is not None
    assert found <= both

    def at(total):
        asked = ExactQuestion("fisher", total // 2, total // 2, 0.05, "less")
        return power(rejection_set(asked), 0.6, 0.3)

    assert at(found) >= 0.8 > at(found - 2)
