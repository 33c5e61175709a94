"""The log of a command: on standard error with --verbose, and in the folder of its run."""

import contextlib
import logging
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.log import LOGGER, Attempt, JsonLines, event

if TYPE_CHECKING:
    from simulator.store import Question

VERBOSE = "--verbose"
_LIBRARIES = ("trialsim", "numpy", "scipy", "numba", "simpy", "joblib")


class _OnStandardError(logging.Handler):
    """Prints each line on what standard error is at the time: a live display makes room for it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line."""
        print(self.format(record), file=sys.stderr, flush=True)


_attempt = Attempt()


def begin_log() -> None:
    """Begin the log of a command."""
    global _attempt
    for handler in list(LOGGER.handlers):
        if isinstance(handler, _OnStandardError | Attempt):
            LOGGER.removeHandler(handler)
    _attempt = Attempt()
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(_attempt)


def be_verbose() -> None:
    """Print what happens, as it does."""
    if not any(isinstance(handler, _OnStandardError) for handler in LOGGER.handlers):
        handler = _OnStandardError()
        handler.setFormatter(JsonLines())
        LOGGER.addHandler(handler)


def log_question(question: "Question", folder: Path, units: Path) -> None:
    """Tell what is asked, of what program and where; keep the log with the units of its trials."""
    from simulator.caches import SOURCES_DIGEST
    from simulator.store.logs import LOGS
    from simulator.version import versions_of

    event(
        "command",
        command=shlex.join(["trialsim", *sys.argv[1:]]),
        working_folder=str(Path.cwd()),
        process=os.getpid(),
        versions=versions_of(_LIBRARIES) | {"python": platform.python_version()},
        sources=SOURCES_DIGEST,
        machine=platform.node(),
        system=platform.platform(),
        processors=os.cpu_count(),
    )
    asked = {"seed": question.seed, "scenario": question.scenario["name"], **question.asked}
    event("question", asks=question.command, digest=question.digest, folder=str(folder), **asked)
    _attempt.keep_in(units / LOGS / f"{question.digest}.log")


def log_answer(aside: Path, folder: Path, *, finished: bool) -> None:
    """Tell where the answer is written, and write the log beside it, of all attempts."""
    from simulator.store.logs import LOG

    event("answer", folder=str(folder), finished=finished)
    with contextlib.suppress(OSError):  # an answer is not lost for its log
        (aside / LOG).write_text(_attempt.text(), "utf-8", errors="backslashreplace")
