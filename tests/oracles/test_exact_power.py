"""Exact power, size and smallest difference: published values, enumeration, simulation."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import assert_share, bare
from scipy import stats

from simulator.analysis import END, analyse, design_of
from simulator.analysis.exact_power import (
    TESTS,
    ExactQuestion,
    detectable,
    p_value_table,
    power,
    rejection_set,
    size,
)
from simulator.engines.compiled import simulate
from simulator.params.lower import lower


def asked(test: str, n0: int = 30, n1: int = 30, **own) -> ExactQuestion:
    gamma = 0.001 if test.endswith("berger_boos") else 0.0
    interval = "miettinen_nurminen" if test in INTERVALS else None
    return ExactQuestion(test, n0, n1, 0.05, gamma=gamma, interval=interval, **own)


INTERVALS = ("risk_difference", "risk_ratio", "odds_ratio")
# 30 v 30, .6 v .3: power and largest size, from the oracles of the project, by enumeration in R
# and in exact fractions elsewhere.
PUBLISHED = {
    "chi_square": (0.6631, 0.0554),
    "fisher": (0.5608, 0.0274),
    "boschloo": (0.6470, 0.0469),
}


@pytest.mark.parametrize("test", PUBLISHED)
def test_power_and_size_at_30_v_30_are_the_published_ones(test):
    table = rejection_set(asked(test))
    assert round(power(table, 0.6, 0.3), 4) == PUBLISHED[test][0]
    assert round(size(table)[0], 4) == PUBLISHED[test][1]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("sizes", [(9, 12), (12, 7)])
def test_power_has_ten_digits_of_the_sum_in_fractions(test, sizes):
    table = rejection_set(asked(test, *sizes))
    p0, p1 = Fraction(3, 5), Fraction(3, 10)
    exactly = sum(
        math.comb(sizes[0], x0)
        * p0**x0
        * (1 - p0) ** (sizes[0] - x0)
        * math.comb(sizes[1], x1)
        * p1**x1
        * (1 - p1) ** (sizes[1] - x1)
        for x0, x1 in itertools.product(range(sizes[0] + 1), range(sizes[1] + 1))
        if table[x0, x1]
    )
    assert power(table, 0.6, 0.3) == pytest.approx(float(exactly), abs=1e-10)


@pytest.mark.parametrize("test", TESTS)
def test_no_common_mortality_on_a_fine_grid_has_a_larger_level(test):
    table = rejection_set(asked(test, 14, 11))
    largest, at, bound = size(table)
    assert power(table, at, at) == pytest.approx(largest, abs=1e-10)
    grid = np.linspace(0, 1, 20_001)
    first = stats.binom.pmf(np.arange(15)[:, None], 14, grid)
    second = stats.binom.pmf(np.arange(12)[:, None], 11, grid)
    levels = np.einsum("ig,ij,jg->g", first, table, second)
    assert levels.max() <= bound
    assert levels.max() <= largest + 1e-12
    assert levels.max() >= largest - 1e-6
    if test not in ("chi_square", "beta_binomial", "mid_p", *INTERVALS):
        assert largest <= 0.05 * (1 + 1e-9)


@pytest.mark.parametrize("lower_side", [True, False])
@pytest.mark.parametrize("test", ["fisher", "boschloo", "chi_square"])
def test_the_smallest_difference_has_the_power_and_nothing_nearer_does(test, lower_side):
    table = rejection_set(asked(test))
    found = detectable(table, 0.6, 0.8, lower=lower_side)
    assert found is not None
    assert (found < 0.6) == lower_side
    assert power(table, 0.6, found) == pytest.approx(0.8, abs=1e-9)
    between = np.linspace(0.6, found, 200)[:-1]
    assert max(power(table, 0.6, p) for p in between) < 0.8


def test_a_power_that_no_difference_has_is_none():
    table = rejection_set(asked("fisher", 3, 3))
    assert detectable(table, 0.6, 0.8, lower=True) is None


@pytest.mark.parametrize("test", ["fisher", "boschloo", "z_pooled", "barnard", "chi_square"])
def test_one_sided_questions_reject_on_their_own_side(test):
    if test in ("barnard",):
        with pytest.raises(ValueError, match="two-sided"):
            p_value_table(asked(test, 8, 8, alternative="less"))
        return
    less = rejection_set(asked(test, 8, 10, alternative="less"))
    greater = rejection_set(asked(test, 8, 10, alternative="greater"))
    rates = np.arange(9)[:, None] / 8, np.arange(11)[None, :] / 10
    assert (rates[1] < rates[0])[less].all()
    assert (rates[1] > rates[0])[greater].all()
    assert size(less)[0] <= 0.05 or test == "chi_square"


TRIALS = 20_000


@pytest.fixture(scope="module")
def bare_trials():
    """The bare trial without loss, its arms of fixed size, .6 v .4, 30 v 30: design and records."""
    params = lower(bare(60, {"allocation.scheme": "random_allocation"}))
    return design_of(params, 31), simulate(params, 31, 0, TRIALS)


@pytest.mark.parametrize("test", TESTS)
def test_simulation_agrees_with_the_exact_power(test, bare_trials):
    options = {"gamma": 0.001} if test.endswith("berger_boos") else {}
    if test in INTERVALS:
        options = {"interval": "miettinen_nurminen"}
    if test == "beta_binomial":
        options = {"prior_control": [1.0, 1.0], "prior_experimental": [1.0, 1.0]}
    design, records = bare_trials
    table = analyse(records, [plan_of(test, **options)], design, END)
    rejected = int((table.p_value[:, 0] <= 0.05 * (1 + 1e-9)).sum())
    assert_share(rejected, TRIALS, power(rejection_set(asked(test)), 0.6, 0.4))


def test_unequal_groups_that_simple_randomisation_makes_are_weighed_by_their_chance():
    """A coin gives n0 with probability C(60, n0) / 2^60: the power is the mean over the splits."""
    expected = sum(
        stats.binom.pmf(n0, 60, 0.5) * power(rejection_set(asked("fisher", n0, 60 - n0)), 0.6, 0.4)
        for n0 in range(10, 51)
    )
    params = lower(bare(60))
    records = simulate(params, 32, 0, TRIALS)
    table = analyse(records, [plan_of("fisher")], design_of(params, 32), END)
    rejected = int((table.p_value[:, 0] <= 0.05 * (1 + 1e-9)).sum())
    assert_share(rejected, TRIALS, expected)
