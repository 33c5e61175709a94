"""The rows of single trials, written as they come."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from simulator.analysis import REASONS, AnalysisPlan, AnalysisTable, Reason
from simulator.montecarlo.open_unit import UnitResult
from simulator.store import csv_text


class TrialRows:
    """A CSV file with a row for each trial and analysis, written as the trials come.

    A disk that is full costs the rows, not the answer.

    Attributes
    ----------
    failure
        Why rows could not be written, from which on none are; None: all were.
    """

    def __init__(self, path: Path, plans: Sequence[AnalysisPlan]) -> None:
        self.path = path
        self.names = [csv_text(plan.name) for plan in plans]
        self.failure: OSError | None = None
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(
            ("trial", "analysis", "p_value", "estimate", "standard_error", "low", "high", "result")
        )

    def __enter__(self) -> "TrialRows":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.file.close()
        except OSError as error:
            self.failure = self.failure or error

    def add(self, first_trial: int, unit: UnitResult) -> None:
        """Write the trials that come next, of which the table was asked for."""
        assert unit.table is not None
        if self.failure is not None:
            return
        try:
            self._write(first_trial, unit.table)
        except OSError as error:
            self.failure = error

    def _write(self, first_trial: int, table: AnalysisTable) -> None:
        columns = [column.tolist() for column in table]
        for row, cells in enumerate(zip(*columns, strict=True)):
            for name, *numbers, _, reason in zip(self.names, *cells, strict=True):
                shown = map(_or_empty, numbers)
                self.writer.writerow((first_trial + row, name, *shown, REASONS[Reason(reason)]))


def _or_empty(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
