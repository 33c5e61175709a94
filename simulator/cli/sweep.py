"""The command that varies keys of a scenario."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    AnalysisOrAllOption,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    cores,
    counted,
    load_study,
    named_as_options,
    numeric,
    refuse,
    stoppable,
)
from simulator.log import event

if TYPE_CHECKING:
    from simulator.results import Sweep
    from simulator.store import Enclosures

_MOST_POINTS = 2_000
_LONG_SECONDS = 3_600
_MARGIN = 1.5  # what a short pilot may be wrong by


@stoppable
@kept
def sweep(
    scenario: ScenarioArgument,
    vary: Annotated[
        list[str],
        typer.Option(
            help="A key and its values, as n=60,90 or n=60:600:60 (n: trial.target_randomised), or "
            "'allocation.ratio=[1,1],[2,1]'; may be given again: every combination is a point."
        ),
    ],
    trials: Annotated[
        int,
        counted("--trials", "-n", least=2, most=10_000_000, help="Trials at each point."),
    ] = 10_000,
    analysis: AnalysisOrAllOption = None,
    power_target: Annotated[
        float | None,
        numeric(
            "--power-target",
            "Power that a point is to have [default: 0.8].",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Run also what takes more than an hour.")
    ] = False,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Vary keys of a scenario: power at every point."""
    workers = crew(jobs, backend, scheduler)
    values = _read(vary)
    if power_target is not None and not 0 < power_target < 1:
        refuse("--power-target", power_target, "must be above 0 and below 1", "as 0.9")
    study = load_study(scenario)
    from simulator.cli.compiling import compiling
    from simulator.cli.progress import lines
    from simulator.results.measures import CONVENTIONAL_POWER

    with compiling(), lines() as say, named_as_options("analysis"):
        planned = study.plan_sweep(values, "--vary", say, analysis=analysis)
    asked = {"trials": trials, "vary": [planned.own, *planned.points]}
    more = {"analysis": analysis, "target_power": power_target}
    asked |= {key: value for key, value in more.items() if value is not None}
    question = study.question("sweep", seed, **asked)

    def work(enclosed: "Enclosures") -> "Sweep":
        seconds = planned.seconds(trials, jobs or cores())
        event("time foretold", seconds=round(seconds, 1))
        if seconds > _MARGIN * _LONG_SECONDS and not yes:
            points, hours = len(planned.points), seconds / 3600
            rule = f"{points} points of {trials:,} trials take about {hours:.1f} hours"
            refuse("--vary", " ".join(vary), rule, "add --yes, or ask for fewer --trials")
        with _told(len(planned.points), trials) as watch:
            result = study.run_sweep(
                planned,
                trials,
                seed=seed,
                jobs=workers(),
                watch=watch,
                target_power=power_target or CONVENTIONAL_POWER,
            )
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


def _read(vary: list[str]) -> dict[str, list[Any]]:
    """Values by key; one that cannot be read ends the command."""
    from simulator.declarations.keys import SHORT, divided
    from simulator.planning.listed import typed_values
    from simulator.scenario.errors import RuleError

    found: dict[str, list[Any]] = {}
    for text in vary:
        key, listed = divided(text) or ("", "")
        key = SHORT.get(key, key)
        if not key or not listed.strip():
            refuse("--vary", text, "needs a key and values", "as n=60:180:60, or KEY=A,B")
        if key in found:
            refuse("--vary", text, "varies a key that is varied already", "give all values at once")
        try:
            values = typed_values(listed)
        except RuleError as error:
            refuse("--vary", text, error.rule, error.remedy)
        if any(value in values[:number] for number, value in enumerate(values)):
            refuse("--vary", text, "has a value twice", "leave one out")
        found[key] = values
    points = math.prod(map(len, found.values()))
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
