"""Sources of a baseline hazard from CSV files: survival at given days, or a Kaplan-Meier curve.

One file is one source. Its columns: `day`, `survival` (shares or per cent), and
- `n`, the number of patients on day 0: the rows are survival at given days, nobody censored before;
- or `at_risk`, the numbers at risk below a Kaplan-Meier curve, in the rows of their days (survival
  may be empty there): the rows are the curve;
- and `events`, the number of deaths in all, in one row of a curve.

A curve read at its steps says when each patient died. One read on a grid, or so seldom that several
patients die from reading to reading, says only between which readings they died.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from calibration.hazard_cells import CurveReadings, HazardSource, PatientTimes, SurvivalPoints
from calibration.kaplan_meier import Floats, Patients, as_shares, falling, reconstruct
from simulator.inputs import read_text
from simulator.scenario.errors import Problem, RuleError, ScenarioError, nearest

COLUMNS = "day", "survival", "n", "at_risk", "events", "note"
_LARGEST_BYTES, _MOST_ROWS = 5_000_000, 5_000
_LARGEST_DAY, _LARGEST_NUMBER = 36_525.0, 1e6
_DEATHS_A_STEP = 1.5  # on average, of a curve read at its steps: most are of one patient
_SAME_GAP = 0.02  # by how much of themselves the gaps of a grid may differ
_LIMITS = {
    "day": _LARGEST_DAY,
    "survival": 100.0,
    "n": _LARGEST_NUMBER,
    "at_risk": _LARGEST_NUMBER,
    "events": _LARGEST_NUMBER,
}


@dataclass(frozen=True)
class SurvivalSource:
    """A source with what was read of it.

    Attributes
    ----------
    days, survival
        The points as published, as shares.
    """

    source: HazardSource
    days: Floats
    survival: Floats

    def plain(self) -> dict[str, Any]:
        """Return what an answer depends on, as JSON has it."""
        source = self.source
        points = {"days": self.days.tolist(), "survival": self.survival.tolist()}
        plain = {"name": source.name, **points}
        if isinstance(source, SurvivalPoints):
            return plain | {"patients": None if math.isnan(source.size) else source.size}
        patients = source.patients
        plain |= {"time": patients.time_days.tolist(), "event": patients.event.tolist()}
        if isinstance(source, CurveReadings):
            plain["readings"] = source.days.tolist()
        return plain


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, float]  # NaN where empty

    def has(self, column: str) -> bool:
        return not math.isnan(self.cells.get(column, math.nan))


def read_survival(path: Path) -> SurvivalSource:
    """Return the source that a file holds.

    Raises
    ------
    ScenarioError
        With file, line, column, value, rule and remedy of what is wrong.
    """
    file = str(path)
    rows = list(_rows(file, _text(path)))
    if not rows:
        _refuse(file, 0, "", "", "has no rows", "give a row for each day: day,survival,n")
    if len(rows) > _MOST_ROWS:
        rule = f"has {len(rows):,} rows, of which {_MOST_ROWS:,} can be used"
        _refuse(file, 0, "", "", rule, "read the curve on a coarser grid, as of a tenth of a day")
    _check(file, rows)
    try:
        return _curve(file, rows) if any(r.has("at_risk") for r in rows) else _points(file, rows)
    except RuleError as error:
        raise ScenarioError(Problem(file, 0, error.key, "", str(error), error.remedy)) from None


def _refuse(file: str, line: int, key: str, value: str, rule: str, remedy: str) -> NoReturn:
    raise ScenarioError(Problem(file, line, key, value, rule, remedy))


def _text(path: Path) -> str:
    file = str(path)
    if not path.exists():
        _refuse(file, 0, "", "", "there is no such file", "name a CSV file, or rows of evidence")
    if not path.is_file():
        _refuse(file, 0, "", "", "is no file", "name a CSV file")
    if path.stat().st_size > _LARGEST_BYTES:
        _refuse(file, 0, "", "", "has over 5 MB", "give the points of one curve alone")
    try:
        return read_text(path)
    except UnicodeDecodeError:
        _refuse(file, 0, "", "", "is not text in UTF-8", "save it as CSV in UTF-8")


def _rows(file: str, text: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        _check_heads(file, heads)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num
            if len(cells) > len(heads):
                rule = f"has {len(cells)} cells, but there are {len(heads)} columns"
                _refuse(file, line, "", "", rule, "decimal points, not commas")
            named = zip(heads, [*cells, *[""] * len(heads)], strict=False)
            yield _Row(line, {h: _number(file, line, h, c) for h, c in named if h != "note"})
    except csv.Error as error:
        _refuse(file, reader.line_num, "", "", f"is not CSV: {error}", "save it as CSV in UTF-8")


def _check_heads(file: str, heads: Sequence[str]) -> None:
    known = ", ".join(COLUMNS[:-1])
    if not any(heads):
        _refuse(file, 0, "", "", "is empty", f"its first line names columns: {known}")
    if len(heads) == 1 and (";" in heads[0] or "\t" in heads[0]):
        _refuse(file, 1, "", "", "columns are not set apart by commas", "save it with commas")
    for head in heads:
        if head not in COLUMNS:
            near = nearest(head, COLUMNS)
            remedy = f"did you mean {near}?" if near else f"use {known}"
            _refuse(file, 1, head or '""', "", "is no column of a survival file", remedy)
        if heads.count(head) > 1:
            _refuse(file, 1, head, "", "stands twice", "leave one out")
    for needed in ("day", "survival"):
        if needed not in heads:
            remedy = "add it; months are 30.4375 days" if needed == "day" else "add it"
            _refuse(file, 1, needed, "", "is missing", remedy)


def _number(file: str, line: int, column: str, cell: str) -> float:
    written = cell.strip().removesuffix("%").strip()
    if not written:
        return math.nan
    try:
        value = float(written)
    except ValueError:
        point = written.replace(",", ".")
        remedy = "decimal points, not commas" if point != written else "correct it"
        _refuse(file, line, column, cell.strip(), "must be a number", remedy)
    limit = _LIMITS[column]
    # Reading a curve off a picture may give a little less than 0, or more than the whole.
    beyond = 0.05 * limit if column == "survival" else 0.0
    if not -beyond <= value <= limit + beyond:
        _refuse(file, line, column, cell.strip(), f"must be from 0 to {limit:,.10g}", "correct it")
    return value


def _check(file: str, rows: Sequence[_Row]) -> None:
    """Refuse rows that say nothing, and numbers in the wrong place."""
    for row in rows:
        if not row.has("day"):
            _refuse(file, row.line, "day", "", "is empty", "give the day of every row")
        if not (row.has("survival") or row.has("at_risk")):
            _refuse(file, row.line, "survival", "", "is empty", "give it, or leave the row out")
    given = [row for row in rows if row.has("events")]
    if len(given) > 1:
        remedy = "give the deaths in all, once"
        _refuse(file, given[1].line, "events", "", "stands in more than one row", remedy)
    sizes = {row.cells["n"] for row in rows if row.has("n")}
    if len(sizes) > 1:
        row = [row for row in rows if row.has("n")][-1]
        rule = "differs from row to row: it is the number of patients on day 0"
        _refuse(file, row.line, "n", f"{row.cells['n']:g}", rule, "use at_risk for later days")


def _points(file: str, rows: Sequence[_Row]) -> SurvivalSource:
    if any(row.has("events") for row in rows):
        line = next(row.line for row in rows if row.has("events"))
        _refuse(file, line, "events", "", "needs a curve", "add at_risk, on day 0 at least")
    size = next((row.cells["n"] for row in rows if row.has("n")), math.nan)
    if size == 0:
        _refuse(file, rows[0].line, "n", "0", "must be above 0", "give the number of patients")
    shares = as_shares([row.cells["survival"] for row in rows])
    ordered = sorted(zip([r.cells["day"] for r in rows], shares, rows, strict=True), key=_by_day)
    before_day, before = 0.0, 1.0
    for day, share, row in ordered:
        shown = f"{row.cells['survival']:g}"
        if day == 0:
            if share < 1:
                _refuse(file, row.line, "survival", shown, "must be 1 on day 0", "correct it")
            continue
        if day == before_day:
            _refuse(file, row.line, "day", f"{day:g}", "stands twice", "leave one out")
        if share > before:
            rule = f"must not climb: {before:g} on day {before_day:g}"
            remedy = "correct it or, of a curve read off a picture, give at_risk on day 0"
            _refuse(file, row.line, "survival", shown, rule, remedy)
        if share <= 0:
            _refuse(file, row.line, "survival", shown, "must be above 0", "leave the row out")
        before_day, before = day, share
    days = np.array([day for day, _, _ in ordered if day > 0])
    alive = np.array([share for day, share, _ in ordered if day > 0])
    if days.size == 0:
        _refuse(file, rows[0].line, "day", "0", "is the only day", "add survival on a later day")
    return SurvivalSource(SurvivalPoints(file, days, alive, size), days, alive)


def _by_day(item: "tuple[float, float, _Row]") -> float:
    return item[0]


def _curve(file: str, rows: Sequence[_Row]) -> SurvivalSource:
    table = {row.cells["day"]: row for row in rows if row.has("at_risk")}
    if 0.0 not in table and any(row.has("n") for row in rows):
        first = next(row for row in rows if row.has("n"))
        table[0.0] = _Row(first.line, {"day": 0.0, "at_risk": first.cells["n"]})
    if 0.0 not in table:
        line = min(row.line for row in table.values())
        _refuse(file, line, "at_risk", "", "needs the number on day 0", "add it, or column n")
    risk_days = sorted(table)
    before = math.inf
    for day in risk_days:
        number = table[day].cells["at_risk"]
        if number != math.floor(number) or number > before or (day == 0 and number < 1):
            rule = "must be whole, and not climb" if number else "must be above 0 on day 0"
            _refuse(file, table[day].line, "at_risk", f"{number:g}", rule, "correct it")
        before = number
    points = [row for row in rows if row.has("survival")]
    if not points:
        _refuse(file, rows[0].line, "survival", "", "is empty in every row", "give the curve")
    days = np.array([row.cells["day"] for row in points])
    alive = as_shares([row.cells["survival"] for row in points])
    deaths = next((row for row in rows if row.has("events")), None)
    if deaths is not None and not 0 < deaths.cells["events"] <= table[0.0].cells["at_risk"]:
        rule = "must be from 1 to the number at risk on day 0"
        _refuse(file, deaths.line, "events", f"{deaths.cells['events']:g}", rule, "correct it")
    patients = reconstruct(
        days,
        alive,
        risk_days,
        [table[day].cells["at_risk"] for day in risk_days],
        None if deaths is None else int(deaths.cells["events"]),
    )
    order = np.lexsort((-alive, days))
    days, alive = days[order], alive[order]
    last_of_day = np.append(np.diff(days) > 0, True)  # the lower end of a vertical step
    days, alive = days[last_of_day], alive[last_of_day]
    if last_of_day.all() and not _read_at_steps(days[days > 0], patients):
        days_read, survival = falling(days, alive)
        return SurvivalSource(CurveReadings(file, days_read, survival, patients), days, alive)
    return SurvivalSource(PatientTimes(file, patients), days, alive)


def _read_at_steps(days: Floats, patients: Patients) -> bool:
    """Whether the days of a curve are those of deaths, rather than some at which it was read."""
    gaps = np.diff(days, prepend=0.0)
    is_grid = gaps.size > 1 and np.ptp(gaps) <= _SAME_GAP * gaps.mean()
    steps = np.unique(patients.time_days[patients.event]).size
    return not is_grid and patients.event.sum() <= _DEATHS_A_STEP * steps
