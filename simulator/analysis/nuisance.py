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

import numpy as np

from simulator.analysis.kernel import inlined, kernel
from simulator.records import Floats, Ints

TIE = 1.0 + 1e-7  # p values and probabilities closer than this are equal but for rounding

_STEPS_PER_PATIENT = 8
_STEP_PATIENTS = math.pi / _STEPS_PER_PATIENT  # step of the angle times the number of patients
_NEAR_ENOUGH = 1.0 - _STEP_PATIENTS * _STEP_PATIENTS / 16.0  # of the largest grid value: 0.990
_ANGLE_TOLERANCE = 1e-9  # the tail is flat at its peak: an error of n^2 M / 4 times its square
_MOST_STEPS = 60  # bisection alone would get there in half of them


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


def unconditional(statistic: Floats) -> Floats:
    """Largest probability, over the common death probability, of a table as small or smaller.

    Parameters
    ----------
    statistic
        Shape (n0 + 1, n1 + 1); small is extreme. Boschloo (1970) takes Fisher's p value. Values
        within a relative 1e-7 of the least extreme reached so far are tied with it.

    Returns
    -------
    Floats
        p values, of the same shape.
    """
    return _unconditional(statistic, np.argsort(statistic, axis=None, kind="stable"))


@kernel
def _unconditional(statistic: Floats, order: Ints) -> Floats:
    """Largest probabilities, given the tables in order of the statistic."""
    height, width = statistic.shape
    patients = height + width - 2
    ways = log_choices(patients)
    grid = _deaths_on_grid(ways)
    p_value = np.empty((height, width))
    share, tail = np.zeros(patients + 1), np.zeros(grid.shape[1])
    start = 0
    while start < order.size:
        limit = statistic[order[start] // width, order[start] % width] * TIE
        end = start
        while end < order.size and statistic[order[end] // width, order[end] % width] <= limit:
            x0, x1 = order[end] // width, order[end] % width
            dead = x0 + x1
            log_chance = log_choose(height - 1, x0) + log_choose(width - 1, x1) - ways[dead]
            share[dead] += math.exp(log_chance)
            for step in range(tail.size):
                tail[step] += math.exp(log_chance) * grid[dead, step]
            end += 1
        largest = min(1.0, _largest(share, ways, tail))
        for k in range(start, end):
            p_value[order[k] // width, order[k] % width] = largest
        start = end
    return p_value


@kernel
def _deaths_on_grid(ways: Floats) -> Floats:
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
def _largest(share: Floats, ways: Floats, tail: Floats) -> float:
    """Largest tail: that of the grid, or of a peak between its points.

    At the ends of the grid the tail is 0 or, when the table is in the set, 1, and is not refined.
    """
    largest = 0.0
    for value in tail:
        largest = max(largest, value)
    floor = largest * _NEAR_ENOUGH
    width = math.pi / (tail.size - 1)
    for step in range(1, tail.size - 1):
        here = tail[step]
        if here >= floor and here >= tail[step - 1] and here >= tail[step + 1]:
            largest = max(largest, _peak(share, ways, step * width, width))
    return largest


@kernel
def _peak(share: Floats, ways: Floats, angle: float, width: float) -> float:
    """Tail at its peak within a step of a grid point: Newton's method kept within a bracket."""
    low, high = angle - width, angle + width
    largest = 0.0
    for _ in range(_MOST_STEPS):
        value, slope, curvature = _tail_and_derivatives(share, ways, angle)
        largest = max(largest, value)
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
    return largest


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
