"""Probability that the largest of up to four correlated normal statistics is beyond a limit.

The statistics are written as a lower triangular matrix times independent normals (Genz 1992), the
rank of the matrix being found on the way: weights that add up to one another make it less than the
number of statistics. All but the last independent normal are integrated by Gauss and Legendre's
rule on their probabilities; the last has a closed form, between the tightest of the limits that the
remaining statistics put to it. Where the tightest limit changes from one statistic to another the
rule loses digits: the error is below 6e-5 (tests/oracles), and below 1e-5 for p values under .1.
"""

import math
from typing import Any

import numpy as np

from simulator.analysis.kernel import inlined, kernel
from simulator.records import Floats, Ints
from simulator.rules.normal import normal_cdf, normal_quantile

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_DEPENDENT = 1e-9  # variance left of a statistic that the others make up
_LEAST_PROBABILITY = 1e-300


@kernel
def beyond(limit: float, floor: float, correlation: Floats) -> float:
    """P(max Z >= limit or min Z <= floor), mean 0, variance 1 and these correlations.

    With a floor of -limit it is that of the largest |Z|, with one of minus infinity of Z.
    """
    size = correlation.shape[0]
    factor, pivots = np.zeros((size, size)), np.empty(size, np.int64)
    rank = _factorise(correlation, factor, pivots)
    point = np.zeros(size)
    first: Any = np.int64(0)
    if rank == 1:
        inside = _last(limit, floor, factor, pivots, first, point)
    elif rank == 2:
        inside = _two(limit, floor, factor, pivots, first, point)
    elif rank == 3:
        inside = _three(limit, floor, factor, pivots, first, point)
    else:
        inside = _four(limit, floor, factor, pivots, first, point)
    return min(1.0, max(0.0, 1.0 - inside))


@inlined
def _factorise(correlation: Floats, factor: Floats, pivots: Ints) -> int:
    """Row j of the factor makes statistic j; row pivots[c] is the first that needs column c."""
    size, rank = correlation.shape[0], 0
    for j in range(size):
        left = 1.0
        for c in range(rank):
            total = correlation[j, pivots[c]]
            for b in range(c):
                total -= factor[j, b] * factor[pivots[c], b]
            factor[j, c] = total / factor[pivots[c], c]
            left -= factor[j, c] * factor[j, c]
        if left > _DEPENDENT:
            factor[j, rank] = math.sqrt(left)
            pivots[rank] = j
            rank += 1
    return rank


@kernel
def _limits(
    limit: float,
    floor: float,
    factor: Floats,
    pivots: Ints,
    column: int,
    last: bool,
    point: Floats,
) -> tuple[float, float]:
    """Limits of an independent normal, given those before it.

    All statistics set them that need it and none after it.
    """
    low, high = -math.inf, math.inf
    end = factor.shape[0] if last else pivots[column + 1]
    for j in range(pivots[column], end):
        own = factor[j, column]
        if abs(own) < 1e-12:
            continue
        done = 0.0
        for c in range(column):
            done += factor[j, c] * point[c]
        a, b = (floor - done) / own, (limit - done) / own
        low, high = max(low, min(a, b)), min(high, max(a, b))
    return low, high


@inlined
def _last(
    limit: float, floor: float, factor: Floats, pivots: Ints, column: int, point: Floats
) -> float:
    """Probability that the last normal keeps all statistics within the limits."""
    low, high = _limits(limit, floor, factor, pivots, column, True, point)
    return normal_cdf(high) - normal_cdf(low) if high > low else 0.0


@inlined
def _probabilities(
    limit: float, floor: float, factor: Floats, pivots: Ints, column: int, point: Floats
) -> tuple[float, float]:
    """Probabilities of the limits of a normal that is integrated over."""
    low, high = _limits(limit, floor, factor, pivots, column, False, point)
    return (normal_cdf(low), normal_cdf(high)) if high > low else (0.0, 0.0)


@inlined
def _node(k: int, below: float, above: float) -> float:
    """Normal at a node of the rule between two probabilities."""
    p = below + 0.5 * (above - below) * (_NODES[k] + 1.0)
    return normal_quantile(min(max(p, _LEAST_PROBABILITY), 1.0 - 1e-16))


# One function a dimension: compiled code that calls itself cannot be kept in a cache.


@kernel
def _two(
    limit: float, floor: float, factor: Floats, pivots: Ints, column: int, point: Floats
) -> float:
    below, above = _probabilities(limit, floor, factor, pivots, column, point)
    total = 0.0
    for k in range(_NODES.size):
        point[column] = _node(k, below, above)
        total += 0.5 * _WEIGHTS[k] * _last(limit, floor, factor, pivots, column + 1, point)
    return (above - below) * total


@kernel
def _three(
    limit: float, floor: float, factor: Floats, pivots: Ints, column: int, point: Floats
) -> float:
    below, above = _probabilities(limit, floor, factor, pivots, column, point)
    total = 0.0
    for k in range(_NODES.size):
        point[column] = _node(k, below, above)
        total += 0.5 * _WEIGHTS[k] * _two(limit, floor, factor, pivots, column + 1, point)
    return (above - below) * total


@kernel
def _four(
    limit: float, floor: float, factor: Floats, pivots: Ints, column: int, point: Floats
) -> float:
    below, above = _probabilities(limit, floor, factor, pivots, column, point)
    total = 0.0
    for k in range(_NODES.size):
        point[column] = _node(k, below, above)
        total += 0.5 * _WEIGHTS[k] * _three(limit, floor, factor, pivots, column + 1, point)
    return (above - below) * total
