"""The command that shows one trial, event by event."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.runs import ForceOption, RunOption, answer, draw
from simulator.cli.shared import (
    LARGEST_TRIAL,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    load_study,
    refuse,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results import Result
    from simulator.study import Study


@stoppable
def trace(
    scenario: ScenarioArgument,
    trial: Annotated[
        int, typer.Option(min=0, max=LARGEST_TRIAL, help="Index of the trial, from 0.")
    ],
    patient: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only this patient, by order of randomisation from 0.", show_default=False
        ),
    ] = None,
    seed: SeedOption = 1,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Keep every event of one trial, and sum it up."""
    study = load_study(scenario)
    from simulator.report.tracing import print_trace

    question = study.question("trace", seed, trial=trial, patient=patient)
    answer(
        question, out, force, json, lambda f: _traced(study, trial, patient, seed, f), print_trace
    )


def _traced(study: "Study", trial: int, patient: int | None, seed: int, folder: Path) -> "Result":
    from simulator.results import Result

    whole = study.trace(trial, seed=seed)
    patients = len(whole.rows)
    if patient is not None and patient >= patients:
        refuse("--patient", patient, f"the trial has {patients} patients", "count from 0")
    traced = whole.traced
    if patient is None:
        draw(lambda figures: _draw(study, traced, figures), folder)
    summary = traced.narrowed(patient)
    return Result(summary, whole.rows, {"events": traced.rows(patient)}, finished=True)


def _draw(study: "Study", traced: Any, folder: Path) -> None:
    from simulator.report.pictures import draw_trace

    draw_trace(study.prepared.solved, traced, folder)
