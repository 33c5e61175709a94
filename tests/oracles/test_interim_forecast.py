"""Forecast of recruitment and predictive probability against closed forms and slow enumeration."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from simulator.monitoring.forecast import (
    Forecast,
    Pace,
    Rate,
    Site,
    negative_binomial,
    updated,
)
from simulator.monitoring.predictive import deaths_to_come, predictive_probability
from simulator.params.recruitment import lower_accrual
from simulator.planning.interim.recruitment import _pace
from simulator.scenario.population import PoissonAccrual
from simulator.scenario.population import Site as PlannedSite

RATES = [(1.0, 13.0), (39.0, 611.0), (0.6, 900.0), (250.0, 100.0)]


def steady(*rates: Rate) -> Site:
    return Site(rates, lambda days: days)


@pytest.mark.parametrize(("shape", "days"), RATES)
def test_patients_of_a_site_are_negative_binomial(shape, days):
    for exposure in (0.0, 1.0, 90.0, 2000.0):
        found = negative_binomial(Rate(shape, days), exposure, 60)
        k = np.arange(60)
        expected = stats.nbinom.pmf(k, shape, days / (days + exposure))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300)


def test_the_negative_binomial_law_is_a_poisson_law_averaged_over_the_rate():
    rate, exposure = Rate(3.5, 40.0), 25.0
    found = negative_binomial(rate, exposure, 8)
    density = stats.gamma(rate.shape, scale=1 / rate.days).pdf
    for k in range(8):
        whole, _ = integrate.quad(
            lambda x, k=k: stats.poisson.pmf(k, x * exposure) * density(x), 0, 2, epsabs=1e-13
        )
        assert found[k] == pytest.approx(whole, rel=1e-8)


@pytest.mark.parametrize(("shape", "days"), RATES)
@pytest.mark.parametrize("wanted", [1, 22, 300])
def test_the_closing_date_of_one_site_has_pearsons_law_of_type_six(shape, days, wanted):
    # The time of the r-th patient is a gamma(r) variable over a gamma(shape) one, times the days.
    forecast = Forecast([steady(Rate(shape, days))], wanted)
    for t in (1.0, 60.0, 400.0, 5000.0):
        expected = special.betainc(wanted, shape, t / (days + t))
        assert forecast.chance(t) == pytest.approx(expected, abs=1e-11)
    for share in (0.025, 0.5, 0.9):
        day = forecast.closing_day(share)
        x = special.betaincinv(wanted, shape, share)
        exact = days * x / (1 - x)
        # Rounding may put a date that is exact, as day 117, a little later.
        assert day == (math.ceil(exact - 1e-9) if exact <= 36_600 else None)


@pytest.mark.parametrize("wanted", [30, 2500])
def test_sites_with_the_same_gamma_scale_are_one_site_of_the_summed_shape(wanted):
    many = Forecast([steady(Rate(shape, 500.0)) for shape in (1.0, 7.0, 12.0, 3.5)], wanted)
    one = Forecast([steady(Rate(23.5, 500.0))], wanted)
    for t in (100.0, 700.0, 40_000.0):
        assert many.chance(t) == pytest.approx(one.chance(t), abs=1e-11)
        assert many.patients(t, 0.5) == one.patients(t, 0.5)


def test_several_sites_agree_with_patients_drawn_one_by_one():
    rng, draws, wanted, opens = np.random.default_rng(7), 40_000, 40, 120.0
    rates = [Rate(9.0, 200.0), Rate(2.0, 150.0), Rate(1.0, 30.0)]
    to_come = (lambda t: t, lambda t: min(t, 60.0), lambda t: max(t - opens, 0.0))
    sites = [Site((rate,), f) for rate, f in zip(rates, to_come, strict=True)]
    forecast = Forecast(sites, wanted)
    for t in (200.0, 400.0, 800.0):
        total = np.zeros(draws)
        for rate, f in zip(rates, to_come, strict=True):
            total += rng.poisson(rng.gamma(rate.shape, 1 / rate.days, draws) * f(t))
        share = float(np.mean(total >= wanted))
        error = math.sqrt(share * (1 - share) / draws)
        assert abs(forecast.chance(t) - share) < 4 * error + 1e-9
        law = np.minimum(total, wanted)
        for q in (0.1, 0.5, 0.9):
            # The quantile found is one of those that the draws cannot tell from q.
            found, near = forecast.patients(t, q), 4 * math.sqrt(q * (1 - q) / draws)
            assert np.quantile(law, max(q - near, 0)) <= found <= np.quantile(law, q + near)


def test_a_site_that_may_have_either_rate_has_the_mean_of_both_laws():
    one, other = Rate(5.0, 100.0), Rate(1.0, 80.0)
    both = Forecast([steady(one, other)], 12)
    apart = [Forecast([steady(rate)], 12).chance(300.0) for rate in (one, other)]
    assert both.chance(300.0) == pytest.approx(sum(apart) / 2, abs=1e-12)


def test_gamma_and_poisson_are_conjugate():
    prior, patients, exposure = Rate(1.2, 18.0), 7, 95.0
    found = updated(prior, patients, exposure)

    def weight(x):
        density = stats.gamma(prior.shape, scale=1 / prior.days).pdf(x)
        return density * stats.poisson.pmf(patients, x * exposure)

    whole = integrate.quad(weight, 0, 2, epsabs=1e-14)[0]
    mean = integrate.quad(lambda x: x * weight(x), 0, 2, epsabs=1e-14)[0] / whole
    assert found.mean == pytest.approx(mean, rel=1e-7)
    below = integrate.quad(weight, 0, found.quantile(0.9), epsabs=1e-14)[0] / whole
    assert below == pytest.approx(0.9, abs=1e-7)


def test_recruitment_that_cannot_end_has_no_date():
    closed = Site((Rate(10.0, 100.0),), lambda days: min(days, 30.0))
    assert Forecast([closed], 50).closing_day(0.5) is None
    assert Forecast([closed], 0).closing_day(0.5) == 0
    assert Forecast([closed], 0).chance(1.0) == 1.0


@pytest.mark.parametrize(
    ("ramp", "steps"),
    [
        (0.0, None),
        (90.0, None),
        (0.0, [(0, 1), (100, 0.5)]),
        (120.0, [(0, 0.4), (60, 2), (200, 1)]),
    ],
)
def test_days_at_full_pace_are_those_of_the_simulated_sites(ramp, steps):
    written = [{"from_day": float(d), "multiplier": float(m)} for d, m in steps or []]
    site = PlannedSite.model_validate(
        {"name": "A", "randomised_per_month": 3.0, "ramp_days": ramp, "rate_steps": written or None}
    )
    accrual = PoissonAccrual.model_validate({"kind": "poisson", "sites": [site.model_dump()]})
    lowered = lower_accrual(accrual, 1.0)
    full, pace = 3.0 / (365.25 / 12), _pace(site)
    for t in (0.0, 30.0, 60.0, 119.0, 150.0, 400.0):
        k = int(np.searchsorted(lowered.knot_day, t, side="right")) - 1
        gone = t - lowered.knot_day[k]
        cumulative = lowered.knot_cumulative[k] + lowered.knot_rate[k] * gone
        cumulative += 0.5 * lowered.knot_slope[k] * gone * gone
        assert full * pace.full_days(t) == pytest.approx(cumulative, rel=1e-12, abs=1e-12)
    assert Pace().full_days(-3.0) == 0.0


def test_predictive_probability_of_lee_and_liu():
    # Lee and Liu 2008, table 1: 16 responses in 23 of at most 40 patients, prior beta(0.6, 0.4),
    # success if the rate is above 0.60 with a posterior probability above 0.90.
    law = deaths_to_come(16, 23, 17, (0.6, 0.4))
    responses = 16 + np.arange(18)
    posterior = special.betaincc(0.6 + responses, 0.4 + 40 - responses, 0.60)
    found = predictive_probability(np.ones(1), law, (posterior > 0.90)[None, :])
    assert round(found, 4) == 0.5656


def test_deaths_to_come_are_those_of_patients_drawn_one_after_another():
    # Each patient dies with the mean of the posterior so far: every sequence of deaths is followed.
    for deaths, patients, to_come, (a, b) in [(3, 9, 6, (1, 1)), (0, 0, 5, (0.6, 0.4))]:
        slow = np.zeros(to_come + 1)
        for sequence in itertools.product((0, 1), repeat=to_come):
            dead, n, chance = deaths, patients, 1.0
            for one in sequence:
                p = (a + dead) / (a + b + n)
                chance *= p if one else 1 - p
                dead, n = dead + one, n + 1
            slow[sum(sequence)] += chance
        found = deaths_to_come(deaths, patients, to_come, (a, b))
        np.testing.assert_allclose(found, slow, rtol=1e-10)
