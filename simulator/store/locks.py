"""Locks that the system frees when their holder ends, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without them: there everything counts as held
    fcntl = None  # type: ignore[assignment]


def lock(handle: int) -> None:
    """Hold an open file for this process, as long as it is open."""
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # a file system without locks: others take it for held as well
            return


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold a file if no living process does, and say whether it is now held here.

    False too for what is no regular file, cannot be opened, or got another file's name meanwhile.
    """
    if fcntl is None or path.is_symlink() or not path.is_file():
        yield False
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(handle), os.lstat(path))
        except OSError:
            is_ours = False
        yield is_ours
    finally:
        os.close(handle)
