"""The runs of a folder: which there are, and by what one was made."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.results.kept_runs import KeptFile, KeptRun, KeptRuns, Provenance, SourceCount
from simulator.results.sources import SourceKind
from simulator.store.aside import is_litter
from simulator.store.manifest import MANIFEST, StoreError, plain_manifest, read_manifest
from simulator.store.question import PROGRAM
from simulator.store.runs import Run

UNITS = "units"  # a folder beside runs, or the end of its name
KEY_FILE = "key.json"  # in each of its folders


def kept_runs(folder: Path) -> KeptRuns:
    """Return the runs of a folder, the latest first.

    Raises
    ------
    StoreError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise StoreError(folder, "there is no such folder", "name one that holds runs")
    places = _folders(folder)
    runs = [_kept_run(place) for place in places if os.path.lexists(place / MANIFEST)]
    litter = [place for place in places if is_litter(place)]
    units = unit_folders(folder)
    return KeptRuns(
        folder=str(folder),
        runs=tuple(sorted(runs, key=lambda run: (run.ended, run.folder), reverse=True)),
        units=len(units),
        units_bytes=sum(map(size_of, units)),
        litter=len(litter),
        litter_bytes=sum(map(size_of, litter)),
    )


def _folders(folder: Path) -> list[Path]:
    """Folders in a folder, links apart."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink())
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise StoreError(folder, rule, "name another folder") from None


def unit_folders(folder: Path) -> list[Path]:
    """Folders of units of work beside the runs of a folder."""
    beside = (p for p in _folders(folder) if p.name == UNITS or p.name.endswith(f"-{UNITS}"))
    return [p for units in beside for p in _folders(units) if (p / KEY_FILE).is_file()]


def _kept_run(folder: Path) -> KeptRun:
    fault = ""
    try:
        plain = read_manifest(folder)
    except StoreError as error:
        fault = error.rule
        try:
            plain = plain_manifest(folder)
        except StoreError:
            plain = {}
    question: dict[str, Any] = plain.get("question", {})
    asked = question.get("asked")
    asked = asked if isinstance(asked, dict) else {}
    trials, precision = asked.get("trials"), asked.get("precision")
    return KeptRun(
        folder=str(folder),
        command=str(question.get("command", "")),
        scenario=str(question.get("scenario", {}).get("name", "")),
        trials=trials if isinstance(trials, int) else None,
        precision=precision if isinstance(precision, float) else None,
        ended=plain.get("ended", ""),
        finished=plain.get("finished", False),
        bytes=size_of(folder),
        is_current=plain.get("program") == PROGRAM,
        fault=fault,
    )


def size_of(folder: Path) -> int:
    """Bytes that a folder takes on disk; what cannot be looked at counts as nothing."""
    return sum(_bytes(path) for path in _below(folder))


def changed_at(folder: Path) -> float:
    """When anything in a folder was last changed, in seconds since 1970."""
    return max(os.lstat(path).st_mtime for path in (folder, *_below(folder)))


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        yield from (Path(place, name) for name in names + folders)


def _bytes(path: Path) -> int:
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return getattr(status, "st_blocks", -(-status.st_size // 512)) * 512


def provenance_of(run: Run) -> Provenance:
    """Return by what a run was made, and of what."""
    manifest, question = run.manifest, run.question
    kinds = Counter(question.source(key).kind for key in question.sources)
    return Provenance(
        folder=str(run.folder),
        command_line=manifest["command"],
        command=question.command,
        scenario=str(question.scenario["name"]),
        title=str(question.scenario.get("title") or ""),
        seed=question.seed,
        digest=manifest["digest"],
        asked=question.asked,
        scenario_sha256=_sha256(question.scenario),
        sources=tuple(SourceCount(kind.value, kinds[kind]) for kind in SourceKind if kinds[kind]),
        evidence=tuple(sorted(question.evidence)),
        read=tuple(_noted(path, was) for path, was in manifest.get("read", {}).items()),
        began=manifest.get("began"),
        ended=manifest["ended"],
        seconds=manifest.get("seconds"),
        versions=manifest["versions"],
        machine=manifest["machine"],
        files=tuple(
            KeptFile(name, manifest["bytes"][name], digest)
            for name, digest in manifest["files"].items()
        ),
        is_finished=manifest["finished"],
        is_current=manifest["program"] == PROGRAM,
        answer=run.answer.to_dict(),
    )


def _sha256(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _noted(path: str, was: str) -> KeptFile:
    size, _, digest = was.partition(" ")
    return KeptFile(path, int(size), digest)
