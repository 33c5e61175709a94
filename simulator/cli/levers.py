"""The command that ranks what matters most: assumptions and choices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    AnalysisOrPrimaryOption,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    load_study,
    named_as_options,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import Levers
    from simulator.store import Enclosures


@stoppable
@kept
def levers(
    scenario: ScenarioArgument,
    trials: Annotated[
        int,
        counted(
            "--trials", "-n", least=2, most=10_000_000, help="Trials of each move, the same ones."
        ),
    ] = 5_000,
    analysis: AnalysisOrPrimaryOption = None,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Rank what matters most: what each assumption and each choice does."""
    workers = crew(jobs, backend, scheduler)
    study = load_study(scenario)
    with named_as_options("analysis"):
        planned = study.plan_levers(analysis)
    question = study.question("levers", seed, trials=trials, analysis=analysis)

    def work(enclosed: "Enclosures") -> "Levers":
        with _told(planned.moves, trials) as watch:
            result = study.run_levers(planned, trials, seed=seed, jobs=workers(), watch=watch)
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


@contextmanager
def _told(moves: int, trials: int) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that shows how far a ranking is."""
    from simulator.cli.progress import lines

    with lines() as say:
        yield lambda number, done, name: say(
            f"move {number} of {moves}, {name}: {done:,} of {trials:,} trials"
        )


def _draw(result: "Levers", folder: Path) -> None:
    from simulator.report.pictures import draw_levers

    draw_levers(result, folder)
