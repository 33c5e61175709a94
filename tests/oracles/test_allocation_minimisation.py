"""Minimisation against Pocock and Simon's own example and against slow, exact arithmetic."""

import itertools
import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction

import numba
import numpy as np
import pytest

from simulator import allocation
from simulator.allocation.schemes.minimisation import imbalance

EPSILON = float(np.finfo(float).eps)


@numba.njit
def imbalance_of(plan, state, levels, arm):
    return imbalance(plan, state, levels, arm)


def plan_of(
    measure: str,
    weights: Sequence[float],
    levels: Sequence[int],
    favour: float,
    arms: int,
) -> allocation.Plan:
    options = {"measure": measure, "weights": list(weights), "probability": favour}
    return allocation.build_plan("minimisation", options, [1] * arms, levels, 100)


def as_levels(levels: Sequence[int]) -> np.ndarray:
    return np.array(levels, dtype=np.int64)


def chances(plan: allocation.Plan, state: allocation.State, levels: Sequence[int]) -> np.ndarray:
    out = np.empty(plan.ratio.size)
    allocation.probabilities(plan, state, as_levels(levels), out)
    return out


def with_margins(
    plan: allocation.Plan, margins: Sequence[Sequence[int]], absent: int = 1
) -> allocation.State:
    """Return a history whose margins at level 0 of each factor are as given.

    A patient is recorded at level 0 of as many factors as still lack one, else at `absent`.
    """
    state = allocation.new_state(plan)
    for arm in range(len(margins[0])):
        lacking = [margin[arm] for margin in margins]
        while any(lacking):
            levels = [0 if count else absent for count in lacking]
            allocation.record(plan, state, as_levels(levels), arm)
            lacking = [max(count - 1, 0) for count in lacking]
    return state


def test_published_example_has_imbalances_six_ten_and_five() -> None:
    """Three arms, margins (9,10,9), (9,11,9), (4,5,3), weights 2, 1, 1, range."""
    plan = plan_of("range", [2, 1, 1], [2, 2, 2], 0.6, arms=3)
    state = with_margins(plan, [(9, 10, 9), (9, 11, 9), (4, 5, 3)])
    assert [imbalance_of(plan, state, as_levels([0, 0, 0]), arm) for arm in range(3)] == [6, 10, 5]
    np.testing.assert_allclose(chances(plan, state, [0, 0, 0]), [0.2, 0.2, 0.6], rtol=2 * EPSILON)


# Slow arithmetic: exact, but for the square root.
Measure = Callable[[list[int]], Fraction | float]
MEASURES: dict[str, Measure] = {
    "range": lambda counts: Fraction(max(counts) - min(counts)),
    "variance": lambda counts: statistics.variance([Fraction(count) for count in counts]),
    "standard_deviation": lambda counts: statistics.stdev(counts),
}


def slow_chances(
    history: list[tuple[tuple[int, ...], int]],
    levels: tuple[int, ...],
    measure: str,
    weights: Sequence[Fraction],
    favour: Fraction,
    arms: int,
) -> list[Fraction]:
    """Rank the arms by G in every order of the ties, and average what each arm gets."""
    total: list[Fraction | float] = []
    for given in range(arms):
        g: Fraction | float = Fraction(0)
        for factor, level in enumerate(levels):
            counts = [
                sum(past[factor] == level and arm == other for past, arm in history)
                + (other == given)
                for other in range(arms)
            ]
            g += weights[factor] * MEASURES[measure](counts)
        # Square roots: sums that differ by less than 1e-12 are equal here, with counts below 20.
        total.append(round(g, 12) if isinstance(g, float) else g)
    orders = [
        order
        for order in itertools.permutations(range(arms))
        if all(total[a] <= total[b] for a, b in itertools.pairwise(order))
    ]
    rest = (1 - favour) / (arms - 1)
    # Only the first place is favoured; arms that tie behind it get the rest all the same.
    return [
        sum((favour if order[0] == arm else rest for order in orders), Fraction(0)) / len(orders)
        for arm in range(arms)
    ]


@pytest.mark.parametrize("arms", [2, 3, 4])
@pytest.mark.parametrize("measure", MEASURES)
def test_chances_equal_those_of_slow_arithmetic(measure: str, arms: int) -> None:
    """Weights 1/10, 2/10, 3/10: as floats they tie only if rounding is allowed for."""
    weights, favour = [Fraction(k, 10) for k in (1, 2, 3)], Fraction(4, 5)
    plan = plan_of(measure, [0.1, 0.2, 0.3], [2, 3, 2], 0.8, arms)
    state = allocation.new_state(plan)
    random = np.random.default_rng(20240501)
    history: list[tuple[tuple[int, ...], int]] = []
    tied = 0
    for _ in range(60):
        levels = tuple(int(random.integers(0, top)) for top in (2, 3, 2))
        expected = slow_chances(history, levels, measure, weights, favour, arms)
        found = chances(plan, state, levels)
        # A handful of roundings on numbers below one.
        np.testing.assert_allclose(found, [float(x) for x in expected], rtol=8 * EPSILON)
        tied += max(expected) != favour
        # Any arm, so that the margins come to every shape, not only the even ones.
        arm = int(random.integers(0, arms))
        history.append((levels, arm))
        allocation.record(plan, state, as_levels(levels), arm)
    assert tied > 0


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 0.1, 1e5])
def test_unit_of_the_weights_does_not_matter(scale: float) -> None:
    """G is compared between arms only: (1, 2, 3) and (1, 2, 3) times anything are one scheme."""
    base = plan_of("standard_deviation", [1, 2, 3], [2, 2, 2], 0.8, arms=3)
    plan = plan_of("standard_deviation", [scale, 2 * scale, 3 * scale], [2, 2, 2], 0.8, arms=3)
    random = np.random.default_rng(7)
    state = allocation.new_state(plan)
    for _ in range(200):
        levels = [int(level) for level in random.integers(0, 2, 3)]
        found = chances(plan, state, levels)
        np.testing.assert_array_equal(found, chances(base, state, levels))
        allocation.record(plan, state, as_levels(levels), int(random.integers(0, 3)))


def test_arms_in_the_same_place_have_the_same_chance_however_large_the_counts() -> None:
    """Permuting the arms of the history permutes the chances, to the last bit."""
    plan = plan_of("variance", [1e6, 3.7], [2, 2], 0.8, arms=3)
    counts = [(1_001, 998, 1_004), (777, 790, 778)]
    expected = chances(plan, with_margins(plan, counts), [0, 0])
    assert sorted(expected) != [expected[0]] * 3
    for order in itertools.permutations(range(3)):
        moved = [tuple(margin[arm] for arm in order) for margin in counts]
        found = chances(plan, with_margins(plan, moved), [0, 0])
        np.testing.assert_array_equal(found, expected[list(order)])


def test_single_factor_of_one_level_makes_efron_coin() -> None:
    plan = plan_of("range", [1], [1], 2 / 3, arms=2)
    coin = allocation.build_plan("efron", {"probability": 2 / 3}, [1, 1], [], 100)
    for path in itertools.product((0, 1), repeat=7):
        state, other = allocation.new_state(plan), allocation.new_state(coin)
        for arm in path:
            allocation.record(plan, state, as_levels([0]), arm)
            allocation.record(coin, other, as_levels([]), arm)
        np.testing.assert_array_equal(chances(plan, state, [0]), chances(coin, other, []))


def test_taves_is_minimisation_that_leaves_nothing_to_chance_but_ties() -> None:
    """Probability 1 and the range (Taves 1974): only 0, 1/2 and 1 occur with two arms."""
    plan = plan_of("range", [1, 1], [2, 2], 1, arms=2)
    state = allocation.new_state(plan)
    assert chances(plan, state, [0, 1]).tolist() == [0.5, 0.5]
    allocation.record(plan, state, as_levels([0, 1]), 0)
    assert chances(plan, state, [0, 0]).tolist() == [0.0, 1.0]
    assert chances(plan, state, [1, 0]).tolist() == [0.5, 0.5]


def test_weight_of_zero_takes_a_factor_out() -> None:
    plan = plan_of("range", [1, 0], [2, 2], 0.9, arms=2)
    state = allocation.new_state(plan)
    allocation.record(plan, state, as_levels([0, 1]), 0)
    assert chances(plan, state, [1, 1]).tolist() == [0.5, 0.5]
    assert chances(plan, state, [0, 0])[1] == 0.9
