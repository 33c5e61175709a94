"""Sizes of a trial that adapts against R's and rpact's; the level of its test by integration."""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.monitoring.reestimation import (
    Zone,
    conditional_power,
    gain_needed,
    keeps_level,
    least_promising,
    patients_for_difference,
    patients_for_hazard_ratio,
    patients_for_mean,
    weighted_z,
    within_caps,
    zones,
)

ALPHA = 0.025


def at(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.parametrize(
    ("pooled", "difference", "alpha", "power", "share", "patients"),
    [
        # 2 * power.prop.test(p1 = p + d / 2, p2 = p - d / 2, ...)$n of R 4, tol = 1e-12
        (0.4, 0.2, 0.025, 0.8, 1 / 2, 185.997689655),
        (0.3, 0.25, 0.025, 0.9, 1 / 2, 137.017050768),
        (0.5, 0.35, 0.025, 0.85, 1 / 2, 70.1211317938),
        # rpact 3.3.4: getSampleSizeRates(alpha = .025, beta = .2, pi1 = .3, pi2 = .5,
        # allocationRatioPlanned = 2)$nFixed
        (0.3 * 2 / 3 + 0.5 / 3, 0.2, 0.025, 0.8, 2 / 3, 206.227010896),
    ],
)
def test_patients_for_a_difference(
    pooled: float, difference: float, alpha: float, power: float, share: float, patients: float
) -> None:
    found = patients_for_difference(at(pooled), difference, alpha, power, share)
    np.testing.assert_allclose(found, patients, rtol=1e-9)


def test_patients_for_a_hazard_ratio() -> None:
    """rpact: getSampleSizeSurvival(typeOfComputation = "Schoenfeld")$maxNumberOfEvents."""
    found = patients_for_hazard_ratio(at(1.0, 0.25), 0.6, 0.025, 0.8, 1 / 2)
    np.testing.assert_allclose(found, [120.315704377, 4 * 120.315704377], rtol=1e-9)
    found = patients_for_hazard_ratio(at(1.0), 0.7, 0.025, 0.9, 2 / 3)
    np.testing.assert_allclose(found, 371.675153209, rtol=1e-9)
    assert patients_for_hazard_ratio(at(0.0), 0.7, 0.025, 0.9, 1 / 2) == math.inf


@pytest.mark.parametrize(
    ("difference", "sd", "power", "share", "patients"),
    [
        # rpact: getSampleSizeMeans(normalApproximation = TRUE)$nFixed
        (5.0, 12.0, 0.8, 1 / 2, 180.838189079),
        (4.0, 9.0, 0.9, 2 / 3, 239.372231618),
    ],
)
def test_patients_for_a_mean_whose_arms_are_pooled(
    difference: float, sd: float, power: float, share: float, patients: float
) -> None:
    """The pooled variance of arms that do differ as planned gives the variance within them."""
    n = 60
    sizes = round(n * (1 - share)), round(n * share)
    parts = [stats.norm.ppf((np.arange(size) + 0.5) / size) for size in sizes]
    parts = [x - x.mean() for x in parts]
    scale = sd / math.sqrt(sum((x**2).sum() for x in parts) / (n - 2))
    values = np.concatenate([parts[0] * scale, parts[1] * scale + difference])
    found = patients_for_mean(
        at(values.var(ddof=1)), np.array([n]), difference, ALPHA, power, share
    )
    np.testing.assert_allclose(found, patients, rtol=1e-9)


def test_a_variance_that_the_planned_difference_alone_would_give_needs_nobody() -> None:
    assert patients_for_mean(at(1.0), np.array([50]), 5.0, ALPHA, 0.8, 0.5) == 0.0
    assert math.isnan(patients_for_mean(at(1.0), np.array([2]), 5.0, ALPHA, 0.8, 0.5)[0])


def test_targets_are_whole_patients_between_the_caps() -> None:
    found = within_caps(at(math.nan, 10.0, 60.2, 70.0 + 1e-12, math.inf), 50, 90, 60)
    assert found.tolist() == [60, 50, 61, 70, 90]


# Table I of Mehta and Pocock (2011): conditional power from which on the promising zone may begin,
# without a look's stopping for efficacy, one-sided level .025. By target power, most patients over
# those planned, and share of the patients at the look.
CP_MIN = {
    (0.8, 1.5): (0.42, 0.41, 0.38),
    (0.8, 2.0): (0.37, 0.36, 0.33),
    (0.8, 3.0): (0.32, 0.31, 0.30),
    (0.8, math.inf): (0.32, 0.31, 0.30),
    (0.9, 1.5): (0.42, 0.41, 0.38),
    (0.9, 2.0): (0.37, 0.36, 0.33),
    (0.9, math.inf): (0.28, 0.27, 0.25),
}


@pytest.mark.parametrize(("power", "most"), CP_MIN)
def test_the_least_promising_conditional_power_is_that_of_mehta_and_pocock(
    power: float, most: float
) -> None:
    for information, printed in zip((0.25, 0.5, 0.75), CP_MIN[power, most], strict=True):
        found = least_promising(information, stats.norm.isf(ALPHA), most, power)
        # Two printed digits, and a grid of 0.0005.
        assert abs(found - printed) <= 0.005 + 0.0005, (information, found)


CRITICAL = float(stats.norm.isf(ALPHA))
Z = np.linspace(-8.0, 8.0, 16_001)
LAW = stats.norm.pdf(Z) * (Z[1] - Z[0])


def crosses_by_weights(z: np.ndarray, t: float, gain: np.ndarray) -> np.ndarray:
    """Chance under no effect that the weighted statistic crosses, given Z at the look.

    The sum of the cumulative statistic gains a normal amount with variance `gain`; how large it
    must be is searched for.
    """
    low, high = np.full(z.shape, -6.0), np.full(z.shape, 6.0)
    for _ in range(50):
        x = (low + high) / 2
        z_end = (math.sqrt(t) * z + np.sqrt(gain) * x) / np.sqrt(t + gain)
        crosses = weighted_z(z, np.array(t), z_end, t + gain, np.array(t)) >= CRITICAL
        low, high = np.where(crosses, low, x), np.where(crosses, x, high)
    return np.asarray(stats.norm.sf(high))


RULES = {
    "promising zone": lambda z, t: np.clip(gain_needed(z, at(t), at(CRITICAL), 0.9), 1 - t, 4 - t),
    "the worse the more": lambda z, t: np.where(z < 1, 3.0, 0.2),
    "to cross just so": lambda z, _: 0.05 + 3 * np.abs(np.sin(7 * z)),
    "as planned": lambda z, t: np.full(z.shape, 1 - t),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("t", [0.3, 0.5, 0.8])
def test_weights_keep_the_level_whatever_made_of_the_information(rule: str, t: float) -> None:
    small = np.abs(Z) < 5  # beyond lie 6e-7 of the law
    z, law = Z[small], LAW[small]
    level = law @ crosses_by_weights(z, t, RULES[rule](z, t))
    assert level == pytest.approx(ALPHA, abs=1e-6)


def usual_level(t: float, rule: np.ndarray) -> float:
    """Level of the usual test by integration over Z at the look."""
    ahead = (CRITICAL * np.sqrt(t + rule) - math.sqrt(t) * Z) / np.sqrt(rule)
    return float(LAW @ stats.norm.sf(ahead))


@pytest.mark.parametrize("t", [0.25, 0.5, 0.75])
def test_the_usual_test_keeps_the_level_from_the_least_promising_power_on_and_not_without(
    t: float,
) -> None:
    planned = np.full(Z.shape, 1 - t)
    power = conditional_power(Z, np.array(t), np.array(CRITICAL), planned)
    raised = np.clip(gain_needed(Z, np.array(t), np.array(CRITICAL), 0.9), 1 - t, 2 - t)
    least = least_promising(t, CRITICAL, 2.0, 0.9)
    kept = zones(power, least, 0.9) == Zone.PROMISING
    assert keeps_level(Z[kept], np.array(t), np.array(CRITICAL), raised[kept]).all()
    assert usual_level(t, np.where(kept, raised, planned)) <= ALPHA + 1e-9
    # Of a two-sided analysis the other side gains a little, and both together keep their level.
    gain = np.where(kept, raised, planned)
    other = (-CRITICAL * np.sqrt(t + gain) - math.sqrt(t) * Z) / np.sqrt(gain)
    other_level = float(LAW @ stats.norm.cdf(other))
    assert ALPHA < other_level < ALPHA + 0.001
    assert usual_level(t, gain) + other_level <= 2 * ALPHA + 1e-9
    everywhere = zones(power, 0.01, 0.9) == Zone.PROMISING
    assert usual_level(t, np.where(everywhere, raised, planned)) > ALPHA + 1e-4


def test_the_information_gained_brings_conditional_power_to_what_was_asked() -> None:
    z = at(0.5, 1.0, 1.7, 2.5)
    gain = gain_needed(z, at(0.4), at(CRITICAL), 0.85)
    np.testing.assert_allclose(conditional_power(z, at(0.4), at(CRITICAL), gain), 0.85, rtol=1e-12)
    assert (gain_needed(at(-1.0, 0.0), at(0.4), at(CRITICAL), 0.85) == math.inf).all()


def test_conditional_power_is_that_of_the_cumulative_statistic() -> None:
    """Against the textbook's formula for the usual final test (Jennison and Turnbull 2000)."""
    z, t = 1.4, 0.5  # the last stage's sum is normal around drift (1 - t) with variance 1 - t
    drift = z / math.sqrt(t)
    beyond = CRITICAL - z * math.sqrt(t) - drift * (1 - t)
    expected = stats.norm.sf(beyond / math.sqrt(1 - t))
    found = conditional_power(at(z), at(t), at(CRITICAL), at(1 - t))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_without_a_change_weights_give_the_usual_statistic() -> None:
    found = weighted_z(at(1.0), at(0.4), at(2.1), at(1.0), at(0.4))
    np.testing.assert_allclose(found, 2.1, rtol=1e-12)


def test_a_statistic_beyond_all_bounds_does_not_break_the_combination() -> None:
    found = weighted_z(at(-math.inf, 1.0), at(0.4, 0.5), at(1.0, 2.0), at(1.0, 0.5), at(0.4, 0.5))
    assert np.isfinite(found).all()
    assert found[1] == 1.0  # no information came after the look
