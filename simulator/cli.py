"""The command line. Heavy things are imported inside the commands, so that help is quick."""

import functools
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, cast

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.analysis import AnalysisPlan
    from simulator.params.types import Params
    from simulator.scenario.loader import LoadedScenario
    from simulator.scenario.schema import Scenario

app = typer.Typer(
    help="Simulate a randomised trial of artificial liver support, NCT05484908, and its power.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WRONG_INPUT = 2
P = ParamSpec("P")
_LARGEST_SEED = 2**63 - 1
_LARGEST_TRIAL = 2**31 - 1

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Path of a scenario file, or name of a shipped one.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int, typer.Option(min=0, max=_LARGEST_SEED, help="Seed of all random numbers.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="Folder, which must be there, to write results to.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Run a command: exit 0 done, 1 failed while running, 2 the input is wrong."""
    from simulator.scenario.errors import ScenarioError

    try:
        app(standalone_mode=True)
    except ScenarioError as error:
        _fail(str(error), WRONG_INPUT)
    except BrokenPipeError:
        # The reader of a pipe has enough, as `head` has. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or ''}: {error.strerror or error}", 1)


def _fail(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)


def _refuse(option: str, value: object, rule: str, remedy: str) -> None:
    """Report a wrong option as a wrong key is reported, and exit."""
    _fail(f"{option} = {value}: {rule}; {remedy}", WRONG_INPUT)


def _stoppable(command: Callable[P, None]) -> Callable[P, None]:
    """Let Ctrl-C before the first results end a command with a word and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            _fail("stopped before the first results; nothing was written", 1)

    return run


@app.command()
@_stoppable
def power(
    scenario: ScenarioArgument,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_LARGEST_TRIAL,
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
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Workers [default: one a core].", show_default=False),
    ] = None,
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
        _refuse("--precision", precision, "goes without --trials", "give one of the two")
    if engine not in ("compiled", "reference"):
        _refuse("--engine", engine, "is not an engine", "use compiled or reference")
    _check_folder(out)
    if certify:
        if precision is not None:
            _refuse("--precision", precision, "goes without --certify", "give --trials")
        if engine != "compiled":
            _refuse("--engine", engine, "goes without --certify", "leave it out")
        _certify(scenario, trials or 10_000, seed, jobs, out, json)
        return
    from simulator.multiplicity import families_of
    from simulator.power import Asked, Engine, Stop, monte_carlo
    from simulator.report.files import TrialRows, write_power
    from simulator.report.progress import say_what_is_compiled, watched
    from simulator.report.summary import power_summary
    from simulator.truth import true_values

    loaded, solved, params, plans = _prepare(scenario)
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
        run = monte_carlo(params, asked, seed, stop, jobs or _cores(), Engine(engine), watch, keep)
        summary = power_summary(loaded, solved, params, run)
        # Before printing: whoever reads that may stop listening.
        written = write_power(out, summary, run, rows) if out is not None and rows else []
    for path in written:
        print(f"wrote {path}", file=sys.stderr)
    _deliver(summary, json, lambda console: _print_power(summary, console))
    if run.interrupted:
        _fail(f"stopped after {run.trials:,} trials, which count; run again for more", 1)


def _certify(
    name: str, trials: int, seed: int, jobs: int | None, out: Path | None, json: bool
) -> None:
    """Work out and show a certificate of level."""
    from simulator.planning.certificate import certify
    from simulator.report.certificate import certificate_summary, print_certificate
    from simulator.report.files import to_json, write_whole
    from simulator.report.progress import lines, say_what_is_compiled
    from simulator.scenario.errors import RuleError

    loaded, _, params, _ = _prepare(name)
    say_what_is_compiled(params)
    try:
        with lines() as say:
            certificate = certify(loaded.scenario, trials, seed, jobs or _cores(), say)
    except RuleError as error:
        raise loaded.located(error) from None
    summary = certificate_summary(certificate, loaded.scenario.name, seed)
    if out is not None:
        path = out / f"certificate-{loaded.scenario.name}-seed{seed}.json"
        write_whole(path, to_json(summary) + "\n")
        print(f"wrote {path}", file=sys.stderr)
    _deliver(summary, json, lambda console: print_certificate(summary, console))


def _two_numbers(
    option: str, text: str, kind: type[int] | type[float], example: str
) -> tuple[Any, Any]:
    """Read a pair of numbers, as the example is one; a wrong one ends the command."""
    try:
        first, second = (kind(part) for part in text.split(","))
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        _refuse(option, text, f"needs two {words} with a comma between", f"as {example}")
        raise
    return first, second


@app.command()
@_stoppable
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

    sizes = _two_numbers("--n", n, int, "30,30")
    rates = _two_numbers("--p", p, float, "0.6,0.3")
    beta = _two_numbers("--prior", prior, float, "1,1")
    asked = Question(test, *sizes, alpha, cast("Any", alternative), gamma, beta, beta)
    problem = refused(asked, rates, power)
    if problem is not None:
        _refuse(*problem)
    summary = exact_summary(asked, rates, power)
    _deliver(summary, json, lambda console: print_exact(summary, console))


@app.command()
@_stoppable
def trace(
    scenario: ScenarioArgument,
    trial: Annotated[
        int, typer.Option(min=0, max=_LARGEST_TRIAL, help="Index of the trial, from 0.")
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
    _check_folder(out)
    from simulator.report.tracing import print_trace, trace_trial

    _, solved, params, plans = _prepare(scenario)
    traced = trace_trial(solved, params, plans, seed, trial)
    patients = len(traced.summary["patients"])
    if patient is not None and patient >= patients:
        _refuse("--patient", patient, f"the trial has {patients} patients", "count from 0")
    path = traced.write(out, patient)
    summary = traced.narrowed(patient) | {"file": str(path)}
    _deliver(summary, json, lambda console: print_trace(summary, console))


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


def _check_folder(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        _refuse("--out", folder, "there is no such folder", "create it first")


def _cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


def _prepare(
    name: str,
) -> "tuple[LoadedScenario, Scenario, Params, tuple[AnalysisPlan, ...]]":
    """Load a scenario, solve its targets, lower it; say what is wrong at its place in the file."""
    from calibration.targets import solve_targets
    from simulator.allocation import AllocationError, build_plan
    from simulator.analysis import plans_of
    from simulator.params.lower import lower
    from simulator.report.progress import say_what_is_compiled
    from simulator.scenario.errors import RuleError
    from simulator.scenario.loader import load_scenario

    def say(line: str) -> None:
        say_what_is_compiled(None)
        print(f"{line} (once) ...", file=sys.stderr)

    loaded = load_scenario(name)
    asked = loaded.scenario
    try:
        solved = solve_targets(asked, say)
        params = lower(solved)
        a = params.allocation
        build_plan(a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised)
    except AllocationError as error:
        raise loaded.located(
            RuleError(error.rule, error.remedy, f"allocation.{error.key}")
        ) from None
    except RuleError as error:
        raise loaded.located(error) from None
    return loaded, solved, params, plans_of(asked)


def _deliver(summary: dict[str, Any], as_json: bool, show: "Callable[[Console], None]") -> None:
    """Print a result on standard output, as JSON or as text."""
    if as_json:
        from simulator.report.files import to_json

        print(to_json(summary))
        return
    from rich.console import Console

    width = None if sys.stdout.isatty() else 110
    show(Console(highlight=False, markup=False, emoji=False, width=width))


def _print_power(summary: dict[str, Any], console: "Console") -> None:
    from simulator.report.text import print_funnel, print_power

    print_power(summary, console)
    if len(summary["operations"]["funnel"]) > 1:
        console.print()
        print_funnel(summary, console)
