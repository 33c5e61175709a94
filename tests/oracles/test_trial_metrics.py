"""Compiled trial metrics against the same in NumPy, column by column, to the last bit."""

import numpy as np
import pytest

from simulator.analysis import Use, plans_of
from simulator.engines import compiled
from simulator.montecarlo.columns import LEFT_OUT, TrialMetrics, layout_of, metrics_of
from simulator.montecarlo.trial_metrics import metric_rows_of
from simulator.params.lower import lower
from tests.numpy_metrics import trial_metrics_of
from tests.scenario_builder import base_case, shipped

SHIPPED = (
    "two-arm-survival",
    "nct05484908",
    "nct05484908-analyses",
    "nct05484908-noninferiority",
    "nct05484908-scarce",
    "nct05484908-slow",
    "nct05484908-strata",
)


def assert_equal(params, plans, records=None):
    """Return the layout and the metrics, which are those of NumPy."""
    if records is None:
        records = compiled.simulate(params, 3, 0, 40)
    layout = layout_of(params, plans)
    rows = metric_rows_of(params, layout, records, plans)
    assert (rows.counts.shape[0], rows.amounts.shape[0]) == layout.rows
    found = metrics_of(layout, rows)
    expected = trial_metrics_of(params, records, plans)
    for name in TrialMetrics._fields:
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype, name
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    return layout, found


@pytest.mark.parametrize("name", SHIPPED)
def test_every_column_of_a_shipped_scenario_is_numpys(name):
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    assert_equal(lower(scenario), plans_of(scenario))


@pytest.mark.parametrize(
    "changes",
    [
        {"population": "treated"},
        {"rescue": "censored", "withdrawal": "event"},
        {"rescue": "event", "withdrawal": "censored"},
        {"transplant": "censored", "rescue": "censored"},
        {"lost": "worst_case"},
    ],
    ids=str,
)
def test_whom_the_primary_analysis_leaves_out_is_numpys(changes):
    """Some sessions of another modality than the arm's own are rescues."""
    scenario = base_case()
    params, plans = lower(scenario), plans_of(scenario)
    records = compiled.simulate(params, 3, 0, 40)
    sessions = records.sessions
    other = np.random.default_rng(1).random(sessions.modality.shape) < 0.1
    modality = np.where(other & (sessions.modality >= 0), 1 - sessions.modality, sessions.modality)
    records = records._replace(sessions=sessions._replace(modality=modality))
    plans = (plans[0]._replace(**changes), *plans[1:])
    _, found = assert_equal(params, plans, records)
    left_out = found.left_out.sum(axis=(0, 1))
    if changes.get("rescue") == "censored":
        assert left_out[LEFT_OUT.index(Use.COUNTED_AS_LOST)] > 50
    if changes.get("population") == "treated":
        assert left_out[LEFT_OUT.index(Use.NO_SESSION)] > 50


@pytest.mark.parametrize("first", range(1, 7))
def test_whom_any_analysis_would_leave_out_as_the_primary_one_is_numpys(first):
    scenario = base_case()
    plans = plans_of(scenario)
    assert_equal(lower(scenario), (plans[first], *plans))


def test_without_an_analysis_nobody_is_used():
    scenario = shipped("two-arm-survival")
    layout, _ = assert_equal(lower(scenario), ())
    assert "analysed" not in layout.counts


def test_what_a_bare_trial_cannot_have_is_not_a_row():
    scenario = shipped("two-arm-survival")
    layout = layout_of(lower(scenario), plans_of(scenario))
    assert set(layout.amounts) == {"enrolment_days", "trial_days"}
    assert set(layout.counts) == {
        "screened", "randomised", "target_reached", "on_time", "patients", "deaths", "lost",
        "deaths_seen", "alive", "analysed",
    }  # fmt: skip
