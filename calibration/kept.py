"""What the calibration works out once: small JSON files in the user's cache."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def read_kept(path: Path) -> Any:
    """Return the JSON that a file holds; None if there is no file, or it is not whole."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def keep(path: Path, plain: Any) -> None:
    """Write JSON, whole or not at all; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump(plain, file)
        os.replace(file.name, path)
    except OSError:
        return
