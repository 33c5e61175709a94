"""Tests of two proportions. Tables of exact p values are made once for the sizes of the arms.

A p value table has shape (n0 + 1, n1 + 1): entry (x0, x1) belongs to x0 deaths among n0 patients of
the first arm and x1 among n1 of the second. Probabilities within a relative 1e-7 of each other
count as equal, so that rounding does not order what is tied.
"""

import math
from functools import lru_cache

import numba
import numpy as np

from simulator.analysis.types import Reason, Result
from simulator.records import Floats
from simulator.rules.normal import normal_cdf

_TIE = 1.0 + 1e-7
_GRID = 400  # values of the nuisance parameter before refinement
_REFINEMENTS = 40  # golden-section steps: the bracket shrinks to 5e-9 of a grid step


def chi_square(x0: int, n0: int, x1: int, n1: int) -> Result:
    """Pearson's chi-square test without continuity correction (asymptotic)."""
    dead, alive = x0 + x1, n0 + n1 - x0 - x1
    if n0 == 0 or n1 == 0:
        return _none(Reason.EMPTY_ARM)
    if dead == 0 or alive == 0:
        return _none(Reason.NO_EVENT)
    excess = x1 * n0 - x0 * n1
    z = excess * math.sqrt((n0 + n1) / (n0 * n1 * dead * alive))
    return _with_difference(2.0 * normal_cdf(-abs(z)), x0, n0, x1, n1)


def exact(test: str, x0: int, n0: int, x1: int, n1: int) -> Result:
    """Fisher's or Boschloo's test, from the table of its p values."""
    if n0 == 0 or n1 == 0:
        return _none(Reason.EMPTY_ARM)
    return _with_difference(float(p_values(test, n0, n1)[x0, x1]), x0, n0, x1, n1)


def _none(reason: Reason) -> Result:
    return Result(math.nan, math.nan, math.nan, -1, int(reason))


def _with_difference(p_value: float, x0: int, n0: int, x1: int, n1: int) -> Result:
    """Add the risk difference, its unpooled standard error and whom it favours."""
    p0, p1 = x0 / n0, x1 / n1
    error = math.sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)
    excess = x1 * n0 - x0 * n1
    favours = -1 if excess == 0 else int(excess < 0)
    return Result(p_value, p1 - p0, error, favours, int(Reason.ANALYSED))


@lru_cache(maxsize=4096)
def p_values(test: str, n0: int, n1: int) -> Floats:
    """Two-sided p values of fisher, boschloo (central) or boschloo_minlike.

    fisher: sum of all tables with the same margins that are no more likely. boschloo: twice the
    smaller of the two one-sided unconditional p values, 1 at most. boschloo_minlike: fisher's p
    value as the order of the tables, its tail probability maximised over the nuisance parameter.
    """
    less, greater, two_sided = fisher_tables(n0, n1)
    if test == "fisher":
        return two_sided
    if test == "boschloo_minlike":
        return unconditional(two_sided)
    both = np.minimum(unconditional(less), unconditional(greater))
    return np.minimum(1.0, 2.0 * both)


@numba.njit(cache=True, error_model="numpy")
def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)


@numba.njit(cache=True, error_model="numpy")
def fisher_tables(n0: int, n1: int) -> tuple[Floats, Floats, Floats]:
    """Fisher's p values for fewer deaths in the second arm, for more, and two-sided."""
    less = np.empty((n0 + 1, n1 + 1))
    greater = np.empty((n0 + 1, n1 + 1))
    two_sided = np.empty((n0 + 1, n1 + 1))
    chance = np.empty(n1 + 1)
    for dead in range(n0 + n1 + 1):
        low, high = max(0, dead - n0), min(n1, dead)
        for x1 in range(low, high + 1):
            log_ways = _log_choose(n1, x1) + _log_choose(n0, dead - x1)
            chance[x1] = math.exp(log_ways - _log_choose(n0 + n1, dead))
        for x1 in range(low, high + 1):
            below, above, unlikely = 0.0, 0.0, 0.0
            for other in range(low, high + 1):
                if other <= x1:
                    below += chance[other]
                if other >= x1:
                    above += chance[other]
                if chance[other] <= chance[x1] * _TIE:
                    unlikely += chance[other]
            less[dead - x1, x1] = min(1.0, below)
            greater[dead - x1, x1] = min(1.0, above)
            two_sided[dead - x1, x1] = min(1.0, unlikely)
    return less, greater, two_sided


@numba.njit(cache=True, error_model="numpy")
def _binomial(n: int, p: float, out: Floats) -> None:
    for x in range(n + 1):
        out[x] = math.exp(_log_choose(n, x) + x * math.log(p) + (n - x) * math.log1p(-p))


@numba.njit(cache=True, error_model="numpy")
def _tail(
    p: float, size: int, rows: Floats, columns: Floats, first: Floats, second: Floats
) -> float:
    """Probability of the `size` tables that come first in the order, at the nuisance `p`."""
    _binomial(first.size - 1, p, first)
    _binomial(second.size - 1, p, second)
    total = 0.0
    for k in range(size):
        total += first[int(rows[k])] * second[int(columns[k])]
    return total


@numba.njit(cache=True, error_model="numpy")
def unconditional(statistic: Floats) -> Floats:
    """Largest probability, over the common death probability, of a table as small or smaller.

    Parameters
    ----------
    statistic
        Shape (n0 + 1, n1 + 1); small is extreme. Boschloo (1970) takes Fisher's p value.
    """
    height, width = statistic.shape
    order = np.argsort(statistic.ravel())
    rows = (order // width).astype(np.float64)
    columns = (order % width).astype(np.float64)
    first, second = np.empty(height), np.empty(width)
    count = order.size
    best, best_place = np.zeros(count), np.zeros(count, np.int64)
    for place in range(1, _GRID):
        # Even steps of arcsin(sqrt(p)): a tail's curvature is then about the same everywhere.
        p = math.sin(0.5 * math.pi * place / _GRID) ** 2
        _binomial(height - 1, p, first)
        _binomial(width - 1, p, second)
        total = 0.0
        for k in range(count):
            total += first[int(rows[k])] * second[int(columns[k])]
            if total > best[k]:
                best[k] = total
                best_place[k] = place
    p_value = np.empty((height, width))
    start = 0
    while start < count:
        value = statistic[int(rows[start]), int(columns[start])]
        end = start
        while (
            end + 1 < count and statistic[int(rows[end + 1]), int(columns[end + 1])] <= value * _TIE
        ):
            end += 1
        largest = max(best[end], _refined(best_place[end], end + 1, rows, columns, first, second))
        for k in range(start, end + 1):
            p_value[int(rows[k]), int(columns[k])] = min(1.0, largest)
        start = end + 1
    return p_value


@numba.njit(cache=True, error_model="numpy")
def _refined(
    place: int, size: int, rows: Floats, columns: Floats, first: Floats, second: Floats
) -> float:
    """Largest tail between the neighbours of a grid point, by golden section."""
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    low = 0.5 * math.pi * max(place - 1.0, 1e-3) / _GRID
    high = 0.5 * math.pi * min(place + 1.0, _GRID - 1e-3) / _GRID
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a = _tail(math.sin(a) ** 2, size, rows, columns, first, second)
    at_b = _tail(math.sin(b) ** 2, size, rows, columns, first, second)
    for _ in range(_REFINEMENTS):
        if high - low < 1e-7:
            break
        if at_a > at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = _tail(math.sin(a) ** 2, size, rows, columns, first, second)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = _tail(math.sin(b) ** 2, size, rows, columns, first, second)
    return max(at_a, at_b)
