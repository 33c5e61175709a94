"""What names this very program in the keys of what is kept, and where it is kept."""

import hashlib
import os
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).parent
_CALIBRATION = _PACKAGE.parent / "calibration"
# Rooms whose compiled functions call one another across files: Numba sees an edit in the file that
# defines a kernel, not in those of the kernels that it calls.
_COMPILED = (
    "allocation",
    "analysis",
    "constants.py",
    "declarations/exits.py",  # numbers that are compiled in
    "declarations/schemes",
    "draws.py",
    "engines",
    "linked.py",
    "montecarlo",
    "records.py",
    "rules",
)
_NO_NUMBERS = (
    "arguments.py",
    "cli",
    "justification.py",
    "report",
    "results",
    "store.py",
    "study.py",
)  # nothing there changes a value


def _digest(only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> str:
    """Digest of the sources of both packages, of some rooms alone, or of all but some."""
    digest = hashlib.sha256()
    for package in (_PACKAGE, _CALIBRATION):
        for source in sorted(package.rglob("*.py")):
            name = source.relative_to(package)
            inside = package == _PACKAGE
            if only and not (inside and any(map(name.is_relative_to, only))):
                continue
            if inside and name.parts[0] in without:
                continue
            digest.update(f"{package.name}/{name.as_posix()}".encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


SOURCES_DIGEST = _digest()  # names this very program, calibration included, in the keys of answers
MODEL_DIGEST = _digest(without=_NO_NUMBERS)  # in those of values that are kept
KERNELS_DIGEST = _digest(only=_COMPILED)  # and in those of compiled code


def cache_folder() -> Path:
    """Folder for what can be worked out again; a temporary one if home cannot be written to."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        place = home if home.exists() else home.parent
        writable = place.is_dir() and os.access(place, os.W_OK)
    except (OSError, RuntimeError):  # no HOME, and a user whom the system does not know
        writable = False
    if writable:
        return home / "trialsim"
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"trialsim-{user}"
