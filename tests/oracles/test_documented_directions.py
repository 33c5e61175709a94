"""Which way estimates and levels are off, where a page says so: by enumeration and closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy import special, stats

from simulator.analysis import exact_power
from simulator.analysis.interval_tables import log_odds_ratio, log_risk_ratio


def mean_estimate(estimate, n0, n1, p0, p1):
    """Mean over all tables in which somebody dies and somebody lives."""
    total = chance = 0.0
    first, second = stats.binom(n0, p0), stats.binom(n1, p1)
    for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        if 0 < x0 + x1 < n0 + n1:
            weight = first.pmf(x0) * second.pmf(x1)
            total, chance = total + weight * estimate(x0, n0, x1, n1)[0], chance + weight
    return total / chance


@pytest.mark.parametrize("estimate", [log_risk_ratio, log_odds_ratio])
@pytest.mark.parametrize(("p0", "p1"), [(0.04, 0.01), (0.02, 0.08)])
def test_with_equal_arms_and_few_deaths_half_a_patient_draws_a_log_ratio_towards_0(
    estimate, p0, p1
):
    logs = [math.log(p / (1 - p) if estimate is log_odds_ratio else p) for p in (p0, p1)]
    true = logs[1] - logs[0]
    assert 0 < mean_estimate(estimate, 30, 30, p0, p1) / true < 1


@pytest.mark.parametrize("estimate", [log_risk_ratio, log_odds_ratio])
def test_with_unequal_arms_it_draws_it_towards_more_deaths_in_the_smaller(estimate):
    """Without a difference: half a death in twenty is a higher rate than in sixty."""
    assert mean_estimate(estimate, 60, 20, 0.02, 0.02) > 0.25
    assert mean_estimate(estimate, 20, 60, 0.02, 0.02) < -0.25


def test_firths_penalty_draws_towards_0_with_equal_arms_and_need_not_with_unequal_ones():
    """Without a covariate the penalty adds half a patient to each cell (Firth 1993)."""

    def plain(x0, n0, x1, n1):
        return math.log(x1 / (n1 - x1)) - math.log(x0 / (n0 - x0))

    for x0, x1 in itertools.product(range(1, 30), repeat=2):
        if x0 != x1:
            assert 0 < log_odds_ratio(x0, 30, x1, 30)[0] / plain(x0, 30, x1, 30) < 1
    assert plain(3, 60, 1, 20) == pytest.approx(0.0, abs=1e-12)
    assert log_odds_ratio(3, 60, 1, 20)[0] > 0.2


def level_of_pooled_test(strata):
    """Level of the chi-square test of all, where each stratum gives half of itself to each arm."""
    law = np.ones(1)
    patients = 0
    for size, p in strata:
        law = np.convolve(law, stats.binom.pmf(np.arange(size // 2 + 1), size // 2, p))
        patients += size // 2
    significant = exact_power.rejection_set(
        exact_power.ExactQuestion("chi_square", patients, patients, 0.05)
    )
    return float(law @ significant @ law)


def test_after_stratified_randomisation_the_unstratified_test_is_conservative_if_strata_matter():
    """Two strata of 60: by enumeration, against .05 where they agree."""
    assert level_of_pooled_test([(60, 0.1), (60, 0.9)]) < 0.005
    assert level_of_pooled_test([(60, 0.3), (60, 0.7)]) < 0.045
    assert level_of_pooled_test([(60, 0.5), (60, 0.5)]) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("effect", [-1.2, 0.8])
@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_an_odds_ratio_at_the_same_meld_is_further_from_0_than_that_of_all(effect, slope):
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    p0, p1 = (float(weight @ special.expit(slope * node + e)) for e in (0.0, effect))
    assert 0 < (special.logit(p1) - special.logit(p0)) / effect < 1


def test_a_flat_prior_draws_a_difference_of_thirty_per_arm_by_a_sixteenth():
    for x0, x1 in ((18, 9), (3, 20)):
        posterior = (x1 + 1) / 32 - (x0 + 1) / 32
        assert posterior == pytest.approx((x1 - x0) / 30 * (1 - 1 / 16))
