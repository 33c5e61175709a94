"""Numbers of the normal distribution and its kin, taken from `scipy.special`, are `scipy.stats`'s.

To the bit: `scipy.stats` takes half a second to import, which no run should pay for these.
"""

import numpy as np
import pytest
from scipy import special, stats

from calibration.predictive import predict_share
from calibration.synthesis.likelihood import normal_estimate
from simulator.planning.closed_forms import normal_patients, t_test_patients
from simulator.planning.probit_fit import _density

SHARES = np.concatenate([np.random.default_rng(1).random(10_000), [1e-300, 0.025, 1 - 1e-12]])
SCORES = np.random.default_rng(2).normal(size=10_000) * 4


def test_quantiles_and_shares_are_the_same_bits():
    assert np.array_equal(special.ndtri(SHARES), stats.norm.ppf(SHARES))
    assert np.array_equal(-special.ndtri(SHARES), stats.norm.isf(SHARES))
    assert np.array_equal(special.ndtr(SCORES), stats.norm.cdf(SCORES))
    assert np.array_equal(special.ndtr((SCORES - 0.3) / 0.7), stats.norm.cdf(SCORES, 0.3, 0.7))


@pytest.mark.parametrize("freedom", [1, 2, 5, 17])
def test_chi_square_and_students_t_are_the_same_bits(freedom):
    values = np.abs(SCORES)
    assert np.array_equal(special.chdtrc(freedom, values), stats.chi2.sf(values, freedom))
    assert special.chdtri(freedom, 0.05) == stats.chi2.isf(0.05, freedom)
    assert special.stdtrit(freedom, 0.975) == stats.t.ppf(0.975, freedom)


def test_densities_are_the_same_bits():
    assert np.array_equal(_density(SCORES), stats.norm.pdf(SCORES))
    found = normal_estimate(0.3, 0.7, 1.0)
    x = np.linspace(-2, 2, 9)
    expected = stats.norm.logpdf(x, 0.3, 0.7)
    expected = expected - stats.norm.logpdf(0.3, 0.3, 0.7)
    np.testing.assert_allclose(found(x) - found(np.array([0.3])), expected, atol=1e-7)


def test_a_share_is_predicted_as_by_the_mixture_written_out():
    centres, error, between, n = np.array([0.3, 0.5]), 0.004, 0.4, 40
    odds = special.logit(centres)
    sd = np.sqrt(between**2 + (error / (centres * (1 - centres))) ** 2)
    grid = np.linspace((odds - 6 * sd).min(), (odds + 6 * sd).max(), 4_001)
    weight = stats.norm.pdf(grid[:, None], odds, sd).sum(axis=1)
    shares = special.expit(grid)[:, None]
    mass = (stats.binom.pmf(np.arange(n + 1), n, shares) * weight[:, None]).sum(axis=0)
    mass /= mass.sum()
    seen = 8
    below = mass[:seen].sum() + mass[seen] / 2
    found = predict_share(centres, error, between, n, seen / n)
    assert found.p_value == pytest.approx(2 * min(below, 1 - below), abs=1e-6)


def test_a_size_of_two_proportions_is_fleisss():
    p, q, alpha, power = 0.6, 0.4, 0.05, 0.8
    mean = (p + q) / 2
    z = stats.norm.ppf(1 - alpha / 2) * np.sqrt(2 * mean * (1 - mean))
    z += stats.norm.ppf(power) * np.sqrt(p * (1 - p) + q * (1 - q))
    n = 2 * (z / (p - q)) ** 2
    assert normal_patients(p, q, alpha, power) == pytest.approx(n, rel=1e-12)
    n = t_test_patients(1.0, (2.0, 2.0), alpha, power)
    shift = np.sqrt(n / 4) / 2
    assert stats.nct.sf(stats.t.isf(alpha / 2, n - 2), n - 2, shift) == pytest.approx(power)
