"""The change of MELD from baseline to the last visit."""

import math

import numpy as np
from scipy import special

from simulator.analysis.data import Block, Changes
from simulator.analysis.kernel import ZERO, inlined, kernel
from simulator.analysis.sort_keys import SECOND, UNUSED
from simulator.analysis.types import (
    EMPTY_ARM,
    NOT_ESTIMABLE,
    TOO_FEW_SEEN,
    AnalysisTable,
    p_value_of,
    tested_by,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import ABOVE, BELOW, Tested
from simulator.records import Floats, Ints

_LEAST_SEEN = 4  # patients: three coefficients and a degree of freedom
_EPSILON = float(np.finfo(np.float64).eps)


def welch(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Welch's t test (1947) of the change among survivors seen.

    The estimate is the difference of mean changes, second arm minus first, in points of MELD.
    """
    changes = block.changes(plan)
    freedom = np.full(changes.first_row.size - 1, math.nan)
    _welch(changes, freedom, table, column)
    _t_test(freedom, plan, table, column)


def _t_test(freedom: Floats, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Write p values and intervals by Student's distribution."""
    estimate, error = table.estimate[:, column], table.standard_error[:, column]
    tested = tested_by(plan)
    t = (estimate - tested.null) / error
    if tested.side == BELOW:
        table.p_value[:, column] = special.stdtr(freedom, t)
    elif tested.side == ABOVE:
        table.p_value[:, column] = special.stdtr(freedom, -t)
    else:
        table.p_value[:, column] = 2.0 * special.stdtr(freedom, -np.abs(t))
    half = special.stdtrit(freedom, 1.0 - plan.interval_alpha / 2.0) * error
    table.low[:, column], table.high[:, column] = estimate - half, estimate + half


@kernel
def _welch(changes: Changes, freedom: Floats, table: AnalysisTable, column: int) -> None:
    """Fill in all but the p values, and the degrees of freedom."""
    size, mean, squares = np.empty(2, np.int64), np.empty(2), np.empty(2)
    for k in range(freedom.size):
        size[:], mean[:], squares[:] = 0, 0.0, 0.0
        largest = 0.0
        for i in range(changes.first_row[k], changes.first_row[k + 1]):
            if changes.seen[i]:
                arm, value = changes.arm[i], changes.change[i]
                size[arm] += 1
                away = value - mean[arm]
                mean[arm] += away / size[arm]
                squares[arm] += away * (value - mean[arm])
                largest = max(largest, abs(value))
        if size[0] < 2 or size[1] < 2:
            write_no_result(table, k, column, TOO_FEW_SEEN)
            continue
        part_0 = squares[0] / (size[0] * (size[0] - 1.0))
        part_1 = squares[1] / (size[1] * (size[1] - 1.0))
        if squares[0] + squares[1] <= _rounding(size[0] + size[1], largest):
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        difference, variance = mean[1] - mean[0], part_0 + part_1
        error = math.sqrt(variance)
        write_result(table, k, column, math.nan, difference, error, difference)
        spread = part_0 * part_0 / (size[0] - 1.0) + part_1 * part_1 / (size[1] - 1.0)
        freedom[k] = variance * variance / spread


def ancova(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Regression of the change on baseline and arm among survivors seen, t test with n - 3 df.

    The estimate is the adjusted difference of the second arm from the first, in points of MELD. It
    is also that of the last MELD itself, since the baseline is adjusted for.
    """
    changes = block.changes(plan)
    most = int(np.diff(changes.first_row).max(initial=0))
    freedom = np.full(changes.first_row.size - 1, math.nan)
    _ancova(changes, np.empty((3, most)), freedom, table, column)
    _t_test(freedom, plan, table, column)


@kernel
def _ancova(
    changes: Changes, work: Floats, freedom: Floats, table: AnalysisTable, column: int
) -> None:
    """Fill in all but the p values, and the degrees of freedom; `work` holds the patients seen."""
    for k in range(freedom.size):
        size, in_second = 0, ZERO
        for i in range(changes.first_row[k], changes.first_row[k + 1]):
            if changes.seen[i]:
                work[0, size], work[1, size] = changes.baseline[i], changes.change[i]
                work[2, size] = changes.arm[i]
                in_second += changes.arm[i]
                size += 1
        if size < _LEAST_SEEN or in_second == 0 or in_second == size:
            write_no_result(table, k, column, TOO_FEW_SEEN)
            continue
        difference, error = _adjusted(work[0, :size], work[1, :size], work[2, :size], in_second)
        if error > 0.0:
            write_result(table, k, column, math.nan, difference, error, difference)
            freedom[k] = size - 3
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE)


@inlined
def _adjusted(
    baseline: Floats, change: Floats, second: Floats, in_second: int
) -> tuple[float, float]:
    """Adjusted difference of the arms and its standard error, 0 if there is none."""
    size = baseline.size
    baseline_0, baseline_1, largest_baseline = _means(baseline, second, in_second)
    change_0, change_1, largest_change = _means(change, second, in_second)
    spread, product = 0.0, 0.0
    for i in range(size):
        baseline[i] -= baseline_1 if second[i] > 0.0 else baseline_0
        change[i] -= change_1 if second[i] > 0.0 else change_0
        spread += baseline[i] * baseline[i]
        product += baseline[i] * change[i]
    if spread <= _rounding(size, largest_baseline):
        return 0.0, 0.0
    slope, squares = product / spread, 0.0
    for i in range(size):
        residual = change[i] - slope * baseline[i]
        squares += residual * residual
    if squares <= _rounding(size, largest_change + abs(slope) * largest_baseline):
        return 0.0, 0.0
    apart = baseline_1 - baseline_0
    leverage = 1.0 / in_second + 1.0 / (size - in_second) + apart * apart / spread
    return change_1 - change_0 - slope * apart, math.sqrt(squares / (size - 3) * leverage)


@inlined
def _means(value: Floats, second: Floats, in_second: int) -> tuple[float, float, float]:
    """Means of both arms, and the largest size of a value."""
    first_sum, second_sum, largest = 0.0, 0.0, 0.0
    for i in range(value.size):
        if second[i] > 0.0:
            second_sum += value[i]
        else:
            first_sum += value[i]
        largest = max(largest, abs(value[i]))
    return first_sum / (value.size - in_second), second_sum / in_second, largest


@inlined
def _rounding(size: int, largest: float) -> float:
    """Sum of squares that rounding alone can leave of values that are equal to their mean."""
    left = size * _EPSILON * largest
    return size * left * left


def worst_rank(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Mann-Whitney test on ranks in which every death is worse than any change of MELD.

    An earlier death is worse. p by the normal approximation with the variance corrected for ties,
    without continuity correction; the estimate is the probability that a patient of the second arm
    fares better than one of the first minus the probability that they fare worse, its standard
    error that under no difference.
    """
    _worst_rank(block.ranks(plan), tested_by(plan), table, column)


@kernel
def _worst_rank(ordered: Ints, tested: Tested, table: AnalysisTable, column: int) -> None:
    for k in range(ordered.shape[0]):
        total, n1, ranks, ties = _ranks(ordered[k])
        n0 = total - n1
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        u = ranks - n1 * (n1 + 1) / 2  # pairs in which the second arm is worse
        variance = n0 * n1 / 12 * (total + 1 - ties / (total * (total - 1)))
        if variance <= 0.0:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        excess, error, scale = n0 * n1 / 2 - u, math.sqrt(variance), 2.0 / (n0 * n1)
        p_value = p_value_of(excess / error, tested)
        write_result(table, k, column, p_value, excess * scale, error * scale, -excess)


@inlined
def _ranks(keys: Ints) -> tuple[int, int, float, float]:
    """Patients, those of the second arm, their mid-ranks summed, and t^3 - t summed over ties."""
    total, in_second, ranks, ties = 0, 0, 0.0, 0.0
    while total < keys.size and keys[total] != UNUSED:
        tied, tied_second = 0, 0
        value = keys[total] >> 1
        while total + tied < keys.size and keys[total + tied] >> 1 == value:
            tied_second += keys[total + tied] & SECOND
            tied += 1
        ranks += tied_second * (total + 0.5 * (tied + 1))
        ties += float(tied) * tied * tied - tied
        in_second += tied_second
        total += tied
    return total, in_second, ranks, ties
