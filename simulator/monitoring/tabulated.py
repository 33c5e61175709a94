"""Shifts of estimates after stopping, read from tables of the statistic.

Where many trials end with the same looks, the equation for the drift is solved at a few values of
the statistic alone, and its solutions are interpolated: they are a smooth function of it. A value
is the same whichever others were asked for before it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulator.monitoring.ordering import Outcomes
from simulator.records import Floats, Ints

FARTHEST = 8.0  # a statistic farther from 0 is shifted as much as this one: p is below 1e-14
_NODES = np.arange(8)  # interpolated between: a polynomial of the seventh degree
_MIDDLE = _NODES.mean()
_STEP = 1 / 5
# The step by the spread of the statistic, given the look before: what went on there ends sharply.
_STEP_BY_SPREAD = 1 / 4


def _weights() -> Floats:
    """The weight of each node, as coefficients of powers of the place from the middle on."""
    found = []
    for node in _NODES:
        others = np.delete(_NODES, node)
        found.append(np.polynomial.polynomial.polyfromroots(others - _MIDDLE))
        found[-1] /= np.prod(node - others)
    return np.stack(found, axis=1)


_WEIGHTS = _weights()  # (powers, nodes)


class Shifts(NamedTuple):
    """How far a drift lies from the usual estimate, in its standard errors at the stop.

    Each has shape (trials,); positive towards larger statistics.
    """

    median_unbiased: Floats
    low: Floats
    high: Floats


def solved(outcomes: Outcomes, z: Floats, tail: float) -> Shifts:
    """Return the shifts of the median-unbiased estimate and of the limits of the interval.

    Parameters
    ----------
    tail
        The probability beyond each limit.
    """
    near = np.clip(z, -FARTHEST, FARTHEST)
    return Shifts(*(outcomes.drifts(near, tail) * outcomes.root - near))


def interpolated(outcomes: Sequence[Outcomes], which: Ints, z: Floats, tail: float) -> Shifts:
    """Return the same from tables: right to 1e-6 where z is within 6.

    Parameters
    ----------
    outcomes, which
        Outcomes, and the place among them of those of each trial.
    """
    tables = [_table_of(one, tail) for one in outcomes]
    steps, sizes = (np.array([getattr(t, name) for t in tables]) for name in ("step", "size"))
    begins = (np.cumsum(sizes) - sizes)[which]
    place = (np.clip(z, -FARTHEST, FARTHEST) + FARTHEST) / steps[which]
    before = _NODES.size // 2 - 1
    first = np.clip(place.astype(np.int64) - before, 0, sizes[which] - _NODES.size)
    nodes = first[:, None] + _NODES
    known = np.concatenate([t.known for t in tables])[begins[:, None] + nodes]
    lacking = ~known.all(axis=1)
    for number in np.unique(which[lacking]).tolist():
        tables[number].fill(nodes[lacking & (which == number)])
    solutions = np.concatenate([t.solutions for t in tables])[begins[:, None] + nodes]
    weights = np.polynomial.polynomial.polyval(place - first - _MIDDLE, _WEIGHTS)
    # Eight numbers are added one after another, however many trials there are.
    return Shifts(*(weights.T[:, :, None] * solutions).sum(axis=1).T)


@lru_cache(maxsize=1024)
def _table_of(outcomes: Outcomes, tail: float) -> "_Table":
    return _Table(outcomes, tail)


class _Table:
    """Solutions at equally spaced values of the statistic, filled in as they are asked for."""

    def __init__(self, outcomes: Outcomes, tail: float) -> None:
        self.outcomes, self.tail = outcomes, tail
        spread = math.sqrt(outcomes.gained) / outcomes.root
        steps = math.ceil(FARTHEST / min(_STEP, _STEP_BY_SPREAD * spread))
        self.step, self.size = FARTHEST / steps, 2 * steps + 1
        self.known = np.zeros(self.size, dtype=np.bool_)
        self.solutions = np.full((self.size, 3), math.nan)

    def fill(self, nodes: Ints) -> None:
        """Solve at those of some nodes that are not known."""
        new = np.unique(nodes[~self.known[nodes]])
        if new.size:
            z = np.asarray(new * self.step - FARTHEST)
            self.solutions[new] = np.stack(solved(self.outcomes, z, self.tail), axis=1)
            self.known[new] = True  # after its solution: another thread may look
