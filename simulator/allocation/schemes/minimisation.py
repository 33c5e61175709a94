"""Minimisation (Pocock and Simon 1975), and Taves's method (1974), its deterministic form."""

import math

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule

RANGE, VARIANCE, STANDARD_DEVIATION = range(3)
_MEASURES = "range", "variance", "standard_deviation"
_MEASURE, _PROBABILITY, _WEIGHTS = range(3)  # places in `numbers`
_EPSILON = 2.0**-52  # of a float


def _weights(setting: Setting) -> list[float]:
    listed = setting.options["weights"]
    if listed is None:  # as on the command line: all alike
        return [1.0] * len(setting.levels)
    read = check.weights("options.weights", listed, len(setting.levels))
    if not any(read):
        raise AllocationError("options.weights", listed, "one must be > 0", "as [1, 1]")
    return read


def _read(setting: Setting) -> SchemeNumbers:
    options = setting.options
    measure = check.word("options.measure", options["measure"], _MEASURES)
    least = 1.0 / len(setting.ratio)
    probability = check.number("options.probability", options["probability"], least, 1.0)
    return SchemeNumbers([measure, probability, *_weights(setting)])


def _read_taves(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([RANGE, 1.0, *_weights(setting)])


@rule
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


@rule
def imbalance(plan: Plan, state: State, levels: Ints, arm: int) -> float:
    """Pocock and Simon's G: weighted spread over the patient's margins if given `arm`."""
    total, measure = 0.0, int(plan.numbers[_MEASURE])
    for factor in range(levels.size):
        margin = state.margins[factor, levels[factor]]
        total += plan.numbers[_WEIGHTS + factor] * spread(margin, arm, measure)
    return total


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """The probability given to the arm of least imbalance, the rest shared.

    Arms that tie for the least share its probability and the rest alike.
    """
    arms, probability = out.size, plan.numbers[_PROBABILITY]
    least = math.inf
    for arm in range(arms):
        out[arm] = imbalance(plan, state, levels, arm)
        least = min(least, out[arm])
    # A G is a sum of terms >= 0, one per factor, after at most 3 roundings each. Each rounding is
    # of half an epsilon, so two that are equal in exact arithmetic differ by less than
    # (factors + 3) epsilons of themselves, whatever the unit of the weights.
    least *= 1.0 + (levels.size + 4) * _EPSILON
    ties = 0
    for arm in range(arms):
        ties += out[arm] <= least
    # With t ties the t most favoured places of the ranking are shared among them.
    rest = (1.0 - probability) / (arms - 1)
    favoured = (probability + (ties - 1) * rest) / ties
    for arm in range(arms):
        out[arm] = favoured if out[arm] <= least else rest


MINIMISATION = Rules(chance=_chance, read=_read)
TAVES = Rules(chance=_chance, read=_read_taves)
