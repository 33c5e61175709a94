"""Files that are whole or not there at all, whatever stops the program or the machine.

Each is written aside, in the same folder, and made durable (fsync) before it gets its name, as the
folder is after. What a process that was killed left aside is removed by the next one that writes
under the same name.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simulator.durable import sync_folder
from simulator.store.held import hold, if_free

_LONGEST = 200  # bytes of a name that is made part of another's, of 255 that file systems take
PART = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)
_NO_LINKS = errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV


def aside_of(path: Path) -> Path:
    """Return a new name beside a path, for what is to get its name."""
    short = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
    return path.with_name(f".{short}.{secrets.token_hex(4)}")


@contextmanager
def written_aside(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a file to be written, which gets its name only once it is complete and durable.

    Parameters
    ----------
    replace
        Whether a file of that name is replaced.

    Raises
    ------
    FileExistsError
        If there is something of that name, now or at the end, and it is not to be replaced.
    OSError
        If it cannot be written; what was there is still there.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    path = path.resolve() if path.is_symlink() else path  # what a link leads to, not the link
    _clear(path)
    part, handle = _held_part(path)
    try:
        if path.is_file():
            with suppress(OSError):  # another's file keeps its mode if it can
                os.chmod(part, path.stat().st_mode & 0o777)
        yield part
        sync(part)
        if replace:
            os.replace(part, path)
        else:
            _name_new(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno and error.filename in (None, str(part)):
            error.filename = str(path)
        raise
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    sync_folder(path.parent)


def _held_part(path: Path) -> tuple[Path, int]:
    """Make a file aside and hold it; another, where one was cleared before it was held."""
    while True:
        part = aside_of(path)
        part = part.with_name(f"{part.name}.part")
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        hold(handle)
        if os.path.lexists(part):
            return part, handle
        os.close(handle)


def _name_new(part: Path, path: Path) -> None:
    """Give a file its name unless there is something of that name."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(part, path)
        return
    part.unlink()


def _clear(path: Path) -> None:
    """Remove what processes that were killed have left aside of a file."""
    named = re.compile(re.escape(aside_of(path).name[:-8]) + r"[0-9a-f]{8}\.part", re.DOTALL)
    with suppress(OSError):
        for name in os.listdir(path.parent):
            if named.fullmatch(name):
                with if_free(path.with_name(name)) as is_free:
                    if is_free:
                        path.with_name(name).unlink()


def write_whole(path: Path, text: str, *, replace: bool = True) -> Path:
    """Write a text file under its name only once it is complete and durable.

    Raises
    ------
    OSError
        As `written_aside`.
    """
    with written_aside(path, replace=replace) as part:
        write_text(part, text)
    return path


def write_text(path: Path, text: str) -> None:
    """Write text into a file; half a character is written out in letters."""
    path.write_text(text, "utf-8", errors="backslashreplace", newline="\n")


def sync(path: Path) -> None:
    """Make the content of a file durable."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Make all that a folder holds durable."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(place, name))
        sync_folder(Path(place))
