"""Barnard's CSM test (1947): the critical region grows by what costs least.

Tables come in pairs (x0, x1) and (n0 - x0, n1 - x1), which death and survival exchanged make one
(symmetry). A pair may come in only if the tables further from equality along either margin are in
(convexity). Of those that may, the pair comes in whose region has the smallest largest probability
over the common death probability (minimum). Pairs within a relative 1e-7 of it come in together.
"""

import math

import numpy as np

from simulator.analysis.kernel import kernel
from simulator.analysis.nuisance import TIE, deaths_on_grid, largest, log_choices, log_choose
from simulator.records import Floats


@kernel
def barnard(n0: int, n1: int) -> Floats:
    """Two-sided p values, shape (n0 + 1, n1 + 1); 1 where mortality is the same in both arms."""
    patients = n0 + n1
    ways = log_choices(patients)
    grid = deaths_on_grid(ways)
    chance = np.empty((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            log_chance = log_choose(n0, x0) + log_choose(n1, x1) - ways[x0 + x1]
            chance[x0, x1] = math.exp(log_chance)
    p_value = np.ones((n0 + 1, n1 + 1))
    inside = np.zeros((n0 + 1, n1 + 1), np.bool_)
    share, tail = np.zeros(patients + 1), np.zeros(grid.shape[1])
    with_it, share_with_it = np.empty(tail.size), np.empty(share.size)
    cost = np.empty((n0 + 1, n1 + 1))
    while True:
        cheapest = math.inf
        for x0 in range(n0 + 1):
            for x1 in range(n1 + 1):
                cost[x0, x1] = math.inf
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
                if most > cheapest * TIE:
                    continue
                share_with_it[:] = share
                share_with_it[dead] += chance[x0, x1]
                share_with_it[patients - dead] += chance[x0, x1]
                cost[x0, x1] = largest(share_with_it, ways, with_it, 0.0, math.pi)[0]
                cheapest = min(cheapest, cost[x0, x1])
        if cheapest == math.inf:
            return p_value
        for x0 in range(n0 + 1):
            for x1 in range(n1 + 1):
                if cost[x0, x1] <= cheapest * TIE:
                    dead = x0 + x1
                    inside[x0, x1] = inside[n0 - x0, n1 - x1] = True
                    share[dead] += chance[x0, x1]
                    share[patients - dead] += chance[x0, x1]
                    for step in range(tail.size):
                        both = grid[dead, step] + grid[patients - dead, step]
                        tail[step] += chance[x0, x1] * both
        now = min(1.0, largest(share, ways, tail, 0.0, math.pi)[0])
        for x0 in range(n0 + 1):
            for x1 in range(n1 + 1):
                if cost[x0, x1] <= cheapest * TIE:
                    p_value[x0, x1] = p_value[n0 - x0, n1 - x1] = now
