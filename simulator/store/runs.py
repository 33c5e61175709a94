"""Runs on disk: a folder that holds the answer to one question, whole or not there at all.

A run has `manifest.json` (the question, by what it was answered, when, and a checksum of every
file), `estimates.json` and `estimates.csv`, `summary.txt` as it was printed, and a folder `data` of
tidy CSV files, from which figures are drawn.
"""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from simulator.caches import SOURCES_DIGEST
from simulator.results import ANSWERS, Answer
from simulator.store.aside import MARKER, clear_litter, is_litter
from simulator.store.durable import PART, write_text
from simulator.store.logs import LOG
from simulator.store.manifest import (
    MANIFEST,
    StoreError,
    plain_manifest,
    read_manifest,
    write_manifest,
)
from simulator.store.question import PROGRAM, Question
from simulator.store.reading import checksum, read_bytes
from simulator.store.writing import read_csv, rows_to_csv, to_json
from simulator.version import versions_of

ESTIMATES, TABLE = "estimates.json", "estimates.csv"
TEXT, DATA, FIGURES = "summary.txt", "data", "figures"
_LIBRARIES = ("trialsim", "numpy", "scipy", "numba", "simpy")
_KINDS = "svg", "png", "pdf", "txt"  # of which each figure has one


@dataclass(frozen=True)
class Run:
    """A run as it was read."""

    folder: Path
    manifest: dict[str, Any]
    answer: Answer

    @cached_property
    def question(self) -> Question:
        """The question that it answers."""
        return Question(**self.manifest["question"])


def read_run(folder: Path, *, finished: bool = True) -> Run:
    """Return a run.

    Parameters
    ----------
    finished
        Whether one that was stopped before its end is refused.

    Raises
    ------
    StoreError
        If there is none in this folder, it was stopped before its end, or a file of it is not as it
        was written.
    """
    if not folder.is_dir():
        clear_litter(folder.absolute())  # which may give a run its name back
    if not folder.is_dir():
        raise StoreError(folder, "there is no such folder", "give the folder of a run")
    manifest = read_manifest(folder)
    if finished and not manifest["finished"]:
        rule = "the run was stopped before its end"
        raise StoreError(folder, rule, "give its command again, which reruns it")
    check_files(folder, manifest)
    return Run(folder, manifest, _answer(folder, manifest))


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a run of which a file is not as it was written.

    Raises
    ------
    StoreError
        With the name of the file.
    """
    sizes = manifest.get("bytes", {})
    for name, expected in manifest["files"].items():
        path = folder / name
        try:
            is_whole = path.stat().st_size == sizes.get(name) and checksum(path) == expected
        except OSError:
            is_whole = False
        if not is_whole:
            rule = f"{name} was changed since the run was written, or is gone"
            raise StoreError(folder, rule, "give its command again, with --force")


def _answer(folder: Path, manifest: Mapping[str, Any]) -> Answer:
    try:
        plain = json.loads(read_bytes(folder / ESTIMATES).decode("utf-8"))
        answer = ANSWERS[plain["kind"]].from_dict(plain)
        names = map(PurePosixPath, manifest["files"])
        tables = [it for it in names if it.parts[:-1] == (DATA,) and it.suffix == ".csv"]
        return answer.with_tables({it.stem: read_csv(folder / it) for it in tables})
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OSError):
        rule = f"{ESTIMATES} is not as this version writes it"
        raise StoreError(folder, rule, "give its command again, with --force") from None


def foreign_file(folder: Path) -> str | None:
    """Return a file in the folder of a run that somebody else put there, as a report; None: none.

    Figures can be drawn again.

    Raises
    ------
    StoreError
        If it is not the folder of a run.
    """
    own = {*plain_manifest(folder)["files"], MANIFEST, MARKER, LOG}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_litter(Path(place, name))]
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted(names + links):
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if relative not in own and not PART.fullmatch(name) and not _is_figure(path, relative):
                return relative
    return None


def _is_figure(path: Path, relative: str) -> bool:
    """Whether a file is one of those that a figure has."""
    is_there = relative.startswith(f"{FIGURES}/") and path.suffix[1:] in _KINDS
    return is_there and all(path.with_suffix(f".{kind}").is_file() for kind in _KINDS)


def write_run(
    folder: Path,
    question: Question,
    answer: Answer,
    text: str,
    made: Mapping[str, Any],
) -> None:
    """Write a run into a folder, which may hold files of its own already.

    Parameters
    ----------
    text
        The answer as it is printed.
    made
        How it was made: the command line, when it began.
    """
    write_text(folder / ESTIMATES, to_json(answer.to_dict()) + "\n")
    write_text(folder / TABLE, rows_to_csv(answer.rows()))
    write_text(folder / TEXT, text)
    tables = answer.tables()
    if tables:
        (folder / DATA).mkdir()
    for name, table in tables.items():
        write_text(folder / DATA / f"{name}.csv", rows_to_csv(table))
    found = (path for path in folder.rglob("*") if path.is_file())
    every = sorted(path for path in found if path.name not in (MARKER, LOG))
    files = {path.relative_to(folder).as_posix(): path for path in every}
    manifest = {
        "digest": question.digest,
        "program": PROGRAM,
        "finished": answer.finished,
        "question": question.plain(),
        **made,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            **versions_of(_LIBRARIES),
            "python": platform.python_version(),
            "system": _system(),
            "sources": SOURCES_DIGEST,
        },
        "machine": {"processor": _processor(), "cores": os.cpu_count() or 1},
        "files": {name: checksum(path) for name, path in files.items()},
        "bytes": {name: path.stat().st_size for name, path in files.items()},
    }
    write_manifest(folder, manifest)


def _system() -> str:
    """Operating system, the first two numbers of its release, processor: `Linux 6.8 x86_64`."""
    release = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {release} {platform.machine()}"


def _processor() -> str:
    """Model of the processor, or its kind where the system does not tell."""
    try:
        told = read_bytes(Path("/proc/cpuinfo")).decode("utf-8", "replace")
    except OSError:
        told = ""
    models = (line.partition(":")[2].strip() for line in told.splitlines() if "model name" in line)
    return next(models, platform.machine())
