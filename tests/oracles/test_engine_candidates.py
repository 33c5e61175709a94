"""Candidates, the copula and the funnel against SciPy's laws and exact products (2 and 3)."""

import math

import numpy as np
import pytest
from scenario_builder import (
    NOBODY_DIES,
    SMALLEST_P_VALUE,
    assert_law,
    assert_share,
    bare,
    changed,
    run,
)
from scipy import stats

from simulator import draws
from simulator.draws import Purpose
from simulator.params.lower import lower
from simulator.rules import candidate

NUMBER = 20_000
VARIABLES = [
    {"name": "normal", "kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": None},
    {"name": "held", "kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": [45.0, 66.0]},
    {"name": "lognormal", "kind": "lognormal", "median": 350.0, "log_sd": 0.4, "bounds": None},
    {"name": "gamma", "kind": "gamma", "mean": 4.0, "shape": 0.6, "bounds": None},
    {"name": "low gamma", "kind": "gamma", "mean": 4.0, "shape": 2.5, "bounds": [None, 5.0]},
    {"name": "beta", "kind": "beta", "a": 2.0, "b": 5.0, "bounds": None},
    {"name": "uniform", "kind": "uniform", "lower": -3.0, "upper": 9.0, "bounds": None},
    {"name": "exponential", "kind": "exponential", "mean": 30.0, "bounds": [10.0, None]},
    {"name": "bernoulli", "kind": "bernoulli", "probability": 0.15},
    {"name": "categorical", "kind": "categorical", "probabilities": [0.2, 0.05, 0.45, 0.3]},
]
CORRELATIONS = {
    ("normal", "held"): 0.7,
    ("normal", "lognormal"): -0.5,
    ("held", "lognormal"): -0.3,
    ("gamma", "low gamma"): 0.4,
    ("gamma", "beta"): 0.25,
    ("uniform", "exponential"): 0.9,
    ("beta", "exponential"): -0.2,
    ("bernoulli", "categorical"): 0.5,
    ("bernoulli", "normal"): 0.3,
}


def held(law, low, high):
    """Distribution function of a law between two bounds."""
    below, above = law.cdf(low), law.cdf(high)
    return lambda x: (law.cdf(np.clip(x, low, high)) - below) / (above - below)


LAWS = {
    "normal": stats.norm(52, 10).cdf,
    "held": held(stats.norm(52, 10), 45, 66),
    "lognormal": stats.lognorm(0.4, scale=350).cdf,
    "gamma": stats.gamma(0.6, scale=4 / 0.6).cdf,
    "low gamma": held(stats.gamma(2.5, scale=1.6), 0, 5),
    "beta": stats.beta(2, 5).cdf,
    "uniform": stats.uniform(-3, 12).cdf,
    "exponential": stats.expon(10, 30).cdf,
}


@pytest.fixture(scope="module")
def profiles():
    """Values and latent normals of many candidates of one trial, a column a variable."""
    correlations = [{"between": list(pair), "value": r} for pair, r in CORRELATIONS.items()]
    asked = bare(60, {"candidates": {"variables": VARIABLES, "rank_correlations": correlations}})
    p = lower(asked).candidate
    size = len(VARIABLES)
    values, latents = np.empty((NUMBER, size)), np.empty((NUMBER, size))
    uniforms, work = np.empty(size), np.empty(size)
    for who in range(NUMBER):
        for i in range(size):
            uniforms[i] = draws.uniform(301, 0, int(Purpose.PROFILE), i, who)
        candidate.profile(
            uniforms, p.kind, p.a, p.b, p.u_low, p.u_span, p.correlated, p.cholesky, p.table,
            work, values[who], latents[who],
        )  # fmt: skip
    return values, latents


def column(profiles, name, kind=0):
    return profiles[kind][:, [v["name"] for v in VARIABLES].index(name)]


@pytest.mark.parametrize("name", LAWS)
def test_a_continuous_variable_has_its_distribution(profiles, name):
    assert_law(column(profiles, name), LAWS[name])


def test_discrete_variables_have_their_frequencies(profiles):
    for name, probabilities in (
        ("bernoulli", [0.85, 0.15]),
        ("categorical", [0.2, 0.05, 0.45, 0.3]),
    ):
        values = column(profiles, name)
        for level, probability in enumerate(probabilities):
            assert_share(int((values == level).sum()), NUMBER, probability)


def pairs_of(names):
    every = [v["name"] for v in VARIABLES]
    return [
        (a, b) for i, a in enumerate(every) for b in every[i + 1 :] if a in names and b in names
    ]


def test_rank_correlations_are_those_stated(profiles):
    """Fisher's z of Spearman's r has variance (1 + r^2 / 2)/(n - 3): Bonett and Wright 2000."""
    for a, b in pairs_of(LAWS):
        stated = CORRELATIONS.get((a, b), 0.0)
        seen = stats.spearmanr(column(profiles, a), column(profiles, b)).statistic
        error = math.sqrt((1 + stated**2 / 2) / (NUMBER - 3))
        assert abs(math.atanh(seen) - math.atanh(stated)) <= 4 * error, (a, b, seen)


def test_for_discrete_variables_the_correlation_is_that_of_the_latent_normals(profiles):
    for a, b in pairs_of([v["name"] for v in VARIABLES]):
        pearson = 2 * math.sin(math.pi * CORRELATIONS.get((a, b), CORRELATIONS.get((b, a), 0)) / 6)
        seen = np.corrcoef(column(profiles, a, 1), column(profiles, b, 1))[0, 1]
        error = 1 / math.sqrt(NUMBER - 3)
        assert abs(math.atanh(seen) - math.atanh(pearson)) <= 4 * error, (a, b, seen)


def test_a_bernoulli_and_a_categorical_variable_agree_as_their_latent_normals_do(profiles):
    """Joint frequency of the upper levels: an orthant of the bivariate normal."""
    pearson = 2 * math.sin(math.pi * 0.5 / 6)
    law = stats.multivariate_normal([0, 0], [[1, pearson], [pearson, 1]])
    cut_points = stats.norm.isf(0.15), stats.norm.isf(0.3)
    both = float(law.cdf([-cut_points[0], -cut_points[1]]))
    seen = (column(profiles, "bernoulli") == 1) & (column(profiles, "categorical") == 3)
    assert_share(int(seen.sum()), NUMBER, both)


# The funnel: independent variables, so that what each criterion keeps is an exact product.

LIMITS = {"ast_u_per_l": 40.0, "alt_u_per_l": 50.0, "bilirubin_umol_per_l": 17.1}
FUNNEL_VARIABLES = [
    {"name": "age", "kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": [18.0, 85.0]},
    {"name": "days_since_dose", "kind": "exponential", "mean": 60.0, "bounds": None},
    {"name": "ast_u_per_l", "kind": "lognormal", "median": 900.0, "log_sd": 0.5, "bounds": None},
    {"name": "alt_u_per_l", "kind": "lognormal", "median": 950.0, "log_sd": 0.6, "bounds": None},
    {
        "name": "bilirubin_umol_per_l",
        "kind": "lognormal",
        "median": 180.0,
        "log_sd": 0.4,
        "bounds": None,
    },
    {"name": "pregnancy", "kind": "bernoulli", "probability": 0.2},
]


def condition(variable, comparison, threshold, unit="own"):
    return {"variable": variable, "comparison": comparison, "threshold": threshold, "unit": unit}


def criterion(label, *all_of):
    return {"kind": "conditions", "label": label, "text": label, "all_of": list(all_of)}


def fifth(enzymes, join):
    return {
        "kind": "enzymes_and_bilirubin",
        "label": "I5",
        "text": "AST/ALT above 20 x ULN; total bilirubin above 10 x ULN",
        "enzymes_times_upper_limit": 20.0,
        "bilirubin_times_upper_limit": 10.0,
        "enzymes": enzymes,
        "join": join,
    }


def above(median, log_sd, threshold):
    return float(stats.norm.sf(math.log(threshold / median) / log_sd))


AST, ALT, BILIRUBIN = above(900, 0.5, 800), above(950, 0.6, 1000), above(180, 0.4, 171)
EITHER, BOTH = 1 - (1 - AST) * (1 - ALT), AST * ALT
READINGS = {
    ("either", "and"): EITHER * BILIRUBIN,
    ("either", "or"): 1 - (1 - EITHER) * (1 - BILIRUBIN),
    ("both", "and"): BOTH * BILIRUBIN,
    ("both", "or"): 1 - (1 - BOTH) * (1 - BILIRUBIN),
}
CONSENT = 0.8


def screened(criteria, candidates, variables=FUNNEL_VARIABLES):
    """Return a trial that screens a fixed number of candidates and follows nobody for long."""
    return bare(
        candidates,
        {
            "trial.follow_up_days": 1,
            "candidates": {"variables": variables, "rank_correlations": None},
            "eligibility": {
                "upper_limits_of_normal": LIMITS,
                "criteria": criteria,
                "consent_probability": CONSENT,
            },
            "hazard.baseline.mortality_at_horizon": NOBODY_DIES,
        },
    )


@pytest.mark.parametrize(("reading", "keeps"), READINGS.items(), ids=map("-".join, READINGS))
def test_the_funnel_is_a_product_of_exact_shares_under_each_reading_of_i5(reading, keeps):
    criteria = [
        criterion("I1", [condition("age", ">=", 18.0)], [condition("age", "<", 66.0)]),
        criterion("I3", [condition("days_since_dose", "<", 91.0)]),
        fifth(*reading),
        criterion("E3", [condition("pregnancy", "==", 0.0)]),
    ]
    age = stats.norm(52, 10)
    passes = [
        float((age.cdf(66) - age.cdf(18)) / (age.cdf(85) - age.cdf(18))),
        -math.expm1(-91 / 60),
        keeps,
        0.8,
    ]
    number = 6_000
    asked = screened(criteria, number)
    trials = run(asked, seed=302).trials
    assert trials.screened[0] == number
    reached = 1.0
    for place, share in enumerate(passes):
        assert_share(int(trials.failed_first[0, place]), number, reached * (1 - share))
        reached *= share
    assert_share(int(trials.refused_consent[0]), number, reached * (1 - CONSENT))
    assert_share(int(trials.randomised[0]), number, reached * CONSENT)
    assert trials.failed_first.sum() + trials.refused_consent[0] + trials.randomised[0] == number
    # What the scenario says of candidates once for all, from its own large sample of them:
    p = lower(asked).eligibility
    assert_share(round(p.eligible_share * p.sample_size), p.sample_size, reached)
    for place, share in enumerate(passes):
        fails = round(p.fails_share[place] * p.sample_size)
        assert_share(fails, p.sample_size, 1 - share)


def test_a_group_of_alternatives_holds_if_any_of_them_does():
    """AST or pregnancy, in multiples of the upper limit of normal; and bilirubin as a floor."""
    criteria = [
        criterion(
            "I1",
            [
                condition("ast_u_per_l", ">", 20.0, "times_upper_limit_of_normal"),
                condition("pregnancy", "==", 1.0),
            ],
            [condition("bilirubin_umol_per_l", ">=", 10.0, "times_upper_limit_of_normal")],
        )
    ]
    number = 6_000
    trials = run(screened(criteria, number), seed=303).trials
    share = (1 - (1 - AST) * 0.8) * BILIRUBIN
    assert_share(int(trials.failed_first[0, 0]), number, 1 - share)


def test_the_order_of_criteria_moves_failures_but_not_the_eligible():
    criteria = [
        criterion("I3", [condition("days_since_dose", "<", 91.0)]),
        fifth("either", "and"),
        criterion("E3", [condition("pregnancy", "==", 0.0)]),
    ]
    asked = screened(criteria, 2_000)
    forward = run(asked, seed=304)
    backward = run(changed(asked, {"eligibility.criteria": criteria[::-1]}), seed=304)
    np.testing.assert_array_equal(forward.patients.candidate, backward.patients.candidate)
    np.testing.assert_array_equal(forward.trials.refused_consent, backward.trials.refused_consent)
    assert forward.trials.failed_first.sum() == backward.trials.failed_first.sum()
    assert (forward.trials.failed_first != backward.trials.failed_first[:, ::-1]).any()


def test_eligibility_truncates_the_labs_of_those_randomised():
    """The randomised have the law of candidates, held to what the criterion lets in."""
    lab = {"kind": "lognormal", "log_sd": 0.3, "bounds": None}
    labs = [
        lab | {"name": name, "median": median}
        for name, median in (
            ("bilirubin_umol_per_l", 350.0),
            ("inr", 2.0),
            ("creatinine_umol_per_l", 81.0),
            ("platelets_1e9_per_l", 110.0),
        )
    ]
    criteria = [
        criterion("I6", [condition("inr", ">", 1.8)]),
        criterion("I7", [condition("platelets_1e9_per_l", "<", 130.0)]),
    ]
    limits = FUNNEL_VARIABLES[2:4]
    asked = changed(
        screened(criteria, 4_000, [*limits, *labs]),
        {
            "labs": {
                "normal": {
                    "bilirubin_umol_per_l": 17.1,
                    "inr": 1.0,
                    "creatinine_umol_per_l": 60.0,
                },
                "ceiling": {
                    "bilirubin_umol_per_l": 900.0,
                    "inr": 8.0,
                    "creatinine_umol_per_l": 700.0,
                },
                "slope_mean_per_day": {"bilirubin": 0.0, "inr": 0.0, "creatinine": 0.0},
                "slope_sd_per_day": {"bilirubin": 0.0, "inr": 0.0, "creatinine": 0.0},
                "slope_correlation_between_labs": 0.0,
                "slope_correlation_with_baseline": 0.0,
                "meld": "registry",
            },
        },
    )
    seen = run(asked, seed=305).patients.baseline_lab
    laws = {
        0: stats.lognorm(0.3, scale=350).cdf,
        1: held(stats.lognorm(0.3, scale=2), 1.8, math.inf),
        2: stats.lognorm(0.3, scale=81).cdf,
        3: held(stats.lognorm(0.3, scale=110), 0, 130),
    }
    for place, law in laws.items():
        assert_law(seen[:, place], law)
    assert stats.kstest(seen[:, 1], stats.lognorm(0.3, scale=2).cdf).pvalue < SMALLEST_P_VALUE
