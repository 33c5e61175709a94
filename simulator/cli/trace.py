"""The command that shows one trial, event by event."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from simulator.cli.runs import ForceOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    LARGEST_TRIAL,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    refuse,
    say,
    stoppable,
    study_of,
)

if TYPE_CHECKING:
    from simulator.results import Trace
    from simulator.store import Enclosures
    from simulator.study import Study


@stoppable
@kept
def trace(
    scenario: ScenarioArgument,
    trial: Annotated[
        int, counted("--trial", least=0, most=LARGEST_TRIAL, help="Index of the trial, from 0.")
    ],
    patient: Annotated[
        int | None,
        counted(
            "--patient",
            least=0,
            most=LARGEST_TRIAL,
            help="Only this patient, by order of randomisation from 0.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Keep every event of one trial, and sum it up."""
    from calibration.evidence import cited_rows
    from simulator.scenario.loader import load_scenario
    from simulator.store import question_of

    loaded = load_scenario(scenario)
    if loaded.scenario.monitoring is not None:
        say("no look is taken in a trace: the trial goes on as planned")
    study = cache(partial(study_of, loaded))
    evidence = cited_rows(loaded)
    question = question_of(loaded, "trace", seed, evidence=evidence, trial=trial, patient=patient)

    def work(enclosed: "Enclosures") -> "Trace":
        return _traced(study(), trial, patient, seed, enclosed)

    answer(question, out, force, json, work, ready=study)


def _traced(
    study: "Study", trial: int, patient: int | None, seed: int, enclosed: "Enclosures"
) -> "Trace":
    whole = study.trace(trial, seed=seed)
    if patient is None:
        draw(lambda figures: _draw(whole, figures), enclosed)
        return whole
    if patient >= len(whole.patients):
        rule = f"the trial has {len(whole.patients)} patients"
        refuse("--patient", patient, rule, "count from 0")
    return whole.of_patient(patient)


def _draw(trace: "Trace", folder: Path) -> None:
    from simulator.report.pictures import draw_trace

    draw_trace(trace, folder)
