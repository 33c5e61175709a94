"""Locks that the system frees when a process ends, however it ends."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such locks here: then two processes may do the same work, with no harm
    fcntl = None  # type: ignore[assignment]


@contextmanager
def at_work(units: Path, question: str, tell: Callable[[str], None]) -> Iterator[bool]:
    """Hold a question; whether another process held it until now, and may have answered it.

    Where no lock can be had (no permission, a disk without locks) there is none: two processes do
    the same work then, and no harm.

    Parameters
    ----------
    units
        Folder of units, which is in use meanwhile.
    question
        Digest.
    tell
        Called with a line if another process holds the question.
    """
    place = units / "locks" / question
    made = [f for f in (place.parent, units, units.parent) if not f.exists()]
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            _lock(stack, units, os.O_RDONLY, shared=True)
            waits = not _lock(stack, place, os.O_RDWR | os.O_CREAT, wait=False)
            if waits:
                tell("another process is at this question: waiting for its answer")
                _lock(stack, place, os.O_RDWR | os.O_CREAT)
            stack.callback(_remove, place)
            yield waits
    finally:
        for folder in made:  # where nothing was kept
            with contextlib.suppress(OSError):
                folder.rmdir()


def _remove(path: Path) -> None:
    """Remove a lock that is held; who waited for it meanwhile does the same work, at the worst."""
    with contextlib.suppress(OSError):
        path.unlink()


def _lock(
    stack: ExitStack, path: Path, how: int, *, shared: bool = False, wait: bool = True
) -> bool:
    """Whether a lock is had, or cannot be had by anybody; it is held until the stack is left."""
    if fcntl is None:
        return True
    try:
        handle = os.open(path, how | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError:
        return True
    stack.callback(os.close, handle)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            return False
        fcntl.flock(handle, kind)
    except OSError:
        return True
    return True
