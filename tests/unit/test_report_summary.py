"""Figures of a summary: errors, intervals, verdicts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from simulator.montecarlo.intervals import interval, standard_error
from simulator.report.summary import verdict
from simulator.report.text import _digits, _number, _percent

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
    ("null", "low", "high", "word"),
    [
        ("none", 0.02, 0.05, "UNDERPOWERED"),
        ("none", 0.79, 0.7999, "UNDERPOWERED"),
        ("none", 0.78, 0.83, "cannot be told"),
        ("none", 0.80, 0.85, "Adequate"),
        ("strong", 0.02, 0.049, "is within its level"),
        ("strong", 0.04, 0.06, "is compatible with its level"),
        ("strong", 0.051, 0.06, "EXCEEDS its level"),
        ("mortality", 0.06, 0.07, "no type I error"),
    ],
)
def test_the_verdict_follows_the_interval_of_the_first_analysis(null, low, high, word):
    first = {"name": "fisher", "power": 0.5, "ci_low": low, "ci_high": high, "alpha": 0.05}
    first |= {"favouring": {"a": 12, "b": 38}, "trials": 100, "not_analysable": 0}
    mortality = {"a": {"mean": 0.4}, "b": {"mean": 0.3}}
    summary = {
        "null_hypothesis": null,
        "analyses": [first],
        "operations": {"mortality": mortality},
    }
    assert word in verdict(summary)
    # Rejecting in favour of the control arm is no success.
    assert ("in favour of b in 38.0%" in verdict(summary)) == (null == "none")


@pytest.mark.parametrize(
    ("error", "digits"), [(0.0, 1), (0.2, 1), (0.02, 2), (0.0099, 3), (1e-9, 6), (math.nan, 1)]
)
def test_an_error_is_shown_to_its_first_digit(error, digits):
    assert _digits(error, 1) == digits


def test_a_value_and_its_error_have_the_same_decimals():
    assert _number({"mean": 30.0166, "mcse": 0.021}) == "30.02 +- 0.02"
    assert _percent({"mean": 0.44912, "mcse": 0.0031}) == "44.9% +- 0.3%"
