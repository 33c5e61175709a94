"""What can go of a folder of runs, since the same commands make it again.

Never what is no run, holds files of somebody else, or is held by a living process.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from simulator.caches import MODEL_DIGEST
from simulator.results.kept_runs import Prunable, Pruned
from simulator.store.aside import is_litter, remove, remove_litter
from simulator.store.durable import aside_of
from simulator.store.held import if_free
from simulator.store.listing import KEY_FILE, changed_at, size_of, unit_folders
from simulator.store.manifest import MANIFEST, StoreError, manifest_digest, read_manifest
from simulator.store.reading import read_bytes
from simulator.store.runs import foreign_file

LITTER, UNFINISHED, STALE, OLD = (
    "left by a process that was killed",
    "stopped before its end",
    "units of work by another version",
    "units of work",
)
IN_USE, CHANGED, NOT_REMOVED = "in use", "changed meanwhile", "cannot be removed"
_LOCK = "lock"  # in a folder of units
_SECONDS_A_DAY = 86_400
_LARGEST_KEY = 1 << 20


class Candidate(NamedTuple):
    """A folder that can go: what it is and, of a run, the digest of its manifest."""

    path: Path
    what: str
    manifest: str = ""


class Plan(NamedTuple):
    """What can go of a folder, and what would be of the kind but is left, and why."""

    folder: Path
    candidates: list[Candidate]
    left: list[Prunable]


def prunable(folder: Path, older_than_days: float | None = None) -> Plan:
    """Return what can go: litter, runs that were stopped, and units that no run uses any more.

    Parameters
    ----------
    older_than_days
        Only what was not changed for so long; then units of this version too.

    Raises
    ------
    StoreError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise StoreError(folder, "there is no such folder", "name one that holds runs")
    before = None if older_than_days is None else time.time() - older_than_days * _SECONDS_A_DAY
    left: list[Prunable] = []
    found = [*_runs(folder, left), *_units(folder, any_version=before is not None)]
    kept = [one for one in found if before is None or changed_at(one.path) < before]
    return Plan(folder, kept, left)


def _runs(folder: Path, left: list[Prunable]) -> Iterator[Candidate]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            continue
        if is_litter(path):
            yield Candidate(path, LITTER)
            continue
        try:
            if not (path / MANIFEST).is_file() or read_manifest(path)["finished"]:
                continue
            foreign = foreign_file(path)
        except StoreError:
            continue
        if foreign is None:
            yield Candidate(path, UNFINISHED, manifest_digest(path))
        else:
            why = f"{UNFINISHED}, but holds {foreign}, which is no part of it"
            left.append(Prunable(str(path), why, size_of(path)))


def _units(folder: Path, *, any_version: bool) -> Iterator[Candidate]:
    for path in unit_folders(folder):
        if _is_of_another_version(path):
            yield Candidate(path, STALE)
        elif any_version:
            yield Candidate(path, OLD)


def _is_of_another_version(units: Path) -> bool:
    """Whether units are by another version of the model; False where that cannot be read."""
    try:
        about = json.loads(read_bytes(units / KEY_FILE, _LARGEST_KEY))
        return bool(about["program"]["model"] != MODEL_DIGEST)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def listed(plan: Plan) -> Pruned:
    """Return what can go, of which nothing is removed."""
    gone = tuple(Prunable(str(c.path), c.what, size_of(c.path)) for c in plan.candidates)
    return Pruned(str(plan.folder), removed=False, gone=gone, left=tuple(plan.left))


def prune(plan: Plan) -> Pruned:
    """Remove what can go, each looked at once more, and return what is gone and what was left."""
    gone, left = [], list(plan.left)
    for candidate in plan.candidates:
        size, why = size_of(candidate.path), _removed(candidate)
        if why:
            left.append(Prunable(str(candidate.path), f"{candidate.what}: {why}", size))
        else:
            gone.append(Prunable(str(candidate.path), candidate.what, size))
    return Pruned(str(plan.folder), removed=True, gone=tuple(gone), left=tuple(left))


def _removed(candidate: Candidate) -> str:
    """Remove something; return why it was not, or nothing."""
    path, what, digest = candidate
    if what == LITTER:
        return "" if remove_litter(path) else IN_USE
    if what == UNFINISHED:
        return _removed_run(path, digest)
    with ExitStack() as stack:
        # Who works with units holds the folder of all of them, or a lock in the folder of one.
        held = [path.parent, *([path / _LOCK] if (path / _LOCK).exists() else [])]
        if not all(stack.enter_context(if_free(place)) for place in held):
            return IN_USE
        return "" if remove(path) else NOT_REMOVED


def _removed_run(path: Path, digest: str) -> str:
    """Remove a run that was stopped, looked at when nobody can give its name to another."""
    taken = aside_of(path)
    try:
        os.rename(path, taken)
        if manifest_digest(taken) != digest or foreign_file(taken) is not None:
            os.rename(taken, path)
            return CHANGED
    except (OSError, StoreError):
        return CHANGED if path.exists() else f"{NOT_REMOVED}; it is now {taken.name}"
    return "" if remove(taken) else f"{NOT_REMOVED}; it is now {taken.name}"
