"""The command that looks for designs: with a power, in a time, for a budget."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    numeric,
    refuse,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import DesignSearch
    from simulator.store import Enclosures

_ARGUMENTS = (
    "analysis",
    "budget",
    "choose",
    "power",
    "within_days",
)  # of Study.design, which are options here
_RATIO = re.compile(r"(\d+)\s*:\s*(\d+)")


@stoppable
@kept
def design(
    scenario: ScenarioArgument,
    power: Annotated[float, numeric("--power", "Power to reach, above alpha and below 1.")] = 0.8,
    within_days: Annotated[
        float | None,
        numeric(
            "--within-days",
            "Longest mean duration, from the first opening to the end of the last follow-up.",
            1.0,
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        numeric(
            "--budget",
            "Largest mean cost, in the scenario's currency.",
            1e-9,
            show_default=False,
        ),
    ] = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            help="A choice and its values, as n=60:600:60 or sites=1,2,4 (also rate, machines, "
            "nurses, plasma, sessions, follow_up, consent, loss, ratio, scheme), or KEY=VALUES; "
            "may be given again: every combination is a design. Without n the number of patients "
            "is looked for [default: once, twice, four and eight times as many sites].",
            show_default=False,
        ),
    ] = None,
    analysis: AnalysisOrPrimaryOption = None,
    trials: Annotated[
        int,
        counted(
            "--trials",
            "-n",
            least=100,
            most=10_000_000,
            help="Fresh trials by which a design is judged.",
        ),
    ] = 4_000,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Find the designs with a power, in a time, for a budget."""
    workers = crew(jobs, backend, scheduler)
    values = None if choose is None else _read(choose)
    study = load_study(scenario)
    with named_as_options(*_ARGUMENTS):
        checked = study.check_design(power, within_days, budget, values, analysis)
    asked = {
        "power": power,
        "within_days": within_days,
        "budget": budget,
        "choose": checked.chosen,
        "analysis": analysis,
        "trials": trials,
    }

    def work(enclosed: "Enclosures") -> "DesignSearch":
        from simulator.cli.progress import lines

        with lines() as say, named_as_options(*_ARGUMENTS):
            result = study.design(
                power,
                within_days=within_days,
                budget=budget,
                choose=values,
                analysis=analysis,
                trials=trials,
                seed=seed,
                jobs=workers(),
                say=say,
            )
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(study.question("design", seed, **asked), out, force, json, work, full=full)


def _read(choose: list[str]) -> dict[str, list[Any]]:
    """Values by choice; one that cannot be read ends the command."""
    from simulator.declarations.keys import divided
    from simulator.planning.listed import typed_values
    from simulator.scenario.errors import RuleError

    found: dict[str, list[Any]] = {}
    for text in choose:
        key, listed = divided(text) or ("", "")
        if not key or not listed.strip():
            refuse("--choose", text, "needs a choice and values", "as sites=1,2,4 or KEY=A,B")
        if key in found:
            refuse("--choose", text, "is chosen from already", "give all values at once")
        try:
            # A ratio is written 2:1, which elsewhere is the beginning of a range.
            listed = _RATIO.sub(r"[\1,\2]", listed) if key == "ratio" else listed
            found[key] = typed_values(listed)
        except RuleError as error:
            refuse("--choose", text, error.rule, error.remedy)
    return found


def _draw(result: "DesignSearch", folder: Path) -> None:
    from simulator.report.pictures import draw_design

    draw_design(result, folder)
