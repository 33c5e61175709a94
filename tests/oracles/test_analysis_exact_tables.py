"""Exact tests of two proportions against published numbers, SciPy and slow enumerations."""

import itertools
import math

import numpy as np
import pytest
from analysis_records import proportion_test
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy import stats

from simulator.analysis import exact_power as exact
from simulator.analysis import nuisance
from simulator.analysis.exact_tables import TWO_SIDED_ONLY, p_values
from simulator.analysis.nuisance import largest_probability

# Homma, cross-checked there with R's Exact and exact2x2: 10 v 40, one-sided .025, against .2.
HIGHER = (0.5, 0.6, 0.7, 0.8)
HOMMA = {
    "fisher": (0.3288391, 0.5474891, 0.7619361, 0.9172846),
    "mid_p": (0.4057605, 0.6275103, 0.8230326, 0.9475556),
    "z_pooled": (0.4064897, 0.6277024, 0.8229305, 0.9473531),
    "boschloo": (0.4277969, 0.6544621, 0.8445363, 0.9570202),
    "chi_square": (0.4847117, 0.6971209, 0.8664207, 0.9638721),
}
# 30 v 30, two-sided .05: largest size, power at .6 v .3.
AT_30 = {
    "chi_square": (0.055393, 0.663117),
    "fisher": (0.027408, 0.560814),
    "z_pooled": (0.046928, 0.647113),
    "boschloo": (0.046887, 0.646999),
    "boschloo_minlike": (0.046887, 0.646999),
}
AT_28 = {"boschloo": 0.645121, "boschloo_minlike": 0.608573}  # 28 v 30, .6 v .3


@pytest.mark.parametrize("test", HOMMA)
def test_one_sided_powers_are_the_published_ones(test):
    significant = exact.rejection_set(exact.ExactQuestion(test, 40, 10, 0.025, "greater"))
    for p, published in zip(HIGHER, HOMMA[test], strict=True):
        assert exact.power(significant, 0.2, p) == pytest.approx(published, abs=6e-8)


@pytest.mark.parametrize("test", AT_30)
def test_size_and_power_at_30_v_30_are_the_published_ones(test):
    significant = exact.rejection_set(exact.ExactQuestion(test, 30, 30, 0.05))
    size, power = AT_30[test]
    assert exact.size(significant)[0] == pytest.approx(size, abs=6e-7)
    assert exact.power(significant, 0.6, 0.3) == pytest.approx(power, abs=6e-7)


@pytest.mark.parametrize("test", AT_28)
def test_unequal_arms_tell_the_definitions_of_boschloo_apart(test):
    significant = exact.rejection_set(exact.ExactQuestion(test, 28, 30, 0.05))
    assert exact.power(significant, 0.6, 0.3) == pytest.approx(AT_28[test], abs=6e-7)


def grid_size(significant: np.ndarray, points: int = 20_001) -> float:
    n0, n1 = (size - 1 for size in significant.shape)
    grid = np.linspace(0, 1, points)
    first = stats.binom.pmf(np.arange(n0 + 1)[:, None], n0, grid)
    second = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, grid)
    return float(np.einsum("ig,jg,ij->g", first, second, significant.astype(float)).max())


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**30))
def test_the_largest_probability_of_any_set_is_that_of_a_fine_grid(n0, n1, seed):
    inside = np.random.default_rng(seed).random((n0 + 1, n1 + 1)) < 0.4
    value, at, bound = largest_probability(inside)
    # A grid of step h misses a smooth maximum by at most h^2/8 times a curvature below 4 n^2.
    slack = (1 / 20_000) ** 2 / 8 * 4 * (n0 + n1) ** 2
    assert grid_size(inside) - 1e-12 <= value <= grid_size(inside) + slack
    assert exact.power(inside, at, at) == pytest.approx(value, abs=1e-9)
    assert value <= bound <= min(1.0, value * (1 + 1.1e-9))


def highest(inside: np.ndarray) -> float:
    """Largest probability of a set, at the roots of its derivative as a polynomial."""
    n0, n1 = inside.shape[0] - 1, inside.shape[1] - 1
    p, q, slope = Polynomial([0, 1]), Polynomial([1, -1]), Polynomial([0])
    for x0, x1 in np.argwhere(inside):
        dead, alive = int(x0 + x1), int(n0 + n1 - x0 - x1)
        ways = math.comb(n0, int(x0)) * math.comb(n1, int(x1))
        slope += ways * (dead * p ** max(dead - 1, 0) * q**alive)
        slope -= ways * (alive * p**dead * q ** max(alive - 1, 0))
    roots = slope.roots()
    # Where the tail is flat, an error of a root moves it by the square of that error.
    places = np.clip(roots.real[np.abs(roots.imag) < 1e-3], 0, 1).tolist()
    return max(exact.power(inside, place, place) for place in (0.0, 1.0, *places))


@settings(max_examples=60)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**30), st.floats(0.05, 0.9))
def test_no_common_mortality_has_more_than_the_bound(n0, n1, seed, part):
    inside = np.random.default_rng(seed).random((n0 + 1, n1 + 1)) < part
    found, true = largest_probability(inside), highest(inside)
    assert found.probability <= true * (1 + 1e-9) + 1e-12
    assert true <= found.bound * (1 + 1e-12)


def test_the_bound_does_not_take_the_word_of_what_was_found():
    """Told of a largest that is too small, it still is above the true one."""
    inside = exact.rejection_set(exact.ExactQuestion("chi_square", 12, 9, 0.05))
    n = 21
    ways = nuisance.log_choices(n)
    share = np.zeros(n + 1)
    for x0, x1 in np.argwhere(inside):
        share[x0 + x1] += math.comb(12, int(x0)) * math.comb(9, int(x1)) / math.comb(n, x0 + x1)
    tail = share @ nuisance.deaths_on_grid(ways)
    true = highest(inside)
    for told in (0.9 * tail.max(), 0.99 * true, true):
        assert true * (1 - 1e-12) <= nuisance.upper_bound(share, ways, tail, told)


@pytest.mark.parametrize("test", ["fisher", "z_pooled", "boschloo", "boschloo_minlike", "barnard"])
@pytest.mark.parametrize(("n0", "n1"), [(5, 9), (12, 12), (1, 7)])
def test_exact_tests_hold_their_level_at_every_alpha(test, n0, n1):
    for alpha in (0.01, 0.05, 0.1, 0.3):
        significant = exact.rejection_set(exact.ExactQuestion(test, n0, n1, alpha))
        assert exact.size(significant)[0] <= alpha * (1 + 1e-6)


@pytest.mark.parametrize("test", ["z_pooled_berger_boos", "boschloo_berger_boos"])
@pytest.mark.parametrize(("n0", "n1"), [(5, 9), (8, 8)])
def test_berger_and_boos_hold_their_level(test, n0, n1):
    for alpha in (0.05, 0.1):
        significant = exact.rejection_set(exact.ExactQuestion(test, n0, n1, alpha, gamma=0.001))
        assert exact.size(significant)[0] <= alpha * (1 + 1e-6)


@pytest.mark.parametrize(
    ("x0", "n0", "x1", "n1"), [(9, 30, 16, 30), (2, 10, 20, 40), (7, 15, 12, 15), (1, 9, 7, 12)]
)
@pytest.mark.parametrize("alternative", ["two_sided", "less", "greater"])
def test_z_pooled_is_scipys(x0, n0, x1, n1, alternative):
    ours = p_values("z_pooled", n0, n1, alternative=alternative)[x0, x1]
    table = [[x1, x0], [n1 - x1, n0 - x0]]
    scipys = stats.barnard_exact(
        table, alternative=alternative.replace("_", "-"), pooled=True, n=512
    ).pvalue
    order = slow_order("z_pooled", n0, n1, alternative)
    slow = grid_size(order <= order[x0, x1] * (1 + 1e-7))
    assert ours == pytest.approx(slow, abs=(1 / 20_000) ** 2 / 2 * (n0 + n1) ** 2)
    # scipy's search for the maximum ends up to a hundredth below it.
    assert scipys <= ours + 1e-9
    assert ours == pytest.approx(scipys, rel=0.02)


@pytest.mark.parametrize(
    ("n0", "n1", "gamma"), [(6, 9, 0.001), pytest.param(8, 8, 0.01, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("test", ["z_pooled_berger_boos", "boschloo_berger_boos"])
def test_berger_and_boos_are_a_fine_grid_within_the_interval(test, n0, n1, gamma):
    ours = p_values(test, n0, n1, gamma)
    plain = test.removesuffix("_berger_boos")
    x0, x1 = np.arange(n0 + 1)[:, None], np.arange(n1 + 1)[None, :]
    for a, b in itertools.product(range(n0 + 1), range(n1 + 1)):
        dead = a + b
        low = stats.beta.ppf(gamma / 2, dead, n0 + n1 - dead + 1) if dead else 0.0
        high = stats.beta.ppf(1 - gamma / 2, dead + 1, n0 + n1 - dead) if dead < n0 + n1 else 1.0
        grid = np.linspace(low, high, 2001)
        first = stats.binom.pmf(x0, n0, grid[:, None, None])
        second = stats.binom.pmf(x1, n1, grid[:, None, None])

        def largest(order, at=(a, b), both=first * second):
            return (both * (order <= order[at] * (1 + 1e-7))).sum(axis=(1, 2)).max()

        sides = [slow_order(plain, n0, n1, side) for side in ("less", "greater", "two_sided")]
        if plain == "z_pooled":
            slow = min(1.0, largest(sides[2]) + gamma)
        else:
            slow = min(1.0, 2 * min(1.0, *(largest(side) + gamma for side in sides[:2])))
        assert ours[a, b] == pytest.approx(slow, abs=2e-5)


def slow_order(test: str, n0: int, n1: int, side: str) -> np.ndarray:
    """What orders the tables, small where extreme, from SciPy or the formula."""
    order = np.empty((n0 + 1, n1 + 1))
    for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        if test == "boschloo":
            table = [[x1, x0], [n1 - x1, n0 - x0]]
            order[x0, x1] = stats.fisher_exact(table, side.replace("_", "-")).pvalue
            continue
        p = (x0 + x1) / (n0 + n1)
        error = math.sqrt(p * (1 - p) * (1 / n0 + 1 / n1))
        z = (x1 / n1 - x0 / n0) / error if error > 1e-12 else 0.0
        order[x0, x1] = math.exp({"less": z, "greater": -z, "two_sided": -abs(z)}[side])
    return order


def slow_barnard(n0: int, n1: int) -> np.ndarray:
    """CSM (Barnard 1947) as it is told: pairs come in one step after another, cheapest first."""
    grid = np.linspace(0, 1, 4001)
    first = stats.binom.pmf(np.arange(n0 + 1)[:, None], n0, grid)
    second = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, grid)
    chance = first[:, None, :] * second[None, :, :]
    p_value, inside = np.ones((n0 + 1, n1 + 1)), set()
    total = np.zeros(grid.size)
    upper = [(a, b) for a in range(n0 + 1) for b in range(n1 + 1) if b * n0 > a * n1]
    while len(inside) < len(upper):
        may = [
            (a, b)
            for a, b in upper
            if (a, b) not in inside
            and (a == 0 or (a - 1, b) in inside)
            and (b == n1 or (a, b + 1) in inside)
        ]
        cost = {t: (total + chance[t] + chance[n0 - t[0], n1 - t[1]]).max() for t in may}
        cheapest = min(cost.values())
        come = [t for t in may if cost[t] <= cheapest * (1 + 1e-7)]
        for a, b in come:
            total = total + chance[a, b] + chance[n0 - a, n1 - b]
        inside.update(come)
        for a, b in come:
            p_value[a, b] = p_value[n0 - a, n1 - b] = min(1.0, total.max())
    return p_value


@pytest.mark.parametrize(("n0", "n1"), [(3, 3), (4, 6), (5, 5), (7, 4), (9, 8), (10, 10)])
def test_barnards_test_is_the_slow_one(n0, n1):
    ours, slow = p_values("barnard", n0, n1), slow_barnard(n0, n1)
    assert ours == pytest.approx(slow, abs=2e-6)  # the grid's own error


def test_barnards_first_step_has_the_probability_worked_out_by_hand():
    # 3 v 3: the first pair is (0, 3) and (3, 0), of probability 2 (p q)^3, at most 2 / 4^3.
    assert p_values("barnard", 3, 3)[0, 3] == pytest.approx(2 / 64, rel=1e-9)


@pytest.mark.parametrize(("x0", "n0", "x1", "n1"), [(9, 30, 16, 30), (2, 10, 20, 40)])
def test_yates_is_scipys(x0, n0, x1, n1):
    scipys = stats.chi2_contingency([[x0, x1], [n0 - x0, n1 - x1]], correction=True).pvalue
    assert proportion_test("yates", x0, n0, x1, n1).p_value == pytest.approx(scipys, rel=1e-10)


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_mid_p_is_the_tail_less_half_of_what_was_seen(n0, n1, data):
    x0, x1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    law = stats.hypergeom(n0 + n1, x0 + x1, n1)
    less = law.cdf(x1) - 0.5 * law.pmf(x1)
    greater = law.sf(x1 - 1) - 0.5 * law.pmf(x1)
    ours = proportion_test("mid_p", x0, n0, x1, n1).p_value
    assert ours == pytest.approx(min(1.0, 2 * min(less, greater)), rel=1e-9)


@pytest.mark.parametrize("test", exact.TESTS)
def test_one_and_two_sided_tables_agree_with_exchanged_arms(test):
    gamma = 0.001 if "boos" in test else 0.0
    interval = "miettinen_nurminen" if test in ("risk_difference", "risk_ratio") else None
    interval = "log" if test == "odds_ratio" else interval
    question = exact.ExactQuestion(test, 7, 5, 0.05, gamma=gamma, interval=interval)
    back = question._replace(n0=5, n1=7)
    two_sided = exact.p_value_table(question)
    assert two_sided == pytest.approx(exact.p_value_table(back).T, abs=1e-9)
    if test not in TWO_SIDED_ONLY:
        less = exact.p_value_table(question._replace(alternative="less"))
        greater = exact.p_value_table(back._replace(alternative="greater"))
        assert less == pytest.approx(greater.T, abs=1e-9)


def test_a_one_sided_question_of_a_two_sided_test_is_refused():
    with pytest.raises(ValueError, match="two-sided"):
        exact.p_value_table(exact.ExactQuestion("barnard", 5, 5, 0.05, "less"))


@pytest.mark.parametrize("lower", [True, False])
def test_a_detectable_difference_has_the_power_and_less_has_not(lower):
    significant = exact.rejection_set(exact.ExactQuestion("boschloo", 30, 30, 0.05))
    rate = exact.detectable(significant, 0.5, 0.8, lower=lower)
    assert exact.power(significant, 0.5, rate) == pytest.approx(0.8, abs=1e-9)
    nearer = rate + (1e-4 if lower else -1e-4)
    assert exact.power(significant, 0.5, nearer) < 0.8


def test_no_difference_is_detectable_where_the_arms_are_too_small():
    significant = exact.rejection_set(exact.ExactQuestion("fisher", 3, 3, 0.05))
    assert exact.detectable(significant, 0.5, 0.8, lower=True) is None
