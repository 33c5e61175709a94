"""The command that compares allocation schemes, writes their lists and replays their sequences."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.runs import ForceOption, RunOption, answer, draw
from simulator.cli.shared import (
    LARGEST_TRIAL,
    JobsOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    cores,
    deliver,
    load_study,
    refuse,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.params.types import Params
    from simulator.planning.candidate_schemes import CandidateScheme
    from simulator.planning.prepared import Prepared
    from simulator.results import Result
    from simulator.scenario.schema import Scenario

_DEFAULT_SEED = 1
_DEFAULT_TRIALS = 10_000


@stoppable
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
        typer.Option(
            min=2, max=10_000_000, help="Trials of each scheme, and as many for the level."
        ),
    ] = _DEFAULT_TRIALS,
    n: Annotated[
        int | None,
        typer.Option(
            min=2, max=100_000, help="Patients, in place of the scenario's.", show_default=False
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
        typer.Option(
            min=0.0,
            max=10.0,
            help="Add the exact level of a 5 % Z test if guesses shift responses by so many SD.",
            show_default=False,
        ),
    ] = None,
    trial: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=LARGEST_TRIAL,
            help="Instead: every allocation of this trial, with its probability.",
            show_default=False,
        ),
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(
            "--list", help="Instead: write a randomisation list, a CSV file.", show_default=False
        ),
    ] = None,
    for_use: Annotated[
        bool,
        typer.Option("--for-use", help="The list is for a real trial, not marked as a simulation."),
    ] = False,
    seed: SeedOption = _DEFAULT_SEED,
    jobs: JobsOption = None,
    out: RunOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Compare allocation schemes in one trial: level, power, balance, predictability."""
    if for_use and codes is None:
        refuse("--for-use", "true", "is for a randomisation list", "give --list FILE")
    if metrics_only and (bias or drift):
        refuse("--metrics-only", "true", "has no patients to bias", "leave --bias and --drift out")
    study = load_study(scenario, _changes(n, bias, drift))
    prepared = study.prepared
    candidate_schemes = _candidate_schemes(prepared.solved, prepared.params, schemes)
    if trial is not None or codes is not None:
        if len(candidate_schemes) > 1:
            refuse("--schemes", schemes, "needs to be one scheme here", "give the one")
        if codes is not None:
            _write_list(prepared.solved, candidate_schemes[0], seed, codes, for_use)
        else:
            _show_sequence(
                prepared.solved, prepared.params, candidate_schemes[0], seed, trial or 0, json
            )
        return
    from simulator.report.allocation import print_comparison

    texts = [candidate_scheme.text for candidate_scheme in candidate_schemes]
    asked = {"schemes": texts, "trials": trials, "metrics_only": metrics_only, "effect": effect}

    def work(folder: Path) -> "Result":
        result = _compared(
            prepared, candidate_schemes, trials, seed, jobs or cores(), metrics_only, effect
        )
        draw(lambda figures: _draw(result.summary, figures), folder)
        return result

    answer(study.question("allocation", seed, **asked), out, force, json, work, print_comparison)


def _compared(
    prepared: "Prepared",
    candidate_schemes: "list[CandidateScheme]",
    trials: int,
    seed: int,
    jobs: int,
    metrics_only: bool,
    effect: float | None,
) -> "Result":
    """Compare the schemes, with progress."""
    from simulator.planning.comparison import compare, only_metrics
    from simulator.report.allocation import comparison_rows, comparison_summary
    from simulator.report.progress import lines, say_what_is_compiled
    from simulator.results import Result

    params = prepared.params
    say_what_is_compiled(params)
    with lines() as say:
        if metrics_only:
            found = only_metrics(params, candidate_schemes, trials, seed, jobs, say)
        else:
            null = _under_strong_null(prepared.solved)
            found = compare(
                params, null, prepared.plans, candidate_schemes, trials, seed, jobs, say
            )
    summary = comparison_summary(prepared.solved, found, seed, effect)
    return Result(summary, comparison_rows(summary), {}, len(found) == len(candidate_schemes))


def _changes(n: int | None, bias: str | None, drift: str | None) -> Any:
    """Return what makes of the scenario in the file the one asked for."""

    def change(scenario: "Scenario") -> "Scenario":
        from simulator.planning.biases import with_drift, with_selection_bias
        from simulator.planning.candidate_schemes import with_patients
        from simulator.scenario.errors import RuleError

        if n is not None:
            scenario = with_patients(scenario, n)
        for option, text, add in (
            ("--bias", bias, with_selection_bias),
            ("--drift", drift, with_drift),
        ):
            if text is not None:
                try:
                    scenario = add(scenario, text)
                except RuleError as error:
                    refuse(option, text, error.rule, error.remedy)
        return scenario

    return change


def _candidate_schemes(
    solved: "Scenario", params: "Params", schemes: str
) -> "list[CandidateScheme]":
    """Return the schemes asked for; one that cannot be followed ends the command."""
    from simulator.allocation import AllocationError
    from simulator.allocation.notation import split_schemes
    from simulator.planning.candidate_schemes import candidate_scheme_of, every_scheme
    from simulator.planning.observed import refuse_if_nothing_is_known

    texts = every_scheme(solved) if schemes.strip() == "all" else split_schemes(schemes)
    found = []
    for text in texts:
        try:
            candidate_scheme = candidate_scheme_of(solved, text)
            refuse_if_nothing_is_known(params._replace(allocation=candidate_scheme.params))
        except AllocationError as error:
            at = "" if error.key == "scheme" else f"{error.key} = {error.value}: "
            refuse("--schemes", text, f"{at}{error.rule}", error.remedy)
        else:
            found.append(candidate_scheme)
    doubled = [text for i, text in enumerate(texts) if text in texts[:i]]
    if doubled:
        refuse("--schemes", doubled[0], "is given twice", "leave one out")
    return found


def _under_strong_null(solved: "Scenario") -> "Params | None":
    """Return the scenario with nothing but the label between the arms; None if it is that."""
    from simulator.params.lower import lower

    if solved.null_hypothesis == "strong":
        return None
    return lower(solved.model_copy(update={"null_hypothesis": "strong"}))


def _draw(summary: dict[str, Any], folder: Path) -> None:
    from simulator.report.allocation_figure import draw_comparison

    draw_comparison(summary, folder / "schemes")


def _write_list(
    solved: "Scenario", candidate_scheme: "CandidateScheme", seed: int, path: Path, for_use: bool
) -> None:
    """Write a randomisation list, marked as a simulation unless it is for use."""
    from simulator.allocation import AllocationError
    from simulator.planning.sequence import randomisation_list
    from simulator.report.version import program_version
    from simulator.store import to_csv, write_whole

    if not path.parent.is_dir():
        refuse("--list", path, "its folder does not exist", "create it first")
    if path.exists():
        refuse("--list", path, "exists", "name another file: a list is never replaced")
    if for_use and seed == _DEFAULT_SEED:
        refuse("--seed", seed, "is everybody's: the list could be guessed", "give one of your own")
    try:
        drawn = list(randomisation_list(solved, candidate_scheme, seed))
    except AllocationError as error:
        refuse("--schemes", candidate_scheme.text, error.rule, error.remedy)
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
    made = status, candidate_scheme.text, seed, program_version()
    rows = ((*made, *code[:-1], f"{code.probability:.6g}") for code in drawn)
    print(f"wrote {write_whole(path, to_csv(header, rows))}", file=sys.stderr)


def _show_sequence(
    solved: "Scenario",
    params: "Params",
    candidate_scheme: "CandidateScheme",
    seed: int,
    trial: int,
    json: bool,
) -> None:
    """Show every allocation of one trial."""
    from simulator.planning.sequence import replayed_sequence
    from simulator.report.sequence import print_sequence, sequence_summary

    steps = replayed_sequence(params, candidate_scheme, seed, trial)
    summary = sequence_summary(solved, candidate_scheme, seed, trial, steps)
    deliver(summary, json, lambda console: print_sequence(summary, console))
