"""What every command needs: options, refusals, a scenario made ready, results delivered."""

import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from simulator.constants import LARGEST_SEED
from simulator.constants import LARGEST_TRIAL as LARGEST_TRIAL
from simulator.errors import shown_safely

if TYPE_CHECKING:
    from simulator.results import Answer
    from simulator.scenario.loaded import LoadedScenario
    from simulator.store import Question
    from simulator.study import Study

WRONG_INPUT = 2
_PATIENCE_SECONDS = 3.0  # with the threads of a command that is stopped
P = ParamSpec("P")

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Path of a scenario file, or name of a shipped one.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of all random numbers.")
]
JobsOption = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Workers [default: one a core].", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def fail(message: str, status: int) -> None:
    """End the command with a message on standard error."""
    say("\n".join(shown_safely(line) for line in message.split("\n")))
    sys.exit(status)


def stop(message: str) -> None:
    """End an interrupted command with a message, whatever its workers are in the middle of.

    Python waits at its end for threads, which may be compiling or in a trial for minutes.
    """
    say(message)
    workers = [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor-")]
    for worker in workers:
        worker.join(_PATIENCE_SECONDS / len(workers))
    if any(worker.is_alive() for worker in workers):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
    sys.exit(1)


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


def refuse(option: str, value: object, rule: str, remedy: str) -> None:
    """Report a wrong option as a wrong key is reported, and exit."""
    fail(f"{option} = {value}: {rule}; {remedy}", WRONG_INPUT)


def stoppable(command: Callable[P, None]) -> Callable[P, None]:
    """Let Ctrl-C before the first results end a command with a word and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            stop("stopped before the first results; nothing was written")

    return run


def two_numbers(
    option: str, text: str, kind: type[int] | type[float], example: str
) -> tuple[Any, Any]:
    """Read a pair of numbers, as the example is one; a wrong one ends the command."""
    try:
        first, second = (kind(part) for part in text.split(","))
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        refuse(option, text, f"needs two {words} with a comma between", f"as {example}")
        raise
    return first, second


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

    with compiling():
        prepared = prepare(loaded, lambda line: say(f"{line} (once) ..."))
    expect(prepared.params, len(prepared.plans))
    return Study(prepared)


def question_of(loaded: "LoadedScenario", command: str, seed: int, **asked: Any) -> "Question":
    """Return what an answer of a scenario depends on, for keeping it, as a study's question is."""
    from simulator.store import Question

    plain = loaded.scenario.model_dump(mode="json")
    return Question(command, plain, loaded.provenance, seed, asked)


def deliver(answer: "Answer", as_json: bool) -> None:
    """Print an answer on standard output, as JSON or as text."""
    if as_json:
        from simulator.store import to_json

        print(to_json(answer.to_dict()))
        return
    from rich.console import Console

    from simulator.report.text import print_answer

    width = None if sys.stdout.isatty() else 110
    print_answer(answer, Console(highlight=False, markup=False, emoji=False, width=width))
