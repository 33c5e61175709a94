"""From a CSV file to rows of evidence, checked; errors name file, line, row and column."""

import dataclasses
import math
import re
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from calibration.csv_rows import TableKind, csv_rows
from calibration.evidence.row_rules import broken_rules
from simulator.results.evidence import EvidenceRow, EvidenceStatus
from simulator.scenario.errors import Problem, ScenarioError, nearest, shown

EVIDENCE_FILE = Path(__file__).parent / "evidence.csv"
COLUMNS = tuple(field.name for field in dataclasses.fields(EvidenceRow))
REQUIRED = ("id", "topic", "quantity", "statistic", "unit", "status", "citation")

_TABLE = TableKind("evidence", COLUMNS, REQUIRED, 20_000_000, "is it a table of figures?", "add it")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"\d{1,12}")
_TYPES = typing.get_type_hints(EvidenceRow)


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
    ScenarioError
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
    for line, cells in csv_rows(path, name, _TABLE):
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
        raise ScenarioError(*sorted(problems, key=lambda problem: problem.line))
    if not rows:
        raise ScenarioError(Problem(name, 0, "", "", "has no rows", "give one row per figure"))
    return rows


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
