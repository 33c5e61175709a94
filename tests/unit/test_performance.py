"""Bias, coverage and errors of sign and size against their definitions, estimate by estimate."""

import math

import numpy as np
import pytest

from simulator.analysis import AnalysisTable
from simulator.montecarlo.performance import Estimation
from simulator.truth import Truth

NAN = math.nan


def table_of(estimate, error, half_width) -> AnalysisTable:
    none = np.isnan(estimate)
    return AnalysisTable(
        p_value=np.where(none, NAN, 0.5),
        estimate=estimate,
        standard_error=error,
        low=estimate - half_width,
        high=estimate + half_width,
        favours=np.zeros(estimate.shape, np.int64),
        reason=none.astype(np.int64),
    )


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(4)
    estimate = rng.normal(0.3, 1.0, (400, 2))
    estimate[rng.random(estimate.shape) < 0.1] = NAN
    error = np.where(rng.random(estimate.shape) < 0.05, NAN, rng.uniform(0.8, 1.2, estimate.shape))
    rejected = np.abs(np.nan_to_num(estimate)) > 1.5
    return table_of(estimate, error, 1.5), rejected


TRUTHS = (Truth(0.25, 0.01, NAN, NAN), Truth(-0.5, 0.001, 0.1, 0.02))


def folded(
    table: AnalysisTable, rejected: np.ndarray, parts: int, *, units: bool = False
) -> Estimation:
    estimation = Estimation(TRUTHS)
    for rows in np.array_split(np.arange(len(rejected)), parts):
        part = AnalysisTable(*(np.ascontiguousarray(column[rows]) for column in table))
        unit = Estimation(TRUTHS) if units else estimation
        unit.add(part, rejected[rows].T.copy(), len(rows))
        if units:
            estimation.merge(unit)
    return estimation


@pytest.mark.parametrize("analysis", [0, 1])
def test_every_measure_is_its_definition(made, analysis):
    table, rejected = made
    got = folded(table, rejected, 5).performance(analysis)
    truth = TRUTHS[analysis].value
    known = ~np.isnan(table.estimate[:, analysis])
    values, errors = table.estimate[known, analysis], table.standard_error[known, analysis]
    low, high = table.low[known, analysis], table.high[known, analysis]
    hit = values[rejected[known, analysis]]
    n = len(values)
    squared = (values - truth) ** 2
    covered = ((low <= truth) & (truth <= high)).mean()
    assert got.estimates == n
    assert got.mean == pytest.approx(values.mean())
    assert got.bias == pytest.approx(values.mean() - truth)
    spread = values.std(ddof=1)
    assert got.bias_mcse == pytest.approx(math.hypot(spread / n**0.5, TRUTHS[analysis].mcse))
    assert got.empirical_se == pytest.approx(spread)
    # Morris, White and Crowther (2019), table 6.
    assert got.empirical_se_mcse == pytest.approx(spread / (2 * (n - 1)) ** 0.5)
    assert got.model_se == pytest.approx(np.nanmean(errors))
    there = errors[~np.isnan(errors)]
    assert got.model_se_mcse == pytest.approx(there.std(ddof=1) / len(there) ** 0.5)
    assert got.rmse == pytest.approx(squared.mean() ** 0.5)
    # The error of a root: that of the mean square over twice the root.
    assert got.rmse_mcse == pytest.approx(squared.std(ddof=1) / n**0.5 / (2 * got.rmse))
    assert got.coverage == pytest.approx(covered)
    moved = (covered * n + 2) / (n + 4)
    assert got.coverage_mcse == pytest.approx((moved * (1 - moved) / (n + 4)) ** 0.5)
    assert got.sign_error == pytest.approx((np.sign(hit) == -np.sign(truth)).mean())
    sizes = np.abs(hit)
    assert got.exaggeration == pytest.approx(sizes.mean() / abs(truth))
    # A ratio's relative error is made of those of its parts.
    parts = sizes.std(ddof=1) / len(hit) ** 0.5 / sizes.mean(), TRUTHS[analysis].mcse / truth
    assert got.exaggeration_mcse == pytest.approx(got.exaggeration * math.hypot(*parts))


def test_a_unit_has_the_same_bits_in_whatever_parts_it_is_added_up(made):
    table, rejected = made
    whole, parts = folded(table, rejected, 1), folded(table, rejected, 37)
    assert [whole.performance(i) for i in (0, 1)] == [parts.performance(i) for i in (0, 1)]


@pytest.mark.parametrize("units", [1, 2, 37, 400])
def test_units_merged_are_all_trials_at_once(made, units):
    table, rejected = made
    whole, merged = folded(table, rejected, 1), folded(table, rejected, units, units=True)
    for analysis in (0, 1):
        ours, theirs = (vars(x.performance(analysis)) for x in (merged, whole))
        assert {k for k in ours if ours[k] is None} == {k for k in theirs if theirs[k] is None}
        for key, value in theirs.items():
            assert value is None or ours[key] == pytest.approx(value, rel=1e-12)
        if units == 1:
            assert ours == theirs


def test_a_truth_within_its_own_error_has_no_sign_to_be_wrong():
    estimation = Estimation((Truth(0.01, 0.005, NAN, NAN),))
    values = np.array([[1.0], [-1.0]])
    estimation.add(table_of(values, values * 0 + 1, 2.0), np.array([[True, True]]), 2)
    got = estimation.performance(0)
    assert got.sign_error is None
    assert got.exaggeration is None
    assert got.bias == pytest.approx(-0.01)


def test_without_estimates_or_truth_measures_are_none_and_never_nan():
    for truth in (Truth(0.2, 0.01, NAN, NAN), Truth(NAN, NAN, NAN, NAN)):
        estimation = Estimation((truth,))
        for values in ([], [[NAN]], [[0.4]]):
            column = np.array(values, float).reshape(-1, 1)
            estimation.add(table_of(column, column, 0.1), np.isfinite(column).T.copy(), len(column))
            got = estimation.performance(0)
            numbers = [v for v in vars(got).values() if v is not None]
            assert all(math.isfinite(v) for v in numbers)


def test_an_interval_without_end_covers_and_one_that_is_not_known_does_not_count():
    estimation = Estimation((Truth(0.2, 0.01, NAN, NAN),))
    one = np.array([[0.4], [0.4], [0.4]])
    table = table_of(one, one, 0.1)
    low, high = np.array([[-math.inf], [0.3], [NAN]]), np.array([[0.5], [math.inf], [0.5]])
    estimation.add(table._replace(low=low, high=high), np.zeros((1, 3), bool), 3)
    assert estimation.performance(0).coverage == 0.5
