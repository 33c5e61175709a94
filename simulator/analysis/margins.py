"""Exact tests and sizes of two proportions where the null hypothesis has a margin.

On the border of the null hypothesis the second arm's mortality p1 follows from the first's, p0: it
is p0 + margin, or a ratio or an odds ratio has the margin's value. What is unknown, p0, is searched
for the largest probability of a set of tables (Chan 1998; the largest lies on the border for sets
as convex as Barnard's, Roehmel and Mansmann 1999).

Where p1 is linear in p0 the probability is, with p0 = low + (high - low) sin^2(angle / 2), a
trigonometric polynomial of degree N = n0 + n1 between 0 and its largest value M; its slope is at
most N M / 2 and its second derivative N^2 M / 2 (Bernstein, as in `nuisance`). Where the odds ratio
is fixed its slope is at most half the root of n0 + n1 max(R, 1 / R).
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from simulator.analysis.cut import Bools
from simulator.analysis.kernel import kernel
from simulator.analysis.nuisance import Largest
from simulator.analysis.score import DIFFERENCE, RATIO, score_at
from simulator.records import Floats

_STEPS_PER_PATIENT = 32  # on the grid of angles: the steps are then far below a tail's own width
_TIE = 1e-9  # statistics closer than this are of tables that are as extreme
_MOST_PARTS = 20_000
_PEAKS = 8  # of the grid that are refined
_ROUNDING = 1e-9


class Border(NamedTuple):
    """Border of a null hypothesis: which measure has which value, a logarithm if a ratio's."""

    measure: int
    null: float

    @property
    def ends(self) -> tuple[float, float]:
        """Between which mortalities of the first arm it lies."""
        if self.measure == DIFFERENCE:
            return max(0.0, -self.null), min(1.0, 1.0 - self.null)
        return 0.0, min(1.0, math.exp(-self.null)) if self.measure == RATIO else 1.0

    def second(self, p0: Floats) -> Floats:
        """Mortality of the second arm where that of the first is `p0`."""
        if self.measure == DIFFERENCE:
            return np.clip(p0 + self.null, 0.0, 1.0)
        ratio = math.exp(self.null)
        if self.measure == RATIO:
            return np.clip(ratio * p0, 0.0, 1.0)
        return ratio * p0 / (1.0 + (ratio - 1.0) * p0)

    def first(self, angle: Floats) -> Floats:
        """Mortality of the first arm at some angles."""
        low, high = self.ends
        return low + (high - low) * np.sin(0.5 * angle) ** 2

    def steepness(self, n0: int, n1: int) -> tuple[float, float]:
        """Largest slope and second derivative of a probability of at most 1 by the angle."""
        if self.measure in (DIFFERENCE, RATIO):
            return (n0 + n1) / 2.0, (n0 + n1) ** 2 / 2.0
        return 0.5 * math.sqrt(n0 + n1 * math.exp(abs(self.null))), math.inf


def binomial(n: int, p: Floats) -> Floats:
    """Probabilities of 0 to n deaths, a row for each p."""
    dead = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(dead + 1) - special.gammaln(n - dead + 1)
    at = p[:, None]
    return np.exp(ways + special.xlogy(dead, at) + special.xlog1py(n - dead, -at))


def _probabilities(inside: Bools, border: Border, angle: Floats) -> Floats:
    """Probability of a set of tables at some angles."""
    n0, n1 = (size - 1 for size in inside.shape)
    p0 = border.first(angle)
    found: Floats = np.einsum(
        "ij,ij->i", binomial(n0, p0) @ inside.astype(np.float64), binomial(n1, border.second(p0))
    )
    return found


def largest_on_border(inside: Bools, border: Border) -> Largest:
    """Largest probability of a set of tables on a border, the first arm's mortality there, a bound.

    `inside` has shape (n0 + 1, n1 + 1).
    """
    patients = sum(inside.shape) - 2
    angle = np.linspace(0.0, math.pi, _STEPS_PER_PATIENT * patients + 1)
    tail = _probabilities(inside, border, angle)
    best, value = float(angle[tail.argmax()]), float(tail.max())
    inner = np.flatnonzero((tail[1:-1] >= tail[:-2]) & (tail[1:-1] >= tail[2:])) + 1
    for place in inner[np.argsort(-tail[inner])][:_PEAKS]:
        peak = optimize.minimize_scalar(
            lambda at: -float(_probabilities(inside, border, np.array([at]))[0]),
            bounds=(angle[place - 1], angle[place + 1]),
            method="bounded",
            options={"xatol": 1e-10},
        )
        if -peak.fun > value:
            best, value = float(peak.x), float(-peak.fun)
    bound = _bound(inside, border, angle, tail, value)
    at = float(border.first(np.array([best]))[0])
    return Largest(min(1.0, value), at, min(1.0, bound))


def _bound(inside: Bools, border: Border, angle: Floats, tail: Floats, value: float) -> float:
    """Return what no angle exceeds: steps where that may be above the largest are halved."""
    slope, curvature = border.steepness(inside.shape[0] - 1, inside.shape[1] - 1)
    left, right, low, width = tail[:-1], tail[1:], angle[:-1], float(angle[1] - angle[0])
    if math.isfinite(curvature):  # both are in units of the largest value
        most = value / (1.0 - (math.pi / _STEPS_PER_PATIENT) ** 2 / 16.0)
        slope, curvature = slope * most, curvature * most
    while True:
        rise = min(0.5 * slope * width, 0.125 * curvature * width * width)
        reach = np.maximum(left, right) + rise
        still = reach > value * (1.0 + _ROUNDING)
        if not still.any():
            return value * (1.0 + _ROUNDING)
        if still.sum() > _MOST_PARTS:
            return float(reach.max())
        width *= 0.5
        middle = low[still] + width
        here = _probabilities(inside, border, middle)
        low = np.concatenate([low[still], middle])
        left, right = (
            np.concatenate([left[still], here]),
            np.concatenate([here, right[still]]),
        )


def z_unconditional(n0: int, n1: int, side: int, null: float) -> Floats:
    """P values of Chan's exact test (1998) of a difference with a margin, (n0 + 1, n1 + 1).

    Tables are ordered by Farrington and Manning's z at the margin, `side` 0 from the smallest on, 1
    from the largest; the probability of a table as extreme or more is maximised over the border.
    Without a margin it is Suissa and Shuster's test.

    Notes
    -----
    The maximum is that of a parabola through the three highest points of a grid of 32 N angles,
    within 1e-6 of itself (tests/oracles/test_margins.py). Tables whose z differ by less than 1e-9
    are tied.
    """
    border = Border(DIFFERENCE, null)
    statistic = _scores(n0, n1, null).ravel() * (1.0 if side == 0 else -1.0)
    order = np.argsort(statistic, kind="stable")
    begins = np.diff(statistic[order], prepend=-np.inf) > _TIE
    angle = np.linspace(0.0, math.pi, _STEPS_PER_PATIENT * (n0 + n1) + 1)
    p0 = border.first(angle)
    first, second = binomial(n0, p0).T.copy(), binomial(n1, border.second(p0)).T.copy()
    p_value = np.empty(order.size)
    _cumulated(order, begins, first, second, p_value)
    return p_value.reshape(n0 + 1, n1 + 1)


@kernel
def _scores(n0: int, n1: int, null: float) -> Floats:
    found = np.empty((n0 + 1, n1 + 1))
    for x0 in range(n0 + 1):
        for x1 in range(n1 + 1):
            found[x0, x1] = score_at(x0, n0, x1, n1, DIFFERENCE, null)
    return found


@kernel
def _cumulated(order, begins, first, second, p_value):  # type: ignore[no-untyped-def]
    """Largest probability of each table and those before it, those tied alike."""
    width = second.shape[0]
    tail = np.zeros(first.shape[1])
    start = 0
    while start < order.size:
        end = start
        while end < order.size and (end == start or not begins[end]):
            one, other = first[order[end] // width], second[order[end] % width]
            for step in range(tail.size):
                tail[step] += one[step] * other[step]
            end += 1
        place = np.argmax(tail)
        value = tail[place]
        if 0 < place < tail.size - 1:
            before, after = tail[place - 1], tail[place + 1]
            bend = 2.0 * value - before - after
            if bend > 0.0:
                value += (after - before) ** 2 / (8.0 * bend)
        for k in range(start, end):
            p_value[order[k]] = min(1.0, value)
        start = end
