"""Running totals over trials against NumPy on all trials at once, and exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from simulator.montecarlo.totals import Totals
from simulator.montecarlo.trial_metrics import TrialMetrics
from simulator.results.measures import Estimate

AXES = {"failed_first": 3, "sessions_by_modality": 2, "adverse_events": 8, "left_out": 10}
BY_ARM = set(TrialMetrics._fields[TrialMetrics._fields.index("patients") :]) - set(AXES)


def made(trials, seed=5):
    """Random metrics of two arms, three criteria and two modalities."""
    rng = np.random.default_rng(seed)
    columns = []
    for name in TrialMetrics._fields:
        shape = (trials, AXES[name]) if name in AXES else (trials, 2) if name in BY_ARM else trials
        values = rng.integers(20, 40, shape)
        columns.append(values + rng.random(shape) if "hours" in name or "days" in name else values)
    return TrialMetrics(*columns)


def folded(operations, *sizes):
    totals, start = Totals(), 0
    for size in sizes:
        totals.add(TrialMetrics(*(column[start : start + size] for column in operations)))
        start += size
    return totals


@pytest.mark.parametrize("name", TrialMetrics._fields)
def test_a_mean_and_its_error_are_numpys(name):
    operations = made(800)
    totals = folded(operations, 800)
    values = np.asarray(getattr(operations, name), float).reshape(800, -1)
    for element in range(values.shape[1]):
        found = totals.mean(name, element)
        error = values[:, element].std(ddof=1) / math.sqrt(800)
        assert (found.mean, found.mcse) == pytest.approx(
            (values[:, element].mean(), error), rel=1e-12
        )


@pytest.mark.parametrize("sizes", [(1,) * 60, (7, 13, 40), (59, 1)])
def test_totals_do_not_depend_on_how_the_trials_were_shared_out(sizes):
    operations = made(60)
    whole, parts = folded(operations, 60), folded(operations, *sizes)
    for name in TrialMetrics._fields:
        assert whole.mean(name) == parts.mean(name)
    assert whole.ratio("deaths", "patients", 1) == parts.ratio("deaths", "patients", 1)
    assert np.array_equal(
        np.concatenate(whole.enrolment_days), np.concatenate(parts.enrolment_days)
    )


def test_the_error_of_a_ratio_is_that_of_its_bootstrap():
    rng = np.random.default_rng(5)
    operations = made(800)
    whole = operations.patients[:, 0]
    part = rng.binomial(whole, np.clip(rng.normal(0.4, 0.1, 800), 0, 1))
    operations = operations._replace(deaths=np.column_stack([part, part]))
    ours = folded(operations, 800).ratio("deaths", "patients", 0)
    draws = rng.integers(0, 800, (2000, 800))
    boot = part[draws].sum(axis=1) / whole[draws].sum(axis=1)
    assert ours.mean == pytest.approx(part.sum() / whole.sum(), rel=1e-13)
    # The standard deviation of 2,000 bootstrap ratios has a relative error of 1/sqrt(4000).
    assert ours.mcse == pytest.approx(boot.std(ddof=1), rel=4 / math.sqrt(4000))


def test_the_error_of_a_cost_counts_that_modalities_go_together():
    operations = made(300)
    cost = operations.sessions_by_modality @ np.array([3.0, 5.0])
    found = folded(operations, 300).weighed({"sessions_by_modality": (3.0, 5.0)})
    expected = cost.mean(), cost.std(ddof=1) / math.sqrt(300)
    assert (found.mean, found.mcse) == pytest.approx(expected, rel=1e-12)


def test_a_small_spread_about_a_large_mean_is_not_lost():
    days = 1e9 + np.arange(1000) % 7 * 1e-3
    operations = made(1000)._replace(enrolment_days=days)
    exact = [Fraction(float(day)) for day in days]
    mean = sum(exact) / 1000
    variance = sum((day - mean) ** 2 for day in exact) / 999
    found = folded(operations, 1000).mean("enrolment_days")
    # Each of 1,000 steps rounds the mean by half an epsilon of 1e9 at most: 1e-7 beside 2e-3.
    assert found.mcse == pytest.approx(math.sqrt(float(variance) / 1000), rel=1e-4)


def test_nothing_that_varies_has_an_error_of_0_and_one_trial_has_none():
    operations = made(50)._replace(screened=np.full(50, 30))
    assert folded(operations, 50).mean("screened") == Estimate(30.0, 0.0)
    alone = folded(operations, 1)
    assert math.isnan(alone.mean("screened").mcse)
    assert math.isnan(alone.ratio("deaths", "patients").mcse)


def test_a_ratio_to_nothing_does_not_exist():
    operations = made(5)._replace(sessions_due=np.zeros((5, 2), int))
    found = folded(operations, 5).ratio("sessions_short_of_plasma", "sessions_due")
    assert math.isnan(found.mean)
    assert math.isnan(found.mcse)
