"""Tables of text."""

import math
from collections.abc import Sequence
from typing import Literal

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


def new_table(*columns: str, words: Sequence[str] = ()) -> Table:
    """Return a table without rows; columns not of `words`, or the first if none, are of numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        left = name in (words or columns[:1])
        justify: Literal["left", "right"] = "left" if left else "right"
        table.add_column(name, justify=justify, no_wrap=True, vertical="bottom")
    return table


def number(value: float | None, digits: int) -> str:
    """Return a number with so many decimals, a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def print_table(table: Table, console: Console) -> None:
    """Print a table as wide as it is: what a narrow terminal wraps can be read, a cut cannot."""
    before = console.width
    options = console.options.update(max_width=_WIDEST)
    console.width = max(before, Measurement.get(console, options, table).maximum)
    console.print(table)
    console.width = before
