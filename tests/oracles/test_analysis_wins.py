"""Win statistics pair by pair, and Welch's test against SciPy."""

import math

import numpy as np
import pytest
from analysis_records import design, meld_test, one_trial, plan_of, result
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.analysis import END, Reason, analyse


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


def censored_trial(seed: int, n: int = 40):
    """Patients who die, are lost (some on a day of a death) or are seen at the end."""
    change, _, death, arm = made(seed, n)
    death = np.where(death <= 84, death, math.inf)
    rng = np.random.default_rng(1000 + seed)
    lost = np.where(rng.random(n) < 0.35, np.ceil(rng.uniform(0, 70, n)), math.inf)
    lost = np.where(lost < death, lost, math.inf)
    return change, np.where(np.isinf(lost), death, math.inf), lost, arm


def censored_test(test, change, death, lost, arm, pairs, margin=1.0):
    records = one_trial(
        arm,
        death_after_days=death,
        loss_after_days=lost,
        visit_after_days=np.tile([0.0, 84.0], (len(arm), 1)),
        visit_meld=np.column_stack([np.full(len(arm), 25.0), 25.0 + change]),
    )
    # A visit after the loss is no visit.
    records.patients.visit_meld[np.isfinite(lost), 1] = math.nan
    plan = plan_of(test, "censored", margin_points=margin, censored_pairs=pairs)
    return result(analyse(records, [plan], design(84), END))


def not_lost_before(day, death, lost):
    """Kaplan-Meier of being lost, the number at risk over what survival alone would leave.

    With deaths before losses of the same day, at risk(t) = n S(t-) G(t-).
    """
    last = np.minimum(death, lost)
    alive = 1.0
    for t in sorted({d for d in death.tolist() if d < day}):
        alive *= 1 - (death == t).sum() / (last >= t).sum()
    at_risk = (last >= day).sum()  # at infinity: those seen to the end
    return at_risk / (len(death) * alive)


def slow_censored_pairs(change, death, lost, arm, margin, weighted):
    rows, columns = np.flatnonzero(arm == 1), np.flatnonzero(arm == 0)
    won, lose = np.zeros((rows.size, columns.size)), np.zeros((rows.size, columns.size))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            day, w, v = math.inf, False, False
            if death[j] < math.inf and death[j] <= lost[i] and death[j] < death[i]:
                day, w = death[j], True
            elif death[i] < math.inf and death[i] <= lost[j] and death[i] < death[j]:
                day, v = death[i], True
            elif np.isinf([death[i], death[j], lost[i], lost[j]]).all():
                w, v = change[j] - change[i] > margin, change[i] - change[j] > margin
            weight = 1.0
            if weighted and (w or v):
                for which in (rows, columns):
                    weight /= not_lost_before(day, death[which], lost[which])
            won[a, b], lose[a, b] = weight * w, weight * v
    return won, lose


@pytest.mark.parametrize("pairs", ["tied", "weighted"])
@pytest.mark.parametrize("test", ["win_ratio", "net_benefit", "win_odds"])
@pytest.mark.parametrize("seed", range(4))
def test_win_statistics_of_censored_pairs_are_those_of_all_pairs(test, pairs, seed):
    change, death, lost, arm = censored_trial(seed)
    ours = censored_test(test, change, death, lost, arm, pairs)
    won, lose = slow_censored_pairs(change, death, lost, arm, 1.0, pairs == "weighted")
    w, v = won.mean(), lose.mean()
    ww, vv, wv = covariance(won, won), covariance(lose, lose), covariance(won, lose)
    estimate, spread = w - v, ww + vv - 2 * wv
    if test == "win_ratio":
        estimate, spread = math.log(w / v), ww / w**2 + vv / v**2 - 2 * wv / (w * v)
    if test == "win_odds":
        estimate, spread = (
            math.log((1 + w - v) / (1 - w + v)),
            spread * (2 / (1 - (w - v) ** 2)) ** 2,
        )
    assert (ours.estimate, ours.standard_error) == pytest.approx(
        (estimate, math.sqrt(spread)), rel=1e-9
    )


@pytest.mark.parametrize("pairs", ["tied", "weighted"])
def test_where_nobody_is_lost_censoring_changes_nothing(pairs):
    change, _, death, arm = made(2)
    death = np.where(death <= 84, death, math.inf)
    nobody = np.full(len(arm), math.inf)
    plain = meld_test("win_ratio", change, np.full(40, 25.0), death, arm, margin_points=1.0)
    censored = censored_test("win_ratio", change, death, nobody, arm, pairs)
    assert censored.estimate == pytest.approx(plain.estimate, rel=1e-12)


def test_weights_undo_the_loss_on_average_and_ties_shrink_the_net_benefit():
    """600 trials of 200 patients, a quarter lost at random; the net benefit without loss is known.

    Death is exponential by day 84 with mortality .6 and .4, survivors have normal changes 2 apart,
    of standard deviation 4: without loss, of pairs (death first) it is worked out from 4 million.
    """
    rng, margin = np.random.default_rng(5), 0.0

    def draw(size, mortality, mean):
        rate = -math.log(1 - mortality) / 84
        death = rng.exponential(1 / rate, size)
        return np.where(death <= 84, death, math.inf), rng.normal(mean, 4, size)

    (d0, c0), (d1, c1) = draw(2_000, 0.6, 0.0), draw(2_000, 0.4, -2.0)
    alive = np.isinf(d1)[:, None] & np.isinf(d0)[None, :]
    wins = np.where(alive, c0[None, :] > c1[:, None], d1[:, None] > d0[None, :])
    losses = np.where(alive, c1[:, None] > c0[None, :], d0[None, :] > d1[:, None])
    truth = wins.mean() - losses.mean()
    truth_error = 2 / math.sqrt(2_000)  # of each arm's part, at most
    found = {"tied": [], "weighted": []}
    for _ in range(600):
        parts = draw(100, 0.6, 0.0), draw(100, 0.4, -2.0)
        death, change = (np.concatenate(both) for both in zip(*parts, strict=True))
        lost = rng.exponential(84 / 0.35, 200)
        lost = np.where(lost < np.minimum(death, 84), lost, math.inf)
        death = np.where(np.isinf(lost), death, math.inf)
        arm = np.repeat([0, 1], 100)
        for pairs, values in found.items():
            one = censored_test("net_benefit", change, death, lost, arm, pairs, margin)
            values.append(one.estimate)
    tied, weighted = np.mean(found["tied"]), np.mean(found["weighted"])
    error = np.std(found["weighted"], ddof=1) / math.sqrt(600)
    assert abs(weighted - truth) < 4 * math.hypot(error, truth_error / 4)
    assert tied < weighted - 4 * error
