"""Running totals over trials against NumPy on all trials at once, and exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from simulator.montecarlo.columns import TrialMetrics, _layout, metrics_of, new_rows
from simulator.montecarlo.day_counts import DayCounts
from simulator.montecarlo.totals import Totals
from simulator.results.measures import Estimate

AXES = {"failed_first": 3, "sessions_by_modality": 2, "adverse_events": 8, "left_out": 10}
BY_ARM = set(TrialMetrics._fields[TrialMetrics._fields.index("patients") :]) - set(AXES)
WHOLE = _layout(2, 3, 2, frozenset())  # every column is live


def made(trials, seed=5):
    """Random metrics of two arms, three criteria and two modalities."""
    rng = np.random.default_rng(seed)
    columns = []
    for name in TrialMetrics._fields:
        shape = (trials, AXES[name]) if name in AXES else (trials, 2) if name in BY_ARM else trials
        values = rng.integers(20, 40, shape)
        columns.append(values + rng.random(shape) if name in WHOLE.amounts else values)
    return TrialMetrics(*columns)


def rows_of(metrics, layout=WHOLE):
    """Metrics as the rows that a layout has."""
    trials = len(metrics.screened)
    rows = new_rows(layout, trials)
    for places, table in ((layout.counts, rows.counts), (layout.amounts, rows.amounts)):
        for name, place in places.items():
            table[place] = np.asarray(getattr(metrics, name)).reshape(trials, -1).T
    return rows


def folded(operations, *sizes, layout=WHOLE, units=False):
    """Totals of parts of trials, added one after another or, as units of work are, merged."""
    totals, start = Totals(layout), 0
    for size in sizes:
        part = rows_of(TrialMetrics(*(c[start : start + size] for c in operations)), layout)
        unit = Totals(layout) if units else totals
        unit.add(part, size)
        if units:
            totals.merge(unit)
        start += size
    return totals


def answers(totals):
    """Everything that totals can tell."""
    found = [
        totals.mean(name, k) for name in TrialMetrics._fields for k in range(totals.width(name))
    ]
    found += [
        totals.ratio("deaths", "patients", 1),
        totals.ratio("wait_days", "sessions_delivered"),
    ]
    return [*found, totals.weighed({"sessions_by_modality": (3.0, 5.0), "trial_days": (2.0,)})]


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
def test_a_unit_has_the_same_bits_in_whatever_parts_it_is_added_up(sizes):
    operations = made(60)
    assert answers(folded(operations, 60)) == answers(folded(operations, *sizes))


@pytest.mark.parametrize("sizes", [(1,) * 60, (7, 13, 40), (59, 1), (60,)])
def test_units_merged_are_all_trials_at_once(sizes):
    """Whole numbers exactly; means of others but for rounding."""
    operations = made(60)
    whole, merged = folded(operations, 60), folded(operations, *sizes, units=True)
    for name in WHOLE.counts:
        for k in range(whole.width(name)):
            assert merged.mean(name, k) == whole.mean(name, k)
    for ours, theirs in zip(answers(merged), answers(whole), strict=True):
        assert (ours.mean, ours.mcse) == pytest.approx((theirs.mean, theirs.mcse), rel=1e-12)
    for share in (0.0, 0.05, 0.5, 1.0):
        assert merged.enrolment_days.quantile(share) == whole.enrolment_days.quantile(share)


def test_one_unit_alone_is_merged_without_a_change_of_bits():
    operations = made(60)
    assert answers(folded(operations, 60, units=True)) == answers(folded(operations, 60))


@pytest.mark.parametrize("dead", ["wait_days", "transplants", "sessions_by_modality"])
def test_a_column_that_a_scenario_cannot_have_tells_what_its_zeros_would(dead):
    """Folding a constant is exact: its mean is the constant, and its moments are 0."""
    operations = made(30)
    operations = operations._replace(**{dead: 0 * getattr(operations, dead)})
    without = _layout(2, 3, 2, frozenset({dead}))
    assert answers(folded(operations, 30, layout=without)) == answers(folded(operations, 30))
    rows = rows_of(operations, without)
    assert not getattr(metrics_of(without, rows), dead).any()


def test_sums_of_the_largest_whole_numbers_are_exact():
    """A million candidates a trial: their squares over many units exceed 64 bits."""
    operations = made(4)._replace(screened=np.array([2**30, 2**30 - 1, 2**30, 2**30]))
    units = [folded(operations, 4) for _ in range(9)]
    totals = Totals(WHOLE)
    for unit in units:
        totals.merge(unit)
    mean = Fraction(4 * 2**30 - 1, 4)
    variance = 9 * (3 * (2**30 - mean) ** 2 + (2**30 - 1 - mean) ** 2) / 35
    found = totals.mean("screened")
    assert (found.mean, found.mcse) == (float(mean), math.sqrt(float(variance) / 36))


def test_nothing_that_is_kept_grows_with_the_trials():
    """Whole enrolment days are counted: as many numbers as there are days between the extremes."""
    operations = made(60)
    few, many = folded(operations, 60), Totals(WHOLE)
    for _ in range(50):
        many.merge(few)
    sizes = [
        sum(v.nbytes for v in (*vars(t).values(), t.enrolment_days.trials) if hasattr(v, "nbytes"))
        for t in (few, many)
    ]
    assert many.trials == 3_000
    assert sizes[0] == sizes[1]


# Quantiles of whole days


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("trials", [1, 2, 7, 400])
def test_a_quantile_of_days_is_numpys_of_days_rounded(share, trials):
    days = np.random.default_rng(trials).normal(730, 40, trials)
    counts = DayCounts()
    for part in np.array_split(days, 3):
        counts.add(part)
    expected = np.quantile(np.rint(days), share)
    assert counts.quantile(share) == pytest.approx(expected, rel=1e-14)
    # Rounding keeps the order, so that each order statistic moves by half a day at most.
    assert abs(counts.quantile(share) - np.quantile(days, share)) <= 0.5


def test_days_counted_apart_are_merged_wherever_they_begin():
    parts = [np.array([700.2, 701.0]), np.array([3.0]), np.array([]), np.array([5_000.4])]
    whole, merged = DayCounts(), DayCounts()
    for part in parts:
        whole.add(part)
        one = DayCounts()
        one.add(part)
        merged.merge(one)
    for share in (0.0, 0.4, 0.9, 1.0):
        expected = np.quantile([3.0, 700.0, 701.0, 5_000.0], share)
        assert whole.quantile(share) == merged.quantile(share) == pytest.approx(expected)


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
