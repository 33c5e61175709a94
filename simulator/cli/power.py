"""The command that estimates power, or certifies a level."""

from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, FullOption, RunOption, answer, kept
from simulator.cli.shared import (
    LARGEST_TRIAL,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    numeric,
    refuse,
    stoppable,
    study_of,
)

if TYPE_CHECKING:
    from simulator.montecarlo.workers import Workers
    from simulator.results import Answer
    from simulator.scenario.loaded import LoadedScenario
    from simulator.store import Enclosures
    from simulator.study import Study

_ESTIMATORS = "counts", "conditional"
_TRIALS = {"compiled": 10_000, "reference": 1_000}


@stoppable
@kept
def power(
    scenario: ScenarioArgument,
    trials: Annotated[
        int | None,
        counted(
            "--trials",
            "-n",
            least=1,
            most=LARGEST_TRIAL,
            help="Trials to simulate [default: 10000; reference engine: 1000].",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        float | None,
        numeric(
            "--precision",
            "Instead of --trials: stop once every analysis has this standard error.",
            1e-5,
            0.5,
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    power_target: Annotated[
        float | None,
        numeric(
            "--power-target",
            "Power that the design is to have, for the verdict [default: 0.8].",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="compiled or, for the same answer slowly, reference.")
    ] = "compiled",
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    estimator: Annotated[
        str,
        typer.Option(
            help="counts or, beside them, conditional: the deaths of each trial averaged out, for "
            "the same error with fewer trials."
        ),
    ] = "counts",
    by_trial: Annotated[
        bool,
        typer.Option("--by-trial", help="Keep trials.csv too, one row per trial and analysis."),
    ] = False,
    certify: Annotated[
        bool,
        typer.Option(
            "--certify",
            help="Instead: the largest type I error of each analysis over a family of nuisance "
            "values, --trials for each.",
        ),
    ] = False,
    full: FullOption = False,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Estimate the power of each analysis, and what the trial takes."""
    from calibration.evidence import cited_rows
    from simulator.scenario.loader import load_scenario
    from simulator.store import question_of

    workers = crew(jobs, backend, scheduler)
    if trials is not None and precision is not None:
        refuse("--precision", precision, "goes without --trials", "give one of the two")
    if engine not in _TRIALS:
        refuse("--engine", engine, "is not an engine", "use compiled or reference")
    if power_target is not None and not 0 < power_target < 1:
        refuse("--power-target", power_target, "must be above 0 and below 1", "as 0.9")
    if estimator not in _ESTIMATORS:
        refuse("--estimator", estimator, "is not an estimator", "use counts or conditional")
    if certify:
        _refuse_with_certify(precision, engine, by_trial, power_target, estimator)
    loaded = load_scenario(scenario)
    if estimator == "conditional":
        _refuse_conditional(loaded, engine, trials)
    evidence = cited_rows(loaded)
    study = cache(partial(study_of, loaded))
    asked: dict[str, Any] = {"trials": trials or _TRIALS[engine]}
    if certify:
        question = question_of(loaded, "certify", seed, evidence=evidence, **asked)
        answer(
            question,
            out,
            force,
            json,
            lambda _: _certificate(study(), asked["trials"], seed, workers()),
            ready=study,
        )
        return
    if precision is not None:
        asked = {"precision": precision}
    if power_target is not None:
        asked["target_power"] = power_target
    if estimator != "counts":
        asked["estimator"] = estimator
    question = question_of(
        loaded, "power", seed, evidence=evidence, engine=engine, by_trial=by_trial, **asked
    )

    def work(enclosed: "Enclosures") -> "Answer":
        return _estimated(study(), enclosed if by_trial else None, seed, engine, workers(), asked)

    answer(question, out, force, json, work, ready=study, full=full)


def _refuse_with_certify(
    precision: float | None,
    engine: str,
    by_trial: bool,
    power_target: float | None,
    estimator: str,
) -> None:
    if precision is not None:
        refuse("--precision", precision, "goes without --certify", "give --trials")
    if engine != "compiled":
        refuse("--engine", engine, "goes without --certify", "leave it out")
    if by_trial:
        refuse("--by-trial", "true", "goes without --certify", "leave it out")
    if power_target is not None:
        refuse("--power-target", power_target, "goes without --certify", "leave it out")
    if estimator != "counts":
        refuse("--estimator", estimator, "goes without --certify", "leave it out")


def _refuse_conditional(loaded: "LoadedScenario", engine: str, trials: int | None) -> None:
    """Refuse what the conditional estimator cannot take, before anything is simulated."""
    from simulator.planning.averaged_deaths import why_not

    why = why_not(loaded.scenario, engine, trials)
    if why is not None:
        refuse("--estimator", "conditional", why.rule, why.remedy)


def _estimated(
    study: "Study",
    enclosed: "Enclosures | None",
    seed: int,
    engine: str,
    workers: "Workers",
    asked: dict[str, Any],
) -> "Answer":
    """Run the simulation, with progress; enclose the rows of single trials if asked for."""
    from contextlib import ExitStack

    from simulator.cli.progress import watched
    from simulator.montecarlo.loop import Stop
    from simulator.report.trial_rows import TrialRows

    prepared = study.prepared
    trials, precision = asked.get("trials"), asked.get("precision")
    with ExitStack() as stack:
        watch = stack.enter_context(watched(Stop(trials, precision), prepared.plans[0].name))
        options: dict[str, Any] = {k: asked[k] for k in ("target_power", "estimator") if k in asked}
        rows = None
        if enclosed is not None:
            rows = TrialRows(enclosed.folder / "trials.csv", prepared.plans)
            options["keep"] = stack.enter_context(rows).add
        found = study.power(
            trials,
            precision=precision,
            seed=seed,
            engine=engine,
            jobs=workers,
            watch=watch,
            **options,
        )
    if enclosed is not None and rows is not None:
        enclosed.fail(rows.path.name, rows.failure)
    return found


def _certificate(study: "Study", trials: int, seed: int, workers: "Workers") -> "Answer":
    """Work out a certificate of level, with progress."""
    from simulator.cli.progress import lines

    with lines() as say:
        return study.certify(trials, seed=seed, jobs=workers, say=say)
