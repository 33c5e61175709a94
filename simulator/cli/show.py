"""The command that shows a kept run again, whole or by section."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.shared import WRONG_INPUT, JsonOption, deliver, fail, refuse, stoppable

if TYPE_CHECKING:
    from simulator.results import Answer


@stoppable
def show(
    run: Annotated[
        Path | None,
        typer.Argument(help="Folder of a run of any command.", show_default=False, metavar="RUN"),
    ] = None,
    section: Annotated[
        str | None,
        typer.Argument(
            help="Part of its answer, as estimates; without one all of them are shown.",
            show_default=False,
            metavar="[SECTION]",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the answer that a run holds, or one section of it."""
    from simulator.store import StoreError, read_run

    if run is None:
        fail("RUN is missing: name the folder of a run, as results/power-...", WRONG_INPUT)
        return
    try:
        answer = read_run(run).answer
    except StoreError as error:
        refuse("RUN", error.path, error.rule, error.remedy)
        return
    if section is None:
        deliver(answer, json, full=True)
    elif json:
        refuse("--json", "true", "goes without a section", "leave the section out")
    else:
        _print_section(answer, section)


def _print_section(answer: "Answer", name: str) -> None:
    """Print one section; a name that the answer has not ends the command."""
    from simulator.report.text import sections_of
    from simulator.report.text.page import console_for, print_blocks

    found = sections_of(answer)
    if name not in found:
        rule = f"is no section of this answer of {answer.KIND}"
        refuse("SECTION", name, rule, f"use one of {', '.join(found)}")
    print_blocks(found[name], console_for(sys.stdout))
