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

from simulator.analysis import REASONS, Reason
from simulator.power import MonteCarlo
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


def write_power(folder: Path, summary: dict[str, Any], run: MonteCarlo) -> list[Path]:
    """Write a run: the summary as JSON and as text, and a CSV row for each trial and analysis."""
    name = f"power-{summary['scenario']}-seed{run.seed}"
    page = Console(file=io.StringIO(), width=110, highlight=False, markup=False)
    print_power(summary, page)
    print_funnel(summary, page)
    assert isinstance(page.file, io.StringIO)
    table = run.table
    rows = (
        (
            trial,
            plan.name,
            _or_empty(table.p_value[trial, k]),
            _or_empty(table.estimate[trial, k]),
            _or_empty(table.standard_error[trial, k]),
            REASONS[Reason(int(table.reason[trial, k]))],
        )
        for trial in range(run.trials)
        for k, plan in enumerate(run.plans)
    )
    header = ("trial", "analysis", "p_value", "estimate", "standard_error", "result")
    return [
        write_whole(folder / f"{name}.json", to_json(summary) + "\n"),
        write_whole(folder / f"{name}.txt", page.file.getvalue()),
        write_whole(folder / f"{name}.csv", to_csv(header, rows)),
    ]


def _or_empty(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
