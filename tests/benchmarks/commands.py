"""Whole commands, timed as their user runs them: a new process, from its start to its exit."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TRIALSIM = Path(sys.executable).with_name("trialsim")


class Timed(NamedTuple):
    """What a command took and printed.

    `processor_s` and `peak_mb` are the operating system's account of the process and of those it
    waited for.
    """

    wall_s: float
    processor_s: float
    peak_mb: float
    out: str
    err: str
    status: int


def timed(arguments: list[str], folder: Path, **environment: str) -> Timed:
    """Run a command in a folder; Python keeps what it has parsed, as it does for its users."""
    users = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=folder, env=users | environment, stdout=out, stderr=err
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in out, err:
            file.seek(0)
            texts.append(file.read().decode())
    return Timed(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        *texts,
        process.returncode,
    )


def trialsim(arguments: str, folder: Path, expected: int = 0, **environment: str) -> Timed:
    """Run `trialsim`, which must end with the status that is expected."""
    done = timed([str(TRIALSIM), *arguments.split()], folder, **environment)
    assert done.status == expected, done.err
    return done
