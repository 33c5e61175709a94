"""Polynomials in the place of a smooth function."""

import numpy as np
import pytest
from scipy.stats import norm

from simulator.monitoring.decisions import Stage, _p_values, p_values
from simulator.monitoring.interpolated import Interpolated, Smooth
from simulator.monitoring.plan import Look
from simulator.records import Ints

Z = np.concatenate([np.random.default_rng(2).normal(0.0, 2.5, 400), [0.0, 1.0, -0.125, 9.999]])


def function_of(key: int) -> Smooth:
    """The upper and the lower tail, in cells of a quarter or, the other way round, a fifth."""
    sign = (-1.0) ** key
    return Smooth(lambda z: np.stack([norm.sf(sign * z), norm.cdf(sign * z)]), (40, 50)[key % 2])


@pytest.fixture
def tails() -> Interpolated:
    return Interpolated(function_of, outputs=2, farthest=10.0)


def nothing_else(size: int) -> Ints:
    return np.zeros(size, np.int64)


def test_a_normal_probability_is_found_as_exactly_as_is_said(tails):
    found = tails.values([0], nothing_else(Z.size), Z)
    right = np.stack([norm.sf(Z), norm.cdf(Z)])
    np.testing.assert_allclose(found, right, rtol=0.0, atol=1e-12)
    within = np.abs(Z) < 6.0
    np.testing.assert_allclose(found[:, within], right[:, within], rtol=1e-8)


def test_values_far_away_are_the_functions_own_and_nan_stays(tails):
    z = np.array([10.0, -11.0, 40.0, np.inf, -np.inf, np.nan, np.nextafter(10.0, 0.0), -10.0])
    found = tails.values([0], nothing_else(z.size), z)
    np.testing.assert_array_equal(found[:, :6], np.stack([norm.sf(z), norm.cdf(z)])[:, :6])
    np.testing.assert_allclose(found[:, 6:], [[0.0, 1.0], [1.0, 0.0]], atol=1e-12)


def test_each_value_is_of_its_own_function_and_alone(tails):
    which = np.arange(Z.size) % 2
    found = tails.values([4, 7], which, Z)
    np.testing.assert_allclose(found[0], np.where(which, norm.cdf(Z), norm.sf(Z)), atol=1e-12)
    other = Interpolated(function_of, outputs=2, farthest=10.0)
    keys = [4, 7]
    alone = [
        other.values(keys[which[k] :], nothing_else(1), Z[k : k + 1])
        for k in reversed(range(Z.size))
    ]
    np.testing.assert_array_equal(found, np.concatenate(alone[::-1], axis=1))


def test_a_table_that_is_full_forgets_and_finds_the_same(tails):
    once = tails.values([3], nothing_else(Z.size), Z)
    for key in range(10, 2000):
        tails.values([key], nothing_else(1), Z[:1])
    assert len(tails._known) <= 1024
    np.testing.assert_array_equal(tails.values([3], nothing_else(Z.size), Z), once)


@pytest.mark.parametrize("futile", [False, True])
def test_p_values_are_those_of_the_integration(futile):
    looks = tuple(
        Look(information=share, efficacy_z=high, futility_z=low, upper_spent=spent)
        for share, high, low, spent in ((0.5, 2.9626, 0.3, 0.00153), (1.0, 1.9686, 1.9686, 0.025))
    )
    stage = Stage(looks, looks, binding=False)
    z = Z[np.abs(Z) < 6.0]
    found = p_values([stage], np.zeros(z.size, np.int64), z, futile=futile)
    exact = np.minimum(1.0, _p_values(stage, futile, z))
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-9)
