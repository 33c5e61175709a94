"""What happens while a command runs: events with fields, and a count of what was done.

Events go to the logger "trialsim" of the standard library, which says nothing unless somebody
listens. A line of a log is one JSON object: `time` (UTC), `level`, `event`, then the event's own
fields. Nothing is told from inside the model.
"""

import json
import logging
import os
import stat
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

LOGGER = logging.getLogger("trialsim")
LOGGER.addHandler(logging.NullHandler())
TRIALS_BEGUN = "trials begun"  # from this event on there is something to lose
# Neither a pipe, which would wait for a reader, nor a link.
_PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_LARGEST_LOG = 50_000_000  # bytes; of a larger one nothing is copied
_MOST_LINES = 10_000  # held in memory where they cannot be written


def event(name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Tell of an event, with what JSON can say of it."""
    LOGGER.log(level, name, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """An event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC)
        whole = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(whole, ensure_ascii=False, default=str)


class Attempt(logging.Handler):
    """The log of one command: in memory, and from its first trials on in a file, as lines come.

    The file may hold earlier attempts at the same question, which were killed. Where it cannot be
    written, the latest lines stay in memory.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._path: Path | None = None
        self._is_written = False

    def keep_in(self, path: Path) -> None:
        """Append to a file, of which nothing is seen before the first trials begin."""
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line in."""
        self._lines.append(self.format(record))
        if self._path and (self._is_written or record.getMessage() == TRIALS_BEGUN):
            self._write(self._path)

    def _write(self, path: Path) -> None:
        text = "".join(f"{line}\n" for line in self._lines).encode(errors="backslashreplace")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _PLAIN, 0o644)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    return
                os.write(file, text)  # whole lines, whoever else appends
            finally:
                os.close(file)
        except OSError:
            return
        self._lines.clear()
        self._is_written = True

    def text(self) -> str:
        """All lines: of earlier attempts too, where they are kept."""
        earlier = ""
        if self._path and self._is_written:
            try:
                if self._path.stat().st_size <= _LARGEST_LOG:
                    earlier = self._path.read_text("utf-8", errors="backslashreplace")
            except OSError:
                earlier = ""
        return earlier + "".join(f"{line}\n" for line in self._lines)


class Counted(NamedTuple):
    """What was done since the command began.

    Attributes
    ----------
    simulated, kept
        Trials that were simulated, and those found done in an earlier attempt.
    crashes
        Workers that were killed and replaced.
    """

    simulated: int = 0
    kept: int = 0
    crashes: int = 0


_lock = threading.Lock()
_counted = Counted()


def count(simulated: int = 0, kept: int = 0, crashes: int = 0) -> None:
    """Add to what was done."""
    global _counted
    with _lock:
        was = _counted
        _counted = Counted(was.simulated + simulated, was.kept + kept, was.crashes + crashes)


def counted() -> Counted:
    """Return what was done since the command began."""
    return _counted


def count_anew() -> None:
    """Begin to count, with a new command."""
    global _counted
    with _lock:
        _counted = Counted()
