"""Random-effects synthesis against closed forms, brute force and a published re-analysis."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from calibration.synthesis import conversions, frequentist
from calibration.synthesis.hazard_shape import relative_hazard
from calibration.synthesis.heterogeneity import (
    HALF_CAUCHY,
    HALF_NORMAL,
    HeterogeneityPrior,
    heterogeneity_prior,
)
from calibration.synthesis.likelihood import (
    contrast_of_counts,
    mortality_of_counts,
    normal_estimate,
)
from calibration.synthesis.posterior import NormalPrior, Posterior
from simulator.scenario.errors import RuleError
from simulator.scenario.loader import load_scenario

SHARES = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
ESTIMATES = np.array([-0.3, 0.1, -0.6])
ERRORS = np.array([0.26, 0.5, 0.2])
YAO, OTHER = ((15, 54), (29, 77)), ((6, 33), (6, 31))


class Nodes:
    """A prior of the between-study sd given by its nodes, as HeterogeneityPrior.nodes has them."""

    def __init__(self, tau, weights):
        self.tau, self.weights = np.atleast_1d(tau), np.atleast_1d(weights)

    def nodes(self):
        return self.tau, self.weights


def studies():
    return [normal_estimate(y, s, 1.0) for y, s in zip(ESTIMATES, ERRORS, strict=True)]


# ---- likelihoods --------------------------------------------------------------------------------


@pytest.mark.parametrize(("deaths", "n", "weight"), [(26, 78, 1.0), (0, 12, 1.0), (9, 9, 0.5)])
def test_mortality_under_a_uniform_prior_is_a_beta_distribution(deaths, n, weight):
    found = mortality_of_counts(deaths, n, 84.0, weight)
    logit = np.linspace(-20, 20, 40_001)
    chance = special.expit(logit)
    density = np.exp(found(logit)) * chance * (1 - chance)
    beta = stats.beta(weight * deaths + 1, weight * (n - deaths) + 1)
    assert chance @ density / density.sum() == pytest.approx(beta.mean(), abs=1e-6)
    spread = (chance**2) @ density / density.sum() - (chance @ density / density.sum()) ** 2
    assert spread == pytest.approx(beta.var(), rel=1e-5)


def test_deaths_by_another_day_inform_mortality_by_day_84_through_the_hazard():
    # 26 of 78 by day 90: most likely the risk by day 84 at which the risk by day 90 is 26/78.
    found = mortality_of_counts(26, 78, 90.0, 1.0)
    logit = np.linspace(-2, 1, 30_001)
    best = special.expit(logit[np.argmax(found(logit))])
    assert relative_hazard(90.0) == pytest.approx(1 + 0.35 * 6 / 56)
    assert 1 - (1 - best) ** relative_hazard(90.0) == pytest.approx(26 / 78, abs=1e-4)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize("arms", [YAO, OTHER, ((0, 20), (5, 20)), ((3, 20), (0, 20))])
def test_a_contrast_integrates_the_control_arm_out(link, arms):
    (a, n), (b, m) = arms

    def second(p, x):
        if link == "logit":
            return special.expit(special.logit(p) + x)
        return -np.expm1(np.exp(x) * np.log1p(-p))

    def likelihood(x):
        def inner(p):
            q = second(p, x)
            return stats.binom.pmf(a, n, q) * stats.binom.pmf(b, m, p)

        points = (b + 0.5) / (m + 1)
        return integrate.quad(inner, 0, 1, points=[points], epsabs=1e-14, limit=200)[0]

    found = contrast_of_counts(*arms, 1.0, link)
    at = np.array([-1.5, -0.4, 0.0, 0.7])
    own = np.exp(found(at) - found(np.array([0.0])))
    brute = np.array([likelihood(x) for x in at]) / likelihood(0.0)
    assert own == pytest.approx(brute, rel=2e-4)


def test_a_power_prior_multiplies_deaths_and_patients():
    at = np.linspace(-2, 2, 41)
    half, counts = mortality_of_counts(40, 100, 90.0, 0.5), mortality_of_counts(20, 50, 90.0, 1.0)
    assert half(at) - half(at[:1]) == pytest.approx(counts(at) - counts(at[:1]), abs=1e-5)


def test_day_and_baseline_of_a_study_do_not_bias_its_hazard_ratio():
    # Arms of a million with a hazard ratio of .6 give .6, whatever share dies.
    for risk in (0.05, 0.4, 0.9):
        treated = -math.expm1(0.6 * math.log1p(-risk))
        pooled = frequentist.log_hazard_ratio((treated * 1e6, 1e6), (risk * 1e6, 1e6))
        assert math.exp(pooled.value) == pytest.approx(0.6)


# ---- posteriors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [1e-4, 0.1, 0.5, 3.0])
def test_with_the_heterogeneity_known_the_posterior_is_the_normal_one(tau):
    prior = NormalPrior(0.1, 0.8)
    found = Posterior(studies(), prior, Nodes(tau, 1.0))
    precision = 1 / prior.sd**2 + (1 / (ERRORS**2 + tau**2)).sum()
    mean = (prior.mean / prior.sd**2 + (ESTIMATES / (ERRORS**2 + tau**2)).sum()) / precision
    exact = stats.norm(mean, precision**-0.5)
    assert found.mean_effect().quantile(SHARES) == pytest.approx(exact.ppf(SHARES), abs=2e-4)
    new = stats.norm(mean, math.sqrt(1 / precision + tau**2 + 0.3**2))
    assert found.new_study(0.3).quantile(SHARES) == pytest.approx(new.ppf(SHARES), abs=1e-3)


@pytest.mark.parametrize(
    "scale", [HALF_NORMAL, HALF_CAUCHY, HeterogeneityPrior("half_normal", 0.1)], ids=str
)
def test_the_posterior_is_that_of_adaptive_quadrature(scale):
    """Given tau all is normal; scipy's quad over tau does the rest."""
    kind = stats.halfnorm if scale.kind == "half_normal" else stats.halfcauchy
    prior = NormalPrior(0.0, 1.0)

    def given(tau):
        variances = ERRORS**2 + tau**2
        precision = 1 / prior.sd**2 + (1 / variances).sum()
        mean = (ESTIMATES / variances).sum() / precision
        covariance = np.diag(variances) + prior.sd**2
        density = stats.multivariate_normal.pdf(ESTIMATES, np.zeros(3), covariance)
        return mean, 1 / precision, density * kind.pdf(tau, scale=scale.scale)

    def over(function):
        parts = [(0, 0.5), (0.5, np.inf)]
        return sum(integrate.quad(lambda t: function(*given(t), t), *p)[0] for p in parts)

    total = over(lambda mean, variance, weight, tau: weight)
    found = Posterior(studies(), prior, scale)
    for distribution, is_new in ((found.mean_effect(), 0), (found.new_study(), 1)):
        for share in SHARES:
            x = float(distribution.quantile(share))
            exact = over(
                lambda mean, variance, weight, tau, x=x, is_new=is_new: (
                    weight * stats.norm.cdf(x, mean, math.sqrt(variance + is_new * tau**2))
                )
            )
            assert exact / total == pytest.approx(share, abs=1e-4)
    exact = over(lambda mean, variance, weight, tau: weight * (tau < 0.3)) / total
    below = float(found.tau_weights @ (found.tau < 0.3))
    assert below == pytest.approx(exact, abs=0.03)  # of 40 nodes


def test_counts_are_synthesised_as_importance_sampling_does():
    """Draws of everything from the prior, weighted by the binomial probabilities of the counts."""
    draws, generator = 1_000_000, np.random.default_rng(7)
    prior = NormalPrior(0.0, 0.35)
    mean = generator.normal(prior.mean, prior.sd, draws)
    tau = np.abs(generator.normal(0, HALF_NORMAL.scale, draws))
    weights = np.ones(draws)
    for (a, n), (b, m) in (YAO, OTHER):
        ratio = np.exp(mean + tau * generator.normal(size=draws))
        control = generator.uniform(size=draws)
        treated = -np.expm1(ratio * np.log1p(-control))
        weights *= stats.binom.pmf(b, m, control) * stats.binom.pmf(a, n, treated)
    new = mean + tau * generator.normal(size=draws)
    found = Posterior([contrast_of_counts(*arms, 1.0) for arms in (YAO, OTHER)], prior, HALF_NORMAL)
    for values, distribution in ((mean, found.mean_effect()), (new, found.new_study())):
        for share in SHARES:
            below = values < distribution.quantile(share)
            estimate = weights @ below / weights.sum()
            error = np.sqrt(weights**2 @ (below - estimate) ** 2) / weights.sum()
            assert abs(estimate - share) < 4 * error


def test_one_study_of_no_weight_beside_the_others_leaves_them_as_they_are():
    alone = Posterior(studies(), NormalPrior(0, 1), HALF_NORMAL)
    nothing = normal_estimate(3.0, 0.2, 1e-9)
    more = Posterior([*studies(), nothing], NormalPrior(0, 1), HALF_NORMAL)
    ours, theirs = alone.new_study().quantile(SHARES), more.new_study().quantile(SHARES)
    assert ours == pytest.approx(theirs, abs=2e-3)


def test_a_million_patients_leave_no_doubt():
    scale = HALF_NORMAL
    arms = (240_000, 1_000_000), (360_000, 1_000_000)
    ratio = math.log1p(-0.24) / math.log1p(-0.36)
    found = Posterior([contrast_of_counts(*arms, 1.0)] * 6, NormalPrior(0, 1), scale)
    low, high = found.mean_effect().quantile(np.array([0.025, 0.975]))
    assert low < math.log(ratio) < high
    # Six studies that agree to the last patient: what is left is the prior of their difference.
    assert high - low < 0.1
    alone = Posterior([mortality_of_counts(4e5, 1e6, 84.0, 1.0)] * 6, NormalPrior(0, 1.5), scale)
    assert special.expit(alone.mean_effect().quantile(0.5)) == pytest.approx(
        0.4, abs=math.sqrt(0.4 * 0.6 / 1e6)
    )


def test_studies_that_contradict_one_another_widen_the_prediction():
    pair = [mortality_of_counts(1e5, 1e6, 84.0, 1.0), mortality_of_counts(6e5, 1e6, 84.0, 1.0)]
    found = Posterior(pair, NormalPrior(0, 1.5), HALF_NORMAL)
    low, high = special.expit(found.new_study().quantile(np.array([0.025, 0.975])))
    assert low < 0.1
    assert high > 0.6


# Eight trials of magnesium in myocardial infarction: deaths and patients, treated and control
# (Higgins and Spiegelhalter 2002, Int J Epidemiol 31, 96-104).
MAGNESIUM = (
    ((1, 40), (2, 36)),
    ((9, 135), (23, 135)),
    ((2, 200), (7, 200)),
    ((1, 48), (1, 46)),
    ((10, 150), (8, 148)),
    ((1, 59), (9, 56)),
    ((1, 25), (3, 23)),
    ((90, 1159), (118, 1157)),
)
# Odds ratio: median and 95 % limits, median of tau, and effective numbers of draws of both, as the
# BUGS examples print them for a uniform prior of tau from 0 to 50 and for a half-normal of tau^2.
BUGS_UNIFORM = (0.4091, 0.145, 0.8413, 0.7258, 4770, 1792)
BUGS_HALF_NORMAL = (0.4352, 0.2158, 0.7561, 0.5563, 3841, 3117)


def uniform_nodes():
    nodes, weights = np.polynomial.legendre.leggauss(60)
    tau = 5 * (nodes + 1) / 2  # beyond 5 next to nothing is left of the posterior
    return Nodes(tau, weights)


def half_normal_of_variance():
    """The example's: half-normal of tau^2, its upper quartile the harmonic mean of variances."""
    logs = [
        1 / (a + 0.5) + 1 / (n - a + 0.5) + 1 / (b + 0.5) + 1 / (m - b + 0.5)
        for (a, n), (b, m) in MAGNESIUM
    ]
    typical = 1 / np.mean(1 / np.array(logs))
    scale = math.sqrt(typical / special.ndtr(0.75))  # its precision is phi(.75)/s0^2
    nodes, weights = np.polynomial.legendre.leggauss(60)
    return Nodes(np.sqrt(scale * special.ndtri((1 + (nodes + 1) / 2) / 2)), weights)


@pytest.mark.parametrize(
    ("scale", "printed"),
    [(uniform_nodes(), BUGS_UNIFORM), (half_normal_of_variance(), BUGS_HALF_NORMAL)],
    ids=["uniform", "half_normal"],
)
def test_a_published_analysis_of_counts_by_markov_chains_is_reproduced(scale, printed):
    trials = [contrast_of_counts(*arms, 1.0, "logit") for arms in MAGNESIUM]
    found = Posterior(trials, NormalPrior(0.0, 10.0), scale)
    distribution = found.mean_effect()
    median, low, high, tau, of_mean, of_tau = printed
    for share, ratio in ((0.5, median), (0.025, low), (0.975, high)):
        # A quantile of so many draws has this probability, give or take.
        error = math.sqrt(share * (1 - share) / of_mean)
        assert abs(float(distribution.cdf(math.log(ratio))) - share) < 4 * error
    cumulative = np.cumsum(found.tau_weights) - found.tau_weights / 2
    share = float(np.interp(tau, found.tau, cumulative))
    assert abs(share - 0.5) < 4 * math.sqrt(0.25 / of_tau) + 0.01  # of 60 nodes


# ---- conversions --------------------------------------------------------------------------------


def test_ratios_are_turned_into_hazard_ratios_at_the_risk_of_the_control_arm():
    risk, ratio = 0.53, 0.72
    treated = 1 - (1 - risk) ** ratio
    assert conversions.hazard_ratio_of_risk_ratio(treated / risk, risk) == pytest.approx(ratio)
    odds = treated / (1 - treated) / (risk / (1 - risk))
    assert conversions.hazard_ratio_of_odds_ratio(odds, risk) == pytest.approx(ratio)
    assert math.isnan(conversions.hazard_ratio_of_risk_ratio(1.9, risk))


def test_the_share_of_hazard_by_day_is_that_of_the_base_case():
    baseline = load_scenario("nct05484908").scenario.hazard.baseline
    reached = np.concatenate([[0], np.cumsum(baseline.shares)])
    for day in (3.5, 7, 14, 28, 56, 84):
        expected = np.interp(day, [0, *baseline.days], reached)
        assert relative_hazard(day) == pytest.approx(expected)
    assert baseline.horizon_days == 84


# ---- without a prior ----------------------------------------------------------------------------


def test_the_published_risk_ratio_of_the_two_counted_studies_is_reproduced():
    logs = [frequentist.log_risk_ratio(*arms) for arms in (YAO, OTHER)]
    pooled = frequentist.fixed_effect(logs)
    assert [round(math.exp(x), 3) for x in pooled[:3]] == [0.775, 0.489, 1.229]
    # By hand: logs -.30448 and -.06252, variances .069644 and .270772.
    weights = np.array([1 / 0.0696440, 1 / 0.2707722])
    logs_by_hand = np.array([math.log(15 / 54 / (29 / 77)), math.log(6 / 33 / (6 / 31))])
    assert pooled.value == pytest.approx(weights @ logs_by_hand / weights.sum(), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half_normal(0.5)", HALF_NORMAL),
        (" half_cauchy( .5 ) ", HALF_CAUCHY),
        ("half_normal(1e-1)", HeterogeneityPrior("half_normal", 0.1)),
    ],
)
def test_a_prior_of_the_heterogeneity_is_read(text, expected):
    assert heterogeneity_prior(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "half_normal", "half_normal()", "half_normal(nan)", "half_normal(0)"),
        *("uniform(0.5)", "half_normal(-1)", "half_normal(1e9)", "half_normal(0.5"),
        "half_cauchy(\uff10.5)",
    ],
)
def test_what_names_no_prior_of_the_heterogeneity_is_refused(text):
    with pytest.raises(RuleError):
        heterogeneity_prior(text)


def test_the_quantiles_of_the_heterogeneity_are_those_of_scipy():
    share = np.array([0.1, 0.5, 0.9])
    assert HALF_NORMAL.quantile(share) == pytest.approx(stats.halfnorm.ppf(share, scale=0.5))
    assert HALF_CAUCHY.quantile(share) == pytest.approx(stats.halfcauchy.ppf(share, scale=0.5))
