"""Exact p values of every 2 x 2 table, made once for the sizes of the arms.

A p value table has shape (n0 + 1, n1 + 1): entry (x0, x1) belongs to x0 deaths among n0 patients of
the first arm and x1 among n1 of the second. Which tables are tied is decided by whole numbers.
"""

import math
from functools import lru_cache

import numpy as np

from simulator.analysis.barnard import barnard
from simulator.analysis.exact_order import CLOSE, fisher_ranks, pooled_ranks
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.margins import z_unconditional
from simulator.analysis.nuisance import log_choices, unconditional
from simulator.analysis.proportion_intervals import clopper_pearson
from simulator.analysis.types import p_value_of
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import SIDES, Alternative, Tested
from simulator.named import named
from simulator.records import Floats, Ints

# Tables of larger arms are made in less than 0.1 s but would fill the memory: 18 MB each at
# 1,500 v 1,500, where loss gives almost every trial sizes of its own.
_MOST_KEPT = 200 * 200
# Tests whose p values are looked up in tables made here.
EXACT_TESTS = tuple(
    word
    for word, declared in STATISTICS.items()
    if declared.kernel == "simulator.analysis.proportions:exact"
)
PRIMES = (2_147_483_647, 2_147_483_629)  # products of two factors below them are of 64 bits
TWO_SIDED_ONLY = tuple(word for word, declared in STATISTICS.items() if declared.two_sided_only)
HOLD_THEIR_LEVEL = tuple(word for word, declared in STATISTICS.items() if declared.holds_level)


def p_values(
    test: str,
    n0: int,
    n1: int,
    gamma: float = 0.0,
    alternative: Alternative = "two_sided",
    null: float = 0.0,
) -> Floats:
    """P values of a test of `EXACT_TESTS`, shape (n0 + 1, n1 + 1).

    Parameters
    ----------
    gamma
        Of Berger and Boos: the nuisance parameter is kept to its Clopper-Pearson interval of
        confidence 1 - gamma, and gamma is added. Read by tests with that in their name.
    alternative
        less: fewer deaths in the second arm; greater: more. Tests of `TWO_SIDED_ONLY` have none.
    null
        Difference of mortality under the null hypothesis, of tests that take a margin.

    Notes
    -----
    docs/analyses/proportions.md says what each is. One-sided tests of twice the level make up the
    two-sided mid-p and (central) Boschloo tests.
    """
    if n0 * n1 > _MOST_KEPT:
        return _made(test, n0, n1, gamma, alternative, null)
    return _kept(test, n0, n1, gamma, alternative, null)


def _made(
    test: str, n0: int, n1: int, gamma: float, alternative: Alternative, null: float
) -> Floats:
    declared = STATISTICS[test]
    options = {"gamma": gamma} if "gamma" in declared.options.model_fields else {}
    if null != 0.0:
        options["null"] = null
    table: Floats = named(declared.table)(n0, n1, SIDES[alternative], **options)
    return table


_kept = lru_cache(maxsize=4096)(_made)


# The tables of each test, named by its declaration. `side` is 0 for fewer deaths in the second arm,
# 1 for more, 2 for both; `gamma` is Berger and Boos's, None without.


def fisher(n0: int, n1: int, side: int) -> Floats:
    """Fisher's exact test."""
    return fisher_tables(n0, n1)[side]


def mid_p(n0: int, n1: int, side: int) -> Floats:
    """Fisher's test with mid-p values, two-sided by twice the smaller."""
    tables = _mid_p(n0, n1, fisher_tables(n0, n1))
    return np.minimum(1.0, 2.0 * np.minimum(*tables[:2])) if side == 2 else tables[side]


def z_pooled(
    n0: int, n1: int, side: int, *, gamma: float | None = None, null: float = 0.0
) -> Floats:
    """Suissa and Shuster's unconditional test; with a margin, one-sided, Chan's."""
    if null != 0.0:
        return z_unconditional(n0, n1, side, null)
    return _unconditional(pooled_ranks(n0, n1, side), gamma)


def barnard_csm(n0: int, n1: int, side: int) -> Floats:
    """Barnard's CSM test, two-sided alone."""
    del side
    return barnard(n0, n1)


def boschloo(n0: int, n1: int, side: int, *, gamma: float | None = None) -> Floats:
    """Boschloo's central test: two-sided by twice the smaller of the one-sided p values."""
    if side != 2:
        return _unconditional(fisher_ranks(n0, n1, side), gamma)
    sides = [_unconditional(fisher_ranks(n0, n1, way), gamma) for way in (0, 1)]
    return np.minimum(1.0, 2.0 * np.minimum(*sides))


def boschloo_minlike(n0: int, n1: int, side: int) -> Floats:
    """Boschloo's test of the two-sided p values of Fisher's test, two-sided alone."""
    del side
    return unconditional(fisher_ranks(n0, n1, 2))


def chi_square(n0: int, n1: int, side: int) -> Floats:
    """Pearson's chi-square test."""
    return chi_square_table(n0, n1, False, Tested(side, 0.0))


def yates(n0: int, n1: int, side: int) -> Floats:
    """Pearson's chi-square test with Yates's correction."""
    return chi_square_table(n0, n1, True, Tested(side, 0.0))


def _unconditional(ranks: Ints, gamma: float | None) -> Floats:
    """Largest probability of what is as extreme, over the nuisance parameter or its interval."""
    if gamma is None:
        return unconditional(ranks)
    patients = int(sum(ranks.shape)) - 2
    limits = np.stack(clopper_pearson(np.arange(patients + 1), patients, gamma / 2.0))
    return np.minimum(1.0, unconditional(ranks, limits) + gamma)


@inlined
def pooled_z(x0: int, n0: int, x1: int, n1: int) -> float:
    """Difference of mortality over its pooled standard error, 0 if nobody or everybody died."""
    dead, alive = x0 + x1, n0 + n1 - x0 - x1
    if dead == 0 or alive == 0:
        return 0.0
    return (x1 * n0 - x0 * n1) * math.sqrt((n0 + n1) / (float(n0) * n1 * dead * alive))


@kernel
def chi_square_table(n0: int, n1: int, corrected: bool, tested: Tested) -> Floats:
    """P values of the chi-square test, 1 if nobody or everybody died; `corrected`: by Yates."""
    table = np.empty((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            z = corrected_z(x0, n0, x1, n1) if corrected else pooled_z(x0, n0, x1, n1)
            table[x0, x1] = p_value_of(z, tested)
            if x0 + x1 == 0 or x0 + x1 == n0 + n1:
                table[x0, x1] = 1.0
    return table


@inlined
def corrected_z(x0: int, n0: int, x1: int, n1: int) -> float:
    """Yates's Z (1934): the difference of the cross products is drawn to 0 by half of N."""
    dead, alive = x0 + x1, n0 + n1 - x0 - x1
    if dead == 0 or alive == 0:
        return 0.0
    excess = float(x1 * n0 - x0 * n1)
    size = max(abs(excess) - 0.5 * (n0 + n1), 0.0)
    z = size * math.sqrt((n0 + n1) / (float(n0) * n1 * dead * alive))
    return -z if excess < 0.0 else z


def _mid_p(
    n0: int, n1: int, tables: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """One-sided tables less half the probability of the table seen (Lancaster 1961)."""
    x0, x1 = np.arange(n0 + 1)[:, None], np.arange(n1 + 1)[None, :]
    ways = log_choices(n0)[:, None] + log_choices(n1)[None, :] - log_choices(n0 + n1)[x0 + x1]
    half = 0.5 * np.exp(ways)
    return tables[0] - half, tables[1] - half, tables[2]


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
        _tails(chance[: high - low + 1], n0, n1, dead, tails)
        for x1 in range(low, high + 1):
            less[dead - x1, x1] = min(1.0, tails[0, x1 - low])
            greater[dead - x1, x1] = min(1.0, tails[1, x1 - low])
            two_sided[dead - x1, x1] = min(1.0, tails[2, x1 - low])
    return less, greater, two_sided


@inlined
def _tails(chance: Floats, n0: int, n1: int, dead: int, tails: Floats) -> None:
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
        while left < right and _as_unlikely(chance, left, now, n0, n1, dead):
            left += 1
        while right > left and _as_unlikely(chance, right - 1, now, n0, n1, dead):
            right -= 1
        lower = below[left - 1] if left > 0 else 0.0
        no_more_likely[now] = lower + (above[right] if right < size else 0.0)


@inlined
def _as_unlikely(chance: Floats, one: int, now: int, n0: int, n1: int, dead: int) -> bool:
    """Whether a value is no more likely than another; close ones are compared as whole numbers."""
    if chance[one] <= chance[now]:
        return True
    if chance[one] > chance[now] * (1.0 + CLOSE):
        return False
    least = max(0, dead - n0)
    return _equally_likely(n0, n1, dead, least + min(one, now), least + max(one, now))


@kernel
def _equally_likely(n0: int, n1: int, dead: int, low: int, high: int) -> bool:
    """Whether `low` and `high` deaths in the second arm have exactly the same probability.

    Their ratio is a product of whole numbers over another. The two products are equal if they are
    modulo two large primes, but for a chance of 1 in 10^18.
    """
    if (low + high == dead and n0 == n1) or (low + high == n1 and 2 * dead == n0 + n1):
        return True  # mirror images
    for prime in PRIMES:
        above, below = 1, 1
        for k in range(low, high):
            above = above * ((n1 - k) * (dead - k) % prime) % prime
            below = below * ((k + 1) * (n0 - dead + k + 1) % prime) % prime
        if above != below:
            return False
    return True
