"""A scenario file with the values that a calibration found."""

import os
from pathlib import Path

from simulator.results.calibration import Calibration
from simulator.scenario.shipped import find_scenario, shipped_names


def calibrated_file(found: Calibration, asked: str, path: Path) -> str:
    """Return the text of a scenario that extends the one asked, to stand at a path."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._+-") else "-" for c in path.stem)
    missed = len(found.missed)
    met = f"{len(found.targets) - missed} of {len(found.targets)} targets met"
    lines = [
        f"# Values that trialsim calibrate found for {found.scenario}: {met}, {found.trials:,}",
        f"# trials, seed {found.seed}, trialsim {found.version}.",
        f"extends: {_extended(asked, path)}",
        f"name: {stem.lstrip('._+-') or 'calibrated'}",
        f'title: "{_quoted(found.title)}, calibrated"',
        found.block,
    ]
    return "\n".join(lines) + "\n"


def _extended(asked: str, path: Path) -> str:
    """Name of a shipped scenario as it is; else the way from the new file to the old one."""
    if asked in shipped_names():
        return asked
    old = find_scenario(asked, Path())
    way = os.path.relpath(old or asked, path.absolute().parent).replace(os.sep, "/")
    return f'"{_quoted(way)}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
