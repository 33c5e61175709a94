"""Conditional allocation probabilities of each family of schemes.

Each function fills `out`, one probability an arm, from the history alone.
"""

import math

from simulator.allocation.plan import (
    RANGE,
    STANDARD_DEVIATION,
    Floats,
    Ints,
    Plan,
    State,
    borrowing,
)

_EPSILON = 2.0**-52  # of a float


@borrowing
def by_ratio(ratio: Floats, out: Floats) -> None:
    """Complete randomisation: the ratio, whatever came before."""
    parts = 0.0
    for arm in range(ratio.size):
        parts += ratio[arm]
    for arm in range(ratio.size):
        out[arm] = ratio[arm] / parts


@borrowing
def from_urn(places: Floats, drawn: Ints, out: Floats) -> None:
    """Draw without return from an urn with `places` by arm, of which `drawn` are taken.

    The random allocation rule with the places of the trial, a permuted block with its own.
    """
    left = 0.0
    for arm in range(places.size):
        left += places[arm] - drawn[arm]
    for arm in range(places.size):
        out[arm] = (places[arm] - drawn[arm]) / left


@borrowing
def biased_coin(counts: Ints, probability: float, out: Floats) -> None:
    """Efron (1971): `probability` for the smaller of two arms, 1/2 at balance."""
    difference = counts[0] - counts[1]
    out[0] = 0.5
    if difference < 0:
        out[0] = probability
    elif difference > 0:
        out[0] = 1.0 - probability
    out[1] = 1.0 - out[0]


@borrowing
def big_stick(counts: Ints, bound: int, out: Floats) -> None:
    """Soares and Wu (1983): a fair coin until the imbalance of two arms meets the bound."""
    difference = counts[0] - counts[1]
    out[0] = 0.5
    if difference <= -bound:
        out[0] = 1.0
    elif difference >= bound:
        out[0] = 0.0
    out[1] = 1.0 - out[0]


@borrowing
def spread(counts: Ints, arm: int, measure: int) -> float:
    """Spread of the counts by arm if the next patient went to `arm`."""
    size = counts.size
    largest, smallest, total, squares = -math.inf, math.inf, 0.0, 0.0
    for other in range(size):
        count = counts[other] + (1.0 if other == arm else 0.0)
        largest, smallest = max(largest, count), min(smallest, count)
        total += count
        squares += count * count
    if measure == RANGE:
        return largest - smallest
    # The sums are whole numbers, so the order of the arms does not change a bit of the result.
    variance = (size * squares - total * total) / (size * (size - 1))
    return math.sqrt(variance) if measure == STANDARD_DEVIATION else variance


@borrowing
def imbalance(plan: Plan, state: State, levels: Ints, arm: int) -> float:
    """Pocock and Simon's G: weighted spread over the patient's margins if given `arm`."""
    total = 0.0
    for factor in range(levels.size):
        total += plan.weights[factor] * spread(
            state.margins[factor, levels[factor]], arm, plan.measure
        )
    return total


@borrowing
def minimisation(plan: Plan, state: State, levels: Ints, out: Floats) -> None:
    """Pocock and Simon (1975): `probability` to the arm of least imbalance, the rest shared.

    Arms that tie for the least share its probability and the rest alike.
    """
    arms = out.size
    least = math.inf
    for arm in range(arms):
        out[arm] = imbalance(plan, state, levels, arm)
        least = min(least, out[arm])
    # A G is a sum of terms >= 0, one a factor, after at most 3 roundings each. Each rounding is of
    # half an epsilon, so two that are equal in exact arithmetic differ by less than
    # (factors + 3) epsilons of themselves, whatever the unit of the weights.
    least *= 1.0 + (levels.size + 4) * _EPSILON
    ties = 0
    for arm in range(arms):
        ties += out[arm] <= least
    # With t ties the t most favoured places of the ranking are shared among them.
    rest = (1.0 - plan.probability) / (arms - 1)
    favoured = (plan.probability + (ties - 1) * rest) / ties
    for arm in range(arms):
        out[arm] = favoured if out[arm] <= least else rest
