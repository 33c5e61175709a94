"""Barnard's CSM test (1947): the critical region grows by what costs least.

Tables come in pairs (x0, x1) and (n0 - x0, n1 - x1), which death and survival exchanged make one
(symmetry). A pair may come in only if the tables further from equality along either margin are in
(convexity). Of those that may, the pair comes in whose region has the smallest largest probability
over the common death probability (minimum); pairs that tie for it come in together.

A pair may raise the largest probability by very little, where its own is all but 0 at the place of
the largest. So regions whose largest probabilities are equal but for rounding are compared in whole
numbers (`mixture.py`).
"""

import math

import numpy as np

from simulator.analysis.cut import Bools
from simulator.analysis.exact_order import CLOSE
from simulator.analysis.kernel import kernel
from simulator.analysis.mixture import SAME, top_of, value_of_pair
from simulator.analysis.nuisance import deaths_on_grid, largest, log_choices, log_choose
from simulator.records import Floats

Pair = tuple[int, int]  # its table with more deaths in the second arm


def barnard(n0: int, n1: int) -> Floats:
    """Two-sided p values, shape (n0 + 1, n1 + 1); 1 where mortality is the same in both arms."""
    ways = log_choices(n0 + n1)
    grid = deaths_on_grid(ways)
    chance = _chances(n0, n1, ways)
    counted = [0] * (n0 + n1 + 1)  # ways to choose the tables inside, by their number of deaths
    p_value, inside = np.ones((n0 + 1, n1 + 1)), np.zeros((n0 + 1, n1 + 1), np.bool_)
    share, tail = np.zeros(n0 + n1 + 1), np.zeros(grid.shape[1])
    while True:
        costs = _costs(inside, chance, grid, share, tail, ways)
        if costs.min() == math.inf:
            return p_value
        close = np.argwhere(costs <= costs.min() * (1.0 + CLOSE))
        come = _cheapest([(int(x0), int(x1)) for x0, x1 in close], n0, n1, counted, grid, tail)
        for x0, x1 in come:
            _include(x0, x1, chance, grid, inside, share, tail)
            for dead in (x0 + x1, n0 + n1 - x0 - x1):
                counted[dead] += math.comb(n0, x0) * math.comb(n1, x1)
        now = min(1.0, largest(share, ways, tail, 0.0, math.pi)[0])
        for x0, x1 in come:
            p_value[x0, x1] = p_value[n0 - x0, n1 - x1] = now


def _cheapest(
    pairs: list[Pair], n0: int, n1: int, counted: list[int], grid: Floats, tail: Floats
) -> list[Pair]:
    """Return the pairs of least cost among those whose costs are equal but for rounding.

    Pairs of the same numbers of deaths that can be chosen in as many ways are tied for certain.
    """
    alike: dict[tuple[int, int], list[Pair]] = {}
    for x0, x1 in pairs:
        fewer = min(x0 + x1, n0 + n1 - x0 - x1)
        alike.setdefault((fewer, math.comb(n0, x0) * math.comb(n1, x1)), []).append((x0, x1))
    if len(alike) == 1:
        return pairs
    base = top_of(counted, tail)
    patients, kinds = n0 + n1, []
    for fewer, ways in alike:  # a region's largest is at least its value where the old one's is
        least = base.value + value_of_pair(ways, fewer, patients, base.odds)
        kinds.append((least, fewer, ways))
    cheapest = math.inf
    come: list[Pair] = []
    for least, fewer, ways in sorted(kinds):
        if least > cheapest + SAME:
            break
        with_it = counted.copy()
        with_it[fewer] += ways
        with_it[patients - fewer] += ways
        part = ways / math.comb(patients, fewer)
        on_grid = tail + part * (grid[fewer] + grid[patients - fewer])
        cost = top_of(with_it, on_grid).value
        if cost < cheapest - SAME:
            cheapest, come = cost, []
        if cost <= cheapest + SAME:
            come += alike[fewer, ways]
    return come


@kernel
def _chances(n0: int, n1: int, ways: Floats) -> Floats:
    """Probability of each table given its number of deaths."""
    chance = np.empty((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            log_chance = log_choose(n0, x0) + log_choose(n1, x1) - ways[x0 + x1]
            chance[x0, x1] = math.exp(log_chance)
    return chance


@kernel
def _costs(
    inside: Bools, chance: Floats, grid: Floats, share: Floats, tail: Floats, ways: Floats
) -> Floats:
    """Largest probability of the region with each pair that may come in, infinite for others.

    It is infinite too where the grid alone shows that it is not the smallest.
    """
    n0, n1 = inside.shape[0] - 1, inside.shape[1] - 1
    patients, cheapest = n0 + n1, math.inf
    with_it, share_with_it = np.empty(tail.size), np.empty(share.size)
    cost = np.full(inside.shape, math.inf)
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            # One of each pair: in it more die in the second arm.
            if inside[x0, x1] or x1 * n0 <= x0 * n1:
                continue
            if (x0 > 0 and not inside[x0 - 1, x1]) or (x1 < n1 and not inside[x0, x1 + 1]):
                continue
            most, dead = 0.0, x0 + x1
            for step in range(tail.size):
                both = grid[dead, step] + grid[patients - dead, step]
                with_it[step] = tail[step] + chance[x0, x1] * both
                most = max(most, with_it[step])
            if most > cheapest * (1.0 + CLOSE):
                continue
            share_with_it[:] = share
            share_with_it[dead] += chance[x0, x1]
            share_with_it[patients - dead] += chance[x0, x1]
            cost[x0, x1] = largest(share_with_it, ways, with_it, 0.0, math.pi)[0]
            cheapest = min(cheapest, cost[x0, x1])
    return cost


@kernel
def _include(
    x0: int, x1: int, chance: Floats, grid: Floats, inside: Bools, share: Floats, tail: Floats
) -> None:
    """Add a pair to the region: to its shares by number of deaths, and to its tail on the grid."""
    n0, n1 = inside.shape[0] - 1, inside.shape[1] - 1
    dead, patients = x0 + x1, n0 + n1
    inside[x0, x1] = inside[n0 - x0, n1 - x1] = True
    share[dead] += chance[x0, x1]
    share[patients - dead] += chance[x0, x1]
    for step in range(tail.size):
        both = grid[dead, step] + grid[patients - dead, step]
        tail[step] += chance[x0, x1] * both
