"""Files that are whole or not there, also after a kill or a power cut."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

_ASIDE = ".new-"  # how the name of a file begins while it is written
_DAY_SECONDS = 86_400.0
_swept: set[Path] = set()


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file aside, make it durable, and give it its name.

    After a power cut it may have no name yet: whoever needs it then calls `sync_folder` too.
    What processes that were killed left aside in the folder goes, once it is a day old.

    Raises
    ------
    OSError
        If it cannot be written; what was there is still there.
    """
    _sweep(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=_ASIDE, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.chmod(temporary, mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder, once a process.

    A file that is being written has existed for less than a day by any clock; one that is older, or
    of the future since the clock was set back, has nobody who writes it.
    """
    if folder in _swept:
        return
    _swept.add(folder)
    for entry in os.scandir(folder):
        if entry.name.startswith(_ASIDE):
            with contextlib.suppress(OSError):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if abs(age) > _DAY_SECONDS:
                    os.unlink(entry.path)
