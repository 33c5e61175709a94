"""Whether what stands on a disk is held by a living process: by locks that go with their holder."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without them: there everything counts as held
    fcntl = None  # type: ignore[assignment]

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def hold(handle: int) -> None:
    """Hold an open file for this process, as long as it is open."""
    if fcntl is not None:
        with suppress(OSError):  # a file system without locks: others take it for held as well
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold a file or a folder if no living process does, and say whether it is now held here.

    False too for what is neither, cannot be opened, or got another one's name meanwhile.
    """
    try:
        handle = -1 if fcntl is None else os.open(path, _READ)
    except OSError:
        handle = -1
    try:
        yield handle >= 0 and _is_ours(path, handle)
    finally:
        if handle >= 0:
            os.close(handle)


def _is_ours(path: Path, handle: int) -> bool:
    status = os.fstat(handle)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(status, os.lstat(path))
    except OSError:
        return False
