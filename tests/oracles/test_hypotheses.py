"""One-sided tests, margins and equivalence of every analysis, by what is not our arithmetic."""

import math

import numpy as np
import pytest
from analysis_records import design, every_plan, plan_of, records_of_columns, time_test
from lane_records import as_lanes
from scipy import integrate, stats
from statsmodels.duration.hazard_regression import PHReg

from simulator.analysis import END, analyse
from simulator.analysis.bayes import posterior_below
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.types import AnalysisTable
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.results.measures import Scale

FOLLOW_UP = 84
ALPHA = 0.05
# Tables of p values that take seconds for each pair of sizes.
SLOW = ("barnard", "boschloo", "z_pooled")
PLANS = [plan for plan in every_plan() if not plan.test.startswith(SLOW)]
# Whose interval is another than the one that the test inverts.
OTHER_INTERVAL = {"beta_binomial", "cmh", "cox", "max_combo", "meld_worst_rank"}
MARGINS = {
    Scale.PROPORTION: (-0.15, 0.15),
    Scale.LOG_RATIO: (0.7, 1.4),
    Scale.DAYS: (-6.0, 6.0),
    Scale.MELD_POINTS: (-1.5, 1.5),
    Scale.PROBABILITY: (-0.2, 0.2),
}


@pytest.fixture(scope="module")
def records():
    """Twelve trials of 40 to 60 patients with deaths of two causes, losses, sites and MELD."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(40, 61, 12)
    n = int(sizes.sum())
    arm = rng.integers(0, 2, n)
    never = np.full(n, math.inf)
    death = rng.exponential(np.where(arm == 1, 110.0, 80.0))
    loss = np.where(rng.random(n) < 0.15, rng.random(n) * FOLLOW_UP, math.inf)
    first = rng.normal(25.0, 4.0, n)
    meld = np.column_stack([first, first + rng.normal(np.where(arm == 1, -2.0, 0.0), 5.0)])
    columns = {
        "arm": arm, "stratum": rng.integers(0, 3, n), "site": rng.integers(0, 3, n),
        "death_after_days": np.where(death < loss, death, math.inf),
        "loss_after_days": np.where(death < loss, math.inf, loss),
        "transplant_after_days": never, "withdrawal_after_days": never,
        "death_cause": rng.integers(1, 3, n), "visit_meld": meld,
        "visit_after_days": np.tile([0.0, float(FOLLOW_UP)], (n, 1)),
    }  # fmt: skip
    return records_of_columns(sizes, columns)


def table_of(records, plan, hypothesis, alpha=ALPHA) -> AnalysisTable:
    asked = plan._replace(hypothesis=hypothesis, alpha=alpha)
    found = analyse(records, [asked], design(FOLLOW_UP), END)
    return AnalysisTable._make(column[:, 0] for column in found)


def null_of(plan, margin):
    return math.log(margin) if STATISTICS[plan.test].measure.scale is Scale.LOG_RATIO else margin


def named(plans):
    return pytest.mark.parametrize("plan", plans, ids=lambda plan: plan.name)


@named(PLANS)
def test_one_sided_p_values_are_the_tails_of_the_two_sided_one(plan, records):
    both = table_of(records, plan, Hypothesis())
    less = table_of(records, plan, Hypothesis("less"), ALPHA / 2)
    greater = table_of(records, plan, Hypothesis("greater"), ALPHA / 2)
    for name in ("estimate", "standard_error", "low", "high", "favours", "reason"):
        np.testing.assert_array_equal(getattr(less, name), getattr(both, name), name)
    low, high = less.p_value, greater.p_value
    known = both.reason == 0
    assert known.sum() > 9
    if plan.test == "fisher":
        assert (low + high > 1)[known].all()
        return
    if plan.test == "max_combo":
        # Each of several statistics has its own tails: neither sum is exact, and both are near.
        assert (np.minimum(low, high) < both.p_value)[known].all()
        assert (2 * np.minimum(low, high) > both.p_value - 1e-3)[known].all()
        return
    np.testing.assert_allclose((low + high)[known], 1.0, atol=1e-12)
    np.testing.assert_allclose(2 * np.minimum(low, high)[known], both.p_value[known], rtol=1e-9)
    wald = STATISTICS[plan.test].measure.scale is Scale.LOG_RATIO and "log" in plan.name.split()
    estimate = np.where(np.isnan(both.estimate), 0, both.estimate)[known]
    if not wald and plan.test not in ("yates", "cmh", "cox", "beta_binomial"):
        away = abs(estimate) > 0.05 * np.nanmax(abs(estimate))
        assert ((low < high)[known] == (estimate < 0))[away].all()


TAKES_A_MARGIN = [plan for plan in PLANS if STATISTICS[plan.test].no_margin is None]


@named([plan for plan in TAKES_A_MARGIN if plan.test not in OTHER_INTERVAL or "wald" in plan.name])
def test_a_margin_is_met_where_the_interval_of_confidence_1_minus_2_alpha_lies_beyond_it(
    plan, records
):
    """Duality of tests and intervals, which are computed without a margin."""
    margins = MARGINS[STATISTICS[plan.test].measure.scale]
    for alpha in (0.01, 0.05, 0.2, 0.4):
        interval = table_of(records, plan, Hypothesis("less"), alpha)
        known, decided = interval.reason == 0, 0
        for side, margin in (("greater", margins[0]), ("less", margins[1])):
            found = table_of(records, plan, Hypothesis(side, margin), alpha)
            null = null_of(plan, margin)
            limit = interval.high if side == "less" else -interval.low
            beyond = limit < (null if side == "less" else -null)
            np.testing.assert_array_equal((found.p_value <= alpha)[known], beyond[known])
            decided += int(beyond.sum())
            for name in ("estimate", "low", "high", "favours"):
                np.testing.assert_array_equal(getattr(found, name), getattr(interval, name))
        if alpha == 0.4:
            assert 0 < decided < 2 * known.sum()


@named(TAKES_A_MARGIN)
def test_equivalence_is_two_one_sided_tests(plan, records):
    low, high = MARGINS[STATISTICS[plan.test].measure.scale]
    found = table_of(records, plan, Hypothesis(equivalence=(low, high)))
    above = table_of(records, plan, Hypothesis("greater", low))
    below = table_of(records, plan, Hypothesis("less", high))
    np.testing.assert_array_equal(found.p_value, np.maximum(above.p_value, below.p_value))
    for name in ("estimate", "low", "high", "favours", "reason"):
        np.testing.assert_array_equal(getattr(found, name), getattr(below, name))


@pytest.mark.parametrize("side", ["less", "greater"])
def test_lanes_give_the_same_bits(side, records):
    """Trials without transplant, whose times are those of the records."""
    place = 1 if side == "less" else 0
    plans = []
    for plan in PLANS:
        if not STATISTICS[plan.test].lanes:
            continue
        plans.append(plan._replace(hypothesis=Hypothesis(side)))
        if plan in TAKES_A_MARGIN:
            limits = MARGINS[STATISTICS[plan.test].measure.scale]
            plans.append(plan._replace(hypothesis=Hypothesis(side, limits[place])))
            plans.append(plan._replace(hypothesis=Hypothesis(equivalence=limits)))
    lanes = as_lanes(records, FOLLOW_UP, int(records.trials.randomised.max()), 4, True)
    ours = analyse_lanes(LaneBlock(lanes, FOLLOW_UP), plans)
    theirs = analyse(records, plans, design(FOLLOW_UP), END)
    for name in ours._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)


@pytest.mark.parametrize(("ties", "margin"), [("efron", 1.3), ("breslow", 1.3), ("efron", 0.8)])
def test_cox_at_a_margin_is_statsmodels_with_the_margin_as_offset(ties, margin):
    rng = np.random.default_rng(3)
    arm = np.repeat([0, 1], 40)
    time = np.ceil(rng.exponential(np.where(arm == 1, 60.0, 70.0)))  # some tie
    event = rng.random(80) < 0.8
    model = PHReg(time, arm.astype(float), event, ties=ties, offset=math.log(margin) * arm)
    nothing = np.zeros(1)
    slope, information = model.score(nothing)[0], -model.hessian(nothing)[0, 0]
    best = model.fit()
    z = {
        "score": slope / math.sqrt(information),
        "wald": best.tvalues[0],
        "likelihood_ratio": math.copysign(
            math.sqrt(2 * (best.llf - model.loglike(nothing))), slope
        ),
    }
    side = "less" if margin > 1 else "greater"
    for statistic, value in z.items():
        asked = Hypothesis(side, margin)
        ours = time_test("cox", time, event, arm, ties=ties, statistic=statistic, hypothesis=asked)
        right = stats.norm.cdf(value if side == "less" else -value)
        assert ours.p_value == pytest.approx(right, rel=1e-5)


def test_the_log_rank_test_at_a_margin_takes_the_margin_off_step_by_step():
    """(O - E - V log margin) over the root of V, of risk sets counted one by one."""
    rng = np.random.default_rng(4)
    arm, event = np.repeat([0, 1], 30), rng.random(60) < 0.7
    time = rng.exponential(50.0, 60)
    excess = variance = 0.0
    for t in time[event]:
        at_risk = time >= t
        share = (at_risk & (arm == 1)).sum() / at_risk.sum()
        excess += arm[time == t][0] - share
        variance += share * (1 - share)
    z = (excess - math.log(1.5) * variance) / math.sqrt(variance)
    ours = time_test("log_rank", time, event, arm, hypothesis=Hypothesis("less", 1.5))
    assert ours.p_value == pytest.approx(stats.norm.cdf(z), rel=1e-12)


def test_one_sided_max_combo_is_the_largest_of_joint_normals():
    """By scipy's multivariate normal, the correlations being those of the variances."""
    rng = np.random.default_rng(5)
    arm, event = np.repeat([0, 1], 40), rng.random(80) < 0.8
    time = rng.exponential(np.where(arm == 1, 80.0, 50.0))
    weights = [[0.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    order = np.argsort(time)
    survival, excess, covariance = 1.0, np.zeros(3), np.zeros((3, 3))
    for i in order:
        if event[i]:
            at_risk = time >= time[i]
            share = (at_risk & (arm == 1)).sum() / at_risk.sum()
            weight = np.array([survival**rho * (1 - survival) ** gamma for rho, gamma in weights])
            excess += weight * (arm[i] - share)
            covariance += np.outer(weight, weight) * share * (1 - share)
            survival *= (at_risk.sum() - 1) / at_risk.sum()
    error = np.sqrt(np.diag(covariance))
    z = excess / error
    joint = stats.multivariate_normal(np.zeros(3), covariance / np.outer(error, error))
    for side, sign in (("less", -1.0), ("greater", 1.0)):
        ours = time_test(
            "max_combo", time, event, arm, weights=weights, hypothesis=Hypothesis(side)
        )
        right = 1 - joint.cdf(np.full(3, (sign * z).max()))
        assert ours.p_value == pytest.approx(right, abs=1e-4)  # what both integrals leave


@pytest.mark.parametrize("side", ["less", "greater"])
def test_welchs_test_at_a_margin_is_scipys_of_shifted_changes(side, records):
    margin = 1.5 if side == "less" else -1.5
    plan = plan_of("meld_welch", hypothesis=Hypothesis(side, margin))
    found = analyse(records, [plan], design(FOLLOW_UP), END)
    p, first = records.patients, records.trials.first_row
    alive = np.isinf(p.death_after_days) & np.isinf(p.loss_after_days)
    alive |= (p.death_after_days > FOLLOW_UP) & np.isinf(p.loss_after_days)
    change = p.visit_meld[:, 1] - p.visit_meld[:, 0]
    ends = np.append(first[1:], p.arm.size)
    for k, (low, high) in enumerate(zip(first, ends, strict=True)):
        rows = np.arange(p.arm.size)[low:high]
        rows = rows[alive[low:high]]
        one, other = (change[rows[p.arm[rows] == arm]] for arm in (1, 0))
        right = stats.ttest_ind(one - margin, other, equal_var=False, alternative=side).pvalue
        assert found.p_value[k, 0] == pytest.approx(right, rel=1e-9)


def test_a_one_sided_posterior_is_that_of_the_side_asked(records):
    plan = plan_of("beta_binomial", prior_control=[1.0, 1.0], prior_experimental=[1.0, 1.0])
    less = table_of(records, plan, Hypothesis("less"))
    greater = table_of(records, plan, Hypothesis("greater"))
    np.testing.assert_allclose(less.p_value + greater.p_value, 1.0, atol=1e-12)
    np.testing.assert_array_equal(less.p_value < 0.5, less.favours == 1)


@pytest.mark.parametrize(("null", "priors"), [(0.1, (1, 1, 1, 1)), (-0.2, (0.5, 0.5, 9, 11))])
def test_a_posterior_at_a_margin_is_the_double_integral(null, priors):
    """P(p1 - p0 < margin) by quadrature of the one density times the other's distribution."""
    a0, b0, a1, b1 = priors
    ours = posterior_below(9, 12, (a0, b0), (a1, b1), null)
    for x0, x1 in [(0, 0), (4, 5), (9, 0), (2, 12), (9, 12)]:
        first = stats.beta(a0 + x0, b0 + 9 - x0)
        second = stats.beta(a1 + x1, b1 + 12 - x1)
        right = integrate.quad(
            lambda p, one=first, other=second: one.pdf(p) * other.cdf(p + null),
            0, 1, points=[max(-null, 0.0), min(1 - null, 1.0)], limit=500,
        )[0]  # fmt: skip
        assert ours[x0, x1] == pytest.approx(right, abs=1e-7)
