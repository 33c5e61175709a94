"""Logistic regression with Firth's penalty and standardisation, against general optimisers."""

import math

import numpy as np
import pytest
from analysis_records import adjusted_test
from scipy import optimize, special, stats

from simulator.analysis import Reason

CHI = stats.chi2.ppf(0.95, 1)


def made(seed: int, n: int = 40):
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    meld = rng.normal(24, 6, n)
    dead = rng.random(n) < special.expit(-0.3 - 0.8 * arm + 0.15 * (meld - 24))
    return arm, meld, dead


def minus_penalised(beta, x, dead):
    """Log likelihood plus half the log determinant of the information (Firth 1993), negative."""
    linear = x @ beta
    p = special.expit(linear)
    likelihood = (dead * linear - np.logaddexp(0, linear)).sum()
    return -likelihood - 0.5 * np.linalg.slogdet((x * (p * (1 - p))[:, None]).T @ x)[1]


def best(x, dead, fixed=None):
    """Penalised maximum; `fixed` holds the arm's coefficient."""

    def whole(free):
        return free if fixed is None else np.array([free[0], fixed, free[1]])

    start = np.zeros(3 if fixed is None else 2)
    found = optimize.minimize(
        lambda free: minus_penalised(whole(free), x, dead), start, method="BFGS", tol=1e-12
    )
    polished = optimize.minimize(
        lambda free: minus_penalised(whole(free), x, dead),
        found.x,
        method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000, "maxfev": 8000},
    )
    return whole(polished.x), -polished.fun


SEPARATED = (np.array([0, 1] * 8), np.arange(16.0), np.array([True, False] * 8))
CASES = [made(0), made(1), made(2, 20), SEPARATED]


def design(arm, meld):
    return np.column_stack([np.ones(arm.size), arm, (meld - meld.mean()) / meld.std()])


@pytest.mark.parametrize("case", range(len(CASES)))
def test_firths_regression_is_the_penalised_maximum(case):
    arm, meld, dead = CASES[case]
    x = design(arm, meld)
    beta, largest = best(x, dead)
    ours = adjusted_test("firth_logistic", arm, meld, dead)
    assert ours.estimate == pytest.approx(beta[1], abs=2e-5)
    p = special.expit(x @ beta)
    information = (x * (p * (1 - p))[:, None]).T @ x
    assert ours.standard_error == pytest.approx(
        math.sqrt(np.linalg.inv(information)[1, 1]), rel=1e-4
    )
    _, without = best(x, dead, fixed=0.0)
    twice = 2 * (largest - without)
    assert ours.p_value == pytest.approx(stats.chi2.sf(twice, 1), rel=1e-5)
    for limit in (ours.low, ours.high):
        _, there = best(x, dead, fixed=limit)
        assert 2 * (largest - there) == pytest.approx(CHI, abs=1e-5)


def test_of_one_two_by_two_table_firths_estimate_adds_half_a_patient_to_each_cell():
    # With a saturated model Jeffreys's prior is known to do just that.
    arm = np.repeat([0, 1], [12, 15])
    dead = np.concatenate([np.arange(12) < 7, np.arange(15) < 4])
    ours = adjusted_test("firth_logistic", arm, np.full(27, 20.0), dead)
    expected = math.log(4.5 / 11.5) - math.log(7.5 / 5.5)
    assert ours.estimate == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_standardisation_is_the_slow_sum_of_predictions_and_residuals(case):
    arm, meld, dead = CASES[case]
    x = design(arm, meld)
    beta, _ = best(x, dead)
    n = arm.size
    h = [special.expit(np.column_stack([x[:, 0], np.full(n, a), x[:, 2]]) @ beta) for a in (0, 1)]
    mean = [h[a].mean() + (dead - h[a])[arm == a].mean() for a in (0, 1)]
    share = [(arm == a).mean() for a in (0, 1)]
    influence = h[1] - h[0] + arm / share[1] * (dead - h[1]) - (1 - arm) / share[0] * (dead - h[0])
    error = math.sqrt(((influence - influence.mean()) ** 2).sum() / (n * (n - 3)))
    ours = adjusted_test("standardised_risk_difference", arm, meld, dead)
    if CASES[case] is SEPARATED:  # all of one arm died and none of the other: no variance
        assert ours.reason == Reason.NOT_ESTIMABLE
        return
    assert ours.estimate == pytest.approx(mean[1] - mean[0], abs=1e-6)
    assert ours.standard_error == pytest.approx(error, rel=1e-4)
    z = ours.estimate / ours.standard_error
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


def test_without_a_covariate_standardisation_is_the_plain_difference():
    arm = np.repeat([0, 1], [20, 20])
    dead = np.concatenate([np.arange(20) < 12, np.arange(20) < 7])
    ours = adjusted_test("standardised_risk_difference", arm, np.full(40, 20.0), dead)
    assert ours.estimate == pytest.approx(7 / 20 - 12 / 20, abs=1e-9)
    plain = math.sqrt(0.35 * 0.65 / 20 + 0.6 * 0.4 / 20) * math.sqrt(40 / 37)
    # Residuals do not quite add up to 0 by arm: the penalty draws predictions towards 1/2.
    assert ours.standard_error == pytest.approx(plain, rel=1e-4)


def test_a_baseline_that_was_not_seen_is_that_of_the_others():
    arm, meld, dead = made(5)
    hidden = meld.copy()
    hidden[:4] = math.nan
    filled = np.where(np.isnan(hidden), np.nanmean(hidden), hidden)
    for test in ("firth_logistic", "standardised_risk_difference"):
        ours = adjusted_test(test, arm, hidden, dead)
        assert ours == pytest.approx(adjusted_test(test, arm, filled, dead), rel=1e-9)


@pytest.mark.parametrize("test", ["firth_logistic", "standardised_risk_difference"])
def test_nobody_or_everybody_dead_is_no_result(test):
    arm, meld, _ = made(1)
    for dead in (np.zeros(40, bool), np.ones(40, bool)):
        assert adjusted_test(test, arm, meld, dead).reason == Reason.NO_EVENT
    assert (
        adjusted_test(test, np.zeros(40, int), meld, np.arange(40) < 9).reason == Reason.EMPTY_ARM
    )
