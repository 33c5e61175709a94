"""The designs that no other one beats, against the definition on exact numbers."""

import itertools

import numpy as np
import pytest

from simulator.planning.pareto import Merits, dominates, front
from simulator.results.measures import Estimate


def exactly(least, most):
    return Merits(tuple(Estimate(v, 0.0) for v in least), tuple(Estimate(v, 0.0) for v in most))


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_the_definition_says(seed):
    """On the front: for every other point, better in something or the same in everything."""
    points = np.random.default_rng(seed).integers(0, 4, (25, 4))
    expected = []
    for i, (a, b, c, d) in enumerate(points.tolist()):
        beaten = False
        for e, f, g, h in points.tolist():
            no_worse = e <= a and f <= b and g <= c and h >= d
            beaten |= no_worse and (e < a or f < b or g < c or h > d)
        if not beaten:
            expected.append(i)
    merits = [exactly(point[:3], point[3:]) for point in points.astype(float)]
    assert front(merits) == expected


def test_a_power_that_is_higher_by_chance_keeps_no_slower_design_on_the_front():
    fast = Merits((Estimate(900.0, 1.0),), (Estimate(0.810, 0.006),))
    slow = Merits((Estimate(1200.0, 1.0),), (Estimate(0.815, 0.006),))
    assert front([fast, slow]) == [0]
    better = Merits((Estimate(1200.0, 1.0),), (Estimate(0.870, 0.006),))
    assert front([fast, better]) == [0, 1]


def test_nothing_dominates_what_is_the_same():
    one = exactly((1.0, 2.0), (3.0,))
    assert not dominates(one, exactly((1.0, 2.0), (3.0,)))
    pairs = itertools.permutations([exactly((1.0,), (2.0,)), exactly((0.5,), (1.0,))])
    assert not any(dominates(a, b) for a, b in pairs)
