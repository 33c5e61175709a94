"""The command that compares allocation schemes, writes their lists and replays their sequences."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.crew import BackendOption, SchedulerOption, crew
from simulator.cli.runs import ForceOption, RunOption, answer, draw, kept
from simulator.cli.shared import (
    LARGEST_TRIAL,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    counted,
    deliver,
    load_study,
    numeric,
    path_given,
    refuse,
    say,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.planning.candidate_schemes import CandidateScheme
    from simulator.results import Allocation
    from simulator.scenario.loaded import LoadedScenario
    from simulator.store import Enclosures
    from simulator.study import Study

_DEFAULT_SEED = 1
_DEFAULT_TRIALS = 10_000
# Balance and predictability alone ask for no analysis, whose limits would be in the way.
_NO_ANALYSES = {"analyses": [{"test": "chi_square"}], "multiplicity": None}


@stoppable
@kept
def allocation(
    scenario: ScenarioArgument,
    schemes: Annotated[
        str,
        typer.Option(
            help="Schemes with commas between, as 'random_blocks(4,6),efron(2/3)', or all. The "
            "first is what the others are compared with."
        ),
    ],
    trials: Annotated[
        int,
        counted(
            "--trials",
            least=2,
            most=10_000_000,
            help="Trials of each scheme, and as many for the level.",
        ),
    ] = _DEFAULT_TRIALS,
    n: Annotated[
        int | None,
        counted(
            "--n",
            least=2,
            most=100_000,
            help="Patients, in place of the scenario's.",
            show_default=False,
        ),
    ] = None,
    metrics_only: Annotated[
        bool,
        typer.Option("--metrics-only", help="Balance and predictability alone, exact if possible."),
    ] = False,
    bias: Annotated[
        str | None,
        typer.Option(
            help="An investigator who guesses the next arm and favours the second: "
            "turn_away:0.5:VARIABLE>CUT, defer:0.5:VARIABLE>CUT:DAYS, or shift:HAZARD_RATIO.",
            show_default=False,
        ),
    ] = None,
    drift: Annotated[
        str | None,
        typer.Option(
            help="Last patient's hazard against the first's: linear:2, logarithmic:2, step:2:0.5.",
            show_default=False,
        ),
    ] = None,
    effect: Annotated[
        float | None,
        numeric(
            "--effect",
            "Add exact levels of 5 % Z and t tests if guesses shift responses by so many SD.",
            0.0,
            10.0,
            show_default=False,
        ),
    ] = None,
    trial: Annotated[
        int | None,
        counted(
            "--trial",
            least=0,
            most=LARGEST_TRIAL,
            help="Instead: every allocation of this trial, with its probability.",
            show_default=False,
        ),
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(
            "--list",
            help="Instead: write a randomisation list, a CSV file.",
            show_default=False,
            callback=path_given("--list"),
        ),
    ] = None,
    for_use: Annotated[
        bool,
        typer.Option("--for-use", help="The list is for a real trial, not marked as a simulation."),
    ] = False,
    seed: SeedOption = _DEFAULT_SEED,
    jobs: JobsOption = None,
    backend: BackendOption = "local",
    scheduler: SchedulerOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Compare allocation schemes: level, power, balance, guesses."""
    workers = crew(jobs, backend, scheduler)
    if for_use and codes is None:
        refuse("--for-use", "true", "is for a randomisation list", "give --list FILE")
    if codes is not None or trial is not None:
        _refuse_what_keeps_no_run(codes, trial, out, force, json)
    if metrics_only and (bias or drift):
        refuse("--metrics-only", "true", "has no patients to bias", "leave --bias and --drift out")
    from simulator.cli.compiling import compiling

    study = load_study(scenario, _changes(n, bias, drift, metrics_only=metrics_only))
    chosen = _chosen(study, schemes)
    if trial is not None or codes is not None:
        if len(chosen) > 1:
            refuse("--schemes", schemes, "needs to be one scheme here", "give the one")
        if codes is not None:
            _write_list(study, chosen[0], seed, codes, for_use)
        else:
            with compiling():
                sequence = study.allocation_sequence(chosen[0].text, trial or 0, seed=seed)
            deliver(sequence, json)
        return
    texts = [scheme.text for scheme in chosen]
    asked = {"schemes": texts, "trials": trials, "metrics_only": metrics_only, "effect": effect}

    def work(enclosed: "Enclosures") -> "Allocation":
        from simulator.cli.progress import lines

        with lines() as tell:
            result = study.allocation(
                chosen,
                trials,
                metrics_only=metrics_only,
                effect=effect,
                seed=seed,
                jobs=workers(),
                say=tell,
            )
        draw(lambda figures: _draw(result, figures), enclosed)
        return result

    answer(study.question("allocation", seed, **asked), out, force, json, work)


def _refuse_what_keeps_no_run(
    codes: Path | None, trial: int | None, out: Path | None, force: bool, json: bool
) -> None:
    """Refuse options that a list, or the sequence of one trial, has no use for."""
    instead = "--list" if codes is not None else "--trial"
    if codes is not None and trial is not None:
        refuse("--trial", trial, "goes without --list", "give one of the two")
    if codes is not None and json:
        refuse("--json", "true", "goes without --list, which writes a CSV file", "leave it out")
    if out is not None:
        refuse("--out", out, f"goes without {instead}, which keeps no run", "leave it out")
    if force:
        refuse("--force", "true", f"goes without {instead}, which keeps no run", "leave it out")


def _changes(
    n: int | None, bias: str | None, drift: str | None, *, metrics_only: bool
) -> "Callable[[LoadedScenario], LoadedScenario]":
    """Return what makes of the scenario in the file the one asked for."""

    def change(loaded: "LoadedScenario") -> "LoadedScenario":
        from simulator.planning.biases import drift_of, selection_bias_of
        from simulator.results.size import PATIENTS
        from simulator.scenario.errors import RuleError

        if n is not None:
            alone = _NO_ANALYSES if metrics_only else {}
            loaded = loaded.changed({PATIENTS: n, **alone}, "--n")
        favours = loaded.scenario.arms[1].name
        for option, text, key, read in (
            ("--bias", bias, "selection_bias", partial(selection_bias_of, favours)),
            ("--drift", drift, "hazard.drift", drift_of),
        ):
            if text is not None:
                try:
                    loaded = loaded.changed({key: read(text)}, option, whole=(key,))
                except RuleError as error:
                    refuse(option, text, error.rule, error.remedy)
        return loaded

    return change


def _chosen(study: "Study", schemes: str) -> "list[CandidateScheme]":
    """Return the schemes asked for; one that cannot be followed ends the command."""
    from simulator.allocation import AllocationError
    from simulator.notation import split_list
    from simulator.planning.candidate_schemes import every_scheme

    everything = schemes.strip() == "all"
    texts = every_scheme(study.prepared.solved) if everything else split_list(schemes)
    found: list[CandidateScheme] = []
    for text in texts:
        try:
            found += study.schemes([text])
        except AllocationError as error:
            at = "" if error.key == "scheme" else f"{error.key} = {error.value}: "
            refuse("--schemes", text, f"{at}{error.rule}", error.remedy)
    doubled = [text for i, text in enumerate(texts) if text in texts[:i]]
    if doubled:
        refuse("--schemes", doubled[0], "is given twice", "leave one out")
    return found


def _draw(result: "Allocation", folder: Path) -> None:
    from simulator.report.pictures import draw_allocation

    draw_allocation(result, folder)


def _write_list(
    study: "Study", scheme: "CandidateScheme", seed: int, path: Path, for_use: bool
) -> None:
    """Write a randomisation list, marked as a simulation unless it is for use."""
    from simulator.allocation import AllocationError
    from simulator.store import to_csv, write_whole
    from simulator.version import program_version

    if not path.parent.is_dir():
        refuse("--list", path, "its folder does not exist", "create it first")
    if path.exists():
        refuse("--list", path, "exists", "name another file: a list is never replaced")
    if for_use and seed == _DEFAULT_SEED:
        refuse("--seed", seed, "is everybody's: the list could be guessed", "give one of your own")
    from simulator.cli.compiling import compiling

    try:
        with compiling():
            drawn = list(study.randomisation_list(scheme.text, seed=seed))
    except AllocationError as error:
        refuse("--schemes", scheme.text, error.rule, error.remedy)
    status = "FOR USE" if for_use else "SIMULATION, NOT FOR USE"
    header = (
        "status",
        "scheme",
        "seed",
        "version",
        "stratum",
        "number",
        "code",
        "arm",
        "probability",
    )
    made = status, scheme.text, seed, program_version()
    rows = ((*made, *code[:-1], f"{code.probability:.6g}") for code in drawn)
    try:
        say(f"wrote {write_whole(path, to_csv(header, rows), replace=False)}")
    except FileExistsError:
        refuse("--list", path, "exists", "name another file: a list is never replaced")
