"""Referral and accrual in the whole engine against laws of the Poisson process (section 1)."""

import math

import numpy as np
import pytest
from scenario_builder import (
    NOBODY_DIES,
    assert_law,
    assert_mean,
    assert_share,
    bare,
    changed,
    poisson_accrual,
    run,
)
from scipy import stats

MONTH = 30.4375


def referred(accrual, limit, target=100_000):
    """Return a trial that only recruits: its patients are followed for a day."""
    return bare(
        target,
        {
            "accrual": accrual,
            "trial.max_recruitment_days": limit,
            "trial.follow_up_days": 1,
            "hazard.baseline.mortality_at_horizon": NOBODY_DIES,
        },
    )


def counts(records, from_day, to_day, site=None):
    """Patients of each trial who entered between two days, of one site or of all."""
    patients = records.patients
    chosen = (patients.entry_day > from_day) & (patients.entry_day <= to_day)
    if site is not None:
        chosen &= patients.site == site
    return np.bincount(patients.trial[chosen], minlength=records.trials.trial.size)


def assert_counts(observed, probability_of):
    """Compare the frequency of every count, and of all beyond the largest, with its law."""
    most = int(observed.max())
    for count in range(most + 1):
        assert_share(int((observed == count).sum()), observed.size, probability_of(count))
    beyond = 1 - sum(probability_of(count) for count in range(most + 1))
    assert beyond >= -1e-12  # the probabilities are those of a law
    assert_share(0, observed.size, max(beyond, 0.0))


def test_counts_in_intervals_are_poisson_and_independent():
    rate = 3.0 / MONTH
    accrual = poisson_accrual({"randomised_per_month": 3.0})
    records = run(referred(accrual, 200.0), seed=201, trials=400)
    first, second = counts(records, 0, 60), counts(records, 60, 200)
    assert_counts(first, stats.poisson(60 * rate).pmf)
    assert_counts(second, stats.poisson(140 * rate).pmf)
    assert_counts(first + second, stats.poisson(200 * rate).pmf)  # so no correlation between them
    np.testing.assert_array_equal(records.trials.recruitment_end_day, 200.0)
    assert_law(records.patients.entry_day, stats.uniform(0, 200).cdf)


@pytest.mark.parametrize("shape", [0.7, 3.0])
def test_gamma_site_rates_make_counts_negative_binomial(shape):
    """Anisimov and Fedorov 2007: a Poisson count whose mean is gamma distributed."""
    sites = {"randomised_per_month": 1.5}, {"randomised_per_month": 3.0, "opens_day": 40.0}
    records = run(referred(poisson_accrual(*sites, gamma_shape=shape), 160.0), seed=202, trials=400)
    laws = []
    for site, mean in enumerate((160 * 1.5 / MONTH, 120 * 3.0 / MONTH)):
        law = stats.nbinom(shape, shape / (shape + mean))
        assert_counts(counts(records, 0, 160, site), law.pmf)
        laws.append(law.pmf(np.arange(400)))
    # The sites' rates are drawn apart: the total is the convolution.
    assert_counts(counts(records, 0, 160), lambda k: float(np.convolve(*laws)[k]))


def test_a_site_has_one_gamma_rate_for_the_whole_trial():
    """Given the rate, halves of the trial are alike: their sum is negative binomial too."""
    accrual = poisson_accrual({"randomised_per_month": 4.0}, gamma_shape=1.2)
    records = run(referred(accrual, 100.0), seed=203, trials=300)
    first, second = counts(records, 0, 50), counts(records, 50, 100)
    together = first + second
    # Given the total, the first half is binomial with probability 1/2, whatever the rate was.
    assert_share(int(first.sum()), int(together.sum()), 0.5)
    split = (first - together / 2) / np.sqrt(np.maximum(together, 1) / 4)
    assert_mean(split[together > 0] ** 2, 1.0)


def test_the_rate_climbs_linearly_over_the_ramp():
    accrual = poisson_accrual({"randomised_per_month": 6.0, "ramp_days": 90.0, "opens_day": 15.0})
    records = run(referred(accrual, 195.0), seed=204, trials=200)

    def expected(day):
        own = np.maximum(np.asarray(day) - 15.0, 0.0)
        return 6.0 / MONTH * np.where(own < 90, own**2 / 180, own - 45)

    assert_counts(counts(records, 0, 195), stats.poisson(expected(195.0)).pmf)
    assert_law(records.patients.entry_day, lambda day: expected(day) / expected(195.0))


def test_a_rate_in_steps_refers_in_proportion_to_each_step():
    steps = [
        {"from_day": 0.0, "multiplier": 1.0},
        {"from_day": 30.0, "multiplier": 0.0},
        {"from_day": 50.0, "multiplier": 2.5},
        {"from_day": 90.0, "multiplier": 0.4},
    ]
    accrual = poisson_accrual({"randomised_per_month": 6.0, "rate_steps": steps})
    records = run(referred(accrual, 140.0), seed=205, trials=200)
    rate = 6.0 / MONTH
    for start, end, multiplier in ((0, 30, 1.0), (50, 90, 2.5), (90, 140, 0.4)):
        mean = rate * multiplier * (end - start)
        assert_counts(counts(records, start, end), stats.poisson(mean).pmf)
    assert counts(records, 30, 50).sum() == 0
    cumulative = [0, 30, 30, 130, 150]  # in days at the first step's rate
    assert_law(
        records.patients.entry_day,
        lambda day: np.interp(day, [0, 30, 50, 90, 140], cumulative) / 150,
    )


def test_a_ramp_and_steps_multiply():
    steps = [{"from_day": 0.0, "multiplier": 2.0}, {"from_day": 20.0, "multiplier": 1.0}]
    site = {"randomised_per_month": 9.0, "ramp_days": 40.0, "rate_steps": steps}
    records = run(referred(poisson_accrual(site), 80.0), seed=206, trials=150)
    grid = np.linspace(0, 80, 80_001)
    middle = (grid[:-1] + grid[1:]) / 2
    rate = 9.0 / MONTH * np.minimum(middle / 40, 1) * np.where(middle < 20, 2.0, 1.0)
    expected = np.concatenate([[0], np.cumsum(rate * 0.001)])  # midpoints are exact on lines
    assert_counts(counts(records, 0, 80), stats.poisson(expected[-1]).pmf)
    assert_law(records.patients.entry_day, lambda d: np.interp(d, grid, expected) / expected[-1])


def test_sites_refer_independently_each_from_its_own_opening():
    sites = [
        {"randomised_per_month": 2.0},
        {"randomised_per_month": 4.0, "opens_day": 50.5},
        {"randomised_per_month": 1.0, "opens_day": 99.0},
    ]
    records = run(referred(poisson_accrual(*sites), 180.0), seed=207, trials=250)
    patients = records.patients
    for site, part in enumerate(sites):
        opens = part.get("opens_day", 0.0)
        days = 180.0 - opens
        law = stats.poisson(part["randomised_per_month"] / MONTH * days)
        assert_counts(counts(records, 0, 180, site), law.pmf)
        assert_law(patients.entry_day[patients.site == site], stats.uniform(opens, days).cdf)
    mean = (2.0 * 180 + 4.0 * 129.5 + 81.0) / MONTH
    assert_counts(counts(records, 0, 180), stats.poisson(mean).pmf)
    same_trial = patients.trial[1:] == patients.trial[:-1]
    assert (np.diff(patients.entry_day)[same_trial] >= 0).all()  # numbers follow the merged order


def test_sixty_by_day_788_at_2_1_a_month_is_a_gamma_tail():
    """Time to the 60th of a Poisson process is a gamma variate; model page: about a quarter."""
    rate = 2.1 / MONTH
    asked = referred(poisson_accrual({"randomised_per_month": 2.1}), 1825.0, target=60)
    records = run(asked, seed=208, trials=300)
    ends = records.trials.recruitment_end_day
    exact = float(stats.gamma(60, scale=1 / rate).cdf(788))
    assert exact == pytest.approx(float(stats.poisson(788 * rate).sf(59)), rel=1e-12)
    assert round(exact, 4) == 0.2395
    assert_share(int((ends <= 788).sum()), ends.size, exact)
    assert_law(ends, stats.gamma(60, scale=1 / rate).cdf)
    assert (records.trials.randomised == 60).all()
    np.testing.assert_array_equal(ends, records.patients.entry_day[59::60])


def test_recruitment_ends_at_its_limit_with_the_patients_there_are():
    rate = 2.1 / MONTH
    accrual = poisson_accrual({"randomised_per_month": 2.1})
    free = referred(accrual, 1825.0, target=60)
    limited = changed(free, {"trial.max_recruitment_days": 788.0})
    ends = run(free, seed=208, trials=100).trials.recruitment_end_day
    trials = run(limited, seed=208, trials=100).trials
    np.testing.assert_array_equal(trials.recruitment_end_day, np.minimum(ends, 788.0))
    np.testing.assert_array_equal(trials.randomised == 60, ends <= 788)
    full = float(stats.poisson(788 * rate).sf(59))
    assert_share(int((trials.randomised == 60).sum()), 100, full)
    assert_mean(
        trials.randomised,
        float(60 - np.sum(stats.poisson(788 * rate).cdf(np.arange(60)))),  # E min(N, 60)
    )


def test_uniform_accrual_has_the_order_statistics_of_uniforms():
    trials, number = 400, 12
    asked = referred({"kind": "uniform", "candidates": number, "over_days": 365.0}, 730.0, number)
    records = run(asked, seed=209, trials=trials)
    days = records.patients.entry_day.reshape(trials, number)
    assert_law(days.ravel(), stats.uniform(0, 365).cdf)
    for place in (1, 4, 12):
        law = stats.beta(place, number + 1 - place, scale=365)
        assert_law(days[:, place - 1], law.cdf)
    np.testing.assert_array_equal(records.trials.recruitment_end_day, days[:, -1])


def test_uniform_accrual_that_meets_its_target_early_ends_there():
    trials = 400
    asked = referred({"kind": "uniform", "candidates": 12, "over_days": 365.0}, 730.0, 9)
    records = run(asked, seed=210, trials=trials)
    assert (records.trials.randomised == 9).all()
    assert_law(records.trials.recruitment_end_day, stats.beta(9, 4, scale=365).cdf)


def test_referrals_make_up_for_those_who_refuse():
    """Randomised patients keep the rate asked for; candidates come 1 / consent as often."""
    eligibility = {
        "upper_limits_of_normal": {},
        "criteria": [
            {
                "kind": "conditions",
                "label": "I1",
                "text": "anybody",
                "all_of": [
                    [{"variable": "x", "comparison": ">", "threshold": -99.0, "unit": "own"}]
                ],
            }
        ],
        "consent_probability": 0.4,
    }
    variable = {"name": "x", "kind": "normal", "mean": 0.0, "sd": 1.0, "bounds": None}
    asked = changed(
        referred(poisson_accrual({"randomised_per_month": 3.0}), 150.0),
        {
            "candidates": {"variables": [variable], "rank_correlations": None},
            "eligibility": eligibility,
        },
    )
    records = run(asked, seed=212, trials=300)
    mean = 150 * 3.0 / MONTH
    assert_counts(records.trials.randomised, stats.poisson(mean).pmf)
    assert_counts(records.trials.refused_consent, stats.poisson(mean * 0.6 / 0.4).pmf)
    assert_counts(records.trials.screened, stats.poisson(mean / 0.4).pmf)
    correlation = np.corrcoef(records.trials.randomised, records.trials.refused_consent)[0, 1]
    assert abs(math.atanh(correlation)) <= 4 / math.sqrt(300 - 3)  # thinning: independent
