"""`trialsim monitor`: where a running trial stands, and what is to come, without simulation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import JsonOption, path_given, refuse, stoppable

if TYPE_CHECKING:
    from simulator.results import Interim
    from simulator.store import Enclosures


@stoppable
@kept
def monitor(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Path of a scenario file, or name of a shipped one.",
            show_default=False,
        ),
    ] = None,
    observed: Annotated[
        Path | None,
        typer.Option(
            "--observed",
            metavar="FILE",
            help="What is known at the cut of the data (YAML).",
            show_default=False,
            callback=path_given("--observed"),
        ),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print an example of such a file, and stop.")
    ] = False,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Where a running trial stands: boundary, conditional power, recruitment to come."""
    from simulator.planning.interim.file import EXAMPLE, read_observed

    if example:
        print(EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if scenario is None:
        refuse("SCENARIO", '""', "is missing", "name the scenario of the trial that is running")
    if observed is None:
        refuse("--observed", '""', "is missing", "trialsim monitor --example prints such a file")
    from calibration.evidence import cited_rows
    from simulator.planning.interim.answer import interim
    from simulator.scenario.loader import load_scenario
    from simulator.store import question_of

    loaded = load_scenario(scenario)
    read = read_observed(observed)
    # It takes a moment: what cannot be told is refused before anything is written.
    result = interim(loaded, read)
    known = read.observed.model_dump(mode="json")
    question = question_of(loaded, "monitor", 0, evidence=cited_rows(loaded), observed=known)

    def work(enclosed: "Enclosures") -> "Interim":
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


def _draw(result: "Interim", folder: Path) -> None:
    from simulator.report.pictures import draw_interim

    draw_interim(result, folder)
