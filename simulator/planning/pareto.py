"""Designs that no other one beats, as far as Monte Carlo errors let it be told."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.constants import NORMAL_QUANTILE_975
from simulator.results.measures import Estimate


class Merits(NamedTuple):
    """What designs are compared in: `least` is better the lower, `most` the higher."""

    least: tuple[Estimate, ...]
    most: tuple[Estimate, ...]


def front(designs: Sequence[Merits]) -> list[int]:
    """Return the places of the designs that none of the others dominates."""
    return [
        place
        for place, one in enumerate(designs)
        if not any(dominates(other, one) for other in designs if other is not one)
    ]


def dominates(one: Merits, other: Merits) -> bool:
    """Whether a design is told to be better in some respect, and to be worse in none.

    What differs by less than its error counts as the same: else chance alone would keep a design
    that is slower and dearer on the front, for a power that is higher in the third decimal.
    """
    gains = [_gain(b, a) for a, b in zip(one.least, other.least, strict=True)]
    gains += [_gain(a, b) for a, b in zip(one.most, other.most, strict=True)]
    return max(gains) > 0 and min(gains) >= 0


def _gain(better: Estimate, worse: Estimate) -> int:
    """1 where a first value is told to be larger than a second, -1 where smaller, else 0."""
    apart = better.mean - worse.mean
    error = math.hypot(*(e if math.isfinite(e) else 0.0 for e in (better.mcse, worse.mcse)))
    if abs(apart) <= NORMAL_QUANTILE_975 * error or apart == 0:
        return 0
    return 1 if apart > 0 else -1
