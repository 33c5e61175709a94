"""Win statistics pair by pair, and Welch's test against SciPy."""

import math

import numpy as np
import pytest
from analysis_records import meld_test
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.analysis import Reason


def made(seed: int, n: int = 40, unseen: float = 0.1):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.arange(n) % 2)
    death = np.where(rng.random(n) < 0.4, np.ceil(rng.exponential(30, n)), math.inf)
    change = np.where(rng.random(n) < unseen, math.nan, np.round(rng.normal(-3, 6, n)))
    return change, np.round(rng.normal(25, 5, n)), death, arm


def slow_pairs(change, death, arm, margin):
    """Matrices of wins and losses of the second arm, a row a patient of it."""
    rows, columns = np.flatnonzero(arm == 1), np.flatnonzero(arm == 0)
    won, lost = np.zeros((rows.size, columns.size)), np.zeros((rows.size, columns.size))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            if death[i] != death[j]:
                won[a, b], lost[a, b] = death[i] > death[j], death[i] < death[j]
            elif math.isinf(death[i]):
                won[a, b] = change[j] - change[i] > margin
                lost[a, b] = change[i] - change[j] > margin
    return won, lost


def covariance(a, b):
    rows = np.cov(a.mean(axis=1), b.mean(axis=1))[0, 1] / a.shape[0]
    columns = np.cov(a.mean(axis=0), b.mean(axis=0))[0, 1] / a.shape[1]
    return rows + columns


def slow_wins(test, change, death, arm, margin):
    won, lost = slow_pairs(change, death, arm, margin)
    w, v = won.mean(), lost.mean()
    ww, vv, wv = covariance(won, won), covariance(lost, lost), covariance(won, lost)
    spread = ww + vv - 2 * wv
    if test == "net_benefit":
        return w - v, math.sqrt(spread)
    if test == "win_ratio":
        return math.log(w / v), math.sqrt(ww / w**2 + vv / v**2 - 2 * wv / (w * v))
    tied = 1 - w - v
    a, b = w + tied / 2, v + tied / 2  # a + b = 1, so d log(a/b) = d(w - v) / (2 a b)
    return math.log(a / b), math.sqrt(spread) / (2 * a * b)


@pytest.mark.parametrize("margin", [0.0, 1.0, 3.5])
@pytest.mark.parametrize("test", ["win_ratio", "net_benefit", "win_odds"])
@pytest.mark.parametrize("seed", range(5))
def test_win_statistics_are_those_of_all_pairs(test, margin, seed):
    change, baseline, death, arm = made(seed)
    ours = meld_test(test, change, baseline, death, arm, margin_points=margin)
    estimate, error = slow_wins(test, change, death, arm, margin)
    assert (ours.estimate, ours.standard_error) == pytest.approx((estimate, error), rel=1e-9)
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(estimate / error)), rel=1e-9)
    assert ours.favours == int(estimate > 0)


def test_without_unseen_survivors_net_benefit_is_the_worst_rank_estimate():
    change, baseline, death, arm = made(3, unseen=0.0)
    net = meld_test("net_benefit", change, baseline, death, arm, margin_points=0.0)
    rank = meld_test("meld_worst_rank", change, baseline, death, arm)
    assert net.estimate == pytest.approx(rank.estimate)


def test_the_error_of_a_net_benefit_is_its_spread():
    rng, found = np.random.default_rng(11), []
    for _ in range(3_000):
        arm = np.arange(40) % 2
        death = np.where(rng.random(40) < 0.4 - 0.15 * arm, rng.exponential(30, 40), math.inf)
        ours = meld_test(
            "net_benefit", rng.normal(-3, 6, 40), np.zeros(40), death, arm, margin_points=1.0
        )
        found.append((ours.estimate, ours.standard_error))
    estimate, error = np.array(found).T
    spread = estimate.std(ddof=1)
    tolerance = 4 * spread / math.sqrt(2 * estimate.size)
    assert math.sqrt((error**2).mean()) == pytest.approx(spread, abs=tolerance)


def test_a_ratio_without_losses_is_no_result_and_a_net_benefit_without_spread_neither():
    death = np.array([10.0, 20.0, 30.0, math.inf, math.inf, math.inf])
    arm, zero = np.array([0, 0, 0, 1, 1, 1]), np.zeros(6)
    for test in ("win_ratio", "win_odds", "net_benefit"):
        ours = meld_test(test, zero, zero, death, arm, margin_points=0.0)
        assert ours.reason == Reason.NOT_ESTIMABLE
    alone = meld_test("win_ratio", zero[:4], zero[:4], death[:4], arm[:4], margin_points=0.0)
    assert alone.reason == Reason.NOT_ESTIMABLE


@settings(max_examples=60)
@given(st.integers(0, 2**30), st.integers(6, 40))
def test_welch_is_scipys_test_of_survivors_seen(seed, n):
    change, baseline, death, arm = made(seed, n)
    ours = meld_test("meld_welch", change, baseline, death, arm)
    seen = np.isinf(death) & ~np.isnan(change)
    first, second = change[seen & (arm == 0)], change[seen & (arm == 1)]
    if min(first.size, second.size) < 2:
        assert ours.reason == Reason.TOO_FEW_SEEN
        return
    if np.ptp(first) == np.ptp(second) == 0:
        assert ours.reason == Reason.NOT_ESTIMABLE
        return
    theirs = stats.ttest_ind(second, first, equal_var=False)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert ours.estimate == pytest.approx(second.mean() - first.mean(), abs=1e-9)
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx(tuple(interval), rel=1e-6, abs=1e-6)
