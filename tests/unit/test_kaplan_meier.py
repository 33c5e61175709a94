"""Patients reconstructed from Kaplan-Meier curves, and a hazard from survival at given days."""

import math

import numpy as np
import pytest

from calibration.baseline import piecewise_from_survival
from calibration.kaplan_meier import Patients, as_shares, reconstruct
from simulator.scenario.errors import RuleError


def test_curve_without_censoring_gives_back_its_patients():
    days = [3, 5, 5, 8, 13]  # ten patients, five die, two on one day
    survival = [0.9, 0.8, 0.7, 0.6, 0.5]
    found = reconstruct([*days, 20], [*survival, 0.5], [0], [10])
    assert found.time_days.tolist() == [3, 5, 5, 8, 13, 20, 20, 20, 20, 20]
    assert found.event.tolist() == [True] * 5 + [False] * 5


def test_number_at_risk_gives_the_number_censored():
    # 10 patients; 1 dies on day 2, two are censored before day 10, then 1 of 7 dies on day 12.
    found = reconstruct([2, 12, 15], [0.9, 0.9 * 6 / 7, 0.9 * 6 / 7], [0, 10], [10, 7])
    assert found.time_days[found.event].tolist() == [2, 12]
    assert found.at_risk(10) == 7
    assert found.time_days[~found.event].tolist()[:2] == pytest.approx([10 / 3, 20 / 3])
    assert found.survival([2, 12]).tolist() == pytest.approx([0.9, 0.9 * 6 / 7])


def test_patients_censored_after_last_number_follow_total_events():
    days = np.arange(1, 101)
    survival = np.exp(-days / 80)
    nobody_censored = reconstruct(days, survival, [0], [100])
    fewer = reconstruct(days, survival, [0], [100], total_events=50)
    assert nobody_censored.event.sum() == round(100 * (1 - survival[-1]))
    assert fewer.event.sum() == 50
    assert fewer.survival([60.0])[0] == pytest.approx(math.exp(-60 / 80), abs=0.01)


def test_as_many_patients_as_on_day_0_and_the_table_is_met():
    """Also where few are left in the end, of whom none is censored twice."""
    random = np.random.default_rng(1)
    for _ in range(20):
        dying, leaving = random.exponential(60, 80), random.uniform(20, 130, 80)
        time, died = np.minimum(dying, leaving), dying <= leaving
        order = np.argsort(time)
        made = Patients(time[order], died[order])
        days = np.unique(time[died])
        table = [made.at_risk(day) for day in (0, 30, 60, 90)]
        found = reconstruct(days, made.survival(days), (0, 30, 60, 90), table)
        assert found.time_days.size == 80
        assert [found.at_risk(day) for day in (0, 30, 60, 90)] == table
        assert (np.diff(found.time_days) >= 0).all()


def test_readings_that_climb_are_levelled_and_per_cent_is_a_share():
    rough = [100, 91, 90, 90.4, 80, 79]
    found = reconstruct([0, 2, 3, 4, 6, 7], rough, [0], [1000])
    fine = reconstruct([0, 2, 3, 4, 6, 7], [1, 0.91, 0.902, 0.902, 0.8, 0.79], [0], [1000])
    assert found.survival([3.5, 5, 6]).tolist() == pytest.approx([0.902, 0.902, 0.8])
    assert np.array_equal(found.time_days, fine.time_days)
    assert as_shares([101.0, 50.0]).tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (([1], [math.nan], [0], [10]), "number"),
        (([1], [-0.5], [0], [10]), "below 0"),
        (([1], [900], [0], [10]), "per cent"),
        (([-1], [0.5], [0], [10]), "at least 0"),
        (([1], [0.5], [1], [10]), "day 0"),
        (([1], [0.5], [0, 5], [10, 12]), "climb"),
        (([1], [0.5], [0, 5], [10, 7.5]), "whole"),
        (([1], [0.5], [0, 0], [10, 9]), "climb"),
        (([], [], [0], [10]), "point"),
        (([1], [0.5], [0], [10], 11), "number at risk"),
    ],
)
def test_what_is_no_curve_is_refused(arguments, rule):
    with pytest.raises(RuleError, match=rule):
        reconstruct(*arguments)


def test_piecewise_hazard_goes_through_survival_at_the_days():
    fit = piecewise_from_survival([7, 28], [0.9, 0.6], 28)
    assert fit.days == (7, 28)
    total = -math.log(0.6)
    assert fit.shares == pytest.approx((-math.log(0.9) / total, math.log(0.9 / 0.6) / total))
    assert fit.mortality_at_horizon == pytest.approx(0.4)


def test_piecewise_hazard_goes_on_after_the_last_day_and_is_cut_at_an_earlier_horizon():
    later = piecewise_from_survival([28], [0.6], 84)
    assert (later.days, later.shares) == ((84,), (1.0,))
    assert later.mortality_at_horizon == pytest.approx(1 - 0.6**3)
    earlier = piecewise_from_survival([28, 90], [0.687, 0.534], 84)
    at_84 = -math.log(0.687) + math.log(0.687 / 0.534) * 56 / 62
    assert earlier.days == (28, 84)
    assert earlier.shares[0] == pytest.approx(-math.log(0.687) / at_84)


@pytest.mark.parametrize(
    ("days", "survival", "rule"),
    [
        ([7, 7], [0.9, 0.8], "climb"),
        ([0, 7], [1, 0.8], "above 0"),
        ([7, 14], [0.8, 0.9], "not climb"),
        ([7, 14], [0.8, 0], "above 0"),
        ([7, 14], [0.8, 0.8], "last piece"),
        ([7], [0.8, 0.7], "each day"),
    ],
)
def test_what_is_no_survival_is_refused(days, survival, rule):
    with pytest.raises(RuleError, match=rule):
        piecewise_from_survival(days, survival, 84)


def test_per_cent_and_shares_in_one_curve_are_refused():
    with pytest.raises(RuleError, match="mixes per cent"):
        as_shares([100, 70, 0.5])
