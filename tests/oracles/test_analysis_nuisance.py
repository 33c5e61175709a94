"""The maximisation over the nuisance parameter, against grids so fine that they bound it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.analysis import exact_tables, nuisance
from simulator.analysis.exact_order import fisher_ranks


def fine_grid(patients: int) -> np.ndarray:
    """Death probabilities at 400 even steps of the angle for each patient."""
    angles = np.linspace(0.0, math.pi, 400 * patients + 1)
    return np.sin(angles / 2) ** 2


# A grid with n h = pi / 400 misses a peak by at most (n h)^2 / 16 of it (module docstring).
MISSED = (math.pi / 400) ** 2 / 16


def slow_p_values(statistic: np.ndarray, tables: list[tuple[int, int]]) -> np.ndarray:
    """Maximise the sum of the probabilities of all tables as extreme, table by table."""
    n0, n1 = (size - 1 for size in statistic.shape)
    p = fine_grid(n0 + n1)
    first = stats.binom.pmf(np.arange(n0 + 1)[:, None], n0, p)
    second = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, p)
    largest = []
    for table in tables:
        extreme = (statistic <= statistic[table] * (1 + 1e-7)).astype(float)
        largest.append(((extreme @ second) * first).sum(axis=0).max())
    return np.array(largest)


def ranked(statistic: np.ndarray) -> np.ndarray:
    """Ranks of a statistic of which values within a relative 1e-7 are tied."""
    values = np.sort(statistic, axis=None)
    steps = values[1:][np.diff(values) > 1e-7 * values[1:]]
    return np.searchsorted(steps * (1 - 5e-8), statistic, side="right")


def assert_within_the_bound(statistic: np.ndarray, tables: list[tuple[int, int]]) -> None:
    ranks = ranked(statistic)
    p_values = nuisance.unconditional(ranks)
    ours = np.array([p_values[table] for table in tables])
    slow = slow_p_values(statistic, tables)
    # Probabilities are sums of some 1,000 terms, each good to 1e-13 (lgamma).
    assert (ours >= slow * (1 - 1e-10)).all()
    assert (ours <= np.minimum(1.0, slow * (1 + MISSED + 1e-10))).all()


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2))
def test_every_p_value_is_that_of_a_fine_grid_for_small_arms(n0, n1, which):
    statistic = exact_tables.fisher_tables(n0, n1)[which]
    assert_within_the_bound(statistic, list(np.ndindex(statistic.shape)))


@settings(max_examples=10)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_orders_of_tables_that_make_many_peaks_are_maximised_too(n0, n1, seed):
    statistic = np.random.default_rng(seed).random((n0 + 1, n1 + 1))
    assert_within_the_bound(statistic, list(np.ndindex(statistic.shape)))


@pytest.mark.parametrize(
    ("n0", "n1", "which", "table"),
    [(12, 32, 2, (2, 3)), (13, 20, 1, (6, 16)), (9, 26, 0, (8, 14))],
)
def test_of_two_almost_equal_peaks_the_higher_is_found(n0, n1, which, table):
    # Here the highest point of the coarse grid belongs to the lower peak, by 4e-5 to 6e-5 of it.
    assert_within_the_bound(exact_tables.fisher_tables(n0, n1)[which], [table])


@pytest.mark.parametrize("which", [0, 1, 2])
def test_p_values_at_29_v_30_are_those_of_a_fine_grid(which):
    statistic = exact_tables.fisher_tables(29, 30)[which]
    some = np.argwhere(np.abs(nuisance.unconditional(ranked(statistic)) - 0.05) < 0.02)
    assert_within_the_bound(statistic, [tuple(table) for table in some[::4]])


@pytest.mark.parametrize(("n0", "n1"), [(5, 9), (28, 30)])
def test_the_least_extreme_table_has_p_1_and_p_grows_with_the_statistic(n0, n1):
    for statistic in exact_tables.fisher_tables(n0, n1):
        p_values = nuisance.unconditional(ranked(statistic))
        order = np.argsort(statistic.ravel(), kind="stable")
        assert (np.diff(p_values.ravel()[order]) >= -1e-12).all()
        assert p_values.max() == pytest.approx(1.0, abs=1e-12)


def test_boschloo_is_nowhere_less_powerful_than_fisher():
    # Boschloo (1970): the tail of tables ordered by Fisher's p value is at most that p value.
    for n0, n1 in ((4, 11), (10, 40), (28, 30)):
        for side, table in enumerate(exact_tables.fisher_tables(n0, n1)):
            boschloo = nuisance.unconditional(fisher_ranks(n0, n1, side))
            assert (boschloo <= table * (1 + 1e-7) + 1e-12).all()
