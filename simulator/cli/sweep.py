"""The command that varies keys of a scenario."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.runs import ForceOption, RunOption, answer, draw
from simulator.cli.shared import (
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    cores,
    load_study,
    refuse,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import Sweep

_MOST_POINTS = 2_000
_LONG_SECONDS = 3_600


@stoppable
def sweep(
    scenario: ScenarioArgument,
    vary: Annotated[
        list[str],
        typer.Option(
            help="A key and its values, as trial.target_randomised=60,90,120; may be given again: "
            "every combination is a point."
        ),
    ],
    trials: Annotated[
        int, typer.Option(min=2, max=10_000_000, help="Trials at each point.")
    ] = 10_000,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Run also what takes more than an hour.")
    ] = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Vary keys of a scenario: power at every point."""
    values = _read(vary)
    study = load_study(scenario)
    from simulator.cli.compiling import compiling
    from simulator.cli.progress import lines

    with compiling(), lines() as say:
        planned = study.plan_sweep(values, "--vary", say)
    question = study.question("sweep", seed, trials=trials, vary=[planned.own, *planned.points])

    def work(folder: Path) -> "Sweep":
        seconds = planned.seconds(trials, jobs or cores())
        if seconds > _LONG_SECONDS and not yes:
            points, hours = len(planned.points), seconds / 3600
            rule = f"{points} points of {trials:,} trials take about {hours:.1f} hours"
            refuse("--vary", " ".join(vary), rule, "add --yes, or ask for fewer --trials")
        with _told(len(planned.points), trials) as watch:
            result = study.run_sweep(planned, trials, seed=seed, jobs=jobs, watch=watch)
        draw(lambda figures: _draw(result, figures), folder)
        return result

    answer(question, out, force, json, work)


def _read(vary: list[str]) -> dict[str, list[Any]]:
    """Values by key; one that cannot be read ends the command."""
    from simulator.allocation.notation import split_schemes
    from simulator.declarations.keys import divided
    from simulator.planning.variation import plain_value

    found: dict[str, list[Any]] = {}
    for text in vary:
        key, listed = divided(text) or ("", "")
        if not key or not listed.strip():
            refuse("--vary", text, "needs a key and values", "as trial.target_randomised=60,90")
        if key in found:
            refuse("--vary", text, "varies a key that is varied already", "give all values at once")
        values = [plain_value(part) for part in split_schemes(listed)]
        if any(value in values[:number] for number, value in enumerate(values)):
            refuse("--vary", text, "has a value twice", "leave one out")
        found[key] = values
    points = 1
    for values in found.values():
        points *= len(values)
    if points > _MOST_POINTS:
        refuse("--vary", " ".join(vary), f"makes {points:,} points", f"at most {_MOST_POINTS:,}")
    return found


@contextmanager
def _told(points: int, trials: int) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows how far a sweep is."""
    from simulator.cli.progress import lines

    with lines() as say:
        yield lambda point, done: say(f"point {point} of {points}: {done:,} of {trials:,} trials")


def _draw(result: "Sweep", folder: Path) -> None:
    from simulator.report.pictures import draw_sweep

    draw_sweep(result, folder)
