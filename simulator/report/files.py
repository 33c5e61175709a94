"""Writing results: JSON that any reader takes, CSV, and files that are whole or not there."""

import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from simulator.analysis import REASONS, AnalysisPlan, Reason
from simulator.power import MonteCarlo, Unit
from simulator.report.text import print_funnel, print_power


def to_json(value: Any) -> str:
    """Return JSON text; a number that does not exist (NaN, infinity) is null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write_whole(path: Path, text: str) -> Path:
    """Write a file under its name only once it is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


class TrialRows:
    """A CSV file with a row for each trial and analysis, written as the trials come.

    It has its name only once it is complete; as a context manager it leaves nothing behind where
    it is not.
    """

    def __init__(self, folder: Path, plans: Sequence[AnalysisPlan]) -> None:
        self.names = [plan.name for plan in plans]
        handle, self.temporary = tempfile.mkstemp(dir=folder, prefix=".power.")
        self.file = os.fdopen(handle, "w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(
            ("trial", "analysis", "p_value", "estimate", "standard_error", "low", "high", "result")
        )

    def __enter__(self) -> "TrialRows":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        Path(self.temporary).unlink(missing_ok=True)

    def add(self, first_trial: int, unit: Unit) -> None:
        """Write the trials that come next."""
        columns = [column.tolist() for column in unit.table]
        for row, cells in enumerate(zip(*columns, strict=True)):
            for name, *numbers, _, reason in zip(self.names, *cells, strict=True):
                shown = map(_or_empty, numbers)
                self.writer.writerow((first_trial + row, name, *shown, REASONS[Reason(reason)]))

    def finish(self, path: Path) -> Path:
        """Give the file its name."""
        self.file.close()
        os.chmod(self.temporary, 0o644)
        os.replace(self.temporary, path)
        return path


def write_power(
    folder: Path, summary: dict[str, Any], run: MonteCarlo, rows: TrialRows
) -> list[Path]:
    """Write a run: the summary as JSON and as text, and the rows of its trials under their name."""
    name = f"power-{summary['scenario']}-seed{run.seed}"
    page = Console(file=io.StringIO(), width=110, highlight=False, markup=False)
    print_power(summary, page)
    print_funnel(summary, page)
    assert isinstance(page.file, io.StringIO)
    return [
        write_whole(folder / f"{name}.json", to_json(summary) + "\n"),
        write_whole(folder / f"{name}.txt", page.file.getvalue()),
        rows.finish(folder / f"{name}.csv"),
    ]


def _or_empty(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
