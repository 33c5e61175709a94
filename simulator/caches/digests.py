"""Which program this is: digests of its sources and of the libraries that compute for it."""

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.caches.files import keep, read_kept
from simulator.caches.folders import digest_folder

_PACKAGE = Path(__file__).parents[1]
_CALIBRATION = _PACKAGE.parent / "calibration"
# Rooms whose compiled functions call one another across files: Numba sees an edit in the file that
# defines a kernel, not in those of the kernels that it calls.
_COMPILED = (
    "allocation",
    "analysis",
    "conduct.py",
    "constants.py",
    "declarations/analyses/hypothesis.py",
    "declarations/exits.py",  # numbers that are compiled in
    "declarations/schemes",
    "draws.py",
    "engines/compiled",
    "engines/independence.py",
    "engines/lanes",
    "kernels.py",
    "lanes",
    "linked.py",
    "monitoring/held.py",
    "monitoring/interpolated.py",
    "montecarlo/after_stopping.py",
    "montecarlo/conditional_paths.py",
    "montecarlo/conditional_redraws.py",
    "montecarlo/conditional_tables.py",
    "montecarlo/lane_metrics.py",
    "montecarlo/look_costs.py",
    "montecarlo/look_statistics.py",
    "montecarlo/look_sums.py",
    "montecarlo/multiplicity.py",
    "montecarlo/patient_counts.py",
    "montecarlo/overrun.py",
    "montecarlo/performance.py",
    "montecarlo/running_mean.py",
    "montecarlo/sums.py",
    "montecarlo/totals.py",
    "params/population.py",
    "planning/curves.py",
    "planning/observed.py",
    "records.py",
    "rules",
)
_NO_NUMBERS = (
    "arguments.py",
    "cli",
    "durable.py",
    "interrupts.py",
    "justification.py",
    "log.py",
    "report",
    "results",
    "store",
    "study.py",
)  # nothing there changes a value
# Another version of these may give other last digits.
_COMPUTING = {"joblib", "llvmlite", "numba", "numpy", "pandas", "scipy", "simpy"}

_SETTLED_SECONDS = 2.0  # a file may be written twice within a tick of the clock of its folder


class Digests(NamedTuple):
    """Digests of the sources, each in the keys of what a change of them makes stale."""

    sources: str  # all of both packages, without libraries
    program: str  # the same with libraries: of answers
    model: str  # without what changes no value: of values
    kernels: str  # of compiled code


def _digests() -> Digests:
    """Digests of the sources as they are now, and of the versions of libraries.

    To read and digest all of them takes .1 s at every start. So they are kept by what the system
    says of each file, its name, size, place on the disk and times, of which the last (ctime) is set
    by every change and cannot be set back by a program that keeps the others. Times are compared
    for being the same alone, so that a clock that was set back does no harm.
    """
    files = sorted(_listed(str(_PACKAGE)) + _listed(str(_CALIBRATION)))
    libraries = _libraries()
    stamp = hashlib.sha256(repr((files, libraries)).encode()).hexdigest()[:32]
    place = digest_folder("sources", stamp) / "digests.json"
    try:
        return Digests(*map(str, read_kept(place)))
    except TypeError:  # there is none, or it is none of four
        found = Digests(
            _digest(),
            _digest(libraries),
            _digest(libraries, without=_NO_NUMBERS),
            _digest(libraries, only=_COMPILED),
        )
    newest = max(max(file.changed_ns, file.modified_ns) for file in files) / 1e9
    if abs(time.time() - newest) > _SETTLED_SECONDS:
        keep(place, found)
    return found


def _libraries() -> list[str]:
    """Versions of Python and of the libraries that compute, as they are installed.

    By the names of folders, which takes less than a millisecond: `importlib.metadata` takes .03 s
    to import.
    """
    found: dict[str, str] = {}
    for folder in filter(None, sys.path):
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".dist-info"):
                    library = name.partition("-")[0].lower()
                    if library in _COMPUTING:
                        found.setdefault(library, name)
    return [f"python-{sys.version_info.major}.{sys.version_info.minor}", *sorted(found.values())]


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


def _digest(
    libraries: Sequence[str] = (), only: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> str:
    """Digest of libraries and of the sources of both packages, some rooms alone or all but some."""
    digest = hashlib.sha256("".join(libraries).encode())
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


SOURCES_DIGEST, PROGRAM_DIGEST, MODEL_DIGEST, KERNELS_DIGEST = _digests()
