"""Orders of tables decided by whole numbers, since rounding would order what is tied, or tie
what is not.

Rounded values tell all but close ones apart; close ones are compared as the fractions they are.
"""

from collections.abc import Sequence
from functools import cmp_to_key
from math import comb
from typing import NamedTuple

import numpy as np

from simulator.records import Floats, Ints

CLOSE = 1e-9  # relative; far above the rounding of a p value and of the fraction it stands for


class Fractions(NamedTuple):
    """Fractions, their denominators above 0; `about` are their rounded values."""

    numerator: Sequence[int]
    denominator: Sequence[int]
    about: Floats


def ranks(fractions: Fractions) -> Ints:
    """Rank fractions from the smallest, 0, on; equal ones have the same rank."""
    numerator, denominator, about = fractions

    def compare(a: int, b: int) -> int:
        return numerator[a] * denominator[b] - numerator[b] * denominator[a]

    order = np.argsort(about, kind="stable")
    ordered = about[order]
    begins = np.flatnonzero(np.diff(ordered) > CLOSE * np.abs(ordered[1:])) + 1
    new = np.zeros(order.size, np.int64)  # 1 where a rank begins
    new[begins] = 1
    for first, last in _stretches(begins, order.size):
        some = sorted(order[first:last].tolist(), key=cmp_to_key(compare))
        order[first:last] = some
        for place in range(first + 1, last):
            new[place] = compare(some[place - first - 1], some[place - first]) != 0
    found = np.empty(order.size, np.int64)
    found[order] = np.cumsum(new)
    return found


def _stretches(begins: Ints, size: int) -> list[tuple[int, int]]:
    """Stretches of two and more, given where the second and all later ones begin."""
    bounds = np.concatenate(([0], begins, [size]))
    several = np.flatnonzero(np.diff(bounds) > 1)
    return list(zip(bounds[several].tolist(), bounds[several + 1].tolist(), strict=True))


def pooled_ranks(n0: int, n1: int, side: int) -> Ints:
    """Ranks of the tables by the pooled Z of Suissa and Shuster (1985), the most extreme first.

    Shape (n0 + 1, n1 + 1). Z is of more deaths in the second arm, 0 if nobody or everybody died;
    `side` is 0 if it is extreme where small, 1 where large, 2 on both sides. Its square, with its
    sign, is a whole number over d (N - d), but for a factor that all tables share.
    """
    x0, x1 = np.arange(n0 + 1)[:, None], np.arange(n1 + 1)[None, :]
    excess, dead = x1 * n0 - x0 * n1, x0 + x1
    below = np.maximum(dead * (n0 + n1 - dead), 1)  # where it is 0 the excess is 0 too
    above = excess * (np.abs(excess) if side == 0 else -np.abs(excess) if side == 1 else -excess)
    shared = Fractions(above.ravel().tolist(), below.ravel().tolist(), (above / below).ravel())
    return ranks(shared).reshape(n0 + 1, n1 + 1)


def fisher_ranks(n0: int, n1: int, side: int) -> Ints:
    """Ranks of the tables by Fisher's p values, the smallest first; `side` as for the pooled Z.

    Shape (n0 + 1, n1 + 1). Of the patients who died, d, those of the second arm are as many as can
    be chosen in so many ways of C(N, d).
    """
    ways_0 = [comb(n0, x) for x in range(n0 + 1)]
    ways_1 = [comb(n1, x) for x in range(n1 + 1)]
    above, below = [0] * ((n0 + 1) * (n1 + 1)), [1] * ((n0 + 1) * (n1 + 1))
    for dead in range(n0 + n1 + 1):
        seconds = range(max(0, dead - n0), min(n1, dead) + 1)
        ways = [ways_1[x1] * ways_0[dead - x1] for x1 in seconds]
        everything = comb(n0 + n1, dead)
        for x1, tail in zip(seconds, _TAILS[side](ways), strict=True):
            place = (dead - x1) * (n1 + 1) + x1
            above[place], below[place] = tail, everything
    about = np.array([a / b for a, b in zip(above, below, strict=True)])
    return ranks(Fractions(above, below, about)).reshape(n0 + 1, n1 + 1)


def _up_to(ways: Sequence[int]) -> list[int]:
    return np.cumsum(np.array(ways, dtype=object)).tolist()


def _from(ways: Sequence[int]) -> list[int]:
    return _up_to(ways[::-1])[::-1]


def _no_more_likely(ways: Sequence[int]) -> list[int]:
    ordered = sorted(ways)
    # Of equal ones the last sum holds.
    sums = dict(zip(ordered, _up_to(ordered), strict=True))
    return [sums[w] for w in ways]


_TAILS = _up_to, _from, _no_more_likely
