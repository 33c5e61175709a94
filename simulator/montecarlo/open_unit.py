"""The result of a unit of work, and how its trials are added up, part by part."""

from typing import Any, NamedTuple

import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.montecarlo.columns import MetricRows, column_of
from simulator.montecarlo.evaluation import Evaluation, Observed
from simulator.montecarlo.look_sums import LooksOfTrials
from simulator.montecarlo.sums import Sums, Verdicts, packed
from simulator.params.types import Params
from simulator.records import Floats


class UnitResult(NamedTuple):
    """What one unit of work gave.

    Attributes
    ----------
    sums
        What its trials add up to.
    verdicts
        What the analyses come to, trial by trial.
    observed
        What was seen of the records, a row a trial looked at; empty if nobody looked.
    columns, table, controls
        Of single trials, what was asked for.
    """

    sums: Sums
    verdicts: Verdicts
    observed: Observed
    columns: dict[str, Any]
    table: AnalysisTable | None
    controls: Floats | None


class Part(NamedTuple):
    """Successive trials of a unit, simulated and analysed, not yet added up."""

    table: AnalysisTable
    rows: MetricRows
    observed: Observed
    controls: Floats | None = None
    looks: LooksOfTrials | None = None

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.rows.counts.shape[1])


class OpenUnit:
    """A unit whose trials are being added up, part by part in their order."""

    def __init__(self, params: Params, asked: Evaluation) -> None:
        self.asked = asked
        self.sums = asked.new_sums(params)
        self._verdicts: list[Bools] = []
        self._observed: list[Observed] = []
        self._columns: list[dict[str, Any]] = []
        self._tables: list[AnalysisTable] = []
        self._controls: list[Floats] = []

    @property
    def trials(self) -> int:
        """How many were added up."""
        return self.sums.trials

    def add(self, part: Part, trials: int) -> None:
        """Add the first so many trials of the part that comes next."""
        if trials <= 0:
            return
        self._verdicts.append(self.sums.add(part.table, part.rows, trials, part.looks))
        if part.observed:
            self._observed.append(tuple(column[:trials] for column in part.observed))
        if self.asked.columns:
            layout = self.sums.totals.layout
            self._columns.append(
                {n: column_of(layout, part.rows, n)[:trials] for n in self.asked.columns}
            )
        if self.asked.table:
            self._tables.append(AnalysisTable._make(column[:trials] for column in part.table))
        if part.controls is not None:
            self._controls.append(part.controls[:trials])

    def close(self) -> UnitResult:
        """Return the unit; it has a trial."""
        return UnitResult(
            self.sums,
            packed(self._verdicts, len(self.asked.plans)),
            tuple(np.concatenate(parts) for parts in zip(*self._observed, strict=True)),
            {n: np.concatenate([found[n] for found in self._columns]) for n in self.asked.columns},
            AnalysisTable._make(np.concatenate(parts) for parts in zip(*self._tables, strict=True))
            if self._tables
            else None,
            np.concatenate(self._controls) if self._controls else None,
        )
