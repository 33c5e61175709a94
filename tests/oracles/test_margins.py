"""Margins of two proportions: score tests and exact ones, against slow maxima and enumeration.

The score statistic of a difference is that of a likelihood maximised numerically (statsmodels 0.15
does not find the maximum: at 7 of 76 v 5 of 88 and .1 it has z = -2.982 for -2.957); that of a
ratio is statsmodels'.
"""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, special, stats
from statsmodels.stats.proportion import score_test_proportions_2indep as score_test

from simulator.analysis import exact_power
from simulator.analysis.exact_power import ExactQuestion
from simulator.analysis.exact_tables import z_pooled
from simulator.analysis.interval_tables import INTERVALS, interval_limits, interval_z
from simulator.analysis.margins import Border, largest_on_border, z_unconditional
from simulator.analysis.score import DIFFERENCE, ODDS_RATIO, RATIO

SIZES = (8, 11)
MEASURES = {"diff": DIFFERENCE, "ratio": RATIO}


def all_tables(sizes=SIZES):
    return itertools.product(range(sizes[0] + 1), range(sizes[1] + 1))


def slow_z(x0, n0, x1, n1, null):
    """Difference less its null value, over the error at the likeliest proportions so far apart."""

    def log_likelihood(p):
        return (
            special.xlogy(x0, p) + special.xlog1py(n0 - x0, -p)
            + special.xlogy(x1, p + null) + special.xlog1py(n1 - x1, -p - null)
        )  # fmt: skip

    low, high = max(0.0, -null) + 1e-13, min(1.0, 1.0 - null) - 1e-13
    p = optimize.minimize_scalar(
        lambda p: -log_likelihood(p), bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    variance = p * (1 - p) / n0 + (p + null) * (1 - p - null) / n1
    return (x1 / n1 - x0 / n0 - null) / math.sqrt(variance)


def their_z(x0, x1, compare, null, *, corrected):
    """Score statistic of a table of `SIZES`."""
    if compare == "ratio":
        return score_test(
            x1, SIZES[1], x0, SIZES[0], value=null, compare=compare, correction=corrected
        ).statistic
    factor = math.sqrt((sum(SIZES) - 1) / sum(SIZES)) if corrected else 1.0
    return factor * slow_z(x0, SIZES[0], x1, SIZES[1], null)


def chances(sizes, p0, p1):
    """Probabilities of all tables."""
    return np.outer(
        stats.binom.pmf(np.arange(sizes[0] + 1), sizes[0], p0),
        stats.binom.pmf(np.arange(sizes[1] + 1), sizes[1], p1),
    )


@pytest.mark.parametrize(("compare", "null"), [("diff", 0.1), ("diff", -0.25), ("ratio", 1.4)])
@pytest.mark.parametrize("kind", ["farrington_manning", "miettinen_nurminen"])
@pytest.mark.filterwarnings("ignore")
def test_score_statistics_at_a_margin_are_those_at_the_likeliest_proportions(compare, null, kind):
    ours_null = math.log(null) if compare == "ratio" else null
    for x0, x1 in all_tables():
        if compare == "ratio" and (x0 == 0 or x0 + x1 == sum(SIZES)):
            continue
        theirs = their_z(x0, x1, compare, null, corrected=kind == "miettinen_nurminen")
        z = interval_z(x0, SIZES[0], x1, SIZES[1], MEASURES[compare], INTERVALS[kind], ours_null)
        assert z == pytest.approx(theirs, abs=1e-6), (x0, x1)


def test_farrington_and_mannings_z_of_rodarys_trial_and_chans_exact_p_value():
    """Relapse in 7 of 76 v 5 of 88 children, margin .1; Chan (1998) has the exact p value .0017."""
    z = interval_z(7, 76, 5, 88, DIFFERENCE, INTERVALS["farrington_manning"], 0.1)
    assert z == pytest.approx(slow_z(7, 76, 5, 88, 0.1), abs=1e-6)
    table = z_unconditional(76, 88, 0, 0.1)
    assert round(table[7, 5], 4) == 0.0017


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("null", [0.15, -0.2])
def test_exact_p_values_at_a_margin_are_those_of_a_slow_enumeration(side, null):
    """Every table's tail by the slow z, on a grid of 4,001 mortalities of the first arm."""
    z = np.empty((SIZES[0] + 1, SIZES[1] + 1))
    for x0, x1 in all_tables():
        found = slow_z(x0, SIZES[0], x1, SIZES[1], null)
        z[x0, x1] = found if side == 0 else -found
    grid = np.linspace(max(0, -null), min(1, 1 - null), 4_001)
    each = np.array([chances(SIZES, p0, p0 + null) for p0 in grid])
    ours = z_unconditional(*SIZES, side, null)
    for x0, x1 in all_tables():
        tail = (each * (z <= z[x0, x1] + 1e-6)).sum(axis=(1, 2)).max()
        assert ours[x0, x1] == pytest.approx(tail, rel=2e-5), (x0, x1)


@pytest.mark.parametrize("side", [0, 1])
def test_without_a_margin_chans_test_is_suissa_and_shusters(side):
    ours = z_unconditional(12, 17, side, 0.0)
    np.testing.assert_allclose(ours, z_pooled(12, 17, side), rtol=1e-6)


@pytest.mark.parametrize(
    "border",
    [Border(DIFFERENCE, 0.1), Border(DIFFERENCE, -0.2), Border(RATIO, math.log(1.5)),
     Border(ODDS_RATIO, math.log(2.0)), Border(ODDS_RATIO, math.log(0.5))],
)  # fmt: skip
def test_size_on_a_border_is_the_largest_of_a_grid_and_its_bound_is_close(border):
    inside = z_unconditional(20, 26, 0, 0.1) <= 0.05
    low, high = border.ends
    grid = np.linspace(low, high, 20_001)
    p1 = border.second(grid)
    first = stats.binom.pmf(np.arange(21), 20, grid[:, None])
    second = stats.binom.pmf(np.arange(27), 26, p1[:, None])
    largest = np.einsum("gi,ij,gj->g", first, inside, second)
    found = largest_on_border(inside, border)
    assert found.probability == pytest.approx(largest.max(), rel=1e-6)
    assert found.probability >= largest.max() * (1 - 1e-12)
    assert found.bound >= largest.max()
    assert found.bound <= found.probability * (1 + 1e-4)
    if border.measure == ODDS_RATIO:
        odds = grid[1:-1] / (1 - grid[1:-1]) * math.exp(border.null)
        np.testing.assert_allclose(p1[1:-1], odds / (1 + odds))


@pytest.mark.parametrize(
    ("test", "interval", "null", "alternative"),
    [
        ("risk_difference", "farrington_manning", 0.2, "less"),
        ("risk_difference", "miettinen_nurminen", -0.2, "greater"),
        ("risk_ratio", "farrington_manning", 1.5, "less"),
        ("risk_ratio", "miettinen_nurminen", 0.6, "greater"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_power_is_the_sum_over_the_tables_that_reject(test, interval, null, alternative):
    compare = "ratio" if test == "risk_ratio" else "diff"
    asked = ExactQuestion(test, *SIZES, 0.1, alternative, interval=interval, margin=null)
    theirs = np.zeros((SIZES[0] + 1, SIZES[1] + 1), bool)
    for x0, x1 in all_tables():
        if compare == "ratio" and x0 == 0:
            # Theirs is not defined there; nobody died: ours has p = 1.
            theirs[x0, x1] = exact_power.rejection_set(asked)[x0, x1]
            continue
        z = their_z(x0, x1, compare, null, corrected=interval == "miettinen_nurminen")
        p_value = stats.norm.cdf(z if alternative == "less" else -z)
        both_ends = compare == "ratio" and x0 + x1 == sum(SIZES)
        theirs[x0, x1] = p_value <= 0.1 and not both_ends
    ours = exact_power.rejection_set(asked)
    np.testing.assert_array_equal(ours, theirs)
    power = exact_power.power(ours, 0.5, 0.4)
    assert power == pytest.approx((chances(SIZES, 0.5, 0.4) * theirs).sum(), rel=1e-12)


def test_an_exact_test_holds_its_level_at_a_margin_and_a_score_test_need_not():
    exact = ExactQuestion("z_pooled", 30, 30, 0.025, "less", margin=0.1)
    score = exact._replace(test="risk_difference", interval="farrington_manning")
    assert exact_power.size(exact_power.rejection_set(exact), exact).probability <= 0.025
    assert exact_power.size(exact_power.rejection_set(score), score).probability > 0.025


def test_equivalence_is_two_one_sided_tests_at_alpha():
    asked = ExactQuestion("z_pooled", 40, 40, 0.05, equivalence=(-0.25, 0.3))
    above = asked._replace(equivalence=None, alternative="greater", margin=-0.25)
    below = asked._replace(equivalence=None, alternative="less", margin=0.3)
    both = exact_power.rejection_set(above) & exact_power.rejection_set(below)
    np.testing.assert_array_equal(exact_power.rejection_set(asked), both)
    assert both.any()
    size = exact_power.size(exact_power.rejection_set(asked), asked)
    assert 0 < size.probability <= 0.05


@pytest.mark.parametrize(
    "interval", ["farrington_manning", "miettinen_nurminen", "newcombe", "wald"]
)
@pytest.mark.parametrize("null", [0.1, -0.2])
def test_the_limit_of_a_one_sided_interval_decides_as_the_test_does(interval, null):
    """An interval of confidence 1 - 2 alpha lies below the margin where less is shown at alpha."""
    z, kind = stats.norm.ppf(0.95), INTERVALS[interval]
    for x0, x1 in all_tables():
        table = x0, SIZES[0], x1, SIZES[1]
        low, high = interval_limits(*table, DIFFERENCE, kind, z)
        statistic = interval_z(*table, DIFFERENCE, kind, null)
        if min(abs(high - null), abs(low - null)) > 1e-9:
            assert (high < null) == (statistic < -z), table
            assert (low > null) == (statistic > z), table


@pytest.mark.parametrize("test", ["fisher", "boschloo", "z_pooled"])
@pytest.mark.parametrize("alternative", ["less", "greater"])
def test_one_sided_exact_p_values_are_scipys(test, alternative):
    """Not half of the two-sided ones: the tail of the side asked."""
    asked = ExactQuestion(test, 6, 9, 0.05, alternative)
    ours = exact_power.p_value_table(asked)
    for x0, x1 in [(0, 4), (3, 3), (5, 2), (6, 1), (2, 8)]:
        # Theirs compares the first column with the second; the tail is of the second arm's deaths.
        table = [[x1, x0], [9 - x1, 6 - x0]]
        if test == "fisher":
            right = stats.fisher_exact(table, alternative=alternative).pvalue
        elif test == "boschloo":
            right = stats.boschloo_exact(table, alternative=alternative, n=64).pvalue
        else:
            right = stats.barnard_exact(table, alternative=alternative, pooled=True, n=64).pvalue
        assert ours[x0, x1] == pytest.approx(right, rel=2e-3), (x0, x1)
