"""Kaplan-Meier areas and milestones, and competing risks, against published numbers."""

import math
from pathlib import Path

import numpy as np
import pytest
from analysis_records import cause_test, time_test
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from simulator.analysis import Reason

DATA = Path(__file__).parents[1] / "data"
VETERAN = np.loadtxt(DATA / "veteran.csv", delimiter=",", skiprows=2)
MELANOMA = np.loadtxt(DATA / "melanoma.csv", delimiter=",", skiprows=2)


def made(seed: int, n: int = 60):
    rng = np.random.default_rng(seed)
    time = np.minimum(np.ceil(rng.exponential(50, n) / 3) * 3.0, 84.0)
    event = (rng.random(n) < 0.75) & (time < 84)
    return time, event, np.arange(n) % 2


def test_restricted_means_of_veteran_are_the_published_ones():
    time, event, arm = VETERAN[:, 0], VETERAN[:, 1] == 1, (VETERAN[:, 2] == 2).astype(int)
    # SAS and lrstat, tau = 90: 62.75618 (4.0321) and 56.45116 (3.9790). lrstat multiplies the
    # variance by d / (d - 1), d the deaths up to tau; ours is without that factor.
    published = {0: (62.75618, 4.0321), 1: (56.45116, 3.9790)}
    difference = published[1][0] - published[0][0]
    variance = 0.0
    for of, (_, error) in published.items():
        deaths = (event & (arm == of) & (time <= 90)).sum()
        variance += error**2 * (deaths - 1) / deaths
    ours = time_test("rmst_difference", time, event, arm, day=90.0)
    assert ours.estimate == pytest.approx(difference, abs=1.1e-5)
    either = [math.sqrt(variance), math.hypot(published[0][1], published[1][1])]
    assert min(abs(ours.standard_error - e) for e in either) < 1e-4


@pytest.mark.parametrize("day", [20.0, 50.0, 84.0])
@pytest.mark.parametrize("seed", range(4))
def test_restricted_means_are_sums_of_rectangles(seed, day):
    time, event, arm = made(seed)
    values, variances = [], []
    for of in (0, 1):
        curve = SurvfuncRight(time[arm == of], event[arm == of])
        steps = np.concatenate([[0.0], curve.surv_times, [day]])
        heights = np.concatenate([[1.0], curve.surv_prob])
        widths = np.diff(np.minimum(steps, day))
        values.append((heights * widths).sum())
        later = np.array(
            [(heights[k + 1 :] * widths[k + 1 :]).sum() for k in range(len(heights) - 1)]
        )
        r, d = curve.n_risk, curve.n_events
        terms = np.where((r > d) & (curve.surv_times <= day), d / (r * np.maximum(r - d, 1)), 0)
        variances.append((later**2 * terms).sum())
    ours = time_test("rmst_difference", time, event, arm, until=84, day=day)
    assert ours.estimate == pytest.approx(values[1] - values[0], rel=1e-9)
    assert ours.standard_error == pytest.approx(math.sqrt(sum(variances)), rel=1e-9)
    z = ours.estimate / ours.standard_error
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert ours.favours == int(ours.estimate > 0)


@pytest.mark.parametrize("day", [20.0, 50.0, 84.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_milestone_is_statsmodels_curve_on_the_double_log_scale(seed, day):
    time, event, arm = made(seed)
    g, v = [], []
    for of in (0, 1):
        curve = SurvfuncRight(time[arm == of], event[arm == of])
        place = np.searchsorted(curve.surv_times, day, side="right") - 1
        s, error = curve.surv_prob[place], curve.surv_prob_se[place]
        g.append(math.log(-math.log(s)))
        v.append((error / (s * math.log(s))) ** 2)
    ours = time_test("km_milestone", time, event, arm, until=84, day=day)
    assert ours.estimate == pytest.approx(g[1] - g[0], rel=1e-9)
    assert ours.standard_error == pytest.approx(math.sqrt(sum(v)), rel=1e-9)


@pytest.mark.parametrize("test", ["rmst_difference", "km_milestone"])
def test_a_curve_that_ends_before_the_day_is_no_result(test):
    time, event = np.array([5.0, 9, 30, 6, 8, 84]), np.array([1, 1, 0, 1, 1, 0], bool)
    arm = np.array([0, 0, 0, 1, 1, 1])
    late = time_test(test, time, event, arm, until=84, day=50.0)
    assert late.reason == Reason.NOT_FOLLOWED
    assert time_test(test, time, event, arm, until=84, day=30.0).reason == 0
    dead = np.array([1, 1, 1, 1, 1, 0], bool)  # an arm that is dead needs no follow-up
    if test == "rmst_difference":
        assert time_test(test, time, dead, arm, until=84, day=50.0).reason == 0


@pytest.mark.parametrize(("cause", "statistic"), [(1, 26.120719), (2, 0.158662)])
def test_grays_test_of_melanoma_is_the_published_one(cause, statistic):
    # cmprsk's cuminc: deaths from melanoma, and from other causes, by ulceration.
    time, ended_by, arm = MELANOMA[:, 0], MELANOMA[:, 1].astype(int), MELANOMA[:, 2].astype(int)
    ended_by = np.where(ended_by == cause, 1, np.where(ended_by == 0, 0, 2))
    ours = cause_test("gray", time, ended_by, arm)
    assert stats.chi2.isf(ours.p_value, 1) == pytest.approx(statistic, abs=5e-7)


def test_cumulative_incidence_of_melanoma_is_the_published_one():
    # cmprsk's cuminc at 1,000 days, deaths from melanoma: .03509042 without ulcers, .24444444 with.
    time, ended_by, arm = MELANOMA[:, 0], MELANOMA[:, 1].astype(int), MELANOMA[:, 2].astype(int)
    gone = time > 1000
    time, ended_by = np.where(gone, 1000.0, time), np.where(gone, 0, ended_by)
    ours = cause_test("cumulative_incidence", time, ended_by, arm, until=1000)
    assert ours.estimate == pytest.approx(0.24444444 - 0.03509042, abs=1e-8)


def made_causes(seed: int, n: int = 60):
    rng = np.random.default_rng(seed)
    time = np.minimum(np.ceil(rng.exponential(60, n) / 3) * 3.0, 84.0)
    ended_by = np.where(time < 84, rng.choice([0, 1, 2], n, p=[0.15, 0.55, 0.3]), 0)
    return time, ended_by, np.arange(n) % 2


@pytest.mark.parametrize("seed", range(6))
def test_cumulative_incidence_is_that_of_statsmodels(seed):
    """Its variance is held to R's in `test_analysis_in_r`."""
    time, ended_by, arm = made_causes(seed)
    ours = cause_test("cumulative_incidence", time, ended_by, arm, until=84)
    values = [CumIncidenceRight(time[arm == of], ended_by[arm == of]).cinc[0][-1] for of in (0, 1)]
    assert ours.estimate == pytest.approx(values[1] - values[0], rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_with_one_cause_its_variance_is_that_of_survival_with_one_patient_less_at_risk(seed):
    """Deaths have the variance 1/(r - 1)^2 each, where Greenwood has 1/(r (r - 1))."""
    time, ended_by, arm = made_causes(seed)
    time = np.where(time < 84, time - np.arange(60) / 1000, time)  # no ties
    ended_by = np.minimum(ended_by, 1)
    ours = cause_test("cumulative_incidence", time, ended_by, arm, until=84)
    variance = 0.0
    for of in (0, 1):
        t, event = time[arm == of], ended_by[arm == of] == 1
        at_risk = np.array([(t >= day).sum() for day in t[event]])
        survival = np.prod(1 - 1 / at_risk)
        # 1 - (F - F_j)/S_j is S/S_j for one cause, and S_j = S_(j-1) (r - 1)/r.
        variance += survival**2 * (1.0 / (at_risk - 1) ** 2).sum()
    assert ours.standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize("test", ["gray", "cumulative_incidence", "cause_specific"])
def test_a_cause_nobody_died_of_is_no_result(test):
    time, arm = np.array([5.0, 9, 84, 6, 8, 84]), np.array([0, 0, 0, 1, 1, 1])
    ours = cause_test(test, time, np.array([2, 2, 0, 2, 2, 0]), arm, until=84)
    assert ours.reason == Reason.NO_EVENT
