"""How answers and their parts show themselves: a few lines or, in a notebook, a small table.

They are for people at a prompt: numbers are rounded, names are words. JSON, CSV and data frames
hold every digit under the names of the fields.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from html import escape
from typing import Any

LINES = 10  # of text
ROWS, COLUMNS = 10, 10  # of a table
_WIDTH = 160  # of a record on its line
_LONG = 60  # a text that is longer is left out where other fields have room
_DIGITS = 4
_SMALLEST = 1e-4  # below, a number has an exponent
_FEW = 4  # items of a list or a mapping that are shown

_WORDS = {
    "mcse": "MCSE",
    "ci": "95 % interval,",
    "rmse": "RMSE",
    "sd": "SD",
    "se": "SE",
    "meld": "MELD",
}


def short(value: Any) -> str:
    """Return a value in a few characters; a number has four digits, what does not exist a dash."""
    if isinstance(value, bool | None):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Enum):
        return str(value.value).replace("_", " ")
    if isinstance(value, Mapping):
        return _listed(f"{key} {short(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return _of_sequence(value)
    return _record(value) if dataclasses.is_dataclass(value) else str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    if abs(value) < _SMALLEST:
        return f"{value:.{_DIGITS - 1}g}"
    decimals = max(_DIGITS - 1 - math.floor(math.log10(abs(value))), 0)
    shown = f"{value:,.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _listed(items: Iterable[str]) -> str:
    found = list(items)
    more = len(found) - _FEW
    return ", ".join([*found[:_FEW], *([f"{more} more"] if more > 0 else [])])


def _of_sequence(value: Sequence[Any]) -> str:
    if value and dataclasses.is_dataclass(value[0]):
        return f"{len(value):,} {type(value[0]).__name__}"
    return _listed(map(short, value)) if value else "none"


def _record(value: Any) -> str:
    """Return a record within another: an estimate by its mean and its error."""
    fields = [f.name for f in dataclasses.fields(value)]
    if fields[:2] == ["mean", "mcse"]:
        return f"{short(value.mean)} ± {short(value.mcse)}"
    if fields == ["mean", "ci_low", "ci_high"]:
        return f"{short(value.mean)} ({short(value.ci_low)} to {short(value.ci_high)})"
    held = {name: getattr(value, name) for name in fields}
    if len(held) <= _FEW and all(isinstance(v, bool | int | float | str) for v in held.values()):
        return short(held)
    return type(value).__name__


def told(record: Any) -> list[str]:
    """Return the names of the fields of a record that are told in a few characters."""
    values = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    return [name for name, value in values.items() if _is_told(value)]


def _is_told(value: Any) -> bool:
    said = short(value)
    return len(said) <= _LONG and said != type(value).__name__


def record_line(record: Any) -> str:
    """Return a record on one line: its first fields, as many as it has room for."""
    parts: list[str] = []
    for name in told(record):
        part = f"{name}: {short(getattr(record, name))}"
        if parts and len(", ".join([*parts, part])) > _WIDTH:
            break
        parts.append(part)
    more = len(dataclasses.fields(record)) - len(parts)
    rest = f"{more} more" if more else ""
    return f"{type(record).__name__}({'; '.join(filter(None, (', '.join(parts), rest)))})"


def capped(lines: Sequence[str], rest: str) -> str:
    """Return lines, the first of them alone where they are many; `rest` says where all are."""
    more = len(lines) - LINES
    if more <= 0:
        return "\n".join(lines)
    return "\n".join([*lines[:LINES], f"  and {more:,} more{rest}"])


def in_words(name: str) -> str:
    """Return the name of a field as the head of a column: `ci_low` as `95 % interval, low`."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def html_table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], notes: Iterable[str] = ()
) -> str:
    """Return a small table as HTML: its first rows and columns, with what is left out below.

    Parameters
    ----------
    title, heads, rows
        As they are to be read; cells are shortened here.
    notes
        Said below.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in heads[:COLUMNS])
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(short(cell))}</td>' for cell in row[:COLUMNS])}</tr>"
        for row in rows[:ROWS]
    )
    below = [f"{len(rows) - ROWS:,} more rows"] if len(rows) > ROWS else []
    below += [f"{len(heads) - COLUMNS} more columns"] if len(heads) > COLUMNS else []
    said = "; ".join([*below, *notes])
    return (
        f"<p>{escape(title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<p>{escape(said)}</p>" if said else "")
    )
