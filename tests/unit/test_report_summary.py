"""Figures of a summary: errors, intervals, verdicts."""

import copy
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from statsmodels.stats.proportion import proportion_confint

import simulator
from simulator.montecarlo.loop import interval, standard_error
from simulator.report.summary import verdict
from simulator.report.text import print_power

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


@pytest.fixture(scope="module")
def summary():
    """The summary of a small study."""
    return simulator.load("two-arm-survival").power(50, jobs=1).summary


def printed(summary, **operations):
    """Return the page of a summary in which some numbers of its first arm are others."""
    changed = copy.deepcopy(summary)
    for key, (mean, mcse) in operations.items():
        changed["operations"][key]["control"] = {"mean": mean, "mcse": mcse}
    page = io.StringIO()
    print_power(changed, Console(file=page, width=110))
    return page.getvalue()


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (0.0, "7.1 +- 0.0"),
        (0.2, "7.1 +- 0.2"),
        (0.02, "7.12 +- 0.02"),
        (0.0099, "7.123 +- 0.010"),
        (1e-9, "7.123457 +- 0.000000"),
        (math.nan, "7.1 +- nan"),
    ],
)
def test_a_value_has_the_decimals_that_show_the_first_digit_of_its_error(error, shown, summary):
    assert f" {shown} " in printed(summary, lost=(7.1234567, error))


def test_a_share_has_the_decimals_of_its_error_in_percent(summary):
    assert " 44.9% +- 0.3% " in printed(summary, mortality=(0.44912, 0.0031))
