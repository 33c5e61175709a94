"""The command that looks for a sample size, or for the value of another key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.runs import ForceOption, RunOption, answer, draw
from simulator.cli.shared import (
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    load_study,
    refuse,
    stoppable,
    two_numbers,
)

if TYPE_CHECKING:
    from simulator.results import Size
    from simulator.scenario.errors import Problem

_ARGUMENTS = ("analysis", "between", "by", "power")  # of Study.size, which are options here


@stoppable
def size(
    scenario: ScenarioArgument,
    power: Annotated[float, typer.Option(help="Power to reach, above alpha and below 1.")] = 0.8,
    analysis: Annotated[
        str | None,
        typer.Option(
            help="Which analysis, or family of those judged together [default: the primary one].",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(help="What to look for: a numeric key.")
    ] = "trial.target_randomised",
    between: Annotated[
        str | None,
        typer.Option(
            help="Look between two values, as 0.3,0.9; needed for a key that is not the number of "
            "patients.",
            show_default=False,
        ),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            min=1e-9,
            help="Half the width that the 95 % confidence interval may have [default: 3 patients "
            "or 2 %, whichever is more].",
            show_default=False,
        ),
    ] = None,
    patients: Annotated[
        int, typer.Option(min=1_000, help="Patients to simulate at the most, over all trials.")
    ] = 50_000_000,
    favoured: Annotated[
        bool,
        typer.Option(
            "--favoured",
            help="Seek the power in the favoured direction: count only rejections in favour of "
            "the treatment arm.",
        ),
    ] = False,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Find how many patients a power needs, by simulation."""
    bounds = None
    if between is not None:
        bounds = two_numbers("--between", between, float, "0.3,0.9")
        if not bounds[0] < bounds[1]:
            refuse("--between", between, "must be a lower and a higher value", "as 0.3,0.9")
    study = load_study(scenario)
    from simulator.cli.progress import lines

    asked = {
        "power": power,
        "analysis": analysis,
        "by": by,
        "between": bounds,
        "within": within,
        "patients": patients,
        "favoured": favoured,
    }
    with _named_as_options():
        study.check_size(power, analysis, by, bounds, favoured=favoured)

    def work(folder: Path) -> "Size":
        with lines() as say, _named_as_options():
            result = study.size(
                power,
                analysis=analysis,
                by=by,
                between=bounds,
                within=within,
                patients=patients,
                favoured=favoured,
                seed=seed,
                jobs=jobs,
                say=say,
            )
        draw(lambda figures: _draw(result, figures), folder)
        return result

    answer(study.question("size", seed, **asked), out, force, json, work)


@contextmanager
def _named_as_options() -> Iterator[None]:
    """Let messages call an argument of Python by its name on the command line."""
    from simulator.scenario.errors import ScenarioError

    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(*map(_as_option, error.problems)) from None


def _as_option(problem: "Problem") -> "Problem":
    if problem.file in _ARGUMENTS:
        return problem._replace(file=f"--{problem.file}")
    if not problem.file and problem.key in _ARGUMENTS:
        return problem._replace(key=f"--{problem.key}")
    return problem


def _draw(result: "Size", folder: Path) -> None:
    from simulator.report.pictures import draw_size

    draw_size(result, folder)
