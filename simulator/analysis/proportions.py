"""Tests of two proportions. Tables of exact p values are made once for the sizes of the arms.

A p value table has shape (n0 + 1, n1 + 1): entry (x0, x1) belongs to x0 deaths among n0 patients of
the first arm and x1 among n1 of the second. Probabilities within a relative 1e-7 of each other
count as equal, so that rounding does not order what is tied.
"""

import math
from functools import lru_cache

import numba
import numpy as np

from simulator.analysis.nuisance import TIE, log_choose, unconditional
from simulator.analysis.types import Reason, Result, no_result
from simulator.records import Floats
from simulator.rules.normal import normal_cdf


def chi_square(x0: int, n0: int, x1: int, n1: int) -> Result:
    """Pearson's chi-square test without continuity correction (asymptotic)."""
    dead, alive = x0 + x1, n0 + n1 - x0 - x1
    if n0 == 0 or n1 == 0:
        return no_result(Reason.EMPTY_ARM)
    if dead == 0 or alive == 0:
        return no_result(Reason.NO_EVENT)
    excess = x1 * n0 - x0 * n1
    z = excess * math.sqrt((n0 + n1) / (n0 * n1 * dead * alive))
    return _with_difference(2.0 * normal_cdf(-abs(z)), x0, n0, x1, n1)


def exact(test: str, x0: int, n0: int, x1: int, n1: int) -> Result:
    """Fisher's or Boschloo's test, from the table of its p values; p = 1 if nobody died."""
    if n0 == 0 or n1 == 0:
        return no_result(Reason.EMPTY_ARM)
    return _with_difference(float(p_values(test, n0, n1)[x0, x1]), x0, n0, x1, n1)


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
def fisher_tables(n0: int, n1: int) -> tuple[Floats, Floats, Floats]:
    """Fisher's p values for fewer deaths in the second arm, for more, and two-sided."""
    less = np.empty((n0 + 1, n1 + 1))
    greater = np.empty((n0 + 1, n1 + 1))
    two_sided = np.empty((n0 + 1, n1 + 1))
    chance = np.empty(n1 + 1)
    for dead in range(n0 + n1 + 1):
        low, high = max(0, dead - n0), min(n1, dead)
        for x1 in range(low, high + 1):
            log_ways = log_choose(n1, x1) + log_choose(n0, dead - x1)
            chance[x1] = math.exp(log_ways - log_choose(n0 + n1, dead))
        for x1 in range(low, high + 1):
            below, above, unlikely = 0.0, 0.0, 0.0
            for other in range(low, high + 1):
                if other <= x1:
                    below += chance[other]
                if other >= x1:
                    above += chance[other]
                if chance[other] <= chance[x1] * TIE:
                    unlikely += chance[other]
            less[dead - x1, x1] = min(1.0, below)
            greater[dead - x1, x1] = min(1.0, above)
            two_sided[dead - x1, x1] = min(1.0, unlikely)
    return less, greater, two_sided
