"""Unconditional p values: a tail probability made as large as the unknown death probability can.

Whether n patients die or live, a set of tables has at the common death probability p the tail
probability sum_t share_t B(t; n, p), where t is the number of deaths, B the binomial probability
and share_t the conditional probability of the set given t. With p = sin(angle / 2)^2 this is a
trigonometric polynomial of degree n in the angle. Its values lie between 0 and their maximum M, so
that by Bernstein's inequality its second derivative is at most n^2 M / 2 in size: on a grid of step
h the point nearest to the maximum has at least M (1 - (n h)^2 / 16). Every peak of the grid that
high is therefore refined, and none below it needs to be.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.kernel import inlined, kernel
from simulator.records import Floats, Ints

_STEPS_PER_PATIENT = 8
_STEP_PATIENTS = math.pi / _STEPS_PER_PATIENT  # step of the angle times the number of patients
_NEAR_ENOUGH = 1.0 - _STEP_PATIENTS * _STEP_PATIENTS / 16.0  # of the largest grid value: 0.990
_ANGLE_TOLERANCE = 1e-9  # the tail is flat at its peak: an error of n^2 M / 4 times its square
_FLAT = 1e-13  # part of a tail by which it must fall beside a peak
_MOST_STEPS = 60  # bisection alone would get there in half of them
_BOUND = 1.0 + 1e-9  # of a largest tail, in units of itself
_MOST_PARTS = 20_000  # in which a tail as large as its largest is looked for at a time


@inlined
def log_choose(n: int, k: int) -> float:
    """Logarithm of the binomial coefficient."""
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)


@kernel
def log_choices(n: int) -> Floats:
    """Logarithms of the binomial coefficients of n and 0 to n."""
    ways = np.empty(n + 1)
    for k in range(n + 1):
        ways[k] = log_choose(n, k)
    return ways


def unconditional(ranks: Ints, limits: Floats | None = None) -> Floats:
    """Largest probability, over the common death probability, of a table as extreme or more.

    Parameters
    ----------
    ranks
        Shape (n0 + 1, n1 + 1); the most extreme first, those tied alike. Boschloo (1970) ranks by
        Fisher's p value.
    limits
        Shape (2, n0 + n1 + 1): between which death probabilities, by the number of deaths, the
        largest is looked for (Berger and Boos 1994); None: between 0 and 1.

    Returns
    -------
    Floats
        Probabilities, of the same shape.
    """
    order = np.argsort(ranks, axis=None, kind="stable")
    patients = ranks.shape[0] + ranks.shape[1] - 2
    angles = np.empty((2, 0))
    if limits is not None:
        angles = 2.0 * np.arcsin(np.sqrt(limits))
        assert angles.shape == (2, patients + 1)
    return _unconditional(ranks, order, angles)


class Largest(NamedTuple):
    """Largest probability found of a set of tables, over the common death probability, and where.

    No death probability has more than `bound`, but for rounding: at most 1e-9 of itself above what
    was found, unless the tail is as large nearly everywhere.
    """

    probability: float
    at: float
    bound: float


def largest_probability(inside: npt.NDArray[np.bool_]) -> Largest:
    """Largest probability of a set of tables over the common death probability.

    `inside` has shape (n0 + 1, n1 + 1). Where the largest is at several, the smallest of them up to
    rounding; a set without tables has probability 0 at 0.
    """
    return Largest(*_largest_of_set(np.ascontiguousarray(inside)))


@kernel
def _largest_of_set(inside: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    height, width = inside.shape
    patients = height + width - 2
    ways = log_choices(patients)
    first_ways, second_ways = log_choices(height - 1), log_choices(width - 1)
    share, tail = np.zeros(patients + 1), np.zeros(_STEPS_PER_PATIENT * patients + 1)
    for x0 in range(height):
        for x1 in range(width):
            if inside[x0, x1]:
                share[x0 + x1] += math.exp(first_ways[x0] + second_ways[x1] - ways[x0 + x1])
    tail[0], tail[-1] = share[0], share[-1]
    for step in range(1, tail.size - 1):
        tail[step] = _tail_and_derivatives(share, ways, math.pi * step / (tail.size - 1))[0]
    value, angle = largest(share, ways, tail, 0.0, math.pi)
    bound = upper_bound(share, ways, tail, value)
    return min(1.0, value), math.sin(0.5 * angle) ** 2, min(1.0, bound)


@kernel
def upper_bound(share: Floats, ways: Floats, tail: Floats, value: float) -> float:
    """Return what the tail exceeds at no angle, given the largest value found.

    Between two angles a step h apart it is at most the larger of its values there plus h^2 / 8
    times its largest second derivative. Steps where that may be above the largest are halved.
    """
    patients, width = share.size - 1, math.pi / (tail.size - 1)
    curvature = 0.5 * patients * patients * tail.max() / _NEAR_ENOUGH
    angle, left, right = np.arange(tail.size - 1) * width, tail[:-1].copy(), tail[1:].copy()
    while True:
        reach = np.maximum(left, right) + width * width * curvature / 8.0
        open_ones = np.flatnonzero(reach > value * _BOUND)
        if open_ones.size == 0:
            return value * _BOUND
        if open_ones.size > _MOST_PARTS:
            return reach.max()
        width *= 0.5
        size = open_ones.size
        halves, ends = np.empty(2 * size), np.empty((2, 2 * size))
        for k in range(size):
            one = open_ones[k]
            middle = angle[one] + width
            here = _tail_and_derivatives(share, ways, middle)[0]
            halves[2 * k], ends[0, 2 * k], ends[1, 2 * k] = angle[one], left[one], here
            halves[2 * k + 1], ends[0, 2 * k + 1], ends[1, 2 * k + 1] = middle, here, right[one]
        angle, left, right = halves, ends[0].copy(), ends[1].copy()


@inlined
def _include(
    x0: int, x1: int, n0: int, n1: int, ways: Floats, grid: Floats, share: Floats, tail: Floats
) -> None:
    """Add a table to a set: to its shares by number of deaths, and to its tail on the grid."""
    dead = x0 + x1
    chance = math.exp(log_choose(n0, x0) + log_choose(n1, x1) - ways[dead])
    share[dead] += chance
    for step in range(tail.size):
        tail[step] += chance * grid[dead, step]


@kernel
def _unconditional(ranks: Ints, order: Ints, angles: Floats) -> Floats:
    """Largest probabilities, given the tables in order of their ranks."""
    height, width = ranks.shape
    ways = log_choices(height + width - 2)
    grid = deaths_on_grid(ways)
    p_value = np.empty((height, width))
    share, tail = np.zeros(ways.size), np.zeros(grid.shape[1])
    start = 0
    while start < order.size:
        rank = ranks[order[start] // width, order[start] % width]
        end = start
        while end < order.size and ranks[order[end] // width, order[end] % width] == rank:
            x0, x1 = order[end] // width, order[end] % width
            _include(x0, x1, height - 1, width - 1, ways, grid, share, tail)
            end += 1
        everywhere = 0.0
        if angles.shape[1] == 0:
            everywhere = largest(share, ways, tail, 0.0, math.pi)[0]
        for k in range(start, end):
            x0, x1 = order[k] // width, order[k] % width
            value = everywhere
            if angles.shape[1] > 0:
                value = largest(share, ways, tail, angles[0, x0 + x1], angles[1, x0 + x1])[0]
            p_value[x0, x1] = min(1.0, value)
        start = end
    return p_value


@kernel
def deaths_on_grid(ways: Floats) -> Floats:
    """Binomial probabilities, a row for each number of deaths, a column for each angle."""
    patients = ways.size - 1
    steps = _STEPS_PER_PATIENT * patients
    grid = np.zeros((patients + 1, steps + 1))
    grid[0, 0] = grid[patients, steps] = 1.0
    for step in range(1, steps):
        p = math.sin(0.5 * math.pi * step / steps) ** 2
        for dead in range(patients + 1):
            log_power = dead * math.log(p) + (patients - dead) * math.log1p(-p)
            grid[dead, step] = math.exp(ways[dead] + log_power)
    return grid


@kernel
def largest(
    share: Floats, ways: Floats, tail: Floats, low: float, high: float
) -> tuple[float, float]:
    """Largest tail between two angles and where: at a limit, on the grid or at a peak between.

    At the ends of the grid the tail is 0 or, when the table is in the set, 1, and is not refined.
    """
    width = math.pi / (tail.size - 1)
    value, place, everywhere = 0.0, low, 0.0
    first = math.ceil(low / width)
    last = min(math.floor(high / width), tail.size - 1)
    for step in range(tail.size):
        everywhere = max(everywhere, tail[step])
        if first <= step <= last and tail[step] > value:
            value, place = tail[step], step * width
    from_low, to_high = 1.0, -1.0  # slopes at the limits
    for limit in (low, high):
        if 0.0 < limit < math.pi:
            at_limit, slope, _ = _tail_and_derivatives(share, ways, limit)
            if at_limit > value:
                value, place = at_limit, limit
            if limit == low:
                from_low = slope
            else:
                to_high = slope
    # A peak rises above its nearest grid point by this part of the largest tail of all.
    floor = value - everywhere * (1.0 - _NEAR_ENOUGH)
    for step in range(max(first, 1), min(last, tail.size - 2) + 1):
        here = tail[step]
        left = here >= tail[step - 1] if step > first else from_low > 0.0
        right = here >= tail[step + 1] if step < last else to_high < 0.0
        # Where all but everything is in the set the tail is flat, and its peaks are rounding.
        lowest = min(tail[step - 1], tail[step + 1])
        if here >= floor and left and right and here - lowest > _FLAT * here:
            bounds = max(low, (step - 1) * width), min(high, (step + 1) * width)
            peak, angle = peak_between(share, ways, step * width, bounds[0], bounds[1])
            if peak > value:
                value, place = peak, angle
    return value, place


@kernel
def peak_between(
    share: Floats, ways: Floats, angle: float, low: float, high: float
) -> tuple[float, float]:
    """Tail at its peak between two angles: Newton's method kept within a bracket."""
    value, place = 0.0, angle
    for _ in range(_MOST_STEPS):
        here, slope, curvature = _tail_and_derivatives(share, ways, angle)
        if here > value:
            value, place = here, angle
        if slope > 0.0:
            low = angle
        else:
            high = angle
        following = 0.5 * (low + high)
        if curvature < 0.0 and low < angle - slope / curvature < high:
            following = angle - slope / curvature
        if abs(following - angle) < _ANGLE_TOLERANCE:
            break
        angle = following
    return value, place


@kernel
def _tail_and_derivatives(share: Floats, ways: Floats, angle: float) -> tuple[float, float, float]:
    """Tail at an angle, and its first and second derivative by the angle."""
    patients = share.size - 1
    sine, cosine = math.sin(angle), math.cos(angle)
    p = math.sin(0.5 * angle) ** 2
    log_p, log_q = math.log(p), math.log1p(-p)
    value, slope, curvature = 0.0, 0.0, 0.0
    for dead in range(patients + 1):
        if share[dead] > 0.0:
            chance = math.exp(ways[dead] + dead * log_p + (patients - dead) * log_q)
            weight = share[dead] * chance
            score = 2.0 * (dead - patients * p) / sine
            value += weight
            slope += weight * score
            curvature += weight * (score * score - patients - score * cosine / sine)
    return value, slope, curvature
