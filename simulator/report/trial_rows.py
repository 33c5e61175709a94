"""The rows of single trials, written as they come."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from simulator.analysis import REASONS, AnalysisPlan, Reason
from simulator.montecarlo.units import UnitResult
from simulator.store import csv_text


class TrialRows:
    """A CSV file with a row for each trial and analysis, written as the trials come."""

    def __init__(self, path: Path, plans: Sequence[AnalysisPlan]) -> None:
        self.names = [csv_text(plan.name) for plan in plans]
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(
            ("trial", "analysis", "p_value", "estimate", "standard_error", "low", "high", "result")
        )

    def __enter__(self) -> "TrialRows":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, first_trial: int, unit: UnitResult) -> None:
        """Write the trials that come next, of which the table was asked for."""
        assert unit.table is not None
        columns = [column.tolist() for column in unit.table]
        for row, cells in enumerate(zip(*columns, strict=True)):
            for name, *numbers, _, reason in zip(self.names, *cells, strict=True):
                shown = map(_or_empty, numbers)
                self.writer.writerow((first_trial + row, name, *shown, REASONS[Reason(reason)]))


def _or_empty(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
