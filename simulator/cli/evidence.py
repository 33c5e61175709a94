"""The command that shows what the values of a scenario rest on."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.runs import FullOption
from simulator.cli.shared import JsonOption, deliver, refuse, stoppable

_BASE_CASE = "nct05484908"


@stoppable
def evidence(
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY",
            help="A key of the scenario, or the id of a row, as A43 [default: an overview].",
            show_default=False,
        ),
    ] = None,
    scenario: Annotated[
        str, typer.Option("--scenario", help="Path or name of a scenario.")
    ] = _BASE_CASE,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Check this CSV file of evidence instead.", show_default=False),
    ] = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> None:
    """Show what values rest on: from a key to rows of evidence, and on to citations."""
    from simulator.planning.evidence import evidence_about, evidence_in_file, evidence_overview
    from simulator.scenario.loader import load_scenario

    if file is not None:
        if key is not None:
            refuse("KEY", key, "goes without --file", "give one of the two")
        deliver(evidence_in_file(file), json, full=full)
        return
    loaded = load_scenario(scenario)
    if key is None:
        deliver(evidence_overview(loaded), json, full=full)
    else:
        deliver(evidence_about(loaded, key, "KEY"), json, full=full)
