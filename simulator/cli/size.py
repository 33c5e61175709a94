"""The command that looks for a sample size, or for the value of another key."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    AnalysisOrPrimaryOption,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    load_study,
    named_as_options,
    numeric,
    refuse,
    stoppable,
    two_numbers,
)

if TYPE_CHECKING:
    from simulator.results import Size
    from simulator.store import Enclosures

_ARGUMENTS = ("analysis", "between", "by", "power")  # of Study.size, which are options here


@stoppable
@kept
def size(
    scenario: ScenarioArgument,
    power: Annotated[float, numeric("--power", "Power to reach, above alpha and below 1.")] = 0.8,
    analysis: AnalysisOrPrimaryOption = None,
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
        numeric(
            "--within",
            "Half the width that the 95 % confidence interval may have [default: 3 patients or "
            "2 %, whichever is more].",
            1e-9,
            show_default=False,
        ),
    ] = None,
    patients: Annotated[
        int,
        counted(
            "--patients",
            least=1_000,
            most=10**15,
            help="Patients to simulate at the most, over all trials.",
        ),
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
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Find how many patients a power needs, by simulation."""
    workers = crew(jobs, backend, scheduler)
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
    with named_as_options(*_ARGUMENTS):
        study.check_size(power, analysis, by, bounds, favoured=favoured)

    def work(enclosed: "Enclosures") -> "Size":
        with lines() as say, named_as_options(*_ARGUMENTS):
            result = study.size(
                power,
                analysis=analysis,
                by=by,
                between=bounds,
                within=within,
                patients=patients,
                favoured=favoured,
                seed=seed,
                jobs=workers(),
                say=say,
            )
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(study.question("size", seed, **asked), out, force, json, work)


def _draw(result: "Size", folder: Path) -> None:
    from simulator.report.pictures import draw_size

    draw_size(result, folder)
