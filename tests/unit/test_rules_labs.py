"""Labs, sessions' kinetics and MELD against closed forms and figures of the model page."""

import math

import numpy as np
import pytest

from simulator.params.treatment import kinetics_of
from simulator.rules import labs
from simulator.scenario.treatment import Shift

EPSILON = np.finfo(float).eps


def kinetics(at_once, at_24h, half_life):
    shift = Shift(remains_at_once=at_once, remains_at_24h=at_24h, slow_half_life_days=half_life)
    return kinetics_of(shift, "shift")


def left_after(days, kinetic):
    """Share of a lab that remains, from the model page's sum of two exponentials."""
    fast, slow, fast_rate, slow_rate = kinetic
    return math.exp(fast * math.exp(-fast_rate * days) + slow * math.exp(-slow_rate * days))


@pytest.mark.parametrize(
    ("at_once", "at_24h", "half_life"),
    [(0.577, 0.865, 7.0), (0.477, 0.758, 7.0), (0.75, 0.8913, 1.0), (0.88, 0.94, 7.0)],
)
def test_a_session_leaves_what_was_observed_at_once_and_after_24_h(at_once, at_24h, half_life):
    kinetic = kinetics(at_once, at_24h, half_life)
    assert left_after(0.0, kinetic) == pytest.approx(at_once, rel=8 * EPSILON)
    assert left_after(1.0, kinetic) == pytest.approx(at_24h, rel=16 * EPSILON)
    assert kinetic[3] == pytest.approx(math.log(2) / half_life, rel=2 * EPSILON)


@pytest.mark.parametrize(
    ("at_once", "at_24h", "fast_share"), [(0.577, 0.865, 0.736), (0.477, 0.758, 0.626)]
)
def test_the_fast_share_is_the_one_of_the_model_page(at_once, at_24h, fast_share):
    fast, slow, _, _ = kinetics(at_once, at_24h, 7.0)
    assert round(fast / (fast + slow), 3) == fast_share


def test_a_session_that_removes_nothing_shifts_nothing():
    assert kinetics(1.0, 1.0, 7.0) == (0.0, 0.0, 0.0, 0.0)


def test_decay_from_opening_to_opening_is_the_sum_over_sessions():
    """The recurrence against the closed sum, for three sessions, one of them cut short."""
    bilirubin, inr = kinetics(0.577, 0.865, 7.0), kinetics(0.75, 0.8913, 1.0)
    whole = np.array([bilirubin[:2], inr[:2]])
    rate = np.array([bilirubin[2:], inr[2:]])
    sessions = [(1.4, 1.0), (5.9, 0.3), (9.02, 1.0)]
    shifts, left = np.zeros((1, 2, 2)), np.exp(-rate)[np.newaxis]
    for day in range(1, 40):
        labs.next_shifts(shifts.ravel(), left.ravel())
        for end, fraction in sessions:
            if day - 1 <= end < day:
                labs.add_session(
                    shifts[0].ravel(), whole.ravel(), rate.ravel(), fraction, float(day), end
                )
        out = np.empty(2)
        labs.shifted_labs(np.zeros(2), shifts, out)
        for lab, kinetic in enumerate((bilirubin, inr)):
            terms = [f * math.log(left_after(day - e, kinetic)) for e, f in sessions if e < day]
            # a product of 40 decays, each rounded, and the exponential of a rounded exponent
            assert out[lab] == pytest.approx(sum(terms), rel=4 * 40 * EPSILON)


@pytest.mark.parametrize("days", [0, 1, 2, 83])
def test_the_decay_of_some_days_at_once_is_that_of_day_after_day(days):
    rng = np.random.default_rng(8)
    slow, left = np.concatenate([rng.normal(size=8), np.zeros(8)]), rng.random(16)
    fast = slow.copy()
    for _ in range(days):
        labs.next_shifts(slow, left)
    labs.later_shifts(fast, left, days)
    assert fast.tobytes() == slow.tobytes()


@pytest.mark.parametrize(
    ("bounded", "expected"),
    [(False, 6.43 + 9.57 * math.log(60 / 88.4)), (True, 6.43)],
)
def test_a_recovered_patient_has_the_meld_of_the_model_page(bounded, expected):
    log_labs = np.log([17.1, 1.0, 60.0])
    assert labs.meld(log_labs, bounded) == pytest.approx(expected, abs=64 * EPSILON)
    assert round(labs.meld(log_labs, bounded), 1) == (6.4 if bounded else 2.7)


@pytest.mark.parametrize(("bilirubin", "inr", "creatinine"), [(350, 2.1, 81), (9, 0.8, 600)])
def test_meld_is_the_registry_formula(bilirubin, inr, creatinine):
    b, i, c = bilirubin / 17.1, inr, creatinine / 88.4
    plain = 3.78 * math.log(b) + 11.20 * math.log(i) + 9.57 * math.log(c) + 6.43
    b, i, c = max(b, 1.0), max(i, 1.0), min(max(c, 1.0), 4.0)
    bounded = 3.78 * math.log(b) + 11.20 * math.log(i) + 9.57 * math.log(c) + 6.43
    log_labs = np.log([bilirubin, inr, creatinine])
    # Each logarithm of a quotient is a difference of logarithms up to 6.5: their rounding counts.
    rounding = 4 * EPSILON * (3.78 + 11.2 + 9.57) * 6.5
    assert labs.meld(log_labs, False) == pytest.approx(plain, abs=rounding)
    assert labs.meld(log_labs, True) == pytest.approx(bounded, abs=rounding)


def test_a_native_lab_is_held_at_normal_at_ceiling_and_at_a_baseline_beyond_them():
    normal, ceiling = 1.0, 5.0
    course = [labs.native(3.0, -0.5, day, normal, ceiling) for day in range(7)]
    assert course == [3.0, 2.5, 2.0, 1.5, 1.0, 1.0, 1.0]
    assert labs.native(3.0, 0.5, 30, normal, ceiling) == 5.0
    assert labs.native(0.5, -0.5, 30, normal, ceiling) == 0.5
    assert labs.native(6.0, 0.5, 30, normal, ceiling) == 6.0


def test_a_slope_has_its_mean_its_spread_and_its_correlation_with_the_baseline():
    generator = np.random.default_rng(20220812)
    size, on_baseline = 40_000, 0.4
    own = np.array([math.sqrt(1 - on_baseline**2), 0.0, 0.0])
    latent, draw = generator.standard_normal(size), generator.standard_normal((size, 3))
    found = np.array(
        [
            labs.slope(-0.006, 0.02, on_baseline, z, own, own_draws)
            for z, own_draws in zip(latent, draw, strict=True)
        ]
    )
    assert abs(found.mean() + 0.006) < 4 * 0.02 / math.sqrt(size)
    assert abs(found.std() / 0.02 - 1) < 4 / math.sqrt(2 * size)
    correlation = np.corrcoef(found, latent)[0, 1]
    assert abs(correlation - on_baseline) < 4 * (1 - on_baseline**2) / math.sqrt(size)


def test_a_visit_is_in_its_window_and_not_after_follow_up():
    assert labs.visit_day(28.0, 3.0, 0.0, 84.0) == 25.0
    assert labs.visit_day(28.0, 3.0, 0.5, 84.0) == 28.0
    assert labs.visit_day(28.0, 3.0, 1.0, 84.0) == 31.0
    assert labs.visit_day(84.0, 3.0, 0.75, 84.0) == 84.0


def test_measurement_error_is_on_the_log_scale():
    assert labs.measured(2.0, 0.05, -2.0) == pytest.approx(1.9, rel=2 * EPSILON)
