"""A folder of files that is replaced as a whole, as one of figures is."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.store.aside import MARKER, Aside
from simulator.store.durable import sync_all


@contextmanager
def folder_written_aside(place: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a folder to be written into, which takes the place of another once it is complete.

    Files of other names that the other holds are kept: they are somebody else's.

    Raises
    ------
    FileExistsError
        If something of that name is there, or has come there, that is not to be replaced.
    OSError
        If it cannot be written; what was there is still there.
    """
    place = place.resolve()
    aside = Aside(place)
    try:
        yield aside.folder
        own = _files(aside.folder)
        others = _files(place) - own if replace and place.is_dir() else set()
        for name in others:
            _carry(place / name, aside.folder / name)
        sync_all(aside.folder)
        if aside.take(place):
            return

        def may_go(folder: Path) -> bool:
            return replace and folder.is_dir() and _files(folder) - own == others

        if aside.replace(place, may_go) is None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
    finally:
        aside.discard()


def _files(folder: Path) -> set[str]:
    """Names of all that a folder holds but folders that hold something."""
    found = set()
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        found |= {Path(place, name).relative_to(folder).as_posix() for name in names + links}
    return found - {MARKER}


def _carry(old: Path, new: Path) -> None:
    """Let a file have a second name, or a copy where it cannot."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:
        shutil.copy2(old, new, follow_symlinks=False)
