"""Numbers of figures: columns of points, places on an axis, and how numbers are written."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from simulator.results.measures import NullHypothesis

RATES: Mapping[NullHypothesis, str] = {  # what the share of trials that reject is
    NullHypothesis.NONE: "power",
    NullHypothesis.STRONG: "type I error",
    NullHypothesis.MORTALITY: "rejections",
}

Floats = npt.NDArray[np.float64]
Place: TypeAlias = float | str | date  # a value on an axis: a number, a word or a day
Point = TypeVar("Point")


class Spread(Protocol):
    """A point with the 5th and 95th percentile over trials."""

    @property
    def p5(self) -> float:
        """Return the 5th percentile."""

    @property
    def p95(self) -> float:
        """Return the 95th percentile."""


def require(points: Sequence[object], what: str) -> None:
    """Refuse to draw nothing.

    Raises
    ------
    ValueError
        If there is no point.
    """
    if not points:
        raise ValueError(f"there is nothing to draw: no {what}")


def column(values: Iterable[float | None]) -> Floats:
    """Return numbers as an array, NaN where there is none."""
    return np.array([math.nan if value is None else value for value in values], dtype=float)


def by(
    points: Iterable[Point], name: Callable[[Point], str], order: Callable[[Point], float]
) -> dict[str, list[Point]]:
    """Return the points of each name, in order of appearance, each sorted by `order`."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(name(point), []).append(point)
    return {name: sorted(group, key=order) for name, group in groups.items()}


def has_band(points: Iterable[Spread]) -> bool:
    """Whether trials differ at any point, as a single trial does not from itself."""
    return any(point.p95 > point.p5 for point in points)


def digits_for(values: Iterable[float | None]) -> int:
    """Return the decimals that a set of means is written with: none where all are whole."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return 0 if all(float(value).is_integer() for value in known) else 1


def written(value: float | None, digits: int) -> str:
    """Return a mean as text, a dash where it is missing."""
    return "-" if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def percent(share: float) -> str:
    """Return a share as a percentage, with a decimal only where it has one."""
    return f"{round(100 * share, 1):g}%"


def places(values: Iterable[Place]) -> tuple[dict[Place, float], bool]:
    """Return where each value stands on an axis, and whether the axis is one of numbers or days.

    Words stand side by side in order of appearance, and so does a mixture.
    """
    distinct = list(dict.fromkeys(values))
    if distinct and all(isinstance(value, date) for value in distinct):
        days = sorted(value for value in distinct if isinstance(value, date))
        return {day: float(day.toordinal()) for day in days}, True
    numbers = sorted(value for value in distinct if isinstance(value, int | float))
    if len(numbers) < len(distinct):
        return {value: float(number) for number, value in enumerate(distinct)}, False
    return {value: float(value) for value in numbers}, True


def place_name(value: Place) -> str:
    """Return a value as an axis has it, a day as 31 Dec 2024."""
    if isinstance(value, date):
        return f"{value.day} {value:%b} {value.year}"
    return value if isinstance(value, str) else f"{value:,g}"
