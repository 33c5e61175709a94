"""Rows of a tidy table, as figures read them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Row = Mapping[str, Any]
Rows = Sequence[Row]
Floats = npt.NDArray[np.float64]


def require(rows: Rows, what: str) -> None:
    """Refuse to draw nothing.

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise ValueError(f"there is nothing to draw: no rows of {what}")


def column(rows: Iterable[Row], key: str) -> Floats:
    """Return the numbers of a column, NaN where the value is missing or the column is."""
    values = [row.get(key) for row in rows]
    return np.array([math.nan if value is None else value for value in values], dtype=float)


def by(rows: Rows, key: str, order: str) -> dict[str, list[Row]]:
    """Return the rows of each value of `key`, in order of appearance, each sorted by `order`."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[key]), []).append(row)
    return {name: sorted(group, key=lambda row: row[order]) for name, group in groups.items()}


def has_band(rows: Rows, low: str = "p5", high: str = "p95") -> bool:
    """Whether the band between trials is wider than nothing, as it is not with a single trial."""
    return bool(np.any(column(rows, high) > column(rows, low)))


def digits_for(values: Iterable[float | None]) -> int:
    """Return the decimals that a set of means is written with: none where all are whole."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return 0 if all(float(value).is_integer() for value in known) else 1


def figure_of(value: float | None, digits: int) -> str:
    """Return a mean as text, a dash where it is missing."""
    return "-" if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def percent(share: float) -> str:
    """Return a share as a percentage, with a decimal only where it has one."""
    return f"{round(100 * share, 1):g} %"


def places(rows: Rows, key: str) -> tuple[dict[Any, float], bool]:
    """Return where each value of `key` stands on an axis, and whether the axis is of numbers.

    Words stand side by side in order of appearance.
    """
    values = list(dict.fromkeys(row[key] for row in rows))
    if any(isinstance(value, str) for value in values):
        return {value: float(number) for number, value in enumerate(values)}, False
    return {value: float(value) for value in sorted(values)}, True
