"""Largest probability of a symmetric set of tables, with hundreds of digits.

A set of tables whose numbers of deaths t can be chosen in so many ways w_t has, at the common death
probability p, the probability f(p) = sum_t w_t p^t (1 - p)^(N - t). Where death and survival
exchanged leave the set as it is, f(p) = f(1 - p).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulator.analysis.nuisance import peak_between
from simulator.records import Floats

BITS = 768  # after the binary point: a difference of 10^-170 is still seen
SAME = 1 << (BITS // 4)  # far above rounding: below 2^170 for 150 patients

_HIGH = 0.985  # of the largest value on the grid; the grid misses a peak by at most 1 % of it
_CLOSE = 1.0 - 1e-10  # of the largest peak; far below one but for rounding
_BESIDE = 1 << (BITS - 30)  # of the first odds, the second of the secant method
_NEAR_ENOUGH = 1 << (BITS // 2 - 8)  # an error of the odds moves the value at a peak by its square
_MOST_STEPS = 30


class Top(NamedTuple):
    """The largest value of f and the odds p / (1 - p) of its place, in multiples of 2^-BITS."""

    value: int
    odds: int


def top_of(ways: Sequence[int], on_grid: Floats) -> Top:
    """Return the largest f(p), and a place where it is.

    Parameters
    ----------
    ways
        w_t for 0 to N deaths, at most 150, symmetric in t and N - t.
    on_grid
        f at even steps of the angle a from 0 to pi, where p = sin(a / 2)^2, at least 8 N of them.
    """
    patients, width = len(ways) - 1, math.pi / (on_grid.size - 1)
    choices = _choices(patients)
    share = np.array([w / c for w, c in zip(ways, choices, strict=True)])
    half = on_grid[: on_grid.size // 2 + 2]  # and one beyond the middle
    inner, floor = half[1:-1], _HIGH * half.max()
    places = np.flatnonzero((inner >= half[:-2]) & (inner >= half[2:]) & (inner >= floor)) + 1
    log_choices = np.log(np.array(choices, dtype=np.float64))
    found = [
        peak_between(share, log_choices, at * width, (at - 1) * width, (at + 1) * width)
        for at in places.tolist()
    ]
    least = max(value for value, _ in found) * _CLOSE
    return max(_at_peak(ways, angle) for value, angle in found if value >= least)


def value_of_pair(ways: int, fewer: int, patients: int, odds: int) -> int:
    """Return no more than what a pair adds to f where the odds are these, and hardly less.

    The pair has w = `ways` at `fewer` deaths and at as many survivors.
    """
    r = odds / 2.0**BITS
    log_first = math.log(ways) + fewer * math.log(r) - patients * math.log1p(r)
    added = math.exp(log_first) + math.exp(log_first + (patients - 2 * fewer) * math.log(r))
    return int(added * (1.0 - 1e-9) * 2.0**BITS)


@lru_cache
def _choices(patients: int) -> list[int]:
    return [math.comb(patients, dead) for dead in range(patients + 1)]


def _at_peak(ways: Sequence[int], angle: float) -> Top:
    """Return the value at a peak, given its place but for rounding: where the slope is 0.

    With the odds r it is sum_t w_t r^t / (1 + r)^N, whose slope has the sign of
    sum_t (t w_t - (N - t + 1) w_(t-1)) r^t.
    """
    patients = len(ways) - 1
    slopes = [t * ways[t] - (patients - t + 1) * ways[t - 1] for t in range(1, patients + 1)]
    older = int(math.tan(0.5 * angle) ** 2 * 2.0**60) << (BITS - 60)
    newer = older + _BESIDE
    older_slope = _polynomial(slopes, older)
    for _ in range(_MOST_STEPS):
        newer_slope = _polynomial(slopes, newer)
        if newer_slope == older_slope:
            break
        step = -newer_slope * (newer - older) // (newer_slope - older_slope)
        older, older_slope, newer = newer, newer_slope, newer + step
        if abs(step) < _NEAR_ENOUGH:
            break
    alive, value = (1 << 2 * BITS) // ((1 << BITS) + newer), _polynomial(ways, newer)
    for _ in range(patients):
        value = value * alive >> BITS
    return Top(value, newer)


def _polynomial(coefficients: Sequence[int], r: int) -> int:
    """Return sum_t c_t r^t by Horner's rule, r and the sum in multiples of 2^-BITS."""
    total = 0
    for coefficient in reversed(coefficients):
        total = (total * r >> BITS) + (coefficient << BITS)
    return total
