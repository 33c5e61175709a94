"""Numbers of an answer and how they are shown: errors, intervals, judgements."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.judgement import judge, trials_to_settle
from simulator.report.text.numbers import number, percent
from simulator.results.measures import Estimate, Judgement, NullHypothesis

counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_interval_is_wilsons_of_statsmodels(count):
    rejections, trials = count
    ours = interval(rejections, trials)
    theirs = proportion_confint(rejections, trials, 0.05, "wilson")
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert 0.0 <= ours[0] <= rejections / trials <= ours[1] <= 1.0


def test_the_standard_error_of_no_rejection_is_not_zero():
    # (r + 2) / (n + 4) = 2/1004, and n + 4 trials.
    assert standard_error(0, 1000) == pytest.approx(math.sqrt(2 / 1004 * 1002 / 1004 / 1004))
    assert standard_error(0, 1000) == pytest.approx(standard_error(1000, 1000), rel=1e-12)


@pytest.mark.parametrize(
    ("null", "low", "high", "judgement", "threshold"),
    [
        ("none", 0.02, 0.05, Judgement.UNDERPOWERED, 0.8),
        ("none", 0.79, 0.7999, Judgement.UNDERPOWERED, 0.8),
        ("none", 0.78, 0.83, Judgement.INCONCLUSIVE, 0.8),
        ("none", 0.781, 0.83, Judgement.INCONCLUSIVE, 0.8),
        ("none", 0.781, 0.82, Judgement.AT_TARGET, 0.8),
        ("none", 0.80, 0.85, Judgement.ADEQUATE, 0.8),
        ("strong", 0.02, 0.049, Judgement.LEVEL_HELD, 0.05),
        ("strong", 0.04, 0.06, Judgement.LEVEL_COMPATIBLE, 0.05),
        ("strong", 0.051, 0.06, Judgement.LEVEL_EXCEEDED, 0.05),
        ("mortality", 0.06, 0.07, Judgement.EQUAL_HAZARDS, 0.05),
    ],
)
def test_the_verdict_follows_the_limits_of_the_interval(null, low, high, judgement, threshold):
    verdict = judge(NullHypothesis(null), low, high, 0.05, 0.8, trials=10_000)
    assert (verdict.judgement, verdict.threshold) == (judgement, threshold)
    assert verdict.is_power == (null == "none")
    assert verdict.is_level == (null == "strong")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (0.0, "3.14"),
        (0.2, "3.1 +- 0.2"),
        (0.02, "3.14 +- 0.02"),
        (0.0099, "3.14 +- 0.01"),
        (0.004, "3.14"),
        (1e-9, "3.14"),
        (math.nan, "3.14"),
    ],
)
def test_a_mean_has_three_digits_and_its_error_only_where_it_can_be_seen(error, shown):
    assert number(Estimate(math.pi, error)) == shown


def test_what_cannot_be_estimated_is_a_dash():
    assert number(Estimate(math.nan, math.nan)) == percent(Estimate(math.nan, math.nan)) == "-"


def test_a_value_and_its_error_have_the_same_decimals():
    assert number(Estimate(30.0166, 0.21)) == "30.0 +- 0.2"
    assert number(Estimate(7632.0, 480.0)) == "7,600 +- 500"
    assert percent(Estimate(0.44912, 0.0031)) == "44.9% +- 0.3%"


@pytest.mark.parametrize(
    ("null", "trials", "judgement"),
    [
        ("none", 99, Judgement.TOO_FEW_TRIALS),
        ("none", 100, Judgement.UNDERPOWERED),
        ("strong", 10, Judgement.TOO_FEW_TRIALS),
        ("mortality", 10, Judgement.EQUAL_HAZARDS),
    ],
)
def test_below_a_hundred_trials_there_is_no_verdict(null, trials, judgement):
    verdict = judge(NullHypothesis(null), 0.1, 0.2, 0.05, 0.8, trials=trials)
    assert verdict.judgement is judgement
    assert verdict.is_power == (null == "none")
    assert verdict.is_level == (null == "strong")


@pytest.mark.parametrize(("share", "target"), [(0.795, 0.8), (0.81, 0.8), (0.9, 0.89), (0.78, 0.9)])
def test_the_trials_that_settle_a_verdict_are_the_fewest_whose_interval_does(share, target):
    def contains(trials):
        low, high = proportion_confint(share * trials, trials, 0.05, "wilson")
        return low <= target <= high

    needed = trials_to_settle(share, target)
    assert not contains(needed)
    assert contains(needed - 1)


def test_a_share_at_the_target_is_never_settled():
    assert trials_to_settle(0.8, 0.8) is None
    assert trials_to_settle(0.8 + 1e-9, 0.8) is None
