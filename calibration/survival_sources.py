"""Sources of a baseline hazard: files, and rows of evidence that give survival or mortality.

Rows of one citation, population and arm are one source. Where rows give no number of patients, or
an interval beside it, as a pooled survival has, their interval says how much they know: the number
of patients that would give its standard error. Of several the smallest is taken.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from calibration.evidence import CountKind, EvidenceRow, Statistic, Topic, read_evidence
from calibration.hazard_cells import SurvivalPoints
from calibration.survival_files import SurvivalSource, read_survival
from simulator.inputs import note
from simulator.scenario.errors import Problem, ScenarioError, nearest

_Z = 1.959963984540054
_SHARES = {"%": 100.0, "fraction": 1.0}
_DEATHS = CountKind.DEATHS, CountKind.DEATHS_OR_TRANSPLANTS
_TITLE = 28
_REMEDY = "name rows of survival or mortality at a day"


def survival_sources(names: Sequence[str]) -> list[SurvivalSource]:
    """Return the sources that CSV files and rows of evidence make, the files first.

    Raises
    ------
    ScenarioError
        If a file or a row cannot be used, or a name is neither.
    """
    files = [name for name in dict.fromkeys(names) if _is_file(name)]
    rows = [name for name in names if name not in files]
    found = [read_survival(Path(name)) for name in files]
    return [*found, *(survival_of_rows(rows, read_evidence()) if rows else [])]


def _is_file(name: str) -> bool:
    if name.lower().endswith(".csv") or "/" in name or Path(name).is_file():
        return True
    note(Path(name))  # a file of that name would be meant instead of the row
    return False


def survival_of_rows(ids: Sequence[str], rows: Mapping[str, EvidenceRow]) -> list[SurvivalSource]:
    """Return the sources that rows of evidence make, in the order in which they are named.

    Raises
    ------
    ScenarioError
        If a row is not known, or says nothing of survival at a day; says which, and why.
    """
    groups: dict[tuple[str, str, str], list[EvidenceRow]] = {}
    for one in dict.fromkeys(ids):
        if one not in rows:
            near = nearest(one, rows)
            remedy = f"did you mean {near}?" if near else "trialsim evidence lists them"
            raise _wrong(one, "is no row of evidence, and no file", remedy)
        row = rows[one]
        _refuse_what_is_no_survival(row)
        groups.setdefault((row.citation, row.population, row.arm), []).append(row)
    return [_source(group) for group in groups.values()]


def _wrong(row: str, rule: str, remedy: str) -> ScenarioError:
    return ScenarioError(Problem("SOURCE", 0, row, "", rule, remedy))


def _refuse_what_is_no_survival(row: EvidenceRow) -> None:
    if math.isnan(_survival(row)):
        rule = f"is {row.quantity} ({row.unit}): no share of patients alive or dead"
        raise _wrong(row.id, rule, _REMEDY)
    if not row.time_days > 0:
        raise _wrong(row.id, "is not of a day after day 0", _REMEDY)


def _survival(row: EvidenceRow) -> float:
    """Share alive, by a share or a count; NaN where the row is of something else."""
    if row.statistic is Statistic.COUNT and row.count is not None and row.n:
        share = row.count / row.n
        if row.count_kind is CountKind.SURVIVORS:
            return share
        return 1 - share if row.count_kind in _DEATHS else math.nan
    if row.statistic is not Statistic.ESTIMATE or row.unit not in _SHARES:
        return math.nan
    if row.topic not in (Topic.MORTALITY, Topic.COURSE):
        return math.nan
    share, what = row.value / _SHARES[row.unit], row.quantity.lower()
    if "surviv" in what:
        return share
    return 1 - share if "mortality" in what else math.nan


def _source(group: Sequence[EvidenceRow]) -> SurvivalSource:
    ordered = sorted(group, key=lambda row: row.time_days)
    days = np.array([row.time_days for row in ordered])
    alive = np.array([_survival(row) for row in ordered])
    for before, row in pairwise(ordered):
        if row.time_days == before.time_days:
            raise _wrong(row.id, f"is of the same day as {before.id}", "leave one out")
        if _survival(row) > _survival(before):
            raise _wrong(row.id, f"survival is above that of {before.id}, earlier", "leave one out")
    sizes = [_patients(row) for row in ordered]
    known = [size for size in sizes if not math.isnan(size)]
    name = f"{_ids(ordered)}, {_who(ordered[0])}"
    points = SurvivalPoints(name, days, alive, min(known, default=math.nan))
    return SurvivalSource(points, days, alive)


def _patients(row: EvidenceRow) -> float:
    """How many patients a row speaks for."""
    if row.has_interval:
        error = (row.ci_high - row.ci_low) / (2 * _Z * _SHARES[row.unit])
        alive = _survival(row)
        return alive * (1 - alive) / error**2
    return math.nan if row.n is None else float(row.n)


def _ids(rows: Sequence[EvidenceRow]) -> str:
    return " ".join(row.id for row in rows)


def _who(row: EvidenceRow) -> str:
    """First author or title, shortened, and the arm."""
    if not row.citation:
        return f"derived, {row.arm}" if row.arm else "derived"
    cited = row.citation.split("]")[-1].strip()
    first = cited.split(",")[0] if "," in cited[:40] else f"{cited[:_TITLE].rsplit(' ', 1)[0]} ..."
    return f"{first}, {row.arm}" if row.arm else first
