"""Closed-form sizes with a margin and one-sided, against rpact and enumeration."""

import math
import shutil
import subprocess
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import stats

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
from simulator.planning.equivalence_sizes import (
    equivalence_events,
    equivalence_patients,
    equivalence_t_test_patients,
)


@pytest.fixture(scope="module")
def in_r() -> Iterator[Callable[[str], float]]:
    """Numbers that rpact gives: one R answers all, which takes seconds to load it."""
    if shutil.which("R") is None:
        pytest.skip("needs R")
    command = ["R", "--no-echo", "--no-save", "--no-restore"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as r:

        def answered(expression: str) -> str:
            r.stdin.write(f"cat({expression}, '\\n')\n")
            r.stdin.flush()
            return r.stdout.readline().strip()

        if answered("suppressMessages(suppressWarnings(require(rpact, quietly = TRUE)))") != "TRUE":
            pytest.skip("needs R's package rpact")
        yield lambda expression: float(answered(f"format({expression}, digits = 12)"))
        r.stdin.close()


@pytest.mark.parametrize(
    ("ratio_of_risks", "p_control", "p_second", "null", "allocation"),
    [(False, 0.45, 0.45, 0.15, 1.0), (False, 0.3, 0.35, 0.2, 2.0), (False, 0.4, 0.38, -0.1, 0.5),
     (True, 0.4, 0.4, 1.4, 1.0), (True, 0.5, 0.45, 1.2, 2.0)],
)  # fmt: skip
def test_farrington_and_mannings_size_is_rpacts(
    in_r, ratio_of_risks, p_control, p_second, null, allocation
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


def test_schoenfelds_events_with_a_margin_are_rpacts(in_r):
    ours = schoenfeld_events(0.9 / 1.3, 0.05, 0.8)
    theirs = in_r(
        "getSampleSizeSurvival(thetaH0 = 1.3, hazardRatio = 0.9, alpha = 0.025, beta = 0.2,"
        " typeOfComputation = 'Schoenfeld', median2 = 12)$eventsFixed"
    )
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_size_of_means_with_a_margin_is_rpacts(in_r):
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


# Equivalence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cv", "patients", "shown"), [(0.30, 40, 0.815845), (0.20, 20, 0.834680)])
def test_the_power_of_two_one_sided_t_tests_is_that_of_power_tost(cv, patients, shown):
    """PowerTOST's vignette: a 2 x 2 cross-over, true ratio .95 within .80 and 1.25, alpha .05.

    Its difference has a variance of twice that within patients over their number, with their number
    less 2 degrees of freedom: that of two arms whose variance is half of that within patients.
    """
    sd = math.sqrt(math.log(1 + cv**2) / 2)
    asked = math.log(0.95), (math.log(0.8), math.log(1.25)), (sd, sd), 0.10
    assert equivalence_t_test_patients(*asked, shown - 5e-7) <= patients
    assert equivalence_t_test_patients(*asked, shown + 5e-7) >= patients


def test_with_one_margin_far_away_equivalence_takes_what_the_other_takes():
    high, far = Border(RATIO, math.log(1.4)), Border(RATIO, math.log(1e-6))
    one = margin_patients(0.4, 0.42, high, 0.10, 0.8, 2.0)
    assert equivalence_patients(0.4, 0.42, (far, high), 0.10, 0.8, 2.0) == pytest.approx(one)
    events = schoenfeld_events(0.95 / 1.3, 0.10, 0.9, 2.0)
    assert equivalence_events(0.95, (1e-9, 1.3), 0.10, 0.9, 2.0) == pytest.approx(events)
    means = t_test_patients(1.5, (5.0, 6.0), 0.10, 0.8, 2.0)
    both = equivalence_t_test_patients(0.5, (-1e4, 2.0), (5.0, 6.0), 0.10, 0.8, 2.0)
    assert both == pytest.approx(means, rel=1e-6)


def test_events_in_the_middle_are_those_of_chow_shao_and_wang():
    """(z of 1 - alpha + z of 1 - beta / 2)^2 over margin^2 p1 p2, of a hazard ratio of 1."""
    z = 1.6448536 + 1.2815516
    events = z**2 / (0.25 * math.log(1.3) ** 2)
    assert equivalence_events(1.0, (1 / 1.3, 1.3), 0.10, 0.8) == pytest.approx(events, rel=1e-6)


@pytest.mark.parametrize(("p0", "p1"), [(0.4, 0.4), (0.3, 0.33)])
def test_both_score_tests_reject_with_the_power_that_was_asked(p0, p1):
    """By enumeration of all tables at that size, the statistic at the margin found by hand."""
    margin = 0.12
    borders = Border(DIFFERENCE, -margin), Border(DIFFERENCE, margin)
    n = math.ceil(equivalence_patients(p0, p1, borders, 0.10, 0.8) / 2)
    x0, x1 = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    d = x1 / n - x0 / n

    def likeliest(null: float) -> tuple[np.ndarray, np.ndarray]:
        """Risks `null` apart at which tables are likeliest: the root of the score, by halving."""
        low = np.full(d.shape, max(0.0, -null) + 1e-12)
        high = np.full(d.shape, min(1.0, 1.0 - null) - 1e-12)
        for _ in range(60):
            p = (low + high) / 2
            q = p + null
            climbs = x0 / p - (n - x0) / (1 - p) + x1 / q - (n - x1) / (1 - q) > 0
            low, high = np.where(climbs, p, low), np.where(climbs, high, p)
        return p, p + null

    both = np.ones(d.shape, bool)
    for null, side in ((-margin, 1), (margin, -1)):
        p, q = likeliest(null)
        z = (d - null) / np.sqrt((p * (1 - p) + q * (1 - q)) / n)
        both &= side * z >= 1.6448536269514722
    chance = stats.binom.pmf(np.arange(n + 1), n, p0)[:, None] * stats.binom.pmf(
        np.arange(n + 1), n, p1
    )
    # A lattice of n steps: a boundary is off by at most one of them, of the density there.
    error = math.sqrt((p0 * (1 - p0) + p1 * (1 - p1)) / n)
    step = 2 * stats.norm.pdf(0.85) / (n * error)
    assert float(chance[both].sum()) == pytest.approx(0.8, abs=step)
