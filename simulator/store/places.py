"""Where a run goes: looked at before the work, and looked at again right before the answer goes in.

What has come to stand there meanwhile is never replaced: both are kept. An answer that cannot be
written where it was to go is kept elsewhere.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from simulator.store.aside import Aside, clear_litter
from simulator.store.durable import sync_all
from simulator.store.enclosures import Enclosures, Write
from simulator.store.manifest import MANIFEST, StoreError, manifest_digest, read_manifest
from simulator.store.question import RESULTS
from simulator.store.runs import ESTIMATES, Run, foreign_file, read_run

CONFLICT = "something else has come there since the command began"
_REMEDY = "name another folder"


@dataclass(frozen=True)
class Place:
    """Where the answer to a question goes.

    Attributes
    ----------
    folder
        Of the run; what a link leads to, not the link.
    digest
        Of the question.
    kept
        The answer, if it is there already.
    seen
        Digest of the manifest of the run that is to be replaced; empty: nothing is.
    """

    folder: Path
    digest: str
    kept: Run | None = None
    seen: str = ""

    def may_go(self, folder: Path) -> bool:
        """Whether a folder is the run that was to be replaced, or a part of this very answer."""
        try:
            if folder.is_symlink() or foreign_file(folder) is not None:
                return False
            if self.seen and manifest_digest(folder) == self.seen:
                return True
            manifest = read_manifest(folder)
        except StoreError:
            return False
        return manifest["digest"] == self.digest and not manifest["finished"]

    def holds(self, aside: Path) -> bool:
        """Whether the answer is there, by a process that was done before this one."""
        if self.seen and manifest_digest(self.folder) == self.seen:
            return False  # it is what was to be replaced
        try:
            run = read_run(self.folder)
        except StoreError:
            return False
        if run.manifest["digest"] != self.digest:
            return False
        ours = read_manifest(aside)
        return not ours["finished"] or ours["files"][ESTIMATES] == run.manifest["files"][ESTIMATES]


@dataclass(frozen=True)
class Filed:
    """Where an answer went.

    Attributes
    ----------
    folder
        In which it is kept; None if nowhere.
    why
        It is not where it was to go, or not whole; empty if it is.
    left
        A folder of what was replaced, which could not be removed.
    lacks
        A file of the answer that could not be written anywhere; empty if there is none.
    """

    folder: Path | None
    why: str = ""
    left: Path | None = None
    lacks: str = ""


def look(folder: Path, digest: str, *, replace: bool) -> Place:
    """Look at where the answer to a question is to go, and whether it is there already.

    Parameters
    ----------
    digest
        Of the question.
    replace
        Whether an answer that is there, to this question or another, is to be worked out anew.

    Raises
    ------
    StoreError
        If the folder holds something that must not be replaced, or cannot be made.
    """
    shown, folder = folder, _real(folder)
    if Path.cwd().is_relative_to(folder):
        raise StoreError(shown, "is where you are, and would be replaced", _REMEDY)
    clear_litter(folder)
    try:
        is_free = not os.path.lexists(folder) or (folder.is_dir() and not os.listdir(folder))
        if not is_free and not (folder / MANIFEST).is_file():
            raise StoreError(shown, "exists and is not the folder of a run", _REMEDY)
    except OSError as error:
        raise StoreError(shown, f"cannot be read: {error.strerror}", _REMEDY) from None
    if is_free:
        _refuse_unwritable(shown, folder)
        return Place(folder, digest)
    seen = manifest_digest(folder)
    if not replace:
        manifest = read_manifest(folder)
        if manifest["digest"] != digest:
            held = "the answer to" if manifest["finished"] else "what is done of"
            rule = f"holds {held} another question, or by another version"
            raise StoreError(shown, rule, f"{_REMEDY}, or replace it with --force")
        if manifest["finished"]:
            return Place(folder, digest, kept=_shown(read_run(folder), shown))
    foreign = foreign_file(folder)
    if foreign is not None:
        raise StoreError(shown, f"holds {foreign}, which is no part of the run", "move it first")
    _refuse_unwritable(shown, folder)
    return Place(folder, digest, seen=seen)


def _shown(run: Run, folder: Path) -> Run:
    """Return a run under the name by which it was asked for."""
    return Run(folder, run.manifest, run.answer)


def _real(folder: Path) -> Path:
    """Return a folder with its links followed."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # which of the two is a matter of Python's version
        raise StoreError(folder, "is a link that leads to itself", _REMEDY) from None


def _refuse_unwritable(shown: Path, folder: Path) -> None:
    """Refuse before the work what would fail after it."""
    try:
        with suppress(FileNotFoundError):
            os.lstat(folder)
        if folder.is_mount():
            raise StoreError(shown, "is where a file system begins", "name a folder inside it")
        above = next(one for one in folder.parents if os.path.lexists(one))
        if not above.is_dir():
            raise NotADirectoryError(0, "Not a directory")
        if not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError(0, "Permission denied")
    except OSError as error:
        raise StoreError(shown, f"cannot be made: {error.strerror}", "name another") from None


def file_run(place: Place, default: Path, write: Write, enclosed: Enclosures) -> Filed:
    """Write a run and give it its place; where that cannot be, keep it elsewhere.

    Parameters
    ----------
    default
        Where such a run goes if nothing is said: the first choice of the places elsewhere.
    write
        Writes the run into a folder, which holds already what is enclosed.
    """

    def write_all(folder: Path) -> None:
        enclosed.write_into(folder)
        write(folder)
        sync_all(folder)

    aside = enclosed.aside
    try:
        if enclosed.failure is not None:
            raise enclosed.failure
        aside = aside or Aside(place.folder)
        write_all(aside.folder)
        return _give(place, aside)
    except OSError as error:
        why = error.strerror or str(error)
        name = default.name + ("-incomplete" if enclosed.failure is not None else "")
        return Filed(_elsewhere(place.folder.parent, name, write_all), why, lacks=enclosed.lacks)
    finally:
        if aside is not None:
            aside.discard()


def _give(place: Place, aside: Aside) -> Filed:
    """Give a run that is whole its place, or one beside it where something else has come there."""
    if aside.take(place.folder) or place.holds(aside.folder):
        return Filed(place.folder)
    left = aside.replace(place.folder, place.may_go)
    if left is not None:
        return Filed(place.folder, left=None if left == place.folder else left)
    return Filed(_take_free(aside, _beside(place.folder)), CONFLICT)


def _beside(folder: Path) -> Iterator[Path]:
    """Yield names for what has to stand beside a folder: D-2, D-3 ..."""
    return (folder.with_name(f"{folder.name}-{number}") for number in count(2))


def _take_free(aside: Aside, names: Iterable[Path]) -> Path:
    """Give a folder the first name that nothing has."""
    return next(name for name in names if not os.path.lexists(name) and aside.take(name))


def _elsewhere(tried: Path, name: str, write: Write) -> Path | None:
    """Keep a run in results/ of the working folder or else among temporary files; None: nowhere."""
    with suppress(OSError):
        results = Path.cwd() / RESULTS
        if results != tried:
            return _keep_in(results, name, write)
    base = None
    try:
        base = Path(tempfile.mkdtemp(prefix="trialsim-"))
        return _keep_in(base, name, write)
    except OSError:
        if base is not None:
            shutil.rmtree(base, ignore_errors=True)
        return None


def _keep_in(base: Path, name: str, write: Write) -> Path:
    aside = Aside(base / name)
    try:
        write(aside.folder)
        return _take_free(aside, chain([base / name], _beside(base / name)))
    finally:
        aside.discard()
