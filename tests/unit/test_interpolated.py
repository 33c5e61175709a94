"""Polynomials in the place of a smooth function."""

import numpy as np
import pytest
from scipy.stats import norm

from simulator.monitoring.decisions import Stage, _p_values, p_values
from simulator.monitoring.interpolated import Interpolated, values
from simulator.monitoring.plan import Look

Z = np.concatenate([np.random.default_rng(2).normal(0.0, 2.5, 400), [0.0, 1.0, -0.125, 9.999]])


def test_a_normal_probability_is_found_as_exactly_as_is_said():
    found = values([Interpolated(norm.sf)], np.zeros(Z.size, np.int64), Z)
    np.testing.assert_allclose(found, norm.sf(Z), rtol=0.0, atol=1e-10)
    within = np.abs(Z) < 6.0
    np.testing.assert_allclose(found[within], norm.sf(Z[within]), rtol=1e-7)


def test_values_far_away_are_the_functions_own_and_nan_stays():
    z = np.array([10.0, -11.0, 40.0, np.inf, -np.inf, np.nan])
    found = values([Interpolated(norm.sf)], np.zeros(6, np.int64), z)
    np.testing.assert_array_equal(found, norm.sf(z))


def test_each_value_is_of_its_own_function_and_alone():
    functions = [Interpolated(norm.sf), Interpolated(norm.cdf)]
    which = np.arange(Z.size) % 2
    found = values(functions, which, Z)
    np.testing.assert_allclose(found, np.where(which, norm.cdf(Z), norm.sf(Z)), atol=1e-10)
    alone = [values(functions, which[k : k + 1], Z[k : k + 1])[0] for k in range(Z.size)]
    np.testing.assert_array_equal(found, alone)


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
