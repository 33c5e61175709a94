"""What every command needs: options, refusals, a scenario made ready, results delivered."""

import functools
import logging
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec

import typer

from simulator.cli.signals import came, status, stopped_words
from simulator.constants import LARGEST_SEED
from simulator.constants import LARGEST_TRIAL as LARGEST_TRIAL
from simulator.errors import shown_safely
from simulator.log import event

if TYPE_CHECKING:
    from simulator.results import Answer
    from simulator.scenario.errors import Problem
    from simulator.scenario.loaded import LoadedScenario
    from simulator.study import Study

WRONG_INPUT = 2
_PATIENCE_SECONDS = 0.5  # with the threads of a command that is stopped: a unit takes less
P = ParamSpec("P")

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Path of a scenario file, or name of a shipped one.",
        show_default=False,
    ),
]
_ANALYSIS = "Which analysis, or family of those judged together (all:NAME: all of it)"
AnalysisOrAllOption = Annotated[
    str | None,
    typer.Option("--analysis", help=f"{_ANALYSIS} [default: all].", show_default=False),
]
AnalysisOrPrimaryOption = Annotated[
    str | None,
    typer.Option("--analysis", help=f"{_ANALYSIS} [default: the primary one].", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def fail(message: str, status: int) -> NoReturn:
    """End the command with a message on standard error."""
    event("failed", level=logging.ERROR, said=message, status=status)
    say("\n".join(shown_safely(line) for line in message.split("\n")))
    sys.exit(status)


def stop(message: str) -> NoReturn:
    """End an interrupted command with a message, whatever its workers are in the middle of.

    Python waits at its end for threads, which may be compiling or in a trial for minutes.
    """
    event("stopped", by=came() or "an interruption", said=message)
    say(message)
    until = time.monotonic() + _PATIENCE_SECONDS
    workers = [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor-")]
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
    if any(worker.is_alive() for worker in workers):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(status())
    sys.exit(status())


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr)


def path_given(option: str) -> "Callable[[Path | None], Path | None]":
    """Return what refuses the name of another option given where an option's path belongs."""

    def check(path: Path | None) -> Path | None:
        if path is not None and str(path).startswith("-"):
            refuse(option, path, "is an option, not a path", f"name a path, or ./{path}")
        return path

    return check


def refuse(option: str, value: object, rule: str, remedy: str) -> NoReturn:
    """Report a wrong option as a wrong key is reported, and exit."""
    fail(f"{option} = {value}: {rule}; {remedy}", WRONG_INPUT)


# 10000, 10_000 and 10,000; or 1e4, 1.5e3, 10k and 1M. A point alone is a thousand to some, and a
# decimal to others.
_COUNT = re.compile(
    r"(?P<plain>\d+(?:_\d+)*|\d{1,3}(?:,\d{3})+)|(?P<number>\d+(?:\.\d+)?)(?P<unit>e\+?\d{1,3}|[km])",
    re.ASCII | re.IGNORECASE,
)
_THOUSANDS = {"k": 3, "m": 6}


def count(option: str, least: int, most: int) -> Callable[[str | int], int]:
    """Return what reads a count as people type it: 10000, 10,000, 10_000, 1e4, 10k or 1M."""
    example = "as 10000, 1e4 or 10k" if most >= 10_000 else f"as {max(least, 2)}"

    def read(text: str | int) -> int:
        if isinstance(text, int):  # a default
            return text
        value = _whole(text.strip().removeprefix("="))  # as in -n=100
        if value is None or not least <= value <= most:
            rule = f"must be a whole number from {least:,} to {most:,}"
            refuse(option, text or '""', rule, example)
        return value

    return read


def _whole(text: str) -> int | None:
    found = _COUNT.fullmatch(text)
    if found is None:
        return None
    if found["plain"]:
        return int(found["plain"].replace("_", "").replace(",", "")[:40])
    unit = found["unit"].lower()
    value = Decimal(found["number"][:40]).scaleb(_THOUSANDS.get(unit) or int(unit[1:]))
    return int(value) if value == value.to_integral_value() else None


def number(option: str, least: float = -math.inf, most: float = math.inf) -> Callable[..., float]:
    """Return what reads a number, or per cent; one that is not within limits given is refused."""
    example = "as 0.8" if least < 0.8 < most else f"as {min(most, max(least, 0.01)):g}"
    limits = f" from {least:g} to {most:g}" if math.isfinite(most) else ""
    if math.isinf(most) and math.isfinite(least):
        limits = f" of at least {least:g}"

    def read(text: str | float) -> float:
        if isinstance(text, int | float):  # a default
            return float(text)
        written = text.strip().removeprefix("=")
        try:
            value = float(written.removesuffix("%"))
        except ValueError:
            refuse(option, text or '""', f"must be a number{limits}", _as_a_number(text) or example)
        if written.endswith("%"):
            value = round(value / 100, 12)
        if limits and not least <= value <= most:
            refuse(option, text, f"must be a number{limits}", example)
        return value

    return read


def _as_a_number(text: str) -> str:
    """How to write a number that has a comma; empty for what is none."""
    try:
        return f"write {float(text.replace(',', '.', 1)):g}"
    except ValueError:
        return ""


def counted(
    *names: str,
    least: int,
    most: int,
    help: str,
    show_default: bool = True,
) -> Any:
    """Return an option that takes a count; the first name is what messages call it."""
    return typer.Option(
        *names,
        parser=count(names[0], least, most),
        metavar="COUNT",
        help=help,
        show_default=show_default,
    )


def numeric(
    name: str,
    help: str,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    show_default: bool = True,
) -> Any:
    """Return an option that takes a number."""
    return typer.Option(
        name,
        parser=number(name, least, most),
        metavar="NUMBER",
        help=help,
        show_default=show_default,
    )


SeedOption = Annotated[
    int, counted("--seed", least=0, most=LARGEST_SEED, help="Seed of all random numbers.")
]
JobsOption = Annotated[
    int | None,
    counted(
        "--jobs", least=1, most=1024, help="Workers [default: one per core].", show_default=False
    ),
]


def stoppable(command: Callable[P, None]) -> Callable[P, None]:
    """Let Ctrl-C, and what is alike, end a command that has no answer yet with a word."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            stop(stopped_words())

    return run


@contextmanager
def named_as_options(*arguments: str) -> Iterator[None]:
    """Let messages call arguments of Python by their names on the command line."""
    from simulator.scenario.errors import ScenarioError

    def as_option(problem: "Problem") -> "Problem":
        if problem.file in arguments:
            return problem._replace(file=f"--{problem.file}")
        if not problem.file and problem.key in arguments:
            return problem._replace(key=f"--{problem.key}")
        return problem

    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(*map(as_option, error.problems)) from None


def two_numbers(
    option: str, text: str, kind: type[int] | type[float], example: str
) -> tuple[Any, Any]:
    """Read a pair of numbers, as the example is one; a wrong one ends the command."""
    try:
        first, second = (_read(kind, part.strip()) for part in text.split(","))
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        refuse(option, text, f"needs two {words} with a comma between", f"as {example}")
    return first, second


def _read(kind: type[int] | type[float], text: str) -> int | float:
    typed = _whole(text) if kind is int else None
    return kind(text) if typed is None else typed


def cores() -> int:
    """Return how many workers run at once."""
    from joblib import cpu_count

    return int(cpu_count())


def load_study(
    name: str, change: "Callable[[LoadedScenario], LoadedScenario]" = lambda loaded: loaded
) -> "Study":
    """Load a scenario, change it as options ask, and make it ready, saying what takes time."""
    from simulator.scenario.loader import load_scenario

    return study_of(change(load_scenario(name)))


def study_of(loaded: "LoadedScenario") -> "Study":
    """Make a scenario ready, saying what takes time.

    Apart from loading, since it imports everything: a mistake in a file, and an answer that is
    kept, need only what reads the file.
    """
    from simulator.cli.compiling import compiling, expect
    from simulator.planning.prepared import prepare
    from simulator.study import Study

    with compiling(loaded.scenario):
        prepared = prepare(loaded, lambda line: say(f"{line} (once) ..."))
    expect(prepared.params, len(prepared.plans))
    return Study(prepared)


def deliver(
    answer: "Answer", as_json: bool, *, full: bool = False, run: Path | None = None
) -> None:
    """Print an answer on standard output, as JSON or as text.

    Parameters
    ----------
    full
        The full text of an answer that has a screen too.
    run
        The folder in which it is kept.
    """
    if as_json:
        from simulator.store import to_json

        print(to_json(answer.to_dict()))
        return
    from simulator.report.text import print_answer
    from simulator.report.text.page import console_for

    print_answer(answer, console_for(sys.stdout), full=full, run=run)
