"""What is kept in the user's cache: where, how, and by which digests of this very program.

All of it can be worked out again. A file there is written aside and then renamed, and begins with a
checksum: what is cut off or changed is taken for absent, and replaced.
"""

import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

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
    "lanes",
    "linked.py",
    "montecarlo",
    "records.py",
    "rules",
)
_NO_NUMBERS = (
    "arguments.py",
    "cli",
    "interrupts.py",
    "justification.py",
    "log.py",
    "report",
    "results",
    "store",
    "study.py",
)  # nothing there changes a value


_SETTLED_SECONDS = 2.0  # a file may be written twice within a tick of the clock of its folder


class Digests(NamedTuple):
    """Digests of the sources, each in the keys of what a change of them makes stale."""

    sources: str  # all of both packages: of answers
    model: str  # without what changes no value: of values
    kernels: str  # of compiled code


def _digests() -> Digests:
    """Digests of the sources as they are now.

    To read and digest all of them takes .1 s at every start. So they are kept by what the system
    says of each file, its name, size, place on the disk and times, of which the last (ctime) is set
    by every change and cannot be set back by a program that keeps the others.
    """
    files = sorted(_listed(str(_PACKAGE)) + _listed(str(_CALIBRATION)))
    stamp = hashlib.sha256(repr(files).encode()).hexdigest()[:32]
    place = cache_folder() / "sources" / f"{stamp}.json"
    try:
        return Digests(*map(str, read_kept(place)))
    except TypeError:  # there is none, or it is none of three
        found = Digests(_digest(), _digest(without=_NO_NUMBERS), _digest(only=_COMPILED))
    newest = max(max(file.changed_ns, file.modified_ns) for file in files) / 1e9
    if abs(time.time() - newest) > _SETTLED_SECONDS:
        keep(place, found)
    return found


class _Listed(NamedTuple):
    path: str
    size: int
    inode: int
    modified_ns: int
    changed_ns: int


def _listed(folder: str) -> list[_Listed]:
    """Source files of a folder and those below as the system lists them."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                s = entry.stat()
                it = _Listed(entry.path, s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns)
                found.append(it)
            elif entry.name != "__pycache__" and entry.is_dir():
                found += _listed(entry.path)
    return found


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


def read_kept(path: Path) -> Any:
    """Return the JSON that a file keeps; None if there is no file, or it is not whole."""
    try:
        checksum, _, text = path.read_text("utf-8").partition("\n")
        return json.loads(text) if checksum == _checksum(text) else None
    except (OSError, ValueError, RecursionError):
        return None


def keep(path: Path, plain: Any) -> None:
    """Write JSON, whole or not at all; a cache that cannot be written is done without."""
    text = json.dumps(plain)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(f"{_checksum(text)}\n{text}")
        os.replace(file.name, path)
    except OSError:
        return


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


SOURCES_DIGEST, MODEL_DIGEST, KERNELS_DIGEST = _digests()
