"""The command that averages power over what is not known."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    LARGEST_TRIAL,
    AnalysisOrAllOption,
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
)

if TYPE_CHECKING:
    from simulator.results import Assurance
    from simulator.results.assurance import AveragedPower
    from simulator.store import Enclosures

_SECONDS_BETWEEN_LINES = 2.0
_DRAWS_FOR_A_PACE = 10


@stoppable
@kept
def assurance(
    scenario: ScenarioArgument,
    draws: Annotated[
        int, counted("--draws", least=2, most=100_000, help="Draws of what is not known.")
    ] = 400,
    trials: Annotated[
        int, counted("--trials", "-n", least=2, most=1_000_000, help="Trials at each draw.")
    ] = 500,
    analysis: AnalysisOrAllOption = None,
    worthwhile: Annotated[
        str | None,
        typer.Option(
            help="What makes an effect worthwhile: 'hazard_ratio<=0.8', "
            "'mortality_difference<=-0.1' or 'KEY>=VALUE' [default: the scenario's own effect, or "
            "better].",
            show_default=False,
        ),
    ] = None,
    power_target: Annotated[
        float | None,
        numeric(
            "--power-target",
            "Power whose probability is asked for [default: 0.8].",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Average power over what is not known (uncertain in the scenario)."""
    workers = crew(jobs, backend, scheduler)
    if power_target is not None and not 0 < power_target < 1:
        refuse("--power-target", power_target, "must be above 0 and below 1", "as 0.9")
    if draws * trials > LARGEST_TRIAL:
        rule = f"{draws:,} draws of {trials:,} trials are more than {LARGEST_TRIAL:,} trials"
        refuse("--draws", draws, rule, "ask for fewer of either")
    study = load_study(scenario)
    from simulator.results.measures import CONVENTIONAL_POWER

    with named_as_options("analysis", "worthwhile"):
        planned = study.plan_assurance(analysis=analysis, worthwhile=worthwhile)
    asked = {"draws": draws, "trials": trials}
    more = {"analysis": analysis, "worthwhile": worthwhile, "target_power": power_target}
    question = study.question(
        "assurance",
        seed,
        **asked,
        **{key: value for key, value in more.items() if value is not None},
    )

    def work(enclosed: "Enclosures") -> "Assurance":
        with _told(draws) as watch:
            result = study.run_assurance(
                planned,
                draws,
                trials,
                seed=seed,
                jobs=workers(),
                target_power=power_target or CONVENTIONAL_POWER,
                watch=watch,
            )
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


@contextmanager
def _told(draws: int) -> "Iterator[Callable[[int, AveragedPower], None]]":
    """Give a function that shows how far an assurance is, the time left and the running average."""
    import math
    import time

    from simulator.cli.progress import lines
    from simulator.log import counted

    last, first = 0.0, (0, 0.0)  # the first draw that was simulated, and when it was done
    with lines() as say:

        def tell(done: int, so_far: "AveragedPower") -> None:
            nonlocal last, first
            now = time.monotonic()
            if not first[0] and counted().simulated:
                first = done, now
            if now - last < _SECONDS_BETWEEN_LINES and done < draws:
                return
            last = now
            # The first draws wait for what is compiled or loaded, and those found kept for nothing.
            since = done - first[0]
            left = (now - first[1]) / max(since, 1) * (draws - done)
            time_left = f", {left:,.0f} s left" if since >= _DRAWS_FOR_A_PACE else ""
            error = "" if math.isnan(so_far.outer_se) else f" +- {100 * so_far.se:.2f}"
            say(f"draw {done:,} of {draws:,}{time_left}: {100 * so_far.mean:.2f}{error} %")

        yield tell


def _draw(result: "Assurance", folder: Path) -> None:
    from simulator.report.pictures import draw_assurance

    draw_assurance(result, folder)
