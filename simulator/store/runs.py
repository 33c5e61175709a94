"""Runs on disk: a folder that holds the answer to one question, whole or not there at all.

A run has `manifest.json` (the question, by what it was answered, when, and a checksum of every
file), `estimates.json` and `estimates.csv`, `summary.txt` as it was printed, and a folder `data` of
tidy CSV files, from which figures are drawn.

The checksums find what was changed by accident. They are no proof against forgery: who rewrites a
file can rewrite its checksum. To be sure, rerun the command, which gives the same digits.
"""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.caches import SOURCES_DIGEST
from simulator.errors import TrialsimError
from simulator.results import ANSWERS, Answer
from simulator.store.logs import LOG
from simulator.store.question import Question
from simulator.store.writing import read_csv, rows_to_csv, to_json, write_whole
from simulator.version import versions_of

MANIFEST, ESTIMATES, TABLE = "manifest.json", "estimates.json", "estimates.csv"
TEXT, DATA, FIGURES = "summary.txt", "data", "figures"
_KEYS = {"digest", "finished", "question", "command", "ended", "versions", "files"}
_LIBRARIES = ("trialsim", "numpy", "scipy", "numba", "simpy")


class StoreError(TrialsimError):
    """A folder is not what was asked for: the path, the rule and the remedy."""

    def __init__(self, path: Path, rule: str, remedy: str) -> None:
        self.path, self.rule, self.remedy = path, rule, remedy
        super().__init__(f"{path}: {rule}; {remedy}")


@dataclass(frozen=True)
class Run:
    """A run as it was read."""

    folder: Path
    manifest: dict[str, Any]
    answer: Answer

    @property
    def question(self) -> Question:
        """The question that it answers."""
        return Question(**self.manifest["question"])


def read_run(folder: Path) -> Run:
    """Return a finished run.

    Raises
    ------
    StoreError
        If there is none in this folder, or it was stopped before its end.
    """
    if not folder.is_dir():
        raise StoreError(folder, "there is no such folder", "give the folder of a run")
    manifest = _manifest(folder)
    if not manifest["finished"]:
        rule = "the run was stopped before its end"
        raise StoreError(folder, rule, "give its command again, which reruns it")
    for name, checksum in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _checksum(path) != checksum:
            rule = f"{name} was changed since the run was written, or is gone"
            raise StoreError(folder, rule, "give its command again, with --force")
    return Run(folder, manifest, _answer(folder))


def _answer(folder: Path) -> Answer:
    try:
        plain = json.loads((folder / ESTIMATES).read_text("utf-8"))
        answer = ANSWERS[plain["kind"]].from_dict(plain)
        names = [path.stem for path in (folder / DATA).glob("*.csv")]
        answer = answer.with_tables({n: read_csv(folder / DATA / f"{n}.csv") for n in names})
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        rule = f"{ESTIMATES} is not as this version writes it"
        raise StoreError(folder, rule, "give its command again, with --force") from None
    return answer


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        missing = _KEYS - manifest.keys()
        question, files = Question(**manifest["question"]), manifest["files"]
        if not isinstance(question.scenario, dict) or not isinstance(files, dict):
            missing = _KEYS
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        missing = _KEYS
    if missing:
        rule = f"is not the folder of a run, or its {MANIFEST} is broken"
        raise StoreError(folder, rule, "make one, as trialsim power nct05484908 does")
    return dict(manifest)


def _refuse_if_more_than_a_run(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse to replace a folder with files that somebody put there, as a report.

    Figures can be drawn again.
    """
    own = {*manifest["files"], MANIFEST, LOG}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in own and not name.startswith(f"{FIGURES}/"):
            raise StoreError(folder, f"holds {name}, which is no part of the run", "move it first")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def answer_in(folder: Path, digest: str, *, replace: bool) -> Run | None:
    """Return the answer to a question if the folder holds it; None if it is to be worked out.

    Parameters
    ----------
    digest
        Of the question.
    replace
        Whether an answer that is there, to this question or another, is to be worked out anew.

    Raises
    ------
    StoreError
        If the folder holds something that must not be replaced.
    """
    remedy = "name another folder"
    if Path.cwd().is_relative_to(_real(folder)):
        raise StoreError(folder, "is where you are, and would be replaced", remedy)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    if not (folder / MANIFEST).is_file():
        raise StoreError(folder, "exists and is not the folder of a run", remedy)
    manifest = _manifest(folder)
    if replace or not manifest["finished"]:  # what was stopped is no answer to anything
        _refuse_if_more_than_a_run(folder, manifest)
        return None
    run = read_run(folder)
    if run.manifest["digest"] != digest:
        rule = "holds the answer to another question, or by another version"
        raise StoreError(folder, rule, f"{remedy}, or replace it with --force")
    return run


def _real(folder: Path) -> Path:
    """Return a folder with its links followed."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # which of the two is a matter of Python's version
        raise StoreError(folder, "is a link that leads to itself", "name another folder") from None


@contextmanager
def new_run(folder: Path) -> Iterator[Path]:
    """Give a folder to write a run into, which gets its name only once it is complete.

    What was there under the name, a run or an empty folder, is replaced.

    Raises
    ------
    StoreError
        If it cannot be made.
    """
    folder = _real(folder)  # what a link leads to, not the link
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise StoreError(folder, f"cannot be made: {error.strerror}", "name another") from None
    try:
        yield aside
        aside.chmod(0o755)
        if folder.exists():
            old = aside.with_name(f"{aside.name}.old")
            os.replace(folder, old)
            os.replace(aside, folder)
            shutil.rmtree(old)
        else:
            os.replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


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
    write_whole(folder / ESTIMATES, to_json(answer.to_dict()) + "\n")
    write_whole(folder / TABLE, rows_to_csv(answer.rows()))
    write_whole(folder / TEXT, text)
    tables = answer.tables()
    if tables:
        (folder / DATA).mkdir()
    for name, table in tables.items():
        write_whole(folder / DATA / f"{name}.csv", rows_to_csv(table))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {
        "digest": question.digest,
        "finished": answer.finished,
        "question": vars(question),
        **made,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions_of(_LIBRARIES)
        | {"python": platform.python_version(), "system": _system(), "sources": SOURCES_DIGEST},
        "files": {path.relative_to(folder).as_posix(): _checksum(path) for path in files},
    }
    write_whole(folder / MANIFEST, to_json(manifest) + "\n")


def _system() -> str:
    """Operating system, the first two numbers of its release, processor: `Linux 6.8 x86_64`."""
    release = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {release} {platform.machine()}"
