"""Two values of a key between which a power is reached, found with the same trials at each."""

import itertools
import math
from collections.abc import Iterator

from simulator.planning.search import Search

_MOST_VALUES = 14  # of the search
_GROWTH = 1.6  # least limit of the growth from one number of patients to the next
_FAIR = 0.2  # of power, from the one asked to that at an end of the bracket
_UNREACHED = 0.01  # a target that fewer trials reach is out of reach: more patients change nothing


def bracket(search: Search, guess: float | None) -> tuple[float, float] | None:
    """Two values with the power asked between them, neither far from it; the lesser value first.

    None if no value tried is on the other side; those that are near are then tried with enough
    trials for chance not to be why.
    """
    for value in itertools.islice(_values(search, guess), 2 * _MOST_VALUES):
        search.run_first(value)
        pair = _crossed(search)
        if pair is not None:
            return _narrowed(search, *pair)
        if is_out_of_reach(search, value):
            break
    for value in sorted(search.first):
        search.settle(value)
    pair = _crossed(search)
    return None if pair is None else _narrowed(search, *pair)


def _values(search: Search, guess: float | None) -> Iterator[float]:
    """Values to try, one after another, until the power asked lies between two of them."""
    asked = search.asked
    if not search.of_patients:
        for k in range(5):
            yield search.rounded(asked.low + k / 4 * (asked.high - asked.low))
        return
    least, most = search.inside(-math.inf), search.inside(math.inf)
    value = search.rounded(search.own)
    yield value
    if search.power(value) < asked.power:
        growth = max(_GROWTH, (most / value) ** (1 / _MOST_VALUES))
        while value < most:
            wanted = guess * 1.1 if guess and guess > value else math.inf
            value = search.rounded(max(min(wanted, value * growth), value + search.step))
            yield value
        return
    shrink = max(_GROWTH, (value / least) ** (1 / _MOST_VALUES))
    while value > least:
        value = search.rounded(value / shrink)
        yield value


def _crossed(search: Search) -> tuple[float, float] | None:
    """The first neighbours, by value, that have the power asked between them."""
    wanted = search.asked.power
    for low, high in itertools.pairwise(sorted(search.first)):
        if (search.power(low) < wanted) != (search.power(high) < wanted):
            return low, high
    return None


def _narrowed(search: Search, low: float, high: float) -> tuple[float, float]:
    """Halve a bracket until a straight line between its ends is fair."""
    wanted = search.asked.power
    for _ in range(_MOST_VALUES):
        far = max(abs(search.power(value) - wanted) for value in (low, high))
        middle = search.rounded(search.unscaled(0.5 * (search.scale(low) + search.scale(high))))
        if far < _FAIR or middle in (low, high):
            break
        same_side = (search.power(middle) < wanted) == (search.power(low) < wanted)
        low, high = (middle, high) if same_side else (low, middle)
    return low, high


def is_out_of_reach(search: Search, value: float) -> bool:
    """Whether the number of patients planned at a value is hardly ever randomised."""
    tally = search.first[value]
    return search.of_patients and tally.target_reached < _UNREACHED * tally.trials
