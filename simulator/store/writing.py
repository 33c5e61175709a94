"""Texts of a run as they are written and read back: JSON and CSV."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.results.base import Row
from simulator.store.reading import read_bytes


def to_json(value: Any) -> str:
    """Return JSON text; a number that does not exist (NaN, infinity) is null, a date is text."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str)


def plain_json(value: Any) -> Any:
    """Return a value as JSON holds it, and `json.loads` gives it back."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=_as_json)
    except ValueError:  # a number that does not exist
        text = json.dumps(_finite(value), ensure_ascii=False, default=str)
    return json.loads(text)


def _as_json(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text; a text that a spreadsheet would take for a formula is marked by a quote."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([csv_text(c) if isinstance(c, str) else c for c in row] for row in rows)
    return text.getvalue()


_FORMULA = re.compile("'*[=+\\-@\t\r]")


def csv_text(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs: `=1+2` as `'=1+2`."""
    return f"'{text}" if _FORMULA.match(text) else text


def _text_of(cell: str) -> str:
    """Return the text that `csv_text` made a cell of; a number is no such cell."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def rows_to_csv(rows: Sequence[Row]) -> str:
    """Return CSV text of rows that have the same keys; what does not exist is an empty cell."""
    header = list(rows[0]) if rows else []
    cells = ([_cell(row[key]) for key in header] for row in rows)
    return to_csv(header, cells)


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return float(value) if isinstance(value, float) else value  # NumPy's own are shown otherwise


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, each cell as it was before `to_csv` wrote it."""
    file = io.StringIO(read_bytes(path).decode("utf-8"), newline="")
    return [{key: _text_of(cell) for key, cell in row.items()} for row in csv.DictReader(file)]
