"""The normal distribution and interpolation against SciPy's."""

import numpy as np
import pytest
from scipy import special

from simulator.rules.normal import interpolate, normal_cdf, normal_quantile, normal_quantiles

EPSILON = np.finfo(float).eps
# Relative errors: SciPy's ndtri (Cephes) states peaks of 7.2e-16; Wichura's AS 241 states 1e-16 and
# its arithmetic adds some roundings of half an epsilon: three of them are allowed here.
QUANTILE_ERROR = 7.2e-16 + 1e-16 + 3 * EPSILON / 2


def test_quantile_agrees_with_scipy_over_the_whole_range_of_a_32_bit_uniform():
    u = (np.concatenate([np.arange(5000), np.linspace(0, 2**32 - 1, 20_001).round()]) + 0.5) / 2**32
    u = np.concatenate([u, 1 - u])
    expected = special.ndtri(u)
    found = np.array([normal_quantile(x) for x in u])
    np.testing.assert_allclose(found, expected, rtol=QUANTILE_ERROR, atol=0)


@pytest.mark.parametrize("u", [1e-300, 1e-100, 1e-16, 1e-11, 0.075, 0.4249, 0.4251, 0.9251])
def test_quantile_agrees_with_scipy_where_its_pieces_meet_and_in_the_far_tail(u):
    assert normal_quantile(u) == pytest.approx(special.ndtri(u), rel=QUANTILE_ERROR, abs=0)


def test_quantile_of_a_half_is_0_and_the_sides_are_mirrored():
    assert normal_quantile(0.5) == 0.0
    for u in (2.0**-33, 2.0**-10, 0.125, 0.375):
        assert normal_quantile(1.0 - u) == -normal_quantile(u)


def test_quantile_of_0_and_1_is_finite():
    assert np.isfinite([normal_quantile(0.0), normal_quantile(1.0)]).all()


@pytest.mark.parametrize("size", [0, 1, 3, 8, 61, 4096])
def test_quantiles_of_many_are_those_of_one_by_one_to_the_bit(size):
    u = (np.random.default_rng(size).integers(0, 2**32, size) + 0.5) / 2**32
    u[:3] = np.array([0.0, 0.075, 2.0**-33])[:size]
    one_by_one = np.array([normal_quantile(x) for x in u])
    many, tail, place = np.empty(size), np.empty(size), np.empty(size, np.int64)
    normal_quantiles(u, many, tail, place)
    assert many.tobytes() == one_by_one.tobytes()
    normal_quantiles(u, many, u, place)
    assert many.tobytes() == one_by_one.tobytes()


def test_quantiles_of_many_without_one_far_out_are_those_of_one_by_one_to_the_bit():
    u = (np.concatenate([np.arange(3000), np.arange(2**32 - 3000, 2**32)]) + 0.5) / 2**32
    u = np.concatenate([u, np.random.default_rng(1).random(3001), [2e-11, np.nextafter(2e-11, 0)]])
    for some in (u[:-1], u):  # the last of all has every tail worked out by itself
        one_by_one = np.array([normal_quantile(x) for x in some])
        many, place = np.empty(some.size), np.empty(some.size, np.int64)
        normal_quantiles(some, many, some.copy(), place)
        assert many.tobytes() == one_by_one.tobytes()


def test_cdf_agrees_with_scipy():
    z = np.linspace(-37, 8, 4001)
    found = np.array([normal_cdf(x) for x in z])
    expected = special.ndtr(z)
    # z / sqrt(2) is rounded, in both; the distribution function's relative slope there is about
    # |z|, so that the rounding costs z^2 epsilons at most. Each erfc adds a few epsilons.
    assert (np.abs(found / expected - 1) <= (2 * z * z + 8) * EPSILON).all()


def test_interpolation_meets_the_entries_and_is_flat_beyond_them():
    table = np.array([3.0, 1.0, 4.0, 1.5])
    places = np.array([-9.0, -2.0, -1.5, -1.0, -0.5, -0.25, 0.0, 7.0])
    found = [interpolate(table, -2.0, 0.5, z) for z in places]
    assert found == [3.0, 3.0, 1.0, 4.0, 1.5, 1.5, 1.5, 1.5]
    assert interpolate(table, -2.0, 0.5, -1.75) == 2.0
