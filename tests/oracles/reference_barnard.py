"""Barnard's CSM test (1947) with 70 digits, written as it is told; slow.

The ways to choose the tables of the region are whole numbers by number of deaths; the largest
probability over the common death probability is found by Newton's method in `Decimal`.
"""

import math
from decimal import Decimal, localcontext

import numpy as np

DIGITS = 70
TIED = Decimal(10) ** -50


class Region:
    """A set of tables by number of deaths: sum_t ways[t] p^t (1 - p)^(N - t)."""

    def __init__(self, patients: int):
        self.patients, self.ways = patients, [0] * (patients + 1)
        # p is at most 1/2: death and survival exchanged leave the set as it is.
        self.grid = np.sin(np.linspace(0, math.pi / 2, 16 * patients + 1)[1:] / 2) ** 2
        t = np.arange(patients + 1)[:, None]
        log_law = t * np.log(self.grid) + (patients - t) * np.log1p(-self.grid)
        self.log_law = log_law

    def on_grid(self) -> np.ndarray:
        return sum(
            np.exp(self.log_law[t] + math.log(w)) for t, w in enumerate(self.ways) if w
        ) + np.zeros(self.grid.size)

    def largest(self) -> Decimal:
        f = self.on_grid()
        best = Decimal(0)
        for k in range(f.size):
            peak = (k == 0 or f[k] >= f[k - 1]) and (k + 1 == f.size or f[k] >= f[k + 1])
            if peak and f[k] >= 0.985 * f.max():
                best = max(best, self.peak(k))
        return best

    def peak(self, k: int) -> Decimal:
        low = Decimal(float(self.grid[max(k - 1, 0)]))
        high = Decimal(float(self.grid[min(k + 1, self.grid.size - 1)]))
        if k + 1 == self.grid.size:
            high = 1 - low
        p = Decimal(float(self.grid[k]))
        for _ in range(200):
            value, slope, curvature = self.at(p)
            low, high = (p, high) if slope > 0 else (low, p)
            following = p - slope / curvature if curvature < 0 else low
            if not low <= following <= high:
                following = (low + high) / 2
            if slope == 0 or abs(following - p) < Decimal(10) ** -40:
                return value
            p = following
        raise AssertionError("no convergence")

    def at(self, p: Decimal) -> tuple[Decimal, Decimal, Decimal]:
        """Value and two derivatives."""
        q, value, slope, curvature = 1 - p, Decimal(0), Decimal(0), Decimal(0)
        for t, w in enumerate(self.ways):
            if w:
                term, away = w * p**t * q ** (self.patients - t), t - self.patients * p
                value += term
                slope += term * away / (p * q)
                ratio = (away * away - t * q * q - (self.patients - t) * p * p) / (p * q) ** 2
                curvature += term * ratio
        return value, slope, curvature


def barnard(n0: int, n1: int, up_to: float) -> dict[tuple[int, int], float]:
    """P values of the tables with more deaths in the second arm, while they are at most `up_to`."""
    with localcontext() as context:
        context.prec = DIGITS
        region, found = Region(n0 + n1), {}
        upper = [(a, b) for a in range(n0 + 1) for b in range(n1 + 1) if b * n0 > a * n1]
        while len(found) < len(upper):
            may = [
                (a, b)
                for a, b in upper
                if (a, b) not in found
                and (a == 0 or (a - 1, b) in found)
                and (b == n1 or (a, b + 1) in found)
            ]
            come = cheapest(region, may, n0, n1)
            for table in come:
                include(region, table, n0, n1, 1)
            now = float(region.largest())
            if now > up_to:
                break
            found.update(dict.fromkeys(come, now))
        return found


def include(region: Region, table: tuple[int, int], n0: int, n1: int, times: int) -> None:
    ways, dead = math.comb(n0, table[0]) * math.comb(n1, table[1]), sum(table)
    region.ways[dead] += times * ways
    region.ways[n0 + n1 - dead] += times * ways


def cheapest(region, may, n0, n1):
    rough = {}
    for table in may:
        include(region, table, n0, n1, 1)
        rough[table] = region.on_grid().max()
        include(region, table, n0, n1, -1)
    # The grid misses a largest value by less than 1 %.
    candidates = [t for t in may if rough[t] <= 1.011 * min(rough.values())]
    costs = {}
    for table in candidates:
        include(region, table, n0, n1, 1)
        costs[table] = region.largest()
        include(region, table, n0, n1, -1)
    return [t for t in costs if costs[t] <= min(costs.values()) * (1 + TIED)]
