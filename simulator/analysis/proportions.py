"""Tests of two proportions. Tables of exact p values are made once for the sizes of the arms.

A p value table has shape (n0 + 1, n1 + 1): entry (x0, x1) belongs to x0 deaths among n0 patients of
the first arm and x1 among n1 of the second. Probabilities within a relative 1e-7 of each other
count as equal, so that rounding does not order what is tied.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from simulator.analysis.cut import Rows
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.nuisance import TIE, log_choices, unconditional
from simulator.analysis.outcomes import COMPLETE, EVENT
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    AnalysisTable,
    two_sided,
    write_no_result,
    write_result,
)
from simulator.records import Floats, Ints

# Fisher's tables of larger arms are made in less than 0.1 s but would fill the memory: 18 MB each
# at 1,500 v 1,500, where loss gives almost every trial sizes of its own.
_MOST_KEPT = 200 * 200


@kernel
def count(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: float,
    status: npt.NDArray[np.int8],
    tables: Ints,
) -> None:
    """Add up the dead and all, shape (trials, arms, 2), whose follow-up was due by the cut.

    Of patients who entered late the dead are known before the living, so that counting what is
    known of them would exaggerate mortality.
    """
    for k in range(cut_day.size):
        for i in range(rows.first_row[k], rows.first_row[k + 1]):
            due = rows.entry_day[i] + follow_up_days <= cut_day[k]
            tables[k, rows.arm[i], 0] += due & (status[i] == EVENT)
            tables[k, rows.arm[i], 1] += due & ((status[i] == EVENT) | (status[i] == COMPLETE))


def chi_square(tables: Ints, table: AnalysisTable, column: int) -> None:
    """Pearson's chi-square test without continuity correction (asymptotic)."""
    _compare(tables, _chi_square(tables), table, column)


@kernel
def _chi_square(tables: Ints) -> Floats:
    """P values, NaN if an arm is empty, or nobody or everybody died."""
    p_values = np.empty(tables.shape[0])
    for k in range(p_values.size):
        x0, n0, x1, n1 = tables[k, 0, 0], tables[k, 0, 1], tables[k, 1, 0], tables[k, 1, 1]
        dead, alive = x0 + x1, n0 + n1 - x0 - x1
        p_values[k] = math.nan
        if n0 > 0 and n1 > 0 and dead > 0 and alive > 0:
            excess = x1 * n0 - x0 * n1
            p_values[k] = two_sided(excess * math.sqrt((n0 + n1) / (n0 * n1 * dead * alive)))
    return p_values


def exact(test: str, tables: Ints, table: AnalysisTable, column: int) -> None:
    """Fisher's or Boschloo's test, from the tables of its p values; p = 1 if nobody died."""
    deaths, sizes = tables[:, :, 0], tables[:, :, 1]
    both = sizes[:, 0] * (sizes.max(initial=0) + 1) + sizes[:, 1]
    trials = np.argsort(both, kind="stable")
    alike = np.flatnonzero(np.diff(both[trials], prepend=-1))  # first of each pair of sizes
    found = np.full(both.size, math.nan)
    for some in np.split(trials, alike[1:]):
        n0, n1 = sizes[some[0]].tolist() if some.size else (0, 0)
        if n0 > 0 and n1 > 0:
            found[some] = p_values(test, n0, n1)[deaths[some, 0], deaths[some, 1]]
    _compare(tables, found, table, column)


@kernel
def _compare(tables: Ints, p_values: Floats, table: AnalysisTable, column: int) -> None:
    """Write p values with the risk difference, its unpooled standard error and whom it favours."""
    for k in range(p_values.size):
        x0, n0, x1, n1 = tables[k, 0, 0], tables[k, 0, 1], tables[k, 1, 0], tables[k, 1, 1]
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
        elif math.isnan(p_values[k]):
            write_no_result(table, k, column, NO_EVENT)
        else:
            p0, p1 = x0 / n0, x1 / n1
            error = math.sqrt(p0 * (1.0 - p0) / n0 + p1 * (1.0 - p1) / n1)
            write_result(table, k, column, p_values[k], p1 - p0, error, x1 * n0 - x0 * n1)


def p_values(test: str, n0: int, n1: int) -> Floats:
    """Two-sided p values of fisher, boschloo (central) or boschloo_minlike.

    fisher: sum of all tables with the same margins that are no more likely. boschloo: twice the
    smaller of the two one-sided unconditional p values, 1 at most. boschloo_minlike: fisher's p
    value as the order of the tables, its tail probability maximised over the nuisance parameter.
    """
    if test == "fisher" and n0 * n1 > _MOST_KEPT:
        return _made(test, n0, n1)
    return _kept(test, n0, n1)


def _made(test: str, n0: int, n1: int) -> Floats:
    less, greater, two_sided = fisher_tables(n0, n1)
    if test == "fisher":
        return two_sided
    if test == "boschloo_minlike":
        return unconditional(two_sided)
    both = np.minimum(unconditional(less), unconditional(greater))
    return np.minimum(1.0, 2.0 * both)


_kept = lru_cache(maxsize=4096)(_made)


@kernel
def fisher_tables(n0: int, n1: int) -> tuple[Floats, Floats, Floats]:
    """Fisher's p values for fewer deaths in the second arm, for more, and two-sided."""
    less = np.empty((n0 + 1, n1 + 1))
    greater = np.empty((n0 + 1, n1 + 1))
    two_sided = np.empty((n0 + 1, n1 + 1))
    first_ways, second_ways, all_ways = log_choices(n0), log_choices(n1), log_choices(n0 + n1)
    chance, tails = np.empty(n1 + 1), np.empty((3, n1 + 1))
    for dead in range(n0 + n1 + 1):
        low, high = max(0, dead - n0), min(n1, dead)
        for x1 in range(low, high + 1):
            log_chance = second_ways[x1] + first_ways[dead - x1] - all_ways[dead]
            chance[x1 - low] = math.exp(log_chance)
        _tails(chance[: high - low + 1], tails)
        for x1 in range(low, high + 1):
            less[dead - x1, x1] = min(1.0, tails[0, x1 - low])
            greater[dead - x1, x1] = min(1.0, tails[1, x1 - low])
            two_sided[dead - x1, x1] = min(1.0, tails[2, x1 - low])
    return less, greater, two_sided


@inlined
def _tails(chance: Floats, tails: Floats) -> None:
    """Probabilities of all values as small as each, as large, and no more likely.

    The hypergeometric distribution has one peak. So the last are a lower and an upper tail, which
    reach no less far from a value to the next, more likely one.
    """
    size = chance.size
    below, above, no_more_likely = tails[0], tails[1], tails[2]
    below[0], above[size - 1] = chance[0], chance[size - 1]
    for k in range(1, size):
        below[k] = below[k - 1] + chance[k]
        above[size - 1 - k] = above[size - k] + chance[size - 1 - k]
    left, right, low, high = 0, size, 0, size - 1
    for _ in range(size):  # from the least likely value to the most
        if chance[low] <= chance[high]:
            now, low = low, low + 1
        else:
            now, high = high, high - 1
        limit = chance[now] * TIE
        while left < right and chance[left] <= limit:
            left += 1
        while right > left and chance[right - 1] <= limit:
            right -= 1
        lower = below[left - 1] if left > 0 else 0.0
        no_more_likely[now] = lower + (above[right] if right < size else 0.0)
