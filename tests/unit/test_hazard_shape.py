"""A hazard's shape from several sources: against closed forms and generalised linear models."""

import math
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from calibration.baseline import baseline_hazard, piecewise_from_survival
from calibration.hazard_cells import PatientTimes, SurvivalPoints
from calibration.hazard_shape import hazard_shape
from calibration.kaplan_meier import Patients
from calibration.survival_sources import survival_sources
from simulator.scenario.errors import RuleError, ScenarioError
from simulator.scenario.loader import load_scenario

WEEKS = [7.0, 14.0, 21.0, 28.0]


def points(name, days, survival, patients=math.nan):
    return SurvivalPoints(name, np.array(days, float), np.array(survival, float), patients)


def patients(name, number, mean_days, seed):
    random = np.random.default_rng(seed)
    dying, leaving = random.exponential(mean_days, number), random.uniform(5, 60, number)
    order = np.argsort(np.minimum(dying, leaving))
    return PatientTimes(
        name, Patients(np.minimum(dying, leaving)[order], (dying <= leaving)[order])
    )


def test_one_source_of_points_is_met_exactly_with_its_binomial_error():
    alive = [0.9, 0.8, 0.6, 0.5]
    found = hazard_shape([points("a", WEEKS, alive, 200)], WEEKS)
    assert found.shares == pytest.approx(piecewise_from_survival(WEEKS, alive, 28).shares)
    # Greenwood 1926: without censoring, log survival has the variance (1 - S) / (n S).
    error = math.sqrt(0.5 / (200 * 0.5)) / -math.log(0.5)
    assert math.sqrt(found.log_level_covariance[0, 0]) == pytest.approx(error, rel=1e-6)
    assert (found.chi_square, found.degrees_of_freedom) == (0, 0)


def test_patients_one_by_one_give_deaths_over_time_at_risk():
    source = patients("a", 300, 30, 1)
    time, died = source.patients.time_days, source.patients.event
    hazards, errors = [], []
    for start, end in zip([0, *WEEKS], WEEKS, strict=False):
        deaths = (died & (time > start) & (time <= end)).sum()
        at_risk = np.clip(np.minimum(time, end) - start, 0, None).sum()
        hazards.append(deaths / at_risk * (end - start))
        errors.append(hazards[-1] / math.sqrt(deaths))
    found = hazard_shape([source], WEEKS)
    assert found.shares == pytest.approx(np.array(hazards) / sum(hazards))
    level_error = math.hypot(*errors) / sum(hazards)
    assert math.sqrt(found.log_level_covariance[0, 0]) == pytest.approx(level_error, rel=1e-6)


def glm(rows):
    """Shares, their covariance and the deviance by a GLM of (deaths, size, interval, source)."""
    deaths, size, interval, source = (np.array(column, float) for column in zip(*rows, strict=True))
    design = np.column_stack(
        [
            *(interval == j for j in range(4)),
            *(source == s for s in range(1, int(source.max()) + 1)),
        ]
    ).astype(float)
    family = sm.families.Binomial(sm.families.links.CLogLog())
    fit = sm.GLM(np.column_stack([deaths, size - deaths]), design, family=family).fit(tol=1e-12)
    hazard = np.exp(fit.params[:4])
    shares = hazard / hazard.sum()
    slope = np.diag(shares) - np.outer(shares, shares)
    return shares, slope @ fit.cov_params()[:4, :4] @ slope.T, fit.deviance


def test_sources_of_points_are_a_binomial_model_with_a_complementary_log_log_link():
    counts = {0: (200, [12, 25, 30, 18]), 1: (90, [9, 7, 16, 8]), 2: (400, [11, 34, 52, 39])}
    rows, sources = [], []
    for number, (size, deaths) in counts.items():
        left = size - np.append(0, np.cumsum(deaths))
        rows += [(d, n, j, number) for j, (d, n) in enumerate(zip(deaths, left, strict=False))]
        sources.append(points(str(number), WEEKS, left[1:] / size, size))
    shares, covariance, deviance = glm(rows)
    found = hazard_shape(sources, WEEKS)
    assert found.shares == pytest.approx(shares, rel=1e-6)
    assert found.covariance == pytest.approx(covariance, rel=1e-4)
    # Each source alone is met exactly, so the likelihood ratio is the deviance.
    assert found.chi_square == pytest.approx(deviance, rel=1e-5)
    assert found.degrees_of_freedom == 6


def test_patients_of_several_sources_are_a_poisson_model():
    sources = [patients("a", 300, 30, 1), patients("b", 150, 15, 2)]
    rows = []
    for number, source in enumerate(sources):
        time, died = source.patients.time_days, source.patients.event
        for j, (start, end) in enumerate(zip([0, *WEEKS], WEEKS, strict=False)):
            deaths = (died & (time > start) & (time <= end)).sum()
            rows.append((deaths, np.clip(np.minimum(time, end) - start, 0, None).sum(), j, number))
    deaths, at_risk, interval, source = (np.array(c, float) for c in zip(*rows, strict=True))
    design = np.column_stack([*(interval == j for j in range(4)), source == 1]).astype(float)
    fit = sm.GLM(deaths, design, family=sm.families.Poisson(), offset=np.log(at_risk / 7)).fit(
        tol=1e-12
    )
    hazard = np.exp(fit.params[:4])
    found = hazard_shape(sources, WEEKS)
    assert found.shares == pytest.approx(hazard / hazard.sum(), rel=1e-6)
    assert found.chi_square == pytest.approx(fit.deviance, rel=1e-4)
    assert found.degrees_of_freedom == 3
    assert found.log_levels[1] - found.log_levels[0] == pytest.approx(fit.params[4], rel=1e-6)


def test_a_source_without_the_weeks_says_nothing_of_them():
    weekly = points("weekly", WEEKS, [0.95, 0.85, 0.78, 0.7], 100)
    late = points("late", [28, 84], [0.7, 0.5], 100)
    found = hazard_shape([weekly, late], [*WEEKS, 84])
    alone = hazard_shape([weekly], WEEKS)
    assert found.shares[:4] / found.shares[:4].sum() == pytest.approx(alone.shares, rel=1e-6)
    by_28 = math.log(0.7) / math.log(0.5)
    assert found.shares[:4].sum() == pytest.approx(by_28, rel=1e-6)
    assert found.degrees_of_freedom == 0


def test_sources_that_disagree_are_told_and_widen_the_errors():
    early = points("early", [28, 84], [0.6, 0.5], 400)
    late = points("late", [28, 84], [0.9, 0.5], 400)
    found = hazard_shape([early, late], [28, 84])
    assert found.p_value < 1e-6
    assert found.dispersion == found.chi_square > 20
    first = np.array([1.0, 0.0])
    plain = math.sqrt(found.covariance[0, 0])
    assert found.error_of(first) == pytest.approx(plain * math.sqrt(found.chi_square))


def test_without_the_number_of_patients_there_are_no_errors():
    found = hazard_shape([points("a", [28, 84], [0.7, 0.5])], [28, 84])
    assert found.shares[0] == pytest.approx(math.log(0.7) / math.log(0.5))
    assert math.isnan(found.error_of(np.array([1.0, 0.0])))


@pytest.mark.parametrize(
    ("sources", "days", "rule"),
    [
        ([points("a", [28], [0.7], 90)], [28, 84], "divided among the days 28 to 84"),
        ([points("a", [84], [0.7], 90)], [28, 84], "divided among the days 0 to 28, 28 to 84"),
        ([points("a", [28, 84], [0.7, 0.7], 90)], [28, 84], "nobody dies from day 28 to 84"),
        ([points("a", [28, 84], [1, 1], 90)], [28, 84], "nobody dies in a before day 84"),
        ([points("a", [28], [0.7], 90), points("b", [28], [0.8])], [28], "how many patients"),
        ([points("a", [28, 84], [0.7, 0.6], 90)], [84, 28], "climb"),
        ([points("a", [28, 84], [0.7, 0.8], 90)], [28, 84], "climb"),
    ],
)
def test_what_cannot_be_told_is_refused(sources, days, rule):
    with pytest.raises(RuleError, match=rule):
        hazard_shape(sources, days)


# ---- the base case ------------------------------------------------------------------------------

WEEKLY = ["B05", "B06", "B07", "B08"]
BASE = load_scenario("nct05484908").scenario.hazard.baseline


def test_weekly_shares_of_the_base_case_follow_from_the_rows():
    """The rows give survival to .1 %; the scenario's split of days 0 to 28 is rounded to .001."""
    found = baseline_hazard(survival_sources(WEEKLY), WEEKS)
    shares = np.array([piece.share for piece in found.intervals])
    assert shares == pytest.approx([0.106, 0.279, 0.338, 0.277], abs=0.0005)
    assert BASE.shares[:4] == pytest.approx(0.65 * shares, abs=0.65 * 0.0005)
    # By hand: 240 patients; the first week's share has a standard error of .036.
    assert found.intervals[0].share_se == pytest.approx(0.0359, abs=0.0001)


def test_share_by_day_28_of_the_base_case_is_within_the_error_of_the_rows():
    """ALSS alone gives .636 (.051); with the medical arm of Liu 2020 .669 (.047)."""
    supported = ["A20", "A21", "A11", "A12"]
    first = baseline_hazard(survival_sources(supported), [28, 84]).intervals[0]
    assert (first.share, first.share_se) == pytest.approx((0.636, 0.0506), abs=0.0005)
    wider = baseline_hazard(survival_sources([*supported, "A13", "A14"]), [28, 84])
    assert wider.intervals[0].share == pytest.approx(0.669, abs=0.0005)
    assert wider.shape.p_value > 0.3
    assert first.share < sum(BASE.shares[:4]) < wider.intervals[0].share
    assert abs(sum(BASE.shares[:4]) - first.share) < first.share_se / 2


def test_own_shares_of_the_sources_are_those_to_day_90():
    """Rows B09, B10 and B12 are shares of the hazard to day 90: .598, .647 and .770."""
    for rows, share in ((("A20", "A21"), 0.598), (("A11", "A12"), 0.647), (("A13", "A14"), 0.770)):
        found = baseline_hazard(survival_sources(rows), [28, 90])
        assert found.intervals[0].share == pytest.approx(share, abs=0.0005)


def test_a_pooled_survival_weighs_what_its_interval_says():
    """90-day survival .534 (.455 to .614): a standard error of .0406, as of 151 patients."""
    (source,) = survival_sources(["A20", "A21"])
    assert source.source.size == pytest.approx(0.534 * 0.466 / (0.159 / 3.92) ** 2, rel=1e-3)


def test_shares_for_a_file_sum_to_1():
    found = baseline_hazard(survival_sources([*WEEKLY, "A11", "A12"]), [*WEEKS, 84])
    assert sum(found.shares) == pytest.approx(1, abs=1e-12)
    assert all(round(share, 4) == share > 0 for share in found.shares)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["B5"], "no row of evidence, and no file"),
        (["A22"], "no share of patients alive or dead"),
        (["D01"], "no share of patients alive or dead"),
        (["B09"], "no share of patients alive or dead"),
        (["none.csv"], "no such file"),
    ],
)
def test_what_is_no_survival_is_refused(rows, said):
    with pytest.raises(ScenarioError, match=said):
        survival_sources(rows)


def test_model_page_has_the_shares_calculated():
    page = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")

    def told(piece):
        return f"{piece.share:.3f} ({piece.share_se:.3f})".replace("0.", ".")

    weekly = baseline_hazard(survival_sources(WEEKLY), WEEKS).intervals
    assert ", ".join(map(told, weekly)) in page
    supported = ["A20", "A21", "A11", "A12"]
    for rows in (supported, [*supported, "A13", "A14"]):
        assert told(baseline_hazard(survival_sources(rows), [28, 84]).intervals[0]) in page
