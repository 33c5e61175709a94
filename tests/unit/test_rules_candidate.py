"""Candidates' characteristics against SciPy's distributions and closed forms."""

import math

import numpy as np
import pytest
from scipy import special, stats

from simulator import draws
from simulator.draws import Purpose
from simulator.params.population import lower_candidates
from simulator.rules import candidate as rule
from simulator.scenario.population import Candidates

EPSILON = np.finfo(float).eps
UNIFORMS = np.concatenate([[2.0**-33, 1e-6], np.linspace(0.003, 0.997, 333), [1 - 2.0**-33]])
MARGINALS = {
    "normal": ({"kind": "normal", "mean": 52.0, "sd": 10.0}, stats.norm(52, 10)),
    "lognormal": (
        {"kind": "lognormal", "median": 350.0, "log_sd": 0.4},
        stats.lognorm(0.4, scale=350),
    ),
    "uniform": ({"kind": "uniform", "lower": -3.0, "upper": 9.0}, stats.uniform(-3, 12)),
    "exponential": ({"kind": "exponential", "mean": 30.0}, stats.expon(scale=30)),
    "gamma 0.1": ({"kind": "gamma", "mean": 4.0, "shape": 0.1}, stats.gamma(0.1, scale=40)),
    "gamma 2.5": ({"kind": "gamma", "mean": 4.0, "shape": 2.5}, stats.gamma(2.5, scale=1.6)),
    "beta 2 5": ({"kind": "beta", "a": 2.0, "b": 5.0}, stats.beta(2, 5)),
    "beta 0.5 0.5": ({"kind": "beta", "a": 0.5, "b": 0.5}, stats.beta(0.5, 0.5)),
}
each_marginal = pytest.mark.parametrize(
    ("words", "distribution"), MARGINALS.values(), ids=MARGINALS
)


def lowered(*variables, correlations=None):
    """Parameters of candidates with these variables, as the package makes them."""
    entries = [{"name": f"v{i}", "bounds": None, **v} for i, v in enumerate(variables)]
    for entry in entries:
        if entry["kind"] in ("bernoulli", "categorical"):
            del entry["bounds"]
    return lower_candidates(Candidates(variables=entries, rank_correlations=correlations), ())


def values_at(p, uniforms):
    """Value of the only variable at each uniform."""
    out, work = np.empty(1), np.empty(1)
    found = []
    for u in uniforms:
        rule.profile(
            np.array([u]), p.kind, p.a, p.b, p.u_low, p.u_span, p.correlated, p.cholesky, p.table,
            work, out, np.empty(1),
        )  # fmt: skip
        found.append(out[0])
    return np.array(found)


def quantile(distribution, u):
    return np.where(u <= 0.5, distribution.ppf(u), distribution.isf(1 - u))


def allowed_error(words, expected):
    """Error of a value: floating point for closed forms, what is stated for tables."""
    if words["kind"] == "gamma":
        return 1e-5 * expected  # stated at log_gamma_quantiles
    if words["kind"] == "beta":
        # Linear interpolation errs by at most h^2 / 8 times the largest second derivative of
        # the quantile function over z, that is .596 for beta 0.5 0.5 and .066 for beta 2 5 (by
        # differences on a grid of 200,000 points).
        return rule.TABLE_STEP**2 / 8 * 0.6 + 0 * expected
    return 64 * EPSILON * (np.abs(expected) + words.get("mean", 0.0))


@each_marginal
def test_values_are_the_quantiles_of_the_distribution(words, distribution):
    expected = quantile(distribution, UNIFORMS)
    found = values_at(lowered(words), UNIFORMS)
    assert (np.abs(found - expected) <= allowed_error(words, expected)).all()


@each_marginal
@pytest.mark.parametrize("sides", [(0.1, 0.9), (0.3, None), (None, 0.02), (0.001, 0.002)])
def test_truncation_keeps_the_distribution_between_its_bounds(words, distribution, sides):
    low, high = (None if p is None else float(distribution.ppf(p)) for p in sides)
    p = lowered(words | {"bounds": [low, high]})
    found = values_at(p, UNIFORMS)
    bottom, top = sides[0] or 0.0, 1.0 if sides[1] is None else sides[1]
    expected = distribution.ppf(bottom + (top - bottom) * UNIFORMS)
    slack = allowed_error(words, expected) + 1e-9 * np.abs(expected)
    # Where ppf itself still has its digits, and tables reach: up to 6.5 standard deviations.
    inside = (UNIFORMS < 1 - 1e-6) & (special.ndtri(bottom + (top - bottom) * UNIFORMS) > -6.5)
    assert (np.abs(found - expected) <= slack)[inside].all()
    assert low is None or (found >= low - slack.max()).all()
    assert high is None or (found <= high + slack.max()).all()


def test_beta_tables_keep_the_error_that_linear_interpolation_can_make():
    z = np.linspace(-6.3, 6.3, 4001) + rule.TABLE_STEP / 3
    for a, b in ((0.5, 0.5), (1.0, 1.0), (2.0, 5.0), (8.0, 1.5)):
        p = lowered({"kind": "beta", "a": a, "b": b})
        exact = special.betaincinv(a, b, special.ndtr(z))
        table = p.table[0]
        found = [
            rule.marginal(rule.TABLE, 0.0, 0.0, 0.0, 1.0, x, special.ndtr(x), table) for x in z
        ]
        curvature = np.abs(np.diff(table, 2)).max() / rule.TABLE_STEP**2
        bound = rule.TABLE_STEP**2 / 8 * curvature
        assert np.abs(found - exact).max() <= bound * 1.01 + 64 * EPSILON


def test_a_probability_of_0_or_1_leaves_no_chance():
    never = values_at(lowered({"kind": "bernoulli", "probability": 0.0}), UNIFORMS)
    always = values_at(lowered({"kind": "bernoulli", "probability": 1.0}), UNIFORMS)
    assert set(never) == {0.0}
    assert set(always) == {1.0}


def test_categories_have_their_probabilities_in_order():
    p = lowered({"kind": "categorical", "probabilities": [0.0, 0.25, 0.0, 0.5, 0.25, 0.0]})
    u = (np.arange(1000) + 0.5) / 1000
    counts = np.bincount(values_at(p, u).astype(int), minlength=6)
    assert counts.tolist() == [0, 250, 0, 500, 250, 0]


def test_ranks_are_correlated_as_stated():
    """Spearman's correlation of unlike marginals, and none where none is stated."""
    size, rho = 20_000, {(0, 1): 0.8, (1, 2): -0.5}
    p = lowered(
        {"kind": "lognormal", "median": 350.0, "log_sd": 0.4},
        {"kind": "gamma", "mean": 2.0, "shape": 3.0},
        {"kind": "uniform", "lower": 0.0, "upper": 1.0},
        {"kind": "normal", "mean": 0.0, "sd": 1.0},
        correlations=[
            {"between": [f"v{i}", f"v{j}"], "value": value} for (i, j), value in rho.items()
        ],
    )
    uniforms, work, values, latents = (np.empty(4) for _ in range(4))
    rows = np.empty((size, 4))
    for who in range(size):
        draws.fill(1, 0, int(Purpose.PROFILE), who, 0, uniforms)
        rule.profile(
            uniforms, p.kind, p.a, p.b, p.u_low, p.u_span, p.correlated, p.cholesky, p.table,
            work, values, latents,
        )  # fmt: skip
        rows[who] = values
    found = stats.spearmanr(rows).statistic
    for i in range(4):
        for j in range(i):
            expected = rho.get((j, i), 0.0)
            # Under normality the variance of Spearman's correlation is below (1 + r^2/2) (1 -
            # r^2)^2 / n (Bonett and Wright 2000).
            error = math.sqrt((1 + expected**2 / 2) / size) * (1 - expected**2)
            assert abs(found[i, j] - expected) < 4 * error


def test_latent_normals_follow_the_cholesky_factor():
    factor = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.5, math.sqrt(0.75)]])
    independent = np.array([1.5, -0.5, 2.0])
    found = [rule.latent(factor[i], independent, i) for i in range(3)]
    assert found == pytest.approx(list(factor @ independent), rel=4 * EPSILON)


def test_profiles_of_many_candidates_are_those_of_one_by_one_to_the_bit():
    """Every kind: alone, truncated, and correlated with those before and after it."""
    kinds = [words for words, _ in MARGINALS.values()]
    kinds += [
        {"kind": "bernoulli", "probability": 0.3},
        {"kind": "categorical", "probabilities": [0.2, 0.05, 0.45, 0.3]},
    ]
    truncated = [k | {"bounds": [1.0, None]} for k in kinds[:5]]
    variables = kinds + truncated + kinds
    chain = [
        {"between": [f"v{i}", f"v{i + 1}"], "value": 0.3}
        for i in range(len(kinds) + len(truncated), len(variables) - 1)
    ]
    p = lowered(*variables, correlations=chain)
    size, number = len(variables), 67
    uniforms = (np.random.default_rng(3).integers(0, 2**32, (size, number)) + 0.5) / 2**32
    one, many = np.empty((2, size, number)), np.empty((2, size, number))
    for who in range(number):
        value, latent = np.empty(size), np.empty(size)
        rule.profile(
            uniforms[:, who].copy(), p.kind, p.a, p.b, p.u_low, p.u_span, p.correlated, p.cholesky,
            p.table, np.empty(size), value, latent,
        )  # fmt: skip
        one[0, :, who], one[1, :, who] = value, latent
    rule.profiles(
        uniforms.copy(), p.kind, p.a, p.b, p.u_low, p.u_span, p.correlated, p.cholesky, p.table,
        np.ones(size, bool), np.empty((size, number)), many[0], many[1],
        np.empty(number, np.int64),
    )  # fmt: skip
    assert many.tobytes() == one.tobytes()
