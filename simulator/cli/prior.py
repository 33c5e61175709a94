"""The command that makes a prior of published studies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    JsonOption,
    SeedOption,
    counted,
    refuse,
    say,
    stoppable,
    two_numbers,
)

if TYPE_CHECKING:
    from calibration.synthesis.synthesis import Assumptions
    from simulator.results import Prior
    from simulator.store import Enclosures


@stoppable
@kept
def prior(
    studies: Annotated[
        Path | None,
        typer.Argument(
            metavar="STUDIES.csv",
            help="Studies with their weights [default: those that come with the program].",
            show_default=False,
        ),
    ] = None,
    heterogeneity: Annotated[
        str,
        typer.Option(
            help="Prior of the between-study SD, on the logit or log scale: half_normal(0.5) or "
            "half_cauchy(0.5)."
        ),
    ] = "half_normal(0.5)",
    prior_for: Annotated[
        str, typer.Option("--for", metavar="WHOM", help="new_study, or mean of the studies.")
    ] = "new_study",
    extrapolation: Annotated[
        str,
        typer.Option(
            help="SD of the step to the trial's patients: of the logit of mortality, and of a log "
            "hazard ratio."
        ),
    ] = "0.25,0.1",
    draws: Annotated[
        int, counted("--draws", least=1, most=100_000, help="Joint draws kept with the run.")
    ] = 1_000,
    seed: SeedOption = 1,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Make a prior of published studies, with their weights."""
    from calibration.synthesis.joint import synthesise
    from calibration.synthesis.studies import SHIPPED, read_studies
    from simulator.store import Question

    assumed = _assumed(heterogeneity, prior_for, extrapolation)
    read_studies(studies)  # what is wrong with the file is told while nothing is written
    asked = {
        "studies": (studies or SHIPPED).read_text("utf-8-sig"),
        "file": str(studies) if studies else None,
        "heterogeneity": str(assumed.heterogeneity),
        "for": assumed.prior_for.value,
        "extrapolation": sorted((p.value, sd) for p, sd in assumed.extrapolation.items()),
        "draws": draws,
    }
    name = studies.stem if studies else "shipped"
    question = Question("prior", {"name": _as_a_name(name)}, {}, seed, asked)

    def work(enclosed: "Enclosures") -> "Prior":
        say("synthesising, and under other assumptions ...")
        result = synthesise(studies, assumed, draws=draws, seed=seed)
        enclosed.add(lambda folder: _write_uncertain(result, folder))
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(question, out, force, json, work, full=full)


def _assumed(heterogeneity: str, prior_for: str, extrapolation: str) -> "Assumptions":
    """What is assumed; an option that cannot be read ends the command."""
    from calibration.synthesis.heterogeneity import heterogeneity_prior
    from calibration.synthesis.synthesis import Assumptions, extrapolation_of
    from simulator.results.prior import PriorFor
    from simulator.scenario.errors import RuleError

    try:
        scale = heterogeneity_prior(heterogeneity)
    except RuleError as error:
        refuse("--heterogeneity", heterogeneity, error.rule, error.remedy)
    words = [word.value for word in PriorFor]
    if prior_for not in words:
        refuse("--for", prior_for, "is not known", f"use one of {', '.join(words)}")
    try:
        step = extrapolation_of(*two_numbers("--extrapolation", extrapolation, float, "0.25,0.1"))
    except RuleError as error:
        refuse("--extrapolation", extrapolation, error.rule, error.remedy)
    return Assumptions(scale, PriorFor(prior_for), extrapolation=step)


def _as_a_name(stem: str) -> str:
    """The name of a file as part of a folder's."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)
    return plain[:60].strip(".-") or "studies"


def _write_uncertain(result: "Prior", folder: Path) -> None:
    from simulator.report.text.prior import uncertain_yaml

    (folder / "uncertain.yaml").write_text(uncertain_yaml(result), "utf-8", newline="\n")


def _draw(result: "Prior", folder: Path) -> None:
    from simulator.report.pictures import draw_prior

    draw_prior(result, folder)
