"""From a CSV file to rows of evidence, checked; errors name file, line, row and column."""

import csv
import dataclasses
import io
import math
import re
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from calibration.evidence.row_rules import broken_rules
from simulator.results.evidence import EvidenceRow, EvidenceStatus
from simulator.scenario.errors import Problem, ScenarioError, nearest, shown

EVIDENCE_FILE = Path(__file__).parent / "evidence.csv"
COLUMNS = tuple(field.name for field in dataclasses.fields(EvidenceRow))
REQUIRED = ("id", "topic", "quantity", "statistic", "unit", "status", "citation")

_MOST_BYTES = 20_000_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"\d{1,12}")
_TYPES = typing.get_type_hints(EvidenceRow)


class EvidenceError(ScenarioError):
    """A file of evidence cannot be used; `problems` names row, column, rule and remedy."""


class _BadCellError(ValueError):
    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.rule, self.remedy = rule, remedy


def read_evidence(
    path: Path | str | None = None, beside: Mapping[str, EvidenceRow] | None = None
) -> dict[str, EvidenceRow]:
    """Return the rows of a file of evidence by their id, in the order of the file.

    Parameters
    ----------
    path
        A CSV file in UTF-8 with the columns of `EvidenceRow`; those that are not `REQUIRED` may be
        left out. None: the evidence that comes with the program.
    beside
        Rows that derived rows may name as well, and whose ids are taken.

    Raises
    ------
    EvidenceError
        If the file cannot be read, or a row breaks a rule.
    """
    if path is None and beside is None:
        return dict(_shipped())
    found = EVIDENCE_FILE if path is None else Path(path)
    name = EVIDENCE_FILE.name if path is None else str(path)
    return _read(found, name, beside or {})


@cache
def _shipped() -> dict[str, EvidenceRow]:
    return _read(EVIDENCE_FILE, EVIDENCE_FILE.name, {})


def _read(path: Path, name: str, beside: Mapping[str, EvidenceRow]) -> dict[str, EvidenceRow]:
    problems: list[Problem] = []
    rows: dict[str, EvidenceRow] = {}
    lines: dict[str, int] = {}
    for line, cells in _records(path, name):
        row = _typed(name, line, cells, problems)
        if row is None:
            continue
        if row.id in rows or row.id in beside:
            other = f"line {lines[row.id]}" if row.id in rows else "the shipped evidence"
            rule = f"is the id of a row of {other} too"
            problems.append(Problem(name, line, row.id, "", rule, "give each row its own id"))
        else:
            rows[row.id], lines[row.id] = row, line
    problems += _broken_chains(name, rows, lines, beside)
    problems += _other_citations(name, rows, lines, beside)
    if problems:
        raise EvidenceError(*sorted(problems, key=lambda problem: problem.line))
    if not rows:
        raise EvidenceError(Problem(name, 0, "", "", "has no rows", "give one row per figure"))
    return rows


def _records(path: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row that is not blank."""
    reader = csv.reader(io.StringIO(_text(path, name), newline=""), strict=True)
    try:
        head = [cell.strip() for cell in next(reader, [])]
        _check_head(name, head)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                rule = f"has {len(cells)} cells where the head has {len(head)}"
                remedy = "put text with a comma into double quotes"
                raise EvidenceError(Problem(name, reader.line_num, cells[0], "", rule, remedy))
            yield reader.line_num, dict(zip(head, (c.strip() for c in cells), strict=True))
    except csv.Error as error:
        remedy = "save it as CSV, text in double quotes"
        problem = Problem(name, reader.line_num, "", "", f"is no CSV: {error}", remedy)
        raise EvidenceError(problem) from None


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            rule = f"is larger than {_MOST_BYTES / 1e6:.0f} MB"
            raise EvidenceError(Problem(name, 0, "", "", rule, "is it a table of figures?"))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problem = Problem(name, 0, "", "", "is not UTF-8 text", "save it as CSV in UTF-8")
        raise EvidenceError(problem) from None
    except (OSError, ValueError) as error:
        rule = getattr(error, "strerror", None) or str(error)
        problem = Problem(name, 0, "", "", f"cannot be read: {rule}", "name a CSV file")
        raise EvidenceError(problem) from None


def _check_head(name: str, head: list[str]) -> None:
    if not any(head):
        remedy = f"the first line names the columns: {', '.join(REQUIRED)} and more"
        raise EvidenceError(Problem(name, 0, "", "", "is empty", remedy))
    problems = []
    for column in head:
        if column not in COLUMNS:
            near = nearest(column, COLUMNS)
            remedy = f"did you mean {near}?" if near else f"known are {', '.join(COLUMNS)}"
            rule = "is not a column of evidence" if column else "a column has no name"
            problems.append(Problem(name, 1, column, "", rule, remedy))
        elif head.count(column) > 1:
            problems.append(Problem(name, 1, column, "", "stands twice", "keep one of them"))
    problems += [
        Problem(name, 1, column, "", "this column is missing", "add it")
        for column in REQUIRED
        if column not in head
    ]
    if problems:
        raise EvidenceError(*dict.fromkeys(problems))


def _typed(
    name: str, line: int, cells: Mapping[str, str], problems: list[Problem]
) -> EvidenceRow | None:
    """Return a row; None where a cell is of the wrong type or a rule is broken."""
    before, found = len(problems), {}
    for column in COLUMNS:
        text = cells.get(column, "")
        try:
            found[column] = _cell(column, text)
        except _BadCellError as error:
            key = f"{cells['id']}.{column}"
            problems.append(Problem(name, line, key, shown(text), error.rule, error.remedy))
    if len(problems) > before:
        return None
    row = EvidenceRow(**found)
    decimals = len(cells.get("value", "").partition(".")[2])
    for broken in broken_rules(row, decimals):
        value = shown(cells[broken.column]) if cells.get(broken.column) else ""
        key = f"{row.id}.{broken.column}"
        problems.append(Problem(name, line, key, value, broken.rule, broken.remedy))
    return row


def _cell(column: str, text: str) -> Any:
    hint = _TYPES[column]
    if hint is float:
        return _number(text)
    if column in ("n", "count"):
        if text and not _WHOLE.fullmatch(text):
            raise _BadCellError("must be a whole number", "write 0, 1, 2 ... or leave it empty")
        return int(text) if text else None
    if column == "derived_from":
        return tuple(text.replace(",", " ").replace(";", " ").split())
    if column == "count_kind":
        return _word(_member(hint), text) if text else None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _word(hint, text)
    return text


def _member(hint: Any) -> type[Enum]:
    found: type[Enum] = next(one for one in typing.get_args(hint) if one is not type(None))
    return found


def _number(text: str) -> float:
    if not text:
        return math.nan
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        remedy = "write one number with a decimal point; mean and sd, median and quartiles, range "
        remedy += "and words have columns of their own"
        raise _BadCellError("must be one finite number", remedy)
    return float(text)


def _word(kind: type[Enum], text: str) -> Enum:
    known = [member.value for member in kind]
    if text not in known:
        near = nearest(text, known)
        remedy = f"did you mean {near}?" if near else f"one of {', '.join(known)}"
        raise _BadCellError("is not a known word" if text else "is empty", remedy)
    return kind(text)


def _broken_chains(
    name: str,
    rows: Mapping[str, EvidenceRow],
    lines: Mapping[str, int],
    beside: Mapping[str, EvidenceRow],
) -> Iterator[Problem]:
    """Yield derived rows that name no row, or in the end themselves."""
    known = {**beside, **rows}
    for row in rows.values():
        key, line = f"{row.id}.derived_from", lines[row.id]
        for one in row.derived_from:
            if one not in known:
                near = nearest(one, known)
                remedy = f"did you mean {near}?" if near else "name rows of this file"
                yield Problem(name, line, key, one, "is not a row of the evidence", remedy)
        if row.status is EvidenceStatus.DERIVED and row.id in _behind(row.id, known):
            rule = "is derived from itself in the end"
            yield Problem(name, line, key, "", rule, "name the rows of published figures")


def _behind(start: str, known: Mapping[str, EvidenceRow]) -> set[str]:
    """Rows that a row is derived from, and those that they are."""
    found: set[str] = set()
    left = list(known[start].derived_from)
    while left:
        one = left.pop()
        if one not in found and one in known:
            found.add(one)
            left += known[one].derived_from
    return found


def _other_citations(
    name: str,
    rows: Mapping[str, EvidenceRow],
    lines: Mapping[str, int],
    beside: Mapping[str, EvidenceRow],
) -> Iterator[Problem]:
    """Yield rows that cite a DOI otherwise than an earlier row: one source, one reference."""
    cited: dict[str, EvidenceRow] = {}
    for row in (*beside.values(), *rows.values()):
        first = cited.setdefault(row.doi.lower(), row) if row.doi else row
        if first.citation != row.citation and row.id in lines:
            rule = f"is not how row {first.id} cites the same DOI"
            key = f"{row.id}.citation"
            yield Problem(name, lines[row.id], key, shown(row.citation), rule, "write one of them")
