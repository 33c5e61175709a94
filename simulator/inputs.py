"""The files that an answer rests on: whoever reads one, or finds that there is none, notes it."""

import errno
import hashlib
import io
import os
import stat
from pathlib import Path

_OWN = str(Path(__file__).parents[1])  # where the program's own evidence and scenarios are
_NOTED: dict[str, str] = {}  # state by absolute path
_FOLDER, _ABSENT, _UNREAD = "folder", "absent", "unread"


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, and note the file.

    Raises
    ------
    OSError, UnicodeDecodeError
        If it cannot be read, or is no such text.
    """
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would be waited for
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    content = path.read_bytes()
    note(path, content)
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read()


def note(path: Path, content: bytes | None = None) -> None:
    """Note a file with its content as it was read or, without one, what stands at its path."""
    place = os.path.abspath(path)
    _NOTED[place] = state(place) if content is None else _digest(content)


def noted() -> dict[str, str]:
    """Return the state of everything noted since `forget` by its path."""
    return dict(_NOTED)


def forget() -> None:
    """Begin a question: forget what earlier ones rested on.

    The program's own files stay noted, since they are read once a process and then remembered.
    """
    for place in [place for place in _NOTED if not place.startswith(_OWN)]:
        del _NOTED[place]


def is_as_noted(path: str, was: str) -> bool:
    """Whether a file still has the content that it had, or there is still none."""
    try:
        size, _, digest = was.partition(" ")
        if digest and os.stat(path).st_size != int(size):
            return False
    except (OSError, ValueError):
        return False
    return state(path) == was


def state(path: str) -> str:
    """Size and digest of a regular file, or a word for what is none."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            return _digest(Path(path).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return _ABSENT
    except OSError:
        return _UNREAD
    return _FOLDER if stat.S_ISDIR(mode) else _UNREAD


def _digest(content: bytes) -> str:
    return f"{len(content)} {hashlib.sha256(content).hexdigest()}"
