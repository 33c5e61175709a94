"""What a command left in its folder, to be compared byte by byte."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

APART = {"manifest.json", "run.log"}  # when, where and by whom


def files_of(run: Path) -> dict[str, bytes]:
    """Return the bytes of each file of a run, by name, but for those that tell of an attempt."""
    files = [path for path in run.rglob("*") if path.is_file() and path.name not in APART]
    found = {str(path.relative_to(run)): path.read_bytes() for path in files}
    assert "estimates.json" in found
    return found


def manifest_of(run: Path) -> dict[str, Any]:
    """Return what a run says of how it was made."""
    manifest: dict[str, Any] = json.loads((run / "manifest.json").read_text("utf-8"))
    return manifest


def forget_units(folder: Path) -> None:
    """Remove the units of a folder; a thread of a run that is over may still keep its last one."""
    for _ in range(50):
        shutil.rmtree(folder / "results", ignore_errors=True)
        if not (folder / "results").exists():
            return
        time.sleep(0.1)
