"""Hazards against closed forms, SciPy's distributions and slow versions."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simulator.rules import hazard
from simulator.rules.hazard import PIECEWISE, WEIBULL

EPSILON = np.finfo(float).eps
DAYS = np.array([0.0, 7.0, 14.0, 21.0, 28.0, 84.0])
CUMULATIVE = 0.6 * np.cumsum([0.0, 0.0689, 0.18135, 0.2197, 0.18005, 0.35])
FLAT = np.array([0.0, 0.2, 0.2, 0.5, 0.5, 0.9])  # two pieces without hazard
BASELINES = {
    "piecewise": (PIECEWISE, DAYS, CUMULATIVE, 1.0),
    "piecewise with pauses": (PIECEWISE, DAYS, FLAT, 1.0),
    "exponential": (WEIBULL, np.array([0.0, 84.0]), np.array([0.0, 0.9]), 1.0),
    "weibull 0.1": (WEIBULL, np.array([0.0, 84.0]), np.array([0.0, 0.9]), 0.1),
    "weibull 0.7": (WEIBULL, np.array([0.0, 30.0]), np.array([0.0, 0.4]), 0.7),
    "weibull 20": (WEIBULL, np.array([0.0, 84.0]), np.array([0.0, 0.9]), 20.0),
}
each_baseline = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)


@each_baseline
def test_cumulative_hazard_undoes_its_inverse(baseline):
    shape = baseline[3]
    for target in np.concatenate([[1e-12, 1e-6], np.linspace(0.003, 3.0, 300)]):
        time = hazard.inverse_baseline(*baseline, target)
        # A relative error e of the time is shape * e of a Weibull's cumulative hazard, and the
        # power by 1/shape has magnified what came before it: a handful of epsilons in all, save
        # for the logarithm of the ratio, whose own size counts.
        size = abs(math.log(target / baseline[2][-1]))
        assert hazard.cumulative_baseline(*baseline, time) == pytest.approx(
            target, rel=(8 + 4 * shape + 4 * size) * EPSILON, abs=4 * EPSILON
        )


@each_baseline
def test_cumulative_hazard_starts_at_0_and_meets_its_points(baseline):
    _, day, cumulative, _ = baseline
    assert hazard.cumulative_baseline(*baseline, 0.0) == 0.0
    found = [hazard.cumulative_baseline(*baseline, d) for d in day]
    np.testing.assert_allclose(found, cumulative, rtol=4 * EPSILON)


@each_baseline
def test_cumulative_hazard_never_falls(baseline):
    found = [hazard.cumulative_baseline(*baseline, t) for t in np.linspace(0, 200, 2001)]
    assert (np.diff(found) >= -4 * EPSILON * np.array(found[1:])).all()


def test_a_piecewise_hazard_goes_on_with_its_last_piece():
    rate = (CUMULATIVE[-1] - CUMULATIVE[-2]) / (84 - 28)
    found = hazard.cumulative_baseline(PIECEWISE, DAYS, CUMULATIVE, 1.0, 184.0)
    assert found == pytest.approx(CUMULATIVE[-1] + 100 * rate, rel=8 * EPSILON)


def test_nobody_dies_where_the_hazard_pauses():
    times = [
        hazard.inverse_baseline(PIECEWISE, DAYS, FLAT, 1.0, target)
        for target in np.linspace(0.001, 0.9, 2000)
    ]
    assert not [t for t in times if 7 < t < 14 or 21 < t < 28]


@pytest.mark.parametrize("shape", [0.1, 0.7, 1.0, 3.0, 20.0])
def test_weibull_times_are_those_of_scipy(shape):
    mortality, horizon = 0.45, 84.0
    whole = -math.log1p(-mortality)
    scale = horizon / whole ** (1 / shape)
    baseline = WEIBULL, np.array([0.0, horizon]), np.array([0.0, whole]), shape
    for u in (0.001, 0.2, 0.55, 0.9, 0.999):
        time = hazard.death_at_constant_factor(*baseline, 1.0, hazard.death_threshold(u))
        expected = stats.weibull_min(shape, scale=scale).isf(u)
        assert time == pytest.approx(expected, rel=(16 + 16 / shape) * EPSILON)


@each_baseline
def test_death_in_a_day_is_where_a_one_piece_inversion_puts_it(baseline):
    """With a factor that never changes, day by day and at once give the same death."""
    kind, day, cumulative, shape = baseline
    opening = [hazard.cumulative_baseline(*baseline, float(d)) for d in range(86)]
    for factor in (0.2, 1.0, 3.5):
        for u in np.linspace(0.02, 0.98, 49):
            threshold = hazard.death_threshold(u)
            at_once = hazard.death_at_constant_factor(*baseline, factor, threshold)
            total, died = 0.0, math.inf
            for d in range(85):
                after = hazard.after_day(total, factor, opening[d], opening[d + 1])
                if after >= threshold:
                    died = hazard.death_in_day(
                        kind, day, cumulative, shape, float(d), opening[d], factor,
                        threshold - total,
                    )  # fmt: skip
                    break
                total = after
            if at_once <= 85:
                # 85 sums of rounding epsilon, magnified by the inverse power
                assert died == pytest.approx(at_once, rel=(100 + 100 / shape) * EPSILON)
            else:
                assert died == math.inf


def test_death_in_a_day_stays_in_that_day():
    exponential = BASELINES["exponential"]
    open_at = hazard.cumulative_baseline(*exponential, 5.0)
    for missing in (0.0, 1e-300, 1e-3, 50.0):
        time = hazard.death_in_day(*exponential, 5.0, open_at, 1.0, missing)
        assert 5.0 <= time <= 6.0


def test_day_factor_multiplies_what_acts():
    found = hazard.hazard_multiplier(
        0.3, 0.0769610411361284, 31.0, 27.0, math.log(0.7), math.log(2.0)
    )
    assert found == pytest.approx(math.exp(0.3) * 1.08**4 * 0.7 * 2, rel=1e-12)


def test_an_unmodelled_meld_does_not_enter_the_hazard():
    assert hazard.hazard_multiplier(0.0, 0.0, math.nan, 27.0, 0.0, 0.0) == 1.0


@pytest.mark.parametrize("log_factor", [-1e308, -800.0, 800.0, 1e308])
def test_an_absurd_factor_stays_a_positive_number(log_factor):
    factor = hazard.hazard_multiplier(log_factor, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert 0.0 < factor < math.inf


@pytest.mark.parametrize("sd", [0.2, 1.0, 2.0])
def test_frailty_has_mean_1(sd):
    def weighted(z):
        return hazard.frailty(hazard.log_frailty(sd, z)) * math.exp(-z * z / 2)

    whole, error = integrate.quad(weighted, -12, 16, epsabs=1e-13, limit=200)
    assert whole / math.sqrt(2 * math.pi) == pytest.approx(1.0, abs=4 * error + 1e-13)


def test_direct_effect_waits_for_its_delay_and_wanes_by_its_half_life():
    waning = math.log(2) / 10
    found = [hazard.direct_log_hazard_ratio(-0.6, 5.0, waning, d) for d in (4.0, 5.0, 15.0, 25.0)]
    assert found == pytest.approx([0.0, -0.6, -0.3, -0.15], rel=8 * EPSILON)
    assert hazard.direct_log_hazard_ratio(-0.6, 5.0, 0.0, 500.0) == -0.6


def test_sessions_earn_their_share_and_never_more_than_the_course():
    earned = 0.0
    for fraction in (1.0, 0.25, 1.0, 1.0, 1.0):
        earned += hazard.share_earned(fraction, 3.0, earned)
    assert earned == 1.0
    assert hazard.share_earned(0.25, 3.0, 1 / 3) == pytest.approx(1 / 12)


def test_exits_have_their_net_probability_by_their_day_and_none_later():
    probability, until = 0.23, 60.0
    rate = -math.log1p(-probability) / until
    u = (np.arange(10_000) + 0.5) / 10_000
    times = np.array([hazard.exit_time(rate, until, x) for x in u])
    happened = times[np.isfinite(times)]
    assert happened.size / u.size == pytest.approx(probability, abs=1 / u.size)
    assert happened.max() <= until
    early = (happened <= 20).sum() / u.size
    assert early == pytest.approx(1 - (1 - probability) ** (20 / 60), abs=1 / u.size)


def test_a_hazard_of_0_never_brings_an_exit():
    assert hazard.exit_time(0.0, 84.0, 2.0**-33) == math.inf


def test_covariates_act_from_their_centre():
    values = np.array([0.0, 61.0, 1.0])
    found = hazard.covariate_log_factor(
        values, np.array([1, 2]), np.array([0.02, -0.4]), np.array([52.0, 0.0])
    )
    assert found == pytest.approx(0.02 * 9 - 0.4, rel=8 * EPSILON)
