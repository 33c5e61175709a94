"""A command on a terminal that is none: what it shows there, and what is typed at it."""

import contextlib
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

import pytest

SECONDS = 120
_SILENCE = 2.0  # seconds


class Shown(NamedTuple):
    """How a command on a terminal ended, and what stands there."""

    status: int
    text: str


def on_a_terminal(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    columns: int = 80,
    typed: Sequence[str] = (),
    errors_alone: bool = False,
) -> Shown:
    """Run a command on a terminal of so many columns.

    Parameters
    ----------
    typed
        Lines typed one after the other, each once something that ends in `: ` is shown; the key
        `\\x03` is Ctrl-C and `\\x04` the end of input.
    errors_alone
        Whether only standard error is the terminal.
    """
    pty = pytest.importorskip("pty", reason="a terminal of POSIX")
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    rest = {} if errors_alone else {"stdin": theirs, "stdout": theirs, "start_new_session": True}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={k: v for k, v in environment.items() if k != "COLUMNS"},
        stderr=theirs,
        preexec_fn=None if errors_alone else _controlling,
        **rest,
    )
    os.close(theirs)
    seen, lines, key, until = b"", list(typed), b"", time.monotonic() + SECONDS
    with contextlib.suppress(OSError):  # the other end is closed
        while True:
            ready, _, _ = select.select([ours], [], [], _SILENCE)
            if not ready:
                if time.monotonic() > until:
                    process.kill()
                # A key that is typed before the question listens for it is lost, echoed or not.
                elif key:
                    os.write(ours, key)
                continue
            part = os.read(ours, 4096)
            if not part:
                break
            seen += part
            if lines and seen.endswith(b": "):
                line = lines.pop(0)
                key = line.encode() if line in ("\x03", "\x04") else b""
                os.write(ours, key or f"{line}\n".encode())
    os.close(ours)
    return Shown(process.wait(SECONDS), seen.decode().replace("\r\n", "\n"))


def _controlling() -> None:
    """Make the terminal the one whose Ctrl-C reaches the process."""
    ioctl(0, termios.TIOCSCTTY, 0)
