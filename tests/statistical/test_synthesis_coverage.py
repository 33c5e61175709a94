"""Intervals of a synthesis have their nominal coverage over evidence drawn from its prior."""

import math

import pytest
from scipy import stats
from synthesis_coverage import REPEATS, by_case, cases, found, stored


@pytest.mark.parametrize("what", ["mean", "new"])
def test_intervals_hold_the_truth_as_often_as_they_say(what):
    for parameter, scale, rows in by_case(stored()):
        assert len(rows) == REPEATS
        covered = sum(getattr(row, f"{what}_covered") for row in rows)
        error = math.sqrt(0.95 * 0.05 / REPEATS)
        assert abs(covered / REPEATS - 0.95) < 4 * error, (parameter, scale)


@pytest.mark.parametrize("what", ["mean", "new"])
def test_posterior_probabilities_of_less_than_the_truth_are_uniform(what):
    for parameter, scale, rows in by_case(stored()):
        below = [getattr(row, f"{what}_below") for row in rows]
        assert stats.kstest(below, "uniform").pvalue > 1e-4, (parameter, scale)


def test_the_stored_repeats_are_those_of_this_version():
    rows = {(row.parameter, row.scale, row.repeat): row for row in stored()}
    for parameter, scale in cases():
        again = found(parameter, scale, 1)
        row = rows[parameter.value, scale, 1]
        assert (again.mean, again.new) == (row.mean, row.new)
        assert again.mean_below == pytest.approx(row.mean_below, abs=1e-4)
        assert again.new_below == pytest.approx(row.new_below, abs=1e-4)


@pytest.mark.slow
def test_all_stored_repeats_are_those_of_this_version():
    for row in stored():
        parameter = next(p for p, _ in cases() if p.value == row.parameter)
        again = found(parameter, row.scale, row.repeat)
        assert again.mean_below == pytest.approx(row.mean_below, abs=1e-4)
        assert again.new_below == pytest.approx(row.new_below, abs=1e-4)
