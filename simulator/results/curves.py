"""What becomes of a trial over time: tidy tables that figures are drawn from.

Means over the first trials of a run, with their Monte Carlo standard errors and percentiles over
trials (p5 to p95). They travel as CSV files beside the JSON of an answer.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from simulator.results.base import Record, Row, table

TRIALS_SEEN = 10_000
"""Trials of a run, from its first on, that the tables are of; of a shorter run, all."""


@dataclass(frozen=True, repr=False)
class SurvivalPoint(Record):
    """Kaplan-Meier survival of an arm at a patient day, and patients at risk."""

    arm: str
    day: float
    survival: float
    mcse: float
    p5: float
    p95: float
    at_risk: float


@dataclass(frozen=True, repr=False)
class RecruitmentPoint(Record):
    """Patients randomised by a trial day."""

    day: float
    mean: float
    mcse: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


@dataclass(frozen=True, repr=False)
class MeldPoint(Record):
    """Mean MELD of an arm at a visit, among the patients assessed."""

    arm: str
    day: float
    meld: float
    mcse: float
    p5: float
    p95: float
    patients: float


@dataclass(frozen=True, repr=False)
class SessionsPoint(Record):
    """Sessions of an arm in a week since randomisation: planned, and delivered."""

    arm: str
    week: int
    planned: float
    delivered: float
    mcse: float


@dataclass(frozen=True, repr=False)
class PlasmaPoint(Record):
    """Litres of plasma per week, in an interval of trial days."""

    month: int
    start_day: float
    end_day: float
    litres_per_week: float
    mcse: float
    p5: float
    p95: float


@dataclass(frozen=True, repr=False)
class LookPoint(Record):
    """A look at one trial, of the first trials of a run.

    Attributes
    ----------
    trial, look
        Index of the trial, and which look, from 1; the last is the final analysis.
    day
        Trial day on which its data were cut.
    information
        Share of the planned information.
    z
        Positive in favour of the second arm, or of what is to be shown; NaN without a result.
    effect
        That z on the scale of `Looks.measure`: the null value moved by z standard errors. It is
        the estimate where that is normal.
    decision
        `rejects`, `futility`, `goes on`; at the final analysis `rejects` or `does not reject`.
    favours
        The arm in whose favour it rejects; else empty.
    """

    trial: int
    look: int
    day: float
    information: float
    z: float
    effect: float
    decision: str
    favours: str


@dataclass(frozen=True, repr=False)
class StopPoint(Record):
    """Share of trials that end in an interval of trial days, by how they end.

    Attributes
    ----------
    efficacy, futility
        A look stops them: the day is that of its decision.
    planned
        No look does: the day is that of the last follow-up.

    Trials that slow recruitment ends without a test are in none of them.
    """

    month: int
    start_day: float
    end_day: float
    efficacy: float
    futility: float
    planned: float


@dataclass(frozen=True, repr=False)
class Curves(Record):
    """All of them; a table that the scenario does not model is empty."""

    survival: tuple[SurvivalPoint, ...] = ()
    recruitment: tuple[RecruitmentPoint, ...] = ()
    meld: tuple[MeldPoint, ...] = ()
    sessions: tuple[SessionsPoint, ...] = ()
    plasma: tuple[PlasmaPoint, ...] = ()
    looks: tuple[LookPoint, ...] = ()
    stops: tuple[StopPoint, ...] = ()

    def tables(self) -> dict[str, list[Row]]:
        """Return the tables that are not empty, by name."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: table(records) for name, records in found.items() if records}

    @classmethod
    def of_tables(cls, tables: Mapping[str, Iterable[Mapping[str, str]]]) -> "Curves":
        """Return the curves of CSV tables, each cell as it is written.

        Raises
        ------
        KeyError, ValueError
            If a column is missing, or a cell is no number.
        """
        return cls(
            **{
                name: tuple(_point(kind, row) for row in tables.get(name, ()))
                for name, kind in _POINTS.items()
            }
        )


_POINTS: dict[str, type[Record]] = {
    "survival": SurvivalPoint,
    "recruitment": RecruitmentPoint,
    "meld": MeldPoint,
    "sessions": SessionsPoint,
    "plasma": PlasmaPoint,
    "looks": LookPoint,
    "stops": StopPoint,
}


def _point(kind: type[Record], row: Mapping[str, str]) -> Any:
    return kind(**{f.name: _cell(f.type, row[f.name]) for f in fields(kind)})


def _cell(kind: Any, cell: str) -> str | int | float:
    if kind is str:
        return cell
    if kind is int:
        return int(cell)
    return float(cell) if cell else math.nan
