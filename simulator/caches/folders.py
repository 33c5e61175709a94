"""Folders of the cache: where they are, whose they are, and how long they stay.

The user's cache is `trialsim` in the folder for caches. Where that cannot be written to, or is not
this user's alone, it is a temporary folder with a name that nobody can foretell, found again by its
owner. All that is kept stands in `KIND/DIGEST/`, so that nothing of another program is ever used.
"""

import contextlib
import functools
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from simulator.caches.files import say, why_not_own

_NOWHERE = Path(os.devnull) / "trialsim"  # what can be neither read nor written
_DAY_SECONDS = 86_400.0
_UNUSED_SECONDS = 60 * _DAY_SECONDS
# What this program names so: digests, and files by digests of earlier versions.
_OWN_NAMES = re.compile(r"[0-9a-f]{16,64}(\.json)?(\.damaged)?")


def cache_folder() -> Path:
    """Folder for what can be worked out again; a temporary one if home cannot be written to."""
    return home_cache() or _temporary(_parent_of_temporary())


def home_cache() -> Path | None:
    """Return this user's cache where caches belong; None if there is no such place to use."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return _own(Path(named) / "trialsim")
    if os.environ.get("HOME") == "":
        return None
    try:
        return _own(Path.home() / ".cache" / "trialsim")
    except (OSError, RuntimeError):  # no HOME, and a user whom the system does not know
        return None


def kernels_root() -> Path:
    """Folder for compiled kernels: in the NUMBA_CACHE_DIR of the user's, or the user's cache."""
    named = os.environ.get("NUMBA_CACHE_DIR", "")
    place = Path(os.path.abspath(named)) / f"trialsim-{_user()}" if named else None
    return (place and _own(place, wished=True)) or cache_folder()


def digest_folder(kind: str, digest: str, root: Path | None = None) -> Path:
    """Folder for one kind of what is kept by one program; it need not exist.

    Once a process it is noted that it is used, at most once a day; where there is none yet, those
    of other programs that have not been used for 60 days are removed.
    """
    folder = (root or cache_folder()) / kind / digest
    _note_use(folder)
    return folder


@functools.cache
def _own(folder: Path, *, wished: bool = False) -> Path | None:
    """Return a folder if it can be written to, or made, and is this user's alone; or else None."""
    why = _why_not(folder)
    if why is None:
        return folder
    if why:
        say(f"{folder} {why}: not used; remove it, or make it yours alone (chmod go-w)")
    elif wished:
        say(f"{folder} cannot be written to: not used")
    return None


def _why_not(folder: Path) -> str | None:
    """Why a folder is not used, empty if it just cannot be written to; None if it is."""
    try:
        there = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):
        place = next(one for one in folder.parents if os.path.lexists(one))
        return None if place.is_dir() and os.access(place, os.W_OK | os.X_OK) else ""
    except (OSError, ValueError):
        return ""
    if hasattr(os, "geteuid") and there.st_uid != os.geteuid():
        return "belongs to another user"  # or is a link that another user made
    try:
        why = why_not_own(os.stat(folder), folder=True)
    except OSError:
        return "is no folder"
    return why or (None if os.access(folder, os.W_OK | os.X_OK) else "")


def _parent_of_temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # there is none, or all disks are full
        return ""


@functools.cache
def _temporary(parent: str) -> Path:
    """Return this user's private temporary folder: the one that there is, or a new one."""
    prefix = f"trialsim-{_user()}-"
    try:
        for name in sorted(os.listdir(parent)) if parent else ():
            found = os.path.join(parent, name)
            if name.startswith(prefix) and not why_not_own(os.lstat(found), folder=True):
                return Path(found)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=parent)) if parent else _NOWHERE
    except OSError:
        return _NOWHERE


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


@functools.cache
def _note_use(folder: Path) -> None:
    try:
        used = os.stat(folder).st_mtime
        if abs(time.time() - used) > _DAY_SECONDS:
            os.utime(folder)
    except FileNotFoundError:
        _prune(folder.parent)
    except OSError:
        return


def _prune(kind: Path) -> None:
    """Remove what has not been used for long, of other programs or of earlier versions."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(kind):
            if not _OWN_NAMES.fullmatch(entry.name):
                continue
            if time.time() - entry.stat(follow_symlinks=False).st_mtime < _UNUSED_SECONDS:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
