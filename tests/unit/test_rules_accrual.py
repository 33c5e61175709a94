"""Referral times against quadrature of the rate, written the obvious way."""

import math
from bisect import bisect_right
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from simulator.params.population import log_gamma_quantiles
from simulator.params.recruitment import lower_accrual
from simulator.rules.accrual import rate_multiplier, referral_day, waiting_time
from simulator.rules.candidate import TABLE_LOW, TABLE_STEP
from simulator.scenario.population import PoissonAccrual

EPSILON = np.finfo(float).eps
DAYS_PER_MONTH = 30.4375
SITES = {
    "constant": (2.0, 0.0, [(0.0, 1.0)]),
    "ramp": (2.0, 90.0, [(0.0, 1.0)]),
    "ramp of 1000 days": (30.0, 1000.0, [(0.0, 1.0)]),
    "steps": (5.0, 0.0, [(0.0, 0.5), (10.0, 2.0), (30.5, 1.0)]),
    "pause": (5.0, 0.0, [(0.0, 1.0), (20.0, 0.0), (400.0, 1.0)]),
    "two pauses in a row, the first at the opening": (
        5.0,
        0.0,
        [(0.0, 0.0), (7.0, 0.0), (14.0, 3.0), (21.0, 0.0), (28.0, 1.0)],
    ),
    "steps within a ramp": (4.0, 60.0, [(0.0, 1.0), (15.0, 0.0), (45.0, 2.0), (75.0, 0.25)]),
    "a step where the ramp ends": (4.0, 60.0, [(0.0, 1.0), (60.0, 2.0)]),
}


def lowered(a_month, ramp_days, steps, share=1.0, opens_day=0.0):
    """Knots of a site's referral rate, made by the package from a scenario's accrual."""
    site = {
        "name": "site",
        "opens_day": opens_day,
        "randomised_per_month": a_month,
        "ramp_days": ramp_days,
        "rate_steps": [{"from_day": day, "multiplier": factor} for day, factor in steps],
        "unit": None,
    }
    accrual = PoissonAccrual(kind="poisson", sites=[site], site_rates={"kind": "fixed"})
    p = lower_accrual(accrual, share)
    return p.knot_day, p.knot_cumulative, p.knot_rate, p.knot_slope


def expected_candidates(until, a_month, ramp_days, steps, share=1.0):
    """Integral of the rate from the opening on; each smooth piece is linear: midpoints are exact"""
    starts = [day for day, _ in steps]

    def rate(day):
        climbed = min(day / ramp_days, 1.0) if ramp_days else 1.0
        return a_month / DAYS_PER_MONTH / share * steps[bisect_right(starts, day) - 1][1] * climbed

    ends = sorted({0.0, until} | {d for d in [*starts, ramp_days] if d < until})
    return math.fsum((b - a) * rate((a + b) / 2) for a, b in pairwise(ends))


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
@pytest.mark.parametrize("multiplier", [1.0, 0.03, 40.0])
def test_the_rate_integrates_to_the_target_on_the_day_of_a_referral(site, multiplier):
    knots = lowered(*site, share=0.3)
    last = 0.0
    for target in np.concatenate([[1e-9, 1e-3], np.linspace(0.05, 60, 250)]):
        day = referral_day(target, multiplier, 0.0, *knots)
        assert day > last
        last = day
        reached = multiplier * expected_candidates(day, *site, share=0.3)
        # A dozen roundings; a day's own rounding moves the integral by its rate times that.
        steepest = (
            multiplier * max(factor for _, factor in site[2]) * site[0] / DAYS_PER_MONTH / 0.3
        )
        assert reached == pytest.approx(target, rel=16 * EPSILON, abs=4 * EPSILON * day * steepest)


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_nobody_is_referred_while_the_rate_is_0(site):
    knots = lowered(*site)
    ends = [day for day, _ in site[2][1:]] + [math.inf]
    pauses = [(day, end) for (day, f), end in zip(site[2], ends, strict=True) if f == 0.0]
    days = [referral_day(t, 1.0, 0.0, *knots) for t in np.linspace(0.01, 40, 800)]
    assert not [day for day in days for low, high in pauses if low + 1e-9 < day < high - 1e-9]


def test_a_site_that_opens_late_refers_as_much_later():
    knots = lowered(*SITES["steps within a ramp"])
    for target in (0.1, 1.0, 7.5):
        early = referral_day(target, 1.0, 0.0, *knots)
        assert referral_day(target, 1.0, 512.0, *knots) == 512.0 + early


def test_waiting_times_have_the_exponential_distribution():
    for u in (2.0**-33, 0.1, 0.5, 1 - 2.0**-33):
        assert waiting_time(u) == pytest.approx(stats.expon.isf(u), rel=4 * EPSILON)


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 2.7, 30.0, 1000.0])
def test_the_gamma_multiplier_is_within_1e_5_of_its_quantile(shape):
    """The bound that the table states for shapes from 0.1 up."""
    z = np.linspace(-6.3, 6.3, 4001) + TABLE_STEP / 3
    table = log_gamma_quantiles(shape, 1.0)
    found = np.array([rate_multiplier(table, TABLE_LOW, TABLE_STEP, x) for x in z])
    exact = stats.gamma(shape, scale=1 / shape)
    expected = np.where(z < 0, exact.ppf(stats.norm.cdf(z)), exact.isf(stats.norm.sf(z)))
    assert np.abs(found / expected - 1).max() < 1e-5


@pytest.mark.parametrize("shape", [0.5, 3.0])
def test_the_gamma_multiplier_has_mean_1_and_variance_1_over_shape(shape):
    """By the trapezoidal rule over the normal quantile, on 20,001 points."""
    table = log_gamma_quantiles(shape, 1.0)
    z = np.linspace(-6.3, 6.3, 20_001)
    value = np.array([rate_multiplier(table, TABLE_LOW, TABLE_STEP, x) for x in z])
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    # The table's error of 1e-5 counts twice in a square. Beyond 6.3 lie 3e-10 of the mass, where
    # a multiplier is under 50 and its square under 2500: at most 7.5e-7.
    assert (weight * value).sum() == pytest.approx(1.0, abs=1e-5 + 7.5e-7)
    assert (weight * value * value).sum() == pytest.approx(1 + 1 / shape, rel=2e-5 + 7.5e-7)
