"""Tests and intervals of two proportions, in all patients and within strata."""

import math
from typing import Any

import numpy as np

from simulator.analysis.data import Block
from simulator.analysis.exact_tables import corrected_z, p_values, pooled_z
from simulator.analysis.interval_tables import (
    INTERVALS,
    WALD,
    estimated,
    interval_limits,
    interval_z,
    unpooled,
)
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.score import (
    DIFFERENCE,
    ODDS_RATIO,
    RATIO,
    difference_variance,
    newcombe,
    over_error,
)
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    AnalysisTable,
    normal_interval,
    p_value_of,
    tested_by,
    two_sided_quantile,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import Tested
from simulator.records import Floats, Ints

_HALVINGS = 60


def chi_square(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Pearson's chi-square test (asymptotic)."""
    _chi_square_test(block, plan, False, table, column)


def yates(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Pearson's chi-square test with Yates's correction."""
    _chi_square_test(block, plan, True, table, column)


def _chi_square_test(
    block: Block, plan: AnalysisPlan, corrected: bool, table: AnalysisTable, column: int
) -> None:
    tables = block.counts(plan)
    found = _chi_square(tables, corrected, tested_by(plan))
    _difference(tables, found, two_sided_quantile(plan.interval_alpha), table, column)


@kernel
def _chi_square(tables: Ints, corrected: bool, tested: Tested) -> Floats:
    """P values, NaN if an arm is empty, or nobody or everybody died."""
    found = np.empty(tables.shape[0])
    for k in range(found.size):
        x0, n0, x1, n1 = tables[k, 0, 0], tables[k, 0, 1], tables[k, 1, 0], tables[k, 1, 1]
        dead, alive = x0 + x1, n0 + n1 - x0 - x1
        found[k] = math.nan
        if n0 > 0 and n1 > 0 and dead > 0 and alive > 0:
            z = corrected_z(x0, n0, x1, n1) if corrected else pooled_z(x0, n0, x1, n1)
            found[k] = p_value_of(z, tested)
    return found


def exact(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """An exact test, from the tables of its p values; p = 1 if nobody died."""
    gamma, side = plan.options.get("gamma", 0.0), plan.hypothesis.alternative
    tables, null = block.counts(plan), tested_by(plan).null
    found = looked_up(tables, lambda n0, n1: p_values(plan.test, n0, n1, gamma, side, null))
    _difference(tables, found, two_sided_quantile(plan.interval_alpha), table, column)


def looked_up(tables: Ints, table_of: Any) -> Floats:
    """Value of each trial's table in `table_of(n0, n1)`, NaN where an arm is empty."""
    deaths, sizes = tables[:, :, 0], tables[:, :, 1]
    both = sizes[:, 0] * (sizes.max(initial=0) + 1) + sizes[:, 1]
    trials = np.argsort(both, kind="stable")
    alike = np.flatnonzero(np.diff(both[trials], prepend=-1))  # first of each pair of sizes
    found = np.full(both.size, math.nan)
    for some in np.split(trials, alike[1:]):
        n0, n1 = sizes[some[0]].tolist() if some.size else (0, 0)
        if n0 > 0 and n1 > 0:
            found[some] = table_of(n0, n1)[deaths[some, 0], deaths[some, 1]]
    return found


@kernel
def _difference(tables: Ints, found: Floats, z: float, table: AnalysisTable, column: int) -> None:
    """Write p values with the risk difference, its unpooled error and Newcombe's interval."""
    for k in range(found.size):
        x0, n0, x1, n1 = tables[k, 0, 0], tables[k, 0, 1], tables[k, 1, 0], tables[k, 1, 1]
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
        elif math.isnan(found[k]):
            write_no_result(table, k, column, NO_EVENT)
        else:
            difference, error = unpooled(x0, n0, x1, n1)
            write_result(table, k, column, found[k], difference, error, x1 * n0 - x0 * n1)
            table.low[k, column], table.high[k, column] = newcombe(x0, n0, x1, n1, z)


def risk_difference(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Difference of mortality, decided by its interval."""
    z, interval = two_sided_quantile(plan.interval_alpha), INTERVALS[plan.options["interval"]]
    _by_interval(block.counts(plan), DIFFERENCE, interval, z, tested_by(plan), table, column)


def ratio(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log ratio of mortalities or of their odds, decided by its interval."""
    measure = RATIO if plan.test == "risk_ratio" else ODDS_RATIO
    z, interval = two_sided_quantile(plan.interval_alpha), INTERVALS[plan.options["interval"]]
    _by_interval(block.counts(plan), measure, interval, z, tested_by(plan), table, column)


@kernel
def _by_interval(
    tables: Ints,
    measure: int,
    interval: int,
    z: float,
    tested: Tested,
    table: AnalysisTable,
    column: int,
) -> None:
    """The estimate of a ratio has half a patient added to each cell, so that it always exists."""
    for k in range(tables.shape[0]):
        x0, n0, x1, n1 = tables[k, 0, 0], tables[k, 0, 1], tables[k, 1, 0], tables[k, 1, 1]
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if measure != DIFFERENCE and (x0 + x1 == 0 or x0 + x1 == n0 + n1):
            write_no_result(table, k, column, NO_EVENT)
            continue
        estimate, error = estimated(x0, n0, x1, n1, measure)
        statistic = interval_z(x0, n0, x1, n1, measure, interval, tested.null)
        # With half a patient added, unequal arms have another sign where mortality is the same.
        is_wald_ratio = measure != DIFFERENCE and interval == WALD
        worse = estimate if is_wald_ratio else float(x1 * n0 - x0 * n1)
        write_result(table, k, column, p_value_of(statistic, tested), estimate, error, worse)
        low, high = interval_limits(x0, n0, x1, n1, measure, interval, z)
        table.low[k, column], table.high[k, column] = low, high


def cmh(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Cochran-Mantel-Haenszel test without correction; Mantel-Haenszel risk difference.

    With a margin the difference less the margin, over Sato's standard error.
    """
    cells = block.cells(plan)
    _cmh(cells.first_cell, cells.block.counts(plan), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _cmh(first_cell: Ints, tables: Ints, tested: Tested, table: AnalysisTable, column: int) -> None:
    for k in range(first_cell.size - 1):
        excess, variance, weights, difference, p_sum, q_sum = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        sizes_0, sizes_1, dead, total = 0, 0, 0, 0
        for cell in range(first_cell[k], first_cell[k + 1]):
            x0, n0 = tables[cell, 0, 0], tables[cell, 0, 1]
            x1, n1 = tables[cell, 1, 0], tables[cell, 1, 1]
            sizes_0, sizes_1 = sizes_0 + n0, sizes_1 + n1
            if n0 == 0 or n1 == 0:
                continue
            size, both = float(n0 + n1), x0 + x1
            dead, total = dead + both, total + n0 + n1
            excess += x1 - n1 * both / size
            variance += n0 * n1 * both * (size - both) / (size * size * (size - 1.0))
            weights += n0 * n1 / size
            difference += (x1 * n0 - x0 * n1) / size
            # Sato (1989).
            p_sum += (n1 * n1 * x0 - n0 * n0 * x1 + 0.5 * n0 * n1 * (n0 - n1)) / (size * size)
            q_sum += (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2.0 * size)
        if sizes_0 == 0 or sizes_1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
        elif weights == 0.0:
            write_no_result(table, k, column, NOT_ESTIMABLE)
        elif variance == 0.0:
            nothing = dead == 0 or dead == total
            write_no_result(table, k, column, NO_EVENT if nothing else NOT_ESTIMABLE)
        else:
            estimate = difference / weights
            error = math.sqrt(max(estimate * p_sum + q_sum, 0.0)) / weights
            z = excess / math.sqrt(variance)
            if tested.null != 0.0:
                z = over_error(estimate - tested.null, error * error)
            write_result(table, k, column, p_value_of(z, tested), estimate, error, difference)


def stratified_score(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Miettinen and Nurminen's risk difference, strata weighted as by Mantel and Haenszel."""
    cells = block.cells(plan)
    tables = cells.block.counts(plan)
    z = two_sided_quantile(plan.interval_alpha)
    _stratified_score(cells.first_cell, tables, z, tested_by(plan), table, column)


@kernel
def _stratified_score(
    first_cell: Ints,
    tables: Ints,
    z: float,
    tested: Tested,
    table: AnalysisTable,
    column: int,
) -> None:
    for k in range(first_cell.size - 1):
        some = tables[first_cell[k] : first_cell[k + 1]]
        sizes_0, sizes_1, weights, difference, variance = 0, 0, 0.0, 0.0, 0.0
        for cell in range(some.shape[0]):
            x0, n0, x1, n1 = some[cell, 0, 0], some[cell, 0, 1], some[cell, 1, 0], some[cell, 1, 1]
            sizes_0, sizes_1 = sizes_0 + n0, sizes_1 + n1
            if n0 > 0 and n1 > 0:
                weight = n0 * n1 / (n0 + n1)
                p0, p1 = x0 / n0, x1 / n1
                weights += weight
                difference += weight * (p1 - p0)
                variance += weight * weight * (p0 * (1.0 - p0) / n0 + p1 * (1.0 - p1) / n1)
        if sizes_0 == 0 or sizes_1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if weights == 0.0:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        statistic = _stratified_z(some, tested.null)
        low, high = _stratified_limit(some, z), _stratified_limit(some, -z)
        estimate, error = difference / weights, math.sqrt(variance) / weights
        write_result(table, k, column, p_value_of(statistic, tested), estimate, error, difference)
        table.low[k, column], table.high[k, column] = low, high


@inlined
def _stratified_z(some: Ints, supposed: float) -> float:
    away, variance = 0.0, 0.0
    for cell in range(some.shape[0]):
        x0, n0, x1, n1 = some[cell, 0, 0], some[cell, 0, 1], some[cell, 1, 0], some[cell, 1, 1]
        if n0 > 0 and n1 > 0:
            weight = n0 * n1 / (n0 + n1)
            away += weight * (x1 / n1 - x0 / n0 - supposed)
            variance += weight * weight * difference_variance(x0, n0, x1, n1, supposed)
    return over_error(away, variance)


@inlined
def _stratified_limit(some: Ints, quantile: float) -> float:
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _stratified_z(some, middle) > quantile:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
