"""Log-rank, Kaplan-Meier, ANCOVA and Mann-Whitney against other libraries and published numbers."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from analysis_records import meld_test, time_test
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

# Acute myelogenous leukaemia, maintained and not: R's survival package, data set aml.
MAINTAINED = [(9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0),
              (48, 1), (161, 0)]  # fmt: skip
NOT_MAINTAINED = [(5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1),
                  (33, 1), (43, 1), (45, 1)]  # fmt: skip


def aml():
    rows = np.array(MAINTAINED + NOT_MAINTAINED, dtype=float)
    arm = np.repeat([0, 1], [len(MAINTAINED), len(NOT_MAINTAINED)])
    return rows[:, 0], rows[:, 1] == 1, arm


def made_up(seed: int, size: int = 60):
    """Tied times, censored ones among them."""
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(40, size)) + 0.0
    event = rng.random(size) < 0.7
    arm = rng.integers(0, 2, size)
    return time, event, arm


def test_log_rank_on_aml_is_the_published_chi_square():
    time, event, arm = aml()
    result = time_test("log_rank", time, event, arm)
    assert (result.estimate / result.standard_error) ** 2 == pytest.approx(3.396389, abs=5e-7)
    assert result.p_value == pytest.approx(stats.chi2.sf(3.396389, 1), rel=1e-6)
    assert result.favours == 0  # maintained


@pytest.mark.parametrize("seed", range(8))
def test_log_rank_on_tied_data_is_that_of_statsmodels_and_scipy(seed):
    time, event, arm = made_up(seed)
    result = time_test("log_rank", time, event, arm)
    _, statsmodels_p = survdiff(time, event.astype(int), arm)
    groups = [stats.CensoredData.right_censored(time[arm == a], ~event[arm == a]) for a in (0, 1)]
    assert result.p_value == pytest.approx(statsmodels_p, rel=1e-9)
    assert result.p_value == pytest.approx(stats.logrank(*groups).pvalue, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_kaplan_meier_and_greenwood_are_those_of_statsmodels(seed):
    time, event, arm = made_up(seed)
    day = 30
    expected = []
    for a in (0, 1):
        curve = SurvfuncRight(time[arm == a], event[arm == a].astype(int))
        last = np.searchsorted(curve.surv_times, day, side="right") - 1
        expected.append((curve.surv_prob[last], curve.surv_prob_se[last]))
    (s0, e0), (s1, e1) = expected
    result = time_test("km_difference", time, event, arm, day)
    assert result.estimate == pytest.approx(s0 - s1, abs=1e-12)
    assert result.standard_error == pytest.approx(math.hypot(e0, e1), rel=1e-9)
    assert result.p_value == pytest.approx(
        2 * stats.norm.sf(abs(s0 - s1) / math.hypot(e0, e1)), rel=1e-9
    )


def test_a_death_on_the_last_day_counts():
    time = np.array([84.0, 84.0, 50.0, 84.0])
    event = np.array([True, False, True, False])
    arm = np.array([0, 0, 1, 1])
    assert time_test("km_difference", time, event, arm, 84).estimate == 0.0


@pytest.mark.parametrize(("event", "reason"), [([0, 0, 0, 0], 2), ([1, 0, 1, 0], 1)])
def test_no_event_or_an_empty_arm_is_no_result(event, reason):
    arm = np.array([0, 1, 0, 1]) if reason == 2 else np.zeros(4, int)
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array(event, bool)
    for result in (
        time_test("log_rank", time, event, arm),
        time_test("km_difference", time, event, arm, 4),
    ):
        assert math.isnan(result.p_value)
        assert result.reason == reason


@pytest.mark.parametrize("seed", range(6))
def test_ancova_is_ordinary_least_squares_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(6, 40))
    arm = np.arange(size) % 2
    baseline = rng.normal(26, 5, size)
    change = -0.5 * baseline + 2 * arm + rng.normal(0, 4, size)
    result = meld_test("meld_ancova", change, baseline, np.full(size, np.inf), arm)
    fit = sm.OLS(change, sm.add_constant(np.column_stack([baseline, arm]))).fit()
    assert result.estimate == pytest.approx(fit.params[2], rel=1e-9)
    assert result.standard_error == pytest.approx(fit.bse[2], rel=1e-9)
    assert result.p_value == pytest.approx(fit.pvalues[2], rel=1e-8)
    assert result.favours == int(fit.params[2] < 0)


def test_ancova_with_three_patients_or_one_arm_is_no_result():
    three = np.array([1.0, 2.0, 4.0])
    alive = np.full(3, np.inf)
    result = meld_test("meld_ancova", three, three[::-1], alive, np.array([0, 1, 1]))
    assert result.reason == 3
    six = np.arange(6.0)
    alive = np.full(6, np.inf)
    assert meld_test("meld_ancova", six, six**2, alive, np.ones(6, int)).reason == 3


@pytest.mark.parametrize("seed", range(6))
def test_worst_rank_is_mann_whitney_of_the_ranks(seed):
    rng = np.random.default_rng(seed)
    size = 40
    arm = rng.integers(0, 2, size)
    change = np.round(rng.normal(-3, 4, size))  # ties
    death = np.where(rng.random(size) < 0.4, np.ceil(rng.exponential(20, size)), np.inf)
    # The slow way: a score in which every death is worse than any change, the earlier the worse.
    score = np.where(np.isinf(death), change, 1e6 - death)
    expected = stats.mannwhitneyu(
        score[arm == 1], score[arm == 0], method="asymptotic", use_continuity=False
    )
    change = np.where(np.isinf(death), change, np.nan)
    result = meld_test("meld_worst_rank", change, np.full(size, 25.0), death, arm)
    pairs = (arm == 0).sum() * (arm == 1).sum()
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.estimate == pytest.approx(1 - 2 * expected.statistic / pairs, abs=1e-12)


def test_an_earlier_death_is_worse_than_a_later_one_and_that_than_any_survival():
    change, death = np.array([90.0, np.nan, np.nan, np.nan]), np.array([np.inf, 80.0, 3.0, 2.0])
    result = meld_test("meld_worst_rank", change, np.zeros(4), death, np.array([1, 1, 0, 0]))
    assert result.estimate == 1.0
    assert result.favours == 1
