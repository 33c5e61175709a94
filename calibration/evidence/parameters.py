"""The parameters of the base case: their ranges, the keys that they are, the rows behind them."""

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from simulator.inputs import read_text
from simulator.results.evidence import Parameter, Role
from simulator.results.sources import SourceKind

PARAMETERS_FILE = Path(__file__).parent / "parameters.csv"


@cache
def read_parameters() -> tuple[Parameter, ...]:
    """Return the parameters of the base case, those of one name together.

    A parameter of several keys has a record for each: they move together.
    """
    lines = io.StringIO(read_text(PARAMETERS_FILE), newline="")
    return tuple(_parameter(cells) for cells in csv.DictReader(lines))


def _parameter(cells: dict[str, str]) -> Parameter:
    return Parameter(
        parameter=cells["parameter"],
        stated=cells["stated"],
        role=Role(cells["role"]),
        scenario=cells["scenario"],
        key=cells["key"],
        base=_value(cells["base"]),
        low=float(cells["low"] or "nan"),
        high=float(cells["high"] or "nan"),
        rows=tuple(cells["rows"].split()),
        status=SourceKind(cells["status"]),
        note=cells["note"],
    )


def _value(text: str) -> Any:
    """Return a number, a list as a tuple, or a word."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return tuple(found) if isinstance(found, list) else found
