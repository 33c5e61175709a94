"""The command that sets parameters so that simulated trials meet targets, and checks the rest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    load_study,
    path_given,
    refuse,
    say,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import Answer, Calibration
    from simulator.store import Enclosures


@stoppable
@kept
def calibrate(
    scenario: ScenarioArgument,
    trials: Annotated[
        int | None,
        counted(
            "--trials",
            "-n",
            least=20,
            most=1_000_000,
            help="Trials of each set of values [default: as many as have 60,000 patients].",
            show_default=False,
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Write a scenario with the values found, which extends this one.",
            show_default=False,
            callback=path_given("--write"),
        ),
    ] = None,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    full: FullOption = False,
    json: JsonOption = False,
) -> None:
    """Set parameters to meet targets; check a scenario against evidence held out."""
    study = load_study(scenario)
    study.check_calibration()
    _refuse_to_overwrite(write)
    question = study.question("calibrate", seed, trials=trials)

    def work(enclosed: "Enclosures") -> "Calibration":
        with _told() as watch:
            result = study.calibrate(trials, seed=seed, jobs=jobs, watch=watch)
        if result.acceptance is not None:
            draw(lambda figures: _draw(result, figures), enclosed)
        return result

    def write_besides(found: "Answer") -> None:
        if write is not None:
            _write(found, scenario, write)

    answer(question, out, force, json, work, full=full, besides=write_besides)


def _refuse_to_overwrite(path: Path | None) -> None:
    if path is None:
        return
    if path.exists():
        refuse("--write", path, "is there already", "name a file that is not")
    if path.suffix != ".yaml":
        refuse("--write", path, "is no name of a scenario file", "as mine.yaml")
    if not path.absolute().parent.is_dir():
        refuse("--write", path, "its folder does not exist", "make it first")


def _write(found: "Answer", asked: str, path: Path) -> None:
    """Write the values found as a scenario of their own, whole or not at all."""
    from simulator.report.calibrated_file import calibrated_file
    from simulator.results import Calibration
    from simulator.store import write_whole

    if not isinstance(found, Calibration) or not found.block:
        refuse("--write", path, "no value moved: there is nothing to write", "leave it out")
        return
    text = calibrated_file(found, asked, path)
    try:
        write_whole(path, text, replace=False)
    except FileExistsError:
        refuse("--write", path, "is there already", "name a file that is not")
    say(f"wrote {path}")


@contextmanager
def _told() -> Iterator[Callable[[int, float], None]]:
    """Give a function that shows how far a calibration is."""
    from simulator.cli.progress import lines

    with lines() as tell:
        yield lambda run, off: tell(f"run {run}: the worst target is off by {off:.1f} tolerances")


def _draw(result: "Calibration", folder: Path) -> None:
    from simulator.report.pictures import draw_calibration

    draw_calibration(result, folder)
