"""A command run in this process, or as one of its own, and what it prints and writes read back.

In this process a command takes what it works, not the second or two that a new interpreter takes
to import everything. A process of its own is for what only a process shows: its exit status and
streams, a pipe that nobody reads, a first run that compiles.
"""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from simulator import cli
from simulator.cli.signals import listen
from simulator.report import pictures
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.saving import KINDS, save

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from simulator.cli import main; main()"]


class Ended(NamedTuple):
    """How a command ended: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


def words_of(arguments: tuple[object, ...]) -> list[str]:
    """Return the arguments of a command, given one by one or several in a text."""
    return [word for argument in arguments for word in str(argument).split()]


def run_here(*arguments: object, folder: Path, kinds: Sequence[str] = ("svg",)) -> Ended:
    """Run a command in this process, as if from a folder, its figures of these kinds alone.

    A PNG and a PDF of each would take most of the time of most commands; few tests look at them.
    """
    return run_words(words_of(arguments), folder=folder, kinds=kinds)


def run_words(words: list[str], *, folder: Path, kinds: Sequence[str] = ("svg",)) -> Ended:
    """Run a command of words, which may have spaces in them, in this process."""

    def of_kinds(drawing: Drawing, stem: Path, asked: Sequence[str] = KINDS) -> str:
        return save(drawing, stem, [kind for kind in asked if kind in kinds] or asked)

    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(folder),
        mock.patch.object(sys, "argv", ["trialsim", *words]),
        mock.patch.object(pictures, "save", of_kinds),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            status = 0 if end.code is None else int(end.code)
        finally:
            listen()  # this process goes on
    return Ended(status, out.getvalue(), err.getvalue())


def run_apart(*arguments: object, folder: Path) -> Ended:
    """Run a command as a process of its own, in a folder."""
    done = subprocess.run(
        [*PROGRAM, *words_of(arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def one_json_object(text: str) -> dict[str, Any]:
    """Decode JSON as strictly as the standard has it, and nothing beside it."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


def runs_in(folder: Path) -> list[Path]:
    """Return the runs among the results in a folder."""
    return sorted(path.parent for path in folder.glob("results/*/manifest.json"))


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by its header."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
