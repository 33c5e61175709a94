"""Which studies a synthesis rests on: a CSV file, checked; errors name line, column and remedy.

Columns: docs/synthesis.md, section 1.
"""

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeVar

from calibration.csv_rows import TableKind, csv_rows
from calibration.synthesis import conversions as convert
from calibration.synthesis.hazard_shape import LATEST
from simulator.errors import RuleError
from simulator.results.prior import Parameter, StudyUse
from simulator.scenario.errors import Problem, ScenarioError, nearest, shown

SHIPPED = Path(__file__).parent / "studies.csv"
SHIPPED_NAME = "shipped"
ENDPOINTS = ("death", "death_or_transplant")
RATIOS = ("HR", "RR", "OR")
MORTALITY = "mortality"
_COUNTS = ("deaths", "n", "control_deaths", "control_n")
_ESTIMATE = ("measure", "estimate", "low", "high")
COLUMNS = (
    *("parameter", "rows", "study", *_COUNTS, *_ESTIMATE, "control_risk"),
    *("day", "endpoint", "weight", "use", "why"),
)
_MOST_STUDIES, _MOST_PATIENTS = 100, 1_000_000
_ADD = "add it; its cells may be empty"
_TABLE = TableKind("studies", COLUMNS, COLUMNS, 1_000_000, "is it a table of studies?", _ADD)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_ROW = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}")  # it goes into a line of YAML
_WORD = TypeVar("_WORD", bound=Enum)


class Study(NamedTuple):
    """A row of the file; what is empty is None. Columns as in the file."""

    parameter: Parameter
    rows: tuple[str, ...]
    study: str
    deaths: int | None
    n: int | None
    control_deaths: int | None
    control_n: int | None
    measure: str | None
    estimate: float | None
    low: float | None
    high: float | None
    control_risk: float | None
    day: float
    endpoint: str
    weight: float
    use: StudyUse
    why: str

    @property
    def has_counts(self) -> bool:
        """Whether deaths are counted, rather than estimated."""
        return self.deaths is not None


def read_studies(path: Path | None = None) -> list[Study]:
    """Return the studies of a file, or those that come with the program.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or a row breaks a rule: line, column, value, rule, remedy.
    """
    name = SHIPPED_NAME if path is None else str(path)
    found, problems = [], []
    for line, cells in csv_rows(SHIPPED if path is None else path, name, _TABLE):
        wrong: list[Problem] = []
        study = _study(cells, name, line, wrong)
        problems += wrong
        if study is not None and not wrong:
            found.append(study)
    if problems:
        raise ScenarioError(*problems)
    if not found:
        raise ScenarioError(Problem(name, 0, "", "", "has no studies", "give a row for each"))
    if not any(study.weight > 0 for study in found):
        rule, remedy = "no study has a weight above 0", "nothing is known: give studies a weight"
        raise ScenarioError(Problem(name, 0, "weight", "", rule, remedy))
    if len(found) > _MOST_STUDIES:
        rule = f"has {len(found):,} studies, and the most is {_MOST_STUDIES}"
        raise ScenarioError(Problem(name, 0, "", "", rule, "this is a synthesis of few studies"))
    return found


def _study(cells: Mapping[str, str], name: str, line: int, problems: list[Problem]) -> Study | None:
    """Return a row; what is wrong with it is added to the problems."""

    def wrong(column: str, error: RuleError) -> None:
        value = shown(cells[column]) if cells.get(column) else ""
        problems.append(Problem(name, line, column, value, error.rule, error.remedy))

    values: dict[str, object] = {}
    for column in COLUMNS:
        try:
            values[column] = _cell(column, cells[column])
        except RuleError as error:
            wrong(column, error)
    if problems:
        return None
    study = Study(**values)  # type: ignore[arg-type]
    try:
        _check(study)
    except RuleError as error:
        wrong(error.key, error)
    return study


def _cell(column: str, text: str) -> object:
    if column == "parameter":
        return _word(Parameter, text)
    if column == "use":
        return _word(StudyUse, text)
    if column in ("endpoint", "measure"):
        known = ENDPOINTS if column == "endpoint" else (MORTALITY, *RATIOS)
        if text not in known and (text or column == "endpoint"):
            raise RuleError("is not known", f"write {' or '.join(known)}")
        return text or None
    if column == "rows":
        rows = tuple(text.replace(",", " ").split())
        if not all(_ROW.fullmatch(row) for row in rows):
            raise RuleError("names no rows of evidence", "as A01 A02; empty if there are none")
        return rows
    if column in ("study", "why"):
        if not text:
            raise RuleError("is empty", "say which study" if column == "study" else "say why")
        return " ".join(text.split())
    if column in _COUNTS:
        return _count(text)
    return _number(column, text)


def _word(words: type[_WORD], text: str) -> _WORD:
    try:
        return words(text)
    except ValueError:
        known = [str(word.value) for word in words]
        near = nearest(text, known)
        remedy = f"did you mean {near}?" if near else f"write {' or '.join(known)}"
        raise RuleError("is not known", remedy) from None


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= _MOST_PATIENTS) or len(text) > 9:
        raise RuleError(f"must be a whole number of at most {_MOST_PATIENTS:,}", "as 26")
    return int(text)


def _number(column: str, text: str) -> float | None:
    if not text:
        if column in ("day", "weight"):
            raise RuleError("is empty", "as 84" if column == "day" else "as 0.5; 0: set aside")
        return None
    if _NUMBER.fullmatch(text) is None:
        hint = "write 45 % as 0.45" if "%" in text else "leave it empty where it is not known"
        raise RuleError("must be a number", hint)
    value = float(text)
    limits = {"day": (1.0, LATEST), "weight": (0.0, 1.0), "control_risk": (1e-6, 1 - 1e-6)}
    low, high = limits.get(column, (1e-6, 1e6))
    if not low <= value <= high:
        raise RuleError(f"must be a number from {low:g} to {high:g}", "correct it")
    return value


def _check(study: Study) -> None:
    """Check what cells of a row have to do with one another; the key of an error is a column."""
    counts = [getattr(study, column) for column in _COUNTS]
    estimate = [getattr(study, column) for column in _ESTIMATE]
    if study.use is StudyUse.HELD_OUT:
        if study.weight > 0:
            raise RuleError("is held out, and has a weight", "write 0, or use it", "weight")
        if all(value is None for value in (*counts, *estimate)):
            return
    if any(value is not None for value in counts) == any(v is not None for v in estimate):
        rule = "a study has either counts or an estimate with its interval"
        raise RuleError(rule, "fill in deaths and n, or measure, estimate, low and high", "deaths")
    if study.has_counts or study.n is not None or study.control_n is not None:
        _check_counts(study)
    else:
        _check_estimate(study)


def _check_counts(study: Study) -> None:
    two = study.parameter is not Parameter.MORTALITY
    pairs = [("deaths", "n")] + [("control_deaths", "control_n")] * two
    for deaths, n in pairs:
        count, size = getattr(study, deaths), getattr(study, n)
        for column, value in ((deaths, count), (n, size)):
            if value is None:
                raise RuleError("is missing", "counts need deaths and patients", column)
        if size < 1:
            raise RuleError("must be at least 1", "correct it", n)
        if count > size:
            raise RuleError(
                f"more deaths than the {size} patients", "deaths, not survivors", deaths
            )
    if not two and (study.control_deaths is not None or study.control_n is not None):
        raise RuleError("is of one arm", "leave it empty for a mortality", "control_n")


def _check_estimate(study: Study) -> None:
    estimate, low, high = study.estimate, study.low, study.high
    known = (MORTALITY,) if study.parameter is Parameter.MORTALITY else RATIOS
    if study.measure not in known:
        rule = f"an estimate of {study.parameter.value} is of another measure"
        raise RuleError(rule, f"write {' or '.join(known)}", "measure")
    for column in ("estimate", "low", "high"):
        value = getattr(study, column)
        if value is None:
            raise RuleError("is missing", "an estimate needs its 95 % interval", column)
        if study.measure == MORTALITY and not 0 < value < 1:
            raise RuleError("must be between 0 and 1", "write 45 % as 0.45", column)
    assert estimate is not None
    assert low is not None
    assert high is not None
    if not low < estimate < high:
        rule = f"the interval, {low:g} to {high:g}, does not hold it"
        raise RuleError(rule, "correct the estimate or the interval", "estimate")
    if study.measure in ("RR", "OR"):
        if study.control_risk is None:
            rule = f"is missing: {study.measure} is turned into a hazard ratio"
            raise RuleError(rule, "give the control arm's risk by that day", "control_risk")
        if study.measure == "RR" and not high * study.control_risk < 1:
            rule = f"with a risk ratio of up to {high:g} the risk would be 1 or more"
            raise RuleError(rule, "give a lower risk, or counts", "control_risk")


def on_own_scale(study: Study) -> tuple[float, float, float]:
    """Return estimate and interval of a study without counts: mortality by its day, or a ratio."""
    values = (study.estimate, study.low, study.high)
    found = [value for value in values if value is not None]
    risk = study.control_risk
    if study.measure == "RR" and risk is not None:
        found = [convert.hazard_ratio_of_risk_ratio(value, risk) for value in found]
    if study.measure == "OR" and risk is not None:
        found = [convert.hazard_ratio_of_odds_ratio(value, risk) for value in found]
    estimate, low, high = found
    return estimate, low, high
