"""A folder that is made aside and gets its name only once it is complete.

It holds a file that its owner has locked, as long as the owner lives: an aside folder whose lock is
free was left by a process that was killed, and is removed by the next one that makes the same.
"""

import ctypes
import errno
import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.durable import sync_folder
from simulator.store.durable import aside_of, write_text
from simulator.store.held import hold, if_free

MARKER = ".unfinished"  # in a folder that trialsim is at, or was when it was killed
_ASIDE = re.compile(r"\..+\.[0-9a-f]{8}", re.DOTALL)
_OLD = ".old"
_SAID = "trialsim is writing this folder, or was when it was killed: then it can go\n"
_EXCHANGE, _AT_CWD = 2, -100  # of Linux's renameat2
# What a system says of a name that something else has.
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR, errno.EBUSY}


class Aside:
    """A folder beside the place that it is to take.

    Raises
    ------
    OSError
        If it cannot be made.
    """

    def __init__(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        clear_litter(place)
        self.folder = aside_of(place)
        self.folder.mkdir()
        self._handle = -1
        try:
            self._hold()
        except OSError:
            remove(self.folder)
            self.close()
            raise

    def _hold(self) -> None:
        """Hold it by a file that is locked before it has the name by which others know it."""
        new = self.folder / f"{MARKER}.new"
        self._handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        os.write(self._handle, _SAID.encode())
        hold(self._handle)
        os.replace(new, self.folder / MARKER)

    def take(self, place: Path) -> bool:
        """Take a name that is free, or an empty folder's; False if something else has it."""
        try:
            os.rename(self.folder, place)
        except OSError as error:
            if error.errno in _TAKEN and os.path.lexists(place):
                return False
            raise
        self._named(place)
        return True

    def replace(self, place: Path, may_go: Callable[[Path], bool]) -> Path | None:
        """Take the name of a folder that may go, and remove it; None if it may not.

        There is no moment without a folder of that name. What stands there is looked at again when
        nobody can put anything else there.

        Returns
        -------
        Path or None
            Where what could not be removed of it is; the place itself if all of it could.
        """
        if not may_go(place):
            return None
        with suppress(OSError):  # so that it is known for litter should this be killed
            write_text(place / MARKER, _SAID)
        is_old = False
        try:
            swap(self.folder, place)
            try:
                is_old = may_go(self.folder)
            finally:
                if not is_old:
                    swap(self.folder, place)
        finally:
            if not is_old:  # then it is no litter, wherever it is
                for folder in (place, self.folder):
                    if not self._holds(folder):
                        (folder / MARKER).unlink(missing_ok=True)
        if not is_old:
            return None
        self._named(place)
        return place if remove(self.folder) else self.folder

    def _named(self, place: Path) -> None:
        (place / MARKER).unlink(missing_ok=True)
        sync_folder(place)
        sync_folder(place.parent)
        self.close()

    def discard(self) -> None:
        """Remove it, if what has its name is this folder: not another, exchanged for it."""
        if self._holds(self.folder):
            remove(self.folder)
        self.close()

    def _holds(self, folder: Path) -> bool:
        """Whether a folder is this one, by whatever name."""
        try:
            marker = os.lstat(folder / MARKER)
            return self._handle >= 0 and os.path.samestat(os.fstat(self._handle), marker)
        except OSError:
            return False

    def close(self) -> None:
        """Hold it no longer."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def swap(one: Path, other: Path) -> None:
    """Let two folders have each other's name: at once where the system can.

    Raises
    ------
    OSError
        If they cannot; both have their own then.
    """
    if _exchanged(one, other):
        return
    old = one.with_name(f"{one.name}{_OLD}")
    os.rename(other, old)
    try:
        os.rename(one, other)
    except BaseException:
        os.rename(old, other)
        raise
    os.rename(old, one)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names as Linux can on most file systems."""
    try:
        exchange: Any = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(exchange(_AT_CWD, paths[0], _AT_CWD, paths[1], _EXCHANGE) == 0)


def clear_litter(place: Path) -> None:
    """Remove what processes that were killed have left aside of a place.

    Only a folder with the name and the file of ours is removed, and only if no living process holds
    it. One that was killed in the middle of an exchange may have left the place without its folder:
    that gets its name back.
    """
    stem = re.escape(aside_of(place).name[:-8]) + r"[0-9a-f]{8}"
    with suppress(OSError):
        found = [name for name in os.listdir(place.parent) if re.match(stem, name, re.DOTALL)]
        for name in found:
            if re.fullmatch(stem + re.escape(_OLD), name, re.DOTALL):
                _end_exchange(place.with_name(name), place)
        for name in found:
            if re.fullmatch(stem, name, re.DOTALL):
                remove_litter(place.with_name(name))
        with if_free(place / MARKER) as is_free:
            if is_free:  # of one that was killed as soon as it had its name
                (place / MARKER).unlink()


def _end_exchange(old: Path, place: Path) -> None:
    """Give a folder its name back, or remove it, if who was exchanging it was killed."""
    if old.is_symlink() or not (old / MARKER).is_file():
        return
    new = old.with_name(old.name.removesuffix(_OLD))
    owned = new / MARKER if new.exists() else place / MARKER
    with if_free(owned) as is_free:
        if owned.exists() and not is_free:
            return
        if os.path.lexists(place):
            remove(old)
        else:
            os.rename(old, place)
            (place / MARKER).unlink()


def is_litter(folder: Path) -> bool:
    """Whether a folder was made aside, by its name and the file in it, and nobody is at it."""
    if _ASIDE.fullmatch(folder.name) is None or folder.is_symlink():
        return False
    with if_free(folder / MARKER) as is_free:
        return is_free


def remove_litter(folder: Path) -> bool:
    """Remove a folder that was made aside and that nobody is at; say whether it is gone."""
    if _ASIDE.fullmatch(folder.name) is None or folder.is_symlink():
        return False
    with if_free(folder / MARKER) as is_free:
        return is_free and remove(folder)


def remove(folder: Path) -> bool:
    """Remove a folder of ours with all that is in it, read-only or not; say whether it is gone.

    Its marker goes last.
    """
    if folder.is_symlink():
        return False
    for place, folders, names in os.walk(folder, topdown=True):
        with suppress(OSError):
            os.chmod(place, stat.S_IRWXU)
        for name in folders + names:
            path = Path(place, name)
            if path != folder / MARKER and (name in names or path.is_symlink()):
                with suppress(OSError):
                    path.unlink()
    for name in _names(folder):
        if name != MARKER:
            shutil.rmtree(folder / name, ignore_errors=True)
    if _names(folder) in ([], [MARKER]):
        shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
