"""The command that compares two scenarios trial by trial."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, RunOption, answer, kept
from simulator.cli.shared import (
    JobsOption,
    JsonOption,
    SeedOption,
    counted,
    load_study,
    named_as_options,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import Comparison
    from simulator.store import Enclosures


@stoppable
@kept
def compare(
    first: Annotated[
        str, typer.Argument(metavar="FIRST", help="Path or name of a scenario.", show_default=False)
    ],
    second: Annotated[
        str,
        typer.Argument(metavar="SECOND", help="The one to compare with it.", show_default=False),
    ],
    trials: Annotated[
        int, counted("--trials", "-n", least=2, most=10_000_000, help="Trials of each.")
    ] = 10_000,
    analysis: Annotated[
        str | None,
        typer.Option(
            help="Which analysis, or family of those judged together [default: all that both "
            "have].",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Compare the power of two scenarios, trial by trial."""
    workers = crew(jobs, backend, scheduler)
    one, other = load_study(first), load_study(second)
    with named_as_options("analysis"):
        one.check_comparison(other, analysis)
    question = one.question(
        "compare",
        seed,
        trials=trials,
        analysis=analysis,
        names=one.told_apart(other),
        other={"scenario": other.prepared.plain, "sources": other.prepared.sources},
    )

    def work(_: "Enclosures") -> "Comparison":
        with _told(trials) as watch:
            return one.compare(
                other, trials, analysis=analysis, seed=seed, jobs=workers(), watch=watch
            )

    answer(question, out, force, json, work)


@contextmanager
def _told(trials: int) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows how far a comparison is."""
    from simulator.cli.progress import lines

    with lines() as say:
        yield lambda number, done: say(f"scenario {number} of 2: {done:,} of {trials:,} trials")
