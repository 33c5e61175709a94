"""Tests of two proportions against published exact numbers and other libraries."""

import math

import numpy as np
import pytest
from analysis_records import proportion_test
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.analysis import exact_tables
from simulator.analysis.exact_tables import p_values

PROBABILITIES = np.linspace(0.001, 0.999, 999)


def table_weights(n0: int, n1: int, p0: float, p1: float) -> np.ndarray:
    """Probability of each table (x0, x1), by enumeration."""
    return np.outer(
        stats.binom.pmf(np.arange(n0 + 1), n0, p0), stats.binom.pmf(np.arange(n1 + 1), n1, p1)
    )


def exact_power(p_values: np.ndarray, p0: float, p1: float, alpha: float) -> float:
    n0, n1 = (size - 1 for size in p_values.shape)
    return float((table_weights(n0, n1, p0, p1) * (p_values <= alpha)).sum())


def exact_size(p_values: np.ndarray, alpha: float) -> float:
    return max(exact_power(p_values, p, p, alpha) for p in PROBABILITIES)


def chi_square_table(n0: int, n1: int) -> np.ndarray:
    table = np.ones((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            p_value = proportion_test("chi_square", x0, n0, x1, n1).p_value
            table[x0, x1] = 1.0 if math.isnan(p_value) else p_value
    return table


# Homma; 10 patients with the higher probability against 40 with .2, one-sided .025.
HIGHER = (0.5, 0.6, 0.7, 0.8)
HOMMA = {
    "fisher": (0.3288391, 0.5474891, 0.7619361, 0.9172846),
    "boschloo": (0.4277969, 0.6544621, 0.8445363, 0.9570202),
    "chi_square": (0.4847117, 0.6971209, 0.8664207, 0.9638721),
}


@pytest.mark.parametrize(("p", "published"), list(zip(HIGHER, HOMMA["fisher"], strict=True)))
def test_one_sided_fisher_has_the_published_power(p, published):
    _, greater, _ = exact_tables.fisher_tables(40, 10)
    assert exact_power(greater, 0.2, p, 0.025) == pytest.approx(published, abs=5e-8)


@pytest.mark.parametrize(("p", "published"), list(zip(HIGHER, HOMMA["boschloo"], strict=True)))
def test_one_sided_boschloo_has_the_published_power(p, published):
    table = p_values("boschloo", 40, 10, alternative="greater")
    assert exact_power(table, 0.2, p, 0.025) == pytest.approx(published, abs=5e-8)


@pytest.mark.parametrize(("p", "published"), list(zip(HIGHER, HOMMA["chi_square"], strict=True)))
def test_chi_square_towards_the_higher_arm_has_the_published_power(p, published):
    # One-sided .025 is two-sided .05 where the second arm has the higher proportion.
    table = chi_square_table(40, 10)
    higher = np.arange(11)[None, :] / 10 > np.arange(41)[:, None] / 40
    table = np.where(higher, table, 1.0)
    assert exact_power(table, 0.2, p, 0.05) == pytest.approx(published, abs=5e-8)


@pytest.mark.parametrize(
    ("n", "p0", "p1", "published"),
    [(39, 2 / 3, 1 / 3, 0.8008238), (18, 0.75, 0.25, 0.833005149), (50, 0.6, 0.4, 0.462100133)],
)
def test_two_sided_fisher_has_the_published_power(n, p0, p1, published):
    table = exact_tables.p_values("fisher", n, n)
    assert exact_power(table, p0, p1, 0.05) == pytest.approx(published, abs=6e-8)


@pytest.mark.parametrize(
    ("test", "size", "power"),
    [
        ("fisher", 0.027408, 0.560814),
        ("boschloo", 0.046887, 0.646999),
        ("boschloo_minlike", 0.046887, 0.646999),
    ],
)
def test_exact_tests_at_30_v_30_have_the_published_size_and_power(test, size, power):
    table = exact_tables.p_values(test, 30, 30)
    assert exact_size(table, 0.05) == pytest.approx(size, abs=1e-6)
    assert exact_power(table, 0.6, 0.3, 0.05) == pytest.approx(power, abs=6e-7)


def test_chi_square_at_30_v_30_does_not_hold_its_level():
    table = chi_square_table(30, 30)
    assert exact_size(table, 0.05) == pytest.approx(0.055393, abs=1e-6)
    assert exact_power(table, 0.6, 0.3, 0.05) == pytest.approx(0.663117, abs=6e-7)


@pytest.mark.parametrize(
    ("test", "power"), [("boschloo", 0.645121), ("boschloo_minlike", 0.608573)]
)
def test_unequal_arms_tell_the_two_boschloo_definitions_apart(test, power):
    assert exact_power(exact_tables.p_values(test, 28, 30), 0.6, 0.3, 0.05) == pytest.approx(
        power, abs=6e-7
    )


@pytest.mark.parametrize(("test", "power"), [("chi_square", 0.349609), ("fisher", 0.257143)])
def test_the_bare_binary_case_has_the_exact_power(test, power):
    table = (
        chi_square_table(30, 30) if test == "chi_square" else exact_tables.p_values(test, 30, 30)
    )
    assert exact_power(table, 0.6, 0.4, 0.05) == pytest.approx(power, abs=6e-7)


@pytest.mark.parametrize("test", ["fisher", "boschloo", "boschloo_minlike"])
@pytest.mark.parametrize(("n0", "n1"), [(5, 9), (12, 12), (1, 7)])
def test_exact_tests_hold_their_level_whatever_the_nuisance(test, n0, n1):
    table = exact_tables.p_values(test, n0, n1)
    for alpha in (0.01, 0.05, 0.1):
        # Tables are refined to 1e-7 of the nuisance angle at a maximum, where they are flat.
        assert exact_size(table, alpha) <= alpha + 1e-12


tables = st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@settings(max_examples=150)
@given(tables)
def test_fisher_is_scipys(table):
    x0, n0, x1, n1 = table
    ours = proportion_test("fisher", x0, n0, x1, n1).p_value
    scipys = stats.fisher_exact([[x0, x1], [n0 - x0, n1 - x1]]).pvalue
    assert ours == pytest.approx(scipys, rel=1e-9)


@settings(max_examples=150)
@given(tables.filter(lambda t: 0 < t[0] + t[2] < t[1] + t[3]))
def test_chi_square_is_scipys_without_correction(table):
    x0, n0, x1, n1 = table
    ours = proportion_test("chi_square", x0, n0, x1, n1).p_value
    scipys = stats.chi2_contingency([[x0, x1], [n0 - x0, n1 - x1]], correction=False).pvalue
    assert ours == pytest.approx(scipys, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("x0", "n0", "x1", "n1"), [(9, 30, 16, 30), (2, 10, 20, 40), (7, 12, 1, 9)]
)
def test_one_sided_boschloo_is_scipys(x0, n0, x1, n1):
    ours = p_values("boschloo", n0, n1, alternative="less")[x0, x1]
    # scipy's columns are the groups and its alternative is about the first of them.
    scipys = stats.boschloo_exact([[x1, x0], [n1 - x1, n0 - x0]], alternative="less", n=512).pvalue
    # Both search for a maximum; ours may only find a larger one, by less than scipy's grid misses.
    assert scipys <= ours + 1e-9
    assert ours == pytest.approx(scipys, rel=2e-4)


def slow_unconditional(statistic: np.ndarray, x0: int, x1: int) -> float:
    """Largest tail probability over a fine grid of the nuisance parameter, the obvious way."""
    extreme = statistic <= statistic[x0, x1] * (1 + 1e-7)
    n0, n1 = (size - 1 for size in statistic.shape)
    grid = np.linspace(0, 1, 20_001)[1:-1]
    first = stats.binom.pmf(np.arange(n0 + 1)[:, None], n0, grid)
    second = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, grid)
    return float(np.einsum("ig,jg,ij->g", first, second, extreme.astype(float)).max())


@pytest.mark.parametrize(("x0", "x1"), [(1, 7), (3, 3), (0, 9), (8, 2), (5, 6)])
def test_maximisation_over_the_nuisance_is_that_of_a_fine_grid(x0, x1):
    _, _, two_sided = exact_tables.fisher_tables(8, 9)
    ours = p_values("boschloo_minlike", 8, 9)[x0, x1]
    slow = slow_unconditional(two_sided, x0, x1)
    # A grid of step h misses a smooth maximum by at most h^2/8 times a curvature below n^2.
    assert slow - 1e-12 <= ours <= slow + (1 / 20_000) ** 2 / 8 * 17**2


@settings(max_examples=100)
@given(tables, st.sampled_from(["fisher", "boschloo", "boschloo_minlike", "chi_square"]))
def test_exchanging_the_arms_keeps_p_and_exchanges_whom_it_favours(table, test):
    x0, n0, x1, n1 = table

    def result(*counts):
        return proportion_test(test, *counts)

    a, b = result(x0, n0, x1, n1), result(x1, n1, x0, n0)
    assert a.reason == b.reason
    if a.reason == 0:
        # Refinement of the unconditional tail ends within 1e-7 of the angle: flat to 1e-9.
        assert a.p_value == pytest.approx(b.p_value, rel=1e-9)
        assert a.estimate == pytest.approx(-b.estimate, abs=1e-15)
        assert {a.favours, b.favours} in ({0, 1}, {-1})


def test_nobody_dead_is_no_result_for_chi_square_and_p_1_for_the_exact_tests():
    assert math.isnan(proportion_test("chi_square", 0, 9, 0, 8).p_value)
    assert proportion_test("fisher", 0, 9, 0, 8).p_value == 1.0
    assert proportion_test("boschloo", 0, 9, 0, 8).p_value == 1.0


@pytest.mark.parametrize("test", ["fisher", "boschloo"])
def test_an_empty_arm_is_no_result(test):
    assert math.isnan(proportion_test(test, 0, 0, 3, 8).p_value)
