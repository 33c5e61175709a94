"""The command line. Heavy things are imported inside the commands, so that help is quick."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from simulator.cli import allocation
from simulator.cli.shared import (
    LARGEST_TRIAL,
    WRONG_INPUT,
    JobsOption,
    JsonOption,
    OutOption,
    ScenarioArgument,
    SeedOption,
    check_folder,
    cores,
    deliver,
    fail,
    prepare,
    refuse,
    stoppable,
    two_numbers,
)

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    help="Simulate a randomised trial of artificial liver support, NCT05484908, and its power.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run a command: exit 0 done, 1 failed while running, 2 the input is wrong."""
    from simulator.scenario.errors import ScenarioError

    try:
        app(standalone_mode=True)
    except ScenarioError as error:
        fail(str(error), WRONG_INPUT)
    except BrokenPipeError:
        # The reader of a pipe has enough, as `head` has. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename or ''}: {error.strerror or error}", 1)


@app.command()
@stoppable
def power(
    scenario: ScenarioArgument,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=LARGEST_TRIAL,
            help="Trials to simulate [default: 10000; reference engine: 1000].",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(
            min=1e-5,
            max=0.5,
            help="Instead of --trials: stop once every analysis has this standard error.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 1,
    engine: Annotated[
        str, typer.Option(help="compiled or, for the same answer slowly, reference.")
    ] = "compiled",
    jobs: JobsOption = None,
    out: OutOption = None,
    certify: Annotated[
        bool,
        typer.Option(
            "--certify",
            help="Instead: the largest type I error of each analysis over a family of nuisance "
            "values, --trials for each.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Estimate the power of each analysis, and what the trial takes."""
    if trials is not None and precision is not None:
        refuse("--precision", precision, "goes without --trials", "give one of the two")
    if engine not in ("compiled", "reference"):
        refuse("--engine", engine, "is not an engine", "use compiled or reference")
    check_folder(out)
    if certify:
        if precision is not None:
            refuse("--precision", precision, "goes without --certify", "give --trials")
        if engine != "compiled":
            refuse("--engine", engine, "goes without --certify", "leave it out")
        _certify(scenario, trials or 10_000, seed, jobs, out, json)
        return
    from simulator.multiplicity import families_of
    from simulator.power import Asked, Engine, Stop, monte_carlo
    from simulator.report.files import TrialRows, write_power
    from simulator.report.progress import say_what_is_compiled, watched
    from simulator.report.summary import power_summary
    from simulator.truth import true_values

    loaded, solved, params, plans = prepare(scenario)
    default = 10_000 if engine == Engine.COMPILED else 1_000
    stop = Stop(None if precision else trials or default, precision)
    if engine == Engine.COMPILED:
        say_what_is_compiled(params)
    alike = loaded.scenario.null_hypothesis == "strong"
    truths = true_values(params, plans, arms_alike=alike)
    asked = Asked(plans, truths, families_of(loaded.scenario, plans))
    with ExitStack() as stack:
        watch = stack.enter_context(watched(stop, plans[0].name))
        rows = stack.enter_context(TrialRows(out, plans)) if out is not None else None
        keep = rows.add if rows is not None else _let_go
        run = monte_carlo(params, asked, seed, stop, jobs or cores(), Engine(engine), watch, keep)
        summary = power_summary(loaded, solved, params, run)
        # Before printing: whoever reads that may stop listening.
        written = write_power(out, summary, run, rows) if out is not None and rows else []
    for path in written:
        print(f"wrote {path}", file=sys.stderr)
    deliver(summary, json, lambda console: _print_power(summary, console))
    if run.interrupted:
        fail(f"stopped after {run.trials:,} trials, which count; run again for more", 1)


def _certify(
    name: str, trials: int, seed: int, jobs: int | None, out: Path | None, json: bool
) -> None:
    """Work out and show a certificate of level."""
    from simulator.planning.certificate import certify
    from simulator.report.certificate import certificate_summary, print_certificate
    from simulator.report.files import to_json, write_whole
    from simulator.report.progress import lines, say_what_is_compiled
    from simulator.scenario.errors import RuleError

    loaded, _, params, _ = prepare(name)
    say_what_is_compiled(params)
    try:
        with lines() as say:
            certificate = certify(loaded.scenario, trials, seed, jobs or cores(), say)
    except RuleError as error:
        raise loaded.located(error) from None
    summary = certificate_summary(certificate, loaded.scenario.name, seed)
    if out is not None:
        path = out / f"certificate-{loaded.scenario.name}-seed{seed}.json"
        write_whole(path, to_json(summary) + "\n")
        print(f"wrote {path}", file=sys.stderr)
    deliver(summary, json, lambda console: print_certificate(summary, console))


@app.command()
@stoppable
def exact(
    test: Annotated[
        str, typer.Option(help="The test, as in a scenario: fisher, boschloo, z_pooled ...")
    ],
    n: Annotated[str, typer.Option(help="Patients of the two arms, as 30,30.")],
    p: Annotated[str, typer.Option(help="Death probabilities of the two arms, as 0.6,0.3.")],
    alpha: Annotated[float, typer.Option(help="Level.")] = 0.05,
    alternative: Annotated[
        str, typer.Option(help="two_sided; less: lower mortality in the second arm; or greater.")
    ] = "two_sided",
    power: Annotated[float, typer.Option(help="Power of the difference to detect.")] = 0.8,
    gamma: Annotated[float, typer.Option(help="Of the tests of Berger and Boos.")] = 0.001,
    prior: Annotated[
        str, typer.Option(help="Beta prior of both arms, a,b: of beta_binomial.")
    ] = "1,1",
    json: JsonOption = False,
) -> None:
    """Power, size and smallest detectable difference of a test of two proportions, exactly."""
    from simulator.analysis.exact_power import Question
    from simulator.report.exact import exact_summary, print_exact, refused

    sizes = two_numbers("--n", n, int, "30,30")
    rates = two_numbers("--p", p, float, "0.6,0.3")
    beta = two_numbers("--prior", prior, float, "1,1")
    asked = Question(test, *sizes, alpha, cast("Any", alternative), gamma, beta, beta)
    problem = refused(asked, rates, power)
    if problem is not None:
        refuse(*problem)
    summary = exact_summary(asked, rates, power)
    deliver(summary, json, lambda console: print_exact(summary, console))


@app.command()
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
    out: Annotated[
        Path, typer.Option(help="Folder, which must be there, for the CSV file.")
    ] = Path(),
    json: JsonOption = False,
) -> None:
    """Write every event of one trial, the very one that power counts, and sum it up."""
    check_folder(out)
    from simulator.report.tracing import print_trace, trace_trial

    _, solved, params, plans = prepare(scenario)
    traced = trace_trial(solved, params, plans, seed, trial)
    patients = len(traced.summary["patients"])
    if patient is not None and patient >= patients:
        refuse("--patient", patient, f"the trial has {patients} patients", "count from 0")
    path = traced.write(out, patient)
    summary = traced.narrowed(patient) | {"file": str(path)}
    deliver(summary, json, lambda console: print_trace(summary, console))


@app.command()
def scenarios(
    name: Annotated[
        str | None,
        typer.Argument(help="Show this scenario's values and their sources.", show_default=False),
    ] = None,
) -> None:
    """List the shipped scenarios, or the values of one with their sources."""
    from simulator.scenario.loader import load_scenario
    from simulator.scenario.shipped import shipped_titles

    if name is None:
        for shipped, title in shipped_titles().items():
            print(f"{shipped:24}{title}")
        return
    for key, value, source in load_scenario(name).values():
        plain = {None: "null", True: "true", False: "false"}
        shown = plain[value] if value is None or isinstance(value, bool) else value
        print(f"{key} = {shown}" + (f"  # {source}" if source else ""))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file, for completion in editors."""
    import json

    from simulator.scenario.loader import json_schema

    print(json.dumps(json_schema(), indent=2))


def _let_go(_first_trial: int, _table: object) -> None:
    """Keep nothing of single trials."""


def _print_power(summary: dict[str, Any], console: "Console") -> None:
    from simulator.report.text import print_funnel, print_power

    print_power(summary, console)
    if len(summary["operations"]["funnel"]) > 1:
        console.print()
        print_funnel(summary, console)


app.command()(allocation.allocation)
