"""Weighted, stratified and combined log-rank tests, and Cox regression, against other libraries."""

import functools
import math

import numpy as np
import pytest
from analysis_records import design, one_trial, plan_of, result, time_test
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from simulator.analysis import END, Reason, analyse
from simulator.analysis.multinormal import beyond

AML = (  # Miller 1997, as in R's survival: maintained and not
    np.array(
        [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    ),
    np.array([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1], bool),
    np.array([0] * 11 + [1] * 12),
)  # fmt: skip


def made(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times of which many are tied, deaths and arms."""
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(40, n) / 4) * 4.0
    return time, rng.random(n) < 0.7, rng.integers(0, 2, n)


def slow(time, event, arm, weight):
    """U, its variance, the sum of weights times variances, from the formula."""
    u = v = information = 0.0
    survival = 1.0
    for day in np.unique(time[event]):
        risk, now = time >= day, event & (time == day)
        r, r1, d, d1 = risk.sum(), (risk & (arm == 1)).sum(), now.sum(), (now & (arm == 1)).sum()
        w = weight(survival)
        own = d * (r1 / r) * (1 - r1 / r) * (r - d) / (r - 1) if r > 1 else 0.0
        u, v, information = u + w * (d1 - d * r1 / r), v + w * w * own, information + w * own
        survival *= 1 - d / r
    return u, v, information


def assert_is(ours, u, v, information):
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(u) / math.sqrt(v)), rel=1e-9)
    assert ours.estimate == pytest.approx(u / information, rel=1e-9, abs=1e-12)
    assert ours.standard_error == pytest.approx(math.sqrt(v) / information, rel=1e-9)
    half = stats.norm.ppf(0.975) * ours.standard_error
    assert (ours.low, ours.high) == pytest.approx((ours.estimate - half, ours.estimate + half))


@pytest.mark.parametrize(("rho", "gamma"), [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 2.0)])
@pytest.mark.parametrize("seed", range(4))
def test_fleming_harrington_is_the_formula(rho, gamma, seed):
    data = made(seed)
    ours = time_test("fleming_harrington", *data, rho=float(rho), gamma=float(gamma))
    assert_is(ours, *slow(*data, lambda s: s**rho * (1 - s) ** gamma))


@pytest.mark.parametrize("seed", range(4))
def test_fleming_harrington_with_early_weights_is_statsmodels(seed):
    time, event, arm = made(seed)
    _, p = survdiff(time, event, arm, weight_type="fh", fh_p=1)
    ours = time_test("fleming_harrington", time, event, arm, rho=1.0, gamma=0.0)
    # statsmodels takes the survival of the times just after, not before, a death.
    late = slow(time, event, arm, lambda s: s)
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(late[0]) / late[1] ** 0.5), rel=1e-9)
    assert abs(math.log(p) - math.log(ours.p_value)) < 0.5


def test_without_weights_it_is_the_published_log_rank_of_aml():
    ours = time_test("fleming_harrington", *AML, rho=0.0, gamma=0.0)
    assert stats.chi2.isf(ours.p_value, 1) == pytest.approx(3.396389, abs=5e-7)  # R survival


@pytest.mark.parametrize("t_star", [0.0, 10.0, 40.0, 1e4])
@pytest.mark.parametrize("seed", range(3))
def test_modest_weights_are_the_formula(t_star, seed):
    time, event, arm = made(seed)
    at_t_star = 1.0
    for day in np.unique(time[event]):
        if day <= t_star:
            at_t_star *= 1 - (event & (time == day)).sum() / (time >= day).sum()
    ours = time_test("modestly_weighted", time, event, arm, t_star_days=t_star)
    assert_is(ours, *slow(time, event, arm, lambda s: 1 / max(s, at_t_star)))
    if t_star == 0.0:
        assert ours.p_value == pytest.approx(time_test("log_rank", time, event, arm).p_value)


@pytest.mark.parametrize("seed", range(3))
def test_a_stratified_log_rank_adds_up_its_strata(seed):
    time, event, arm = made(seed, 90)
    site = np.random.default_rng(seed + 100).integers(0, 4, 90)
    records = one_trial(
        arm,
        death_after_days=np.where(event, time, np.inf),
        loss_after_days=np.where(event, np.inf, time),
        site=site,
    )
    plan = plan_of("stratified_log_rank", "censored", strata="site")
    ours = result(analyse(records, [plan], design(1000), END))
    parts = [slow(time[site == s], event[site == s], arm[site == s], lambda _: 1) for s in range(4)]
    assert_is(ours, *np.sum(parts, axis=0))
    theirs = survdiff(time, event, arm, strata=site)
    assert ours.p_value == pytest.approx(theirs[1], rel=1e-9)


# MaxCombo -----------------------------------------------------------------------------------------


def correlation_of(data, weights):
    size = len(weights)
    variances = np.empty((size, size))
    for i, (a, b) in enumerate(weights):
        for j, (c, d) in enumerate(weights):
            variances[i, j] = slow(
                *data, lambda s, a=a, b=b, c=c, d=d: math.sqrt(s ** (a + c) * (1 - s) ** (b + d))
            )[1]
    root = np.sqrt(np.diag(variances))
    return variances / np.outer(root, root)


COMBOS = [
    [[0, 0], [0, 1]],
    [[0, 0], [1, 0], [0, 1]],  # the second and third add up to the first
    [[0, 0], [0, 1], [1, 0], [1, 1]],
    [[0, 0], [0, 0.5], [0.5, 0]],
]


@pytest.mark.parametrize("weights", COMBOS)
@pytest.mark.parametrize("seed", range(3))
def test_max_combo_is_the_largest_by_scipys_multivariate_normal(weights, seed):
    data = made(seed)
    z = [u / math.sqrt(v) for u, v, _ in (
        slow(*data, lambda s, a=a, b=b: s**a * (1 - s) ** b) for a, b in weights)]  # fmt: skip
    limit, correlation = max(map(abs, z)), correlation_of(data, weights)
    ours = time_test("max_combo", *data, weights=weights)
    law = stats.multivariate_normal(
        np.zeros(len(z)), correlation, allow_singular=True, seed=1, maxpts=2_000_000, abseps=1e-7
    )
    theirs = 1 - law.cdf(np.full(len(z), limit), lower_limit=np.full(len(z), -limit))
    assert ours.p_value == pytest.approx(theirs, abs=6e-5)  # the quadrature's own error
    plain = time_test("log_rank", *data)
    assert (ours.estimate, ours.standard_error) == pytest.approx(
        (plain.estimate, plain.standard_error), rel=1e-9
    )


@pytest.mark.parametrize("limit", [0.3, 1.0, 1.96, 2.5, 4.0])
def test_of_one_statistic_repeated_or_of_independent_ones_the_law_is_known(limit):
    one = 2 * stats.norm.sf(limit)
    assert beyond(limit, -limit, np.ones((3, 3))) == pytest.approx(one, rel=1e-9, abs=1e-13)
    inside = (1 - one) ** 3
    assert beyond(limit, -limit, np.eye(3)) == pytest.approx(1 - inside, rel=1e-9)
    # On one side alone there is no floor.
    below = stats.norm.cdf(limit)
    assert beyond(limit, -math.inf, np.ones((3, 3))) == pytest.approx(1 - below, rel=1e-9)
    assert beyond(limit, -math.inf, np.eye(3)) == pytest.approx(1 - below**3, rel=1e-9)


def test_opposite_statistics_are_one():
    assert beyond(1.5, -1.5, np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx(
        2 * stats.norm.sf(1.5)
    )


# Cox ----------------------------------------------------------------------------------------------


@functools.cache
def phreg(seed: int, ties: str):
    time, event, arm = made(seed)
    return PHReg(time, arm[:, None].astype(float), status=event, ties=ties)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(5))
def test_cox_is_statsmodels(ties, seed):
    model = phreg(seed, ties)
    fit, data = model.fit(), made(seed)
    wald = time_test("cox", *data, ties=ties, statistic="wald")
    assert wald.estimate == pytest.approx(fit.params[0], abs=1e-6)
    assert wald.standard_error == pytest.approx(fit.bse[0], rel=1e-6)
    assert wald.p_value == pytest.approx(
        2 * stats.norm.sf(abs(fit.params[0] / fit.bse[0])), rel=1e-5
    )
    zero = np.zeros(1)
    score = model.score(zero)[0] ** 2 / -model.hessian(zero)[0, 0]
    ours = time_test("cox", *data, ties=ties, statistic="score")
    assert ours.p_value == pytest.approx(stats.chi2.sf(score, 1), rel=1e-7)
    twice = 2 * (model.loglike(fit.params) - model.loglike(zero))
    ours = time_test("cox", *data, ties=ties, statistic="likelihood_ratio")
    assert ours.p_value == pytest.approx(stats.chi2.sf(twice, 1), rel=1e-6)


@pytest.mark.parametrize(("ties", "coefficient"), [("efron", 0.915533), ("breslow", 0.904220)])
def test_cox_has_rs_coefficient_on_aml(ties, coefficient):
    ours = time_test("cox", *AML, ties=ties, statistic="wald")
    assert ours.estimate == pytest.approx(coefficient, abs=5e-7)  # R survival


def test_where_all_deaths_are_in_one_arm_the_ratio_is_infinite_and_the_score_is_not():
    time, arm = np.array([3.0, 5, 7, 9, 11, 11, 11, 11]), np.array([1, 1, 1, 1, 0, 0, 0, 0])
    event = time < 10
    wald = time_test("cox", time, event, arm, ties="efron", statistic="wald")
    assert wald.reason == Reason.NOT_ESTIMABLE
    score = time_test("cox", time, event, arm, ties="efron", statistic="score")
    assert score.reason == 0
    assert math.isnan(score.estimate)
    assert score.p_value == pytest.approx(time_test("log_rank", time, event, arm).p_value)
    ratio = time_test("cox", time, event, arm, ties="efron", statistic="likelihood_ratio")
    # Each death's share of the likelihood is 1 at infinity, and 1 / (at risk) without an effect
    # times those of its arm: 4 of 8, 3 of 7, 2 of 6, 1 of 5.
    at_null = sum(math.log(1 / n) for n in (8, 7, 6, 5))
    at_infinity = sum(math.log(1 / n) for n in (4, 3, 2, 1))
    assert ratio.p_value == pytest.approx(stats.chi2.sf(2 * (at_infinity - at_null), 1), rel=1e-9)


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(4, 25))
def test_the_estimate_is_where_the_score_is_zero(seed, n):
    time, event, arm = made(seed, n)
    ours = time_test("cox", time, event, arm, ties="breslow", statistic="score")
    if ours.reason or math.isnan(ours.estimate):
        return

    def score(beta):
        total = 0.0
        for day in np.unique(time[event]):
            risk, now = time >= day, event & (time == day)
            weights = np.exp(beta * arm[risk])
            total += (arm[now]).sum() - now.sum() * (arm[risk] * weights).sum() / weights.sum()
        return total

    assert ours.estimate == pytest.approx(optimize.brentq(score, -30, 30, xtol=1e-13), abs=1e-8)
