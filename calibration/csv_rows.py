"""Tables in CSV files: their text, their head and their rows; errors name file, line and column."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.inputs import read_text
from simulator.scenario.errors import Problem, ScenarioError, nearest


class TableKind(NamedTuple):
    """What a table is of, for messages.

    Attributes
    ----------
    what
        As evidence.
    columns, required
        All that it can have, and those that it must.
    most_bytes
        The largest file.
    doubt
        What is asked of a file that is larger.
    add
        What is said of a column that is missing.
    """

    what: str
    columns: Sequence[str]
    required: Sequence[str]
    most_bytes: int
    doubt: str
    add: str


def csv_rows(path: Path, name: str, kind: TableKind) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and cells of every row that is not blank.

    Parameters
    ----------
    name
        What messages call the file.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or its head or a row is not of the table.
    """
    reader = csv.reader(io.StringIO(_text(path, name, kind), newline=""), strict=True)
    try:
        head = [cell.strip() for cell in next(reader, [])]
        _check_head(name, head, kind)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                rule = f"has {len(cells)} cells where the head has {len(head)}"
                remedy = "put text with a comma into double quotes"
                raise ScenarioError(Problem(name, reader.line_num, "", "", rule, remedy))
            yield reader.line_num, dict(zip(head, (c.strip() for c in cells), strict=True))
    except csv.Error as error:
        rule, remedy = f"is no CSV: {error}", "save it as CSV, text in double quotes"
        raise ScenarioError(Problem(name, reader.line_num, "", "", rule, remedy)) from None


def _text(path: Path, name: str, kind: TableKind) -> str:
    try:
        if path.stat().st_size > kind.most_bytes:
            rule = f"is larger than {kind.most_bytes / 1e6:.0f} MB"
            raise ScenarioError(Problem(name, 0, "", "", rule, kind.doubt))
        return read_text(path)
    except UnicodeDecodeError:
        problem = Problem(name, 0, "", "", "is not UTF-8 text", "save it as CSV in UTF-8")
        raise ScenarioError(problem) from None
    except (OSError, ValueError) as error:
        rule = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ScenarioError(Problem(name, 0, "", "", rule, "name a CSV file")) from None


def _check_head(name: str, head: Sequence[str], kind: TableKind) -> None:
    if not set(head) & set(kind.columns):
        remedy = f"its first line names the columns: {', '.join(kind.required)}"
        rule = f"is no table of {kind.what}" if any(head) else "is empty"
        raise ScenarioError(Problem(name, 0, "", "", rule, remedy))
    problems = []
    for column in dict.fromkeys(head):
        if column not in kind.columns:
            near = nearest(column, kind.columns)
            remedy = f"did you mean {near}?" if near else f"known are {', '.join(kind.columns)}"
            rule = f"is no column of {kind.what}" if column else "a column has no name"
            problems.append(Problem(name, 1, column, "", rule, remedy))
        elif head.count(column) > 1:
            problems.append(Problem(name, 1, column, "", "stands twice", "keep one of them"))
    problems += [
        Problem(name, 1, column, "", "this column is missing", kind.add)
        for column in kind.required
        if column not in head
    ]
    if problems:
        raise ScenarioError(*problems)
