"""The command that turns published survival into a baseline hazard."""

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import JsonOption, named_as_options, numeric, refuse, stoppable

if TYPE_CHECKING:
    from simulator.results import BaselineHazard
    from simulator.store import Enclosures

_LONGEST_NAME = 40


@stoppable
@kept
def baseline(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files (CSV) with columns day,survival,n, or day,survival,at_risk for a "
            "Kaplan-Meier curve; or rows of evidence, as B05 B06.",
            show_default=False,
        ),
    ],
    days: Annotated[
        str, typer.Option(metavar="DAYS", help="Ends of the pieces, with commas between.")
    ] = "7,14,21,28,84",
    horizon: Annotated[
        float | None,
        numeric(
            "--horizon",
            "Day that mortality refers to [default: the last of --days].",
            show_default=False,
        ),
    ] = None,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Turn published survival into a baseline hazard."""
    ends = _ends(days, horizon)
    from calibration.baseline import baseline_hazard
    from calibration.survival_sources import survival_sources
    from simulator.store import Question

    read = survival_sources(sources)
    # It takes a moment: what cannot be told is refused before anything is written.
    with named_as_options("days"):
        result = baseline_hazard(read, ends)
    asked = {"days": ends, "sources": [one.plain() for one in read]}
    question = Question("baseline", {"name": _name(sources)}, {}, 0, asked)

    def work(enclosed: "Enclosures") -> "BaselineHazard":
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


def _ends(text: str, horizon: float | None) -> list[float]:
    """Read the days, the horizon last; what cannot be ends the command."""
    ends = []
    for part in text.split(","):
        try:
            ends.append(float(part))
        except ValueError:
            refuse("--days", text, "must be numbers with commas between", "as 7,14,21,28,84")
    if not all(math.isfinite(day) and day > 0 for day in ends):
        refuse("--days", text, "must be numbers above 0", "as 7,14,21,28,84")
    if any(a >= b for a, b in pairwise(ends)):
        refuse("--days", text, "must climb", "order the days")
    if horizon is None:
        return ends
    if not (math.isfinite(horizon) and horizon >= ends[-1]):
        rule = f"must not be before the last of --days, {ends[-1]:g}"
        refuse("--horizon", f"{horizon:g}", rule, "leave later days out of --days")
    return ends if horizon == ends[-1] else [*ends, horizon]


def _name(sources: list[str]) -> str:
    """Return a name for the run's folder."""
    stems = "-".join(Path(source).stem for source in sources)
    return re.sub(r"[^\w-]+", "_", stems)[:_LONGEST_NAME].strip("-_") or "survival"


def _draw(result: "BaselineHazard", folder: Path) -> None:
    from simulator.report.pictures import draw_baseline

    draw_baseline(result, folder)
