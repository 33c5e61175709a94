"""Predictive distributions against closed forms and brute force."""

import numpy as np
import pytest
from scipy import special, stats

from calibration.predictive import predict_mean, predict_share


def test_without_heterogeneity_a_share_is_binomial():
    found = predict_share(np.array([0.45]), 0.0, 0.0, 40, 0.25)
    below = stats.binom.cdf(9, 40, 0.45) + stats.binom.pmf(10, 40, 0.45) / 2
    assert found.p_value == pytest.approx(2 * below, abs=1e-6)
    counts = np.arange(41)
    mid = stats.binom.cdf(counts - 1, 40, 0.45) + stats.binom.pmf(counts, 40, 0.45) / 2
    inside = counts[2 * np.minimum(mid, 1 - mid) >= 0.05]
    assert (found.low, found.high) == (inside[0] / 40, inside[-1] / 40)


@pytest.mark.parametrize("observed", [0.1, 0.3, 0.7])
def test_with_heterogeneity_and_draws_a_share_is_that_of_brute_force(observed):
    centres, sd, n, error = np.array([0.3, 0.45, 0.6]), 0.5, 60, 0.01
    rng, repeats = np.random.default_rng(7), 400_000
    centre = rng.choice(centres, repeats)
    spread = np.hypot(sd, error / (centre * (1 - centre)))
    share = special.expit(special.logit(centre) + spread * rng.standard_normal(repeats))
    counts = rng.binomial(n, share)
    seen = round(observed * n)
    below = (counts < seen).mean() + (counts == seen).mean() / 2
    expected = 2 * min(below, 1 - below)
    found = predict_share(centres, error, sd, n, observed)
    assert abs(found.p_value - expected) < 4 * np.sqrt(expected / repeats) * 2


def test_a_share_of_a_large_study_has_no_teeth():
    """The binomial is narrow beside the heterogeneity: the logit-normal alone is the limit."""
    found = predict_share(np.array([0.55]), 0.0, 0.5, 20_000, 0.23)
    z = (special.logit(0.23) - special.logit(0.55)) / 0.5
    # Sampling adds 1 / (n p q) to the variance of .25, a thousandth of it.
    assert found.p_value == pytest.approx(2 * stats.norm.cdf(z), rel=5e-3)
    limits = special.expit(special.logit(0.55) + np.array([-1.96, 1.96]) * 0.5)
    np.testing.assert_allclose((found.low, found.high), limits, atol=1e-3)


def test_a_mean_of_one_draw_is_normal():
    found = predict_mean(np.array([2.7]), 0.03, 0.4, 0.8, 25, 2.3)
    spread = np.sqrt(0.03**2 + 0.4**2 + 0.8**2 / 25)
    assert found.p_value == pytest.approx(2 * stats.norm.cdf((2.3 - 2.7) / spread))
    assert found.low == pytest.approx(2.7 - 1.959964 * spread, abs=1e-5)
    assert found.high == pytest.approx(2.7 + 1.959964 * spread, abs=1e-5)


def test_p_values_of_studies_that_the_model_makes_are_uniform():
    """A check of a true model fails in 5 % of studies, at most: mid-p is near that."""
    rng, studies = np.random.default_rng(3), 4_000
    share = special.expit(special.logit(0.4) + 0.5 * rng.standard_normal(studies))
    counts = rng.binomial(50, share)
    by_count = {k: predict_share(np.array([0.4]), 0.0, 0.5, 50, k / 50).p_value for k in range(51)}
    failing = np.mean([by_count[k] < 0.05 for k in counts])
    exact = sum(
        p for k, p in enumerate(np.bincount(counts, minlength=51) / studies) if by_count[k] < 0.05
    )
    assert failing == pytest.approx(exact)
    assert abs(failing - 0.05) < 4 * np.sqrt(0.05 * 0.95 / studies) + 0.01  # counts are discrete
