"""Intervals for two proportions and strata against statsmodels and published numbers."""

import math

import numpy as np
import pytest
from analysis_records import proportion_test, strata_test
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, score_test_proportions_2indep

from simulator.analysis import Reason

TABLES = [(9, 30, 16, 30), (2, 10, 20, 40), (3, 28, 11, 32), (12, 15, 7, 15), (29, 31, 1, 29)]
EMPTY = [(0, 10, 4, 12), (5, 9, 0, 11), (8, 8, 3, 9), (2, 7, 9, 9)]
KINDS = {"risk_difference": "diff", "risk_ratio": "ratio", "odds_ratio": "odds-ratio"}


@pytest.mark.parametrize(("x1", "n1", "x0", "n0", "low", "high"), [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
])  # fmt: skip
def test_newcombes_intervals_are_his_own(x1, n1, x0, n0, low, high):
    # Newcombe (1998), table II, method 10.
    result = proportion_test("risk_difference", x0, n0, x1, n1, interval="newcombe")
    assert (result.low, result.high) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_newcombes_interval_is_statsmodels(table):
    x0, n0, x1, n1 = table
    result = proportion_test("risk_difference", *table, interval="newcombe")
    theirs = confint_proportions_2indep(x1, n1, x0, n0, compare="diff", method="newcomb")
    assert (result.low, result.high) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_newcombes_p_value_is_the_level_at_which_the_interval_meets_no_difference(table):
    x0, n0, x1, n1 = table
    p = proportion_test("risk_difference", *table, interval="newcombe").p_value

    def nearest_limit(log_alpha: float) -> float:
        low, high = confint_proportions_2indep(
            x1, n1, x0, n0, compare="diff", method="newcomb", alpha=math.exp(log_alpha)
        )
        return low if x1 * n0 > x0 * n1 else high

    expected = math.exp(optimize.brentq(nearest_limit, math.log(1e-60), math.log(0.9999)))
    assert p == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("x1", "n1", "x0", "n0", "low", "high"), [
    (56, 70, 48, 80, 0.0528, 0.3382),
    (9, 10, 3, 10, 0.1700, 0.8406),
])  # fmt: skip
def test_score_intervals_of_a_difference_are_the_published_ones(x1, n1, x0, n0, low, high):
    # Newcombe (1998), table II, method 6, Miettinen and Nurminen's.
    result = proportion_test("risk_difference", x0, n0, x1, n1, interval="miettinen_nurminen")
    assert (result.low, result.high) == pytest.approx((low, high), abs=5.1e-5)


def slow_score(table, difference: float) -> float:
    """Score statistic of a difference, its variance by a search for what is most likely."""
    x0, n0, x1, n1 = table
    return (x1 / n1 - x0 / n0 - difference) / math.sqrt(constrained_variance(*table, difference))


def constrained_variance(x0, n0, x1, n1, difference):
    def minus_likelihood(p0):
        p1 = p0 + difference
        return -(stats.binom.logpmf(x0, n0, p0) + stats.binom.logpmf(x1, n1, p1))

    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    p0 = optimize.minimize_scalar(
        minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    p1 = p0 + difference
    variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
    return variance * (n0 + n1) / (n0 + n1 - 1)


@pytest.mark.parametrize("table", TABLES)
def test_the_score_of_a_difference_at_a_limit_is_that_of_the_level(table):
    result = proportion_test("risk_difference", *table, interval="miettinen_nurminen")
    for limit, sign in ((result.low, 1), (result.high, -1)):
        # The search is flat: good to the root of its tolerance.
        assert slow_score(table, limit) == pytest.approx(sign * stats.norm.ppf(0.975), rel=1e-5)


@pytest.mark.parametrize("test", ["risk_ratio", "odds_ratio"])
@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_the_score_of_a_ratio_at_a_limit_is_that_of_the_level(test, table):
    x0, n0, x1, n1 = table
    result = proportion_test(test, *table, interval="miettinen_nurminen")
    for limit in (result.low, result.high):
        if math.isfinite(limit):
            there = score_test_proportions_2indep(
                x1, n1, x0, n0, value=math.exp(limit), compare=KINDS[test], correction=True
            )
            assert there.pvalue == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("test", KINDS)
@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_the_p_value_of_a_score_is_that_of_the_pooled_difference(test, table):
    x0, n0, x1, n1 = table
    p = (x0 + x1) / (n0 + n1)
    error = math.sqrt(p * (1 - p) * (1 / n0 + 1 / n1) * (n0 + n1) / (n0 + n1 - 1))
    expected = 2 * stats.norm.sf(abs(x1 / n1 - x0 / n0) / error)
    result = proportion_test(test, *table, interval="miettinen_nurminen")
    assert result.p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_a_ratio_without_deaths_in_an_arm_is_unbounded(table):
    x0, n0, x1, n1 = table
    result = proportion_test("risk_ratio", *table, interval="miettinen_nurminen")
    assert (result.low == -math.inf) == (x1 == 0)
    assert (result.high == math.inf) == (x0 == 0)
    odds = proportion_test("odds_ratio", *table, interval="miettinen_nurminen")
    assert (odds.low == -math.inf) == (x1 == 0 or x0 == n0)
    assert (odds.high == math.inf) == (x0 == 0 or x1 == n1)


@pytest.mark.parametrize("table", TABLES + EMPTY)
def test_intervals_on_the_log_scale_add_half_a_patient_to_each_cell(table):
    x0, n0, x1, n1 = table
    ratio = proportion_test("risk_ratio", *table, interval="log")
    low, high = confint_proportions_2indep(
        x1, n1, x0, n0, compare="ratio", method="log-adjusted", correction=False
    )
    assert (ratio.low, ratio.high) == pytest.approx((math.log(low), math.log(high)), rel=1e-6)
    odds = proportion_test("odds_ratio", *table, interval="log")
    a, b, c, d = x1 + 0.5, n1 - x1 + 0.5, x0 + 0.5, n0 - x0 + 0.5
    estimate, error = math.log(a * d / b / c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    half = stats.norm.ppf(0.975) * error
    assert (odds.estimate, odds.standard_error) == pytest.approx((estimate, error))
    assert (odds.low, odds.high) == pytest.approx((estimate - half, estimate + half))


STRATA = [[(3, 10, 6, 12), (2, 9, 4, 8), (5, 11, 7, 9)], [(0, 5, 2, 6), (4, 4, 1, 3)]]


@pytest.mark.parametrize("tables", STRATA)
def test_cochran_mantel_haenszel_is_statsmodels(tables):
    theirs = StratifiedTable(
        [np.array([[x1, n1 - x1], [x0, n0 - x0]]) for x0, n0, x1, n1 in tables]
    ).test_null_odds(correction=False)
    assert strata_test("cmh", tables).p_value == pytest.approx(theirs.pvalue, rel=1e-10)


def test_the_risk_difference_of_one_stratum_is_the_plain_one_with_its_unpooled_error():
    plain = proportion_test("fisher", 9, 30, 16, 28)
    result = strata_test("cmh", [(9, 30, 16, 28)])
    assert result.estimate == pytest.approx(plain.estimate)
    assert result.standard_error == pytest.approx(plain.standard_error, rel=2e-3)
    equal, of_equal = (
        proportion_test("fisher", 9, 30, 16, 30),
        strata_test("cmh", [(9, 30, 16, 30)]),
    )
    assert of_equal.standard_error == pytest.approx(equal.standard_error, rel=1e-12)


def test_satos_error_is_the_spread_of_the_estimate():
    # Ten strata of four: the error must hold where strata are small.
    rng, found = np.random.default_rng(7), []
    for _ in range(4_000):
        counts = rng.binomial(2, [[0.3, 0.6]] * 10)
        result = strata_test("cmh", [(x0, 2, x1, 2) for x0, x1 in counts.tolist()])
        if result.reason == 0:
            found.append((result.estimate, result.standard_error))
    estimate, error = np.array(found).T
    spread = estimate.std(ddof=1)
    tolerance = 4 * spread / math.sqrt(2 * estimate.size)
    assert math.sqrt((error**2).mean()) == pytest.approx(spread, abs=tolerance)


def test_a_stratified_score_of_one_stratum_is_the_plain_one():
    plain = proportion_test("risk_difference", 9, 30, 16, 28, interval="miettinen_nurminen")
    result = strata_test("stratified_miettinen_nurminen", [(9, 30, 16, 28)])
    assert result[:5] == pytest.approx(plain[:5], rel=1e-9)


@pytest.mark.parametrize("tables", STRATA)
def test_a_stratified_score_is_that_of_a_slow_sum(tables):
    result = strata_test("stratified_miettinen_nurminen", tables)
    for limit, level in ((0.0, result.p_value), (result.low, 0.05), (result.high, 0.05)):
        away = variance = 0.0
        for x0, n0, x1, n1 in tables:
            weight = n0 * n1 / (n0 + n1)
            away += weight * (x1 / n1 - x0 / n0 - limit)
            variance += weight**2 * constrained_variance(x0, n0, x1, n1, limit)
        assert 2 * stats.norm.sf(abs(away) / math.sqrt(variance)) == pytest.approx(level, rel=1e-4)


@pytest.mark.parametrize("test", ["cmh", "stratified_miettinen_nurminen"])
def test_a_stratum_with_an_empty_arm_says_nothing(test):
    tables = STRATA[0]
    assert strata_test(test, [*tables, (3, 7, 0, 0)])[:5] == pytest.approx(
        strata_test(test, tables)[:5]
    )
    assert strata_test(test, [(3, 7, 0, 0), (0, 0, 2, 5)]).reason == Reason.NOT_ESTIMABLE
