"""The table of speeds: a row a measurement, kept in `results/reference/speed.csv`.

`asked` and `aim` are what a measurement is held to, `before` is what the same benchmark gave, on
the same machine, before decision 22.
"""

import csv
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

TABLE = Path(__file__).parents[2] / "results" / "reference" / "speed.csv"
COLUMNS = "work", "measured", "unit", "asked", "aim", "before", "date", "load", "machine"


def machine() -> str:
    """Describe what was measured on: processor, cores, Python and the libraries that compile."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    widest = "AVX-512" if "avx512f" in Path("/proc/cpuinfo").read_text() else "AVX2 or less"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "llvmlite"))
    python = platform.python_version()
    return f"{names[0]} ({widest}), {os.cpu_count()} cores; Python {python}, {libraries}"


def record(work: str, measured: float, unit: str, asked: str = "", aim: str = "") -> str:
    """Write a row in place of the one of the same work; return it as a line to print."""
    rows = {}
    if TABLE.exists():
        with TABLE.open(newline="") as file:
            rows = {row["work"]: row for row in csv.DictReader(file)}
    rows[work] = {
        "work": work,
        "measured": f"{measured:.3g}" if measured < 1000 else f"{measured:.0f}",
        "unit": unit,
        "asked": asked,
        "aim": aim,
        "before": rows.get(work, {}).get("before", ""),
        "date": datetime.now(UTC).date().isoformat(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "machine": machine(),
    }
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows.values())
    told = f"{work}: {rows[work]['measured']} {unit}"
    return told + (f" (asked {asked})" if asked else "")
