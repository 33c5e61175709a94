"""What a command finds around it: its streams, the environment's variables, its arguments."""

import contextlib
import io
import os
import sys
from collections.abc import Mapping, Sequence

from simulator.caches import cache_folder, home_cache
from simulator.cli.shared import refuse
from simulator.errors import UNSHOWN


class _Unheard(io.TextIOWrapper):
    """Standard error that may have gone, with its terminal or the end of its pipe."""

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held, or lose it."""
        with contextlib.suppress(OSError):
            super().flush()


def open_streams() -> None:
    """Let output go somewhere and never fail for a character.

    A stream that is closed loses what is printed, not the run, which is kept in its folder; what an
    encoding does not have is written out. What is said on standard error is never worth a failure.
    """
    if sys.stderr is sys.__stderr__ and type(sys.stderr) is io.TextIOWrapper:
        sys.stderr = _Unheard(
            sys.stderr.detach(), encoding=sys.stderr.encoding, line_buffering=True
        )
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Let nothing more be written to standard output, not even at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse_arguments(arguments: Sequence[str]) -> None:
    """Refuse an argument with characters that are not seen or are no text."""
    for argument in arguments:
        if UNSHOWN.search(argument):
            rule = "has characters that cannot be shown"
            refuse("an argument", argument, rule, "write it, or rename the file, without them")


def refuse_environment(variables: Mapping[str, str]) -> None:
    """Refuse variables under which the compiled engine cannot work; make up for others."""
    if variables.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        rule = "the engine has to be compiled"
        refuse("NUMBA_DISABLE_JIT", variables["NUMBA_DISABLE_JIT"], rule, "unset the variable")
    threads = variables.get("NUMBA_NUM_THREADS", "1")
    if not (threads.isascii() and threads.isdigit() and int(threads[:6]) > 0):
        rule = "must be a whole number from 1 on"
        refuse("NUMBA_NUM_THREADS", threads, rule, "correct it, or unset the variable")
    # Figures are drawn into files, so that no window is ever opened.
    os.environ["MPLBACKEND"] = "agg"
    if home_cache() is None:  # or it would make a new folder each time, and say so
        os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
