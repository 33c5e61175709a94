"""The command line. Heavy things are imported inside the commands, so that help is quick."""

import atexit
import gc
import logging
import os
import sys
from typing import Annotated, Any, cast

from simulator.cli.signals import came, listen, listen_in_kernels, over, stopped_words

listen()  # before what takes long to import

import typer

from simulator.cli import (
    allocation,
    assurance,
    baseline,
    boundaries,
    calibrate,
    compare,
    design,
    evidence,
    levers,
    monitor,
    new,
    power,
    prior,
    report,
    runs_kept,
    show,
    size,
    sweep,
    trace,
)
from simulator.cli.crew import dismiss
from simulator.cli.logs import VERBOSE, be_verbose, begin_log
from simulator.cli.shared import (
    WRONG_INPUT,
    JsonOption,
    deliver,
    fail,
    numeric,
    refuse,
    stop,
    stoppable,
    two_numbers,
)
from simulator.cli.surroundings import (
    discard_output,
    open_streams,
    refuse_arguments,
    refuse_environment,
)
from simulator.cli.usage import Commands, UsageError, refuse_usage
from simulator.errors import ClusterError, LostWorkersError
from simulator.log import count_anew, event

# The collector of garbage looks through all that is imported, of which nothing ever goes: a tenth
# of a start, and half a second at the end of a run. So it looks seldom, and at the end not at all.
_SELDOM = (100_000, 20, 20)
atexit.register(gc.freeze)

app = typer.Typer(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run a command: exit 0 done, 1 failed while running, 2 the input is wrong, 130 or 143 stopped.

    What the system or a library can refuse at any moment becomes one message here: a file, a pipe,
    memory. Whatever else is raised is a fault of the program, and is shown whole.
    """
    listen()
    listen_in_kernels()
    count_anew()
    begin_log()
    gc.set_threshold(*_SELDOM)
    open_streams()
    try:
        _run()
    except KeyboardInterrupt:
        stop(stopped_words())
    except Exception as error:
        event("error", level=logging.ERROR, error=repr(error))
        if came():  # a library may make another error of what stops it; a terminal may be gone
            discard_output()
            stop(stopped_words())
        raise
    finally:
        dismiss()
        over()


def _run() -> None:
    """Run a command, or say in one message why it cannot be."""
    from simulator.scenario.errors import ScenarioError

    try:
        refuse_environment(os.environ)
        refuse_arguments(sys.argv[1:])
        try:
            status = app(prog_name="trialsim", standalone_mode=False)
        finally:
            sys.stdout.flush()
        if came():
            raise KeyboardInterrupt  # it was swallowed on the way
        sys.exit(status)
    except UsageError as error:
        refuse_usage(error)
    except ScenarioError as error:
        fail(str(error), WRONG_INPUT)
    except (LostWorkersError, ClusterError) as error:
        fail(str(error), 1)
    except BrokenPipeError:
        if came():
            raise
        # The reader of a pipe has enough, as `head` has. Python would complain at exit.
        discard_output()
        sys.exit(1)
    except MemoryError as error:
        told = str(error) or "none is left"
        fail(f"not enough memory: {told}; ask for fewer patients, or for fewer --jobs", 1)
    except OSError as error:
        if came():
            raise
        discard_output()
        place = f"{error.filename}: " if error.filename else ""
        fail(f"{place}{error.strerror or error}; check disk, permissions and where it goes", 1)


@app.callback(invoke_without_command=True)
def trialsim(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[
        bool,
        typer.Option(VERBOSE, help="Tell what happens as lines of JSON; after a command too."),
    ] = False,
) -> None:
    """Simulate a randomised trial of artificial liver support, NCT05484908, and its power."""
    if verbose:
        be_verbose()
    if version:
        from simulator.version import program_version

        print(f"trialsim {program_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(WRONG_INPUT)


@stoppable
def exact(
    test: Annotated[
        str, typer.Option(help="The test, as in a scenario: fisher, boschloo, z_pooled ...")
    ],
    n: Annotated[str, typer.Option(help="Patients of the two arms, as 30,30.")],
    p: Annotated[str, typer.Option(help="Death probabilities of the two arms, as 0.6,0.3.")],
    alpha: Annotated[float, numeric("--alpha", "Level.")] = 0.05,
    alternative: Annotated[
        str, typer.Option(help="two_sided; less: lower mortality in the second arm; or greater.")
    ] = "two_sided",
    power: Annotated[float, numeric("--power", "Power of the difference to detect.")] = 0.8,
    gamma: Annotated[float, numeric("--gamma", "Of the tests of Berger and Boos.")] = 0.001,
    prior: Annotated[
        str, typer.Option(help="Beta prior of both arms, a,b: of beta_binomial.")
    ] = "1,1",
    interval: Annotated[
        str | None,
        typer.Option(
            help="Of risk_difference and the ratios: newcombe, miettinen_nurminen, "
            "farrington_manning, wald, log."
        ),
    ] = None,
    margin: Annotated[
        float | None,
        numeric(
            "--margin", "Null value of the difference or ratio: 0.1 with less, -0.1 with greater."
        ),
    ] = None,
    equivalence: Annotated[
        str | None, typer.Option(help="Two margins, as -0.1,0.1; of a ratio as 0.8,1.25.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Exact power and level of a test of two proportions."""
    from simulator.analysis.exact_power import ExactQuestion
    from simulator.cli.compiling import compiling
    from simulator.planning.exact import exact_answer, refusal

    sizes = two_numbers("--n", n, int, "30,30")
    rates = two_numbers("--p", p, float, "0.6,0.3")
    beta = two_numbers("--prior", prior, float, "1,1")
    limits = None
    if equivalence is not None:
        limits = two_numbers("--equivalence", equivalence, float, "-0.1,0.1")
    side = cast("Any", alternative)
    asked = ExactQuestion(test, *sizes, alpha, side, gamma, beta, beta, interval, margin, limits)
    wrong = refusal(asked, rates, power)
    if wrong is not None:
        refuse(f"--{wrong.name}", wrong.value, wrong.rule, wrong.remedy)
    with compiling():
        found = exact_answer(asked, rates, power)
    deliver(found, json)


@stoppable
def scenarios(
    name: Annotated[
        str | None,
        typer.Argument(help="Show this scenario's values and their sources.", show_default=False),
    ] = None,
) -> None:
    """List the shipped scenarios, or one with its sources."""
    from calibration.evidence import cited_rows
    from simulator.declarations.claims import is_claim
    from simulator.scenario.loader import load_scenario
    from simulator.scenario.shipped import shipped_titles

    if name is None:
        for shipped, title in shipped_titles().items():
            print(f"{shipped:28}{title}")
        return
    loaded = load_scenario(name)
    cited_rows(loaded)
    for key, value, source in loaded.values():
        plain = {None: "null", True: "true", False: "false"}
        shown = plain[value] if value is None or isinstance(value, bool) else value
        said = source.text if source.is_given or is_claim(key, value) else ""
        print(f"{key} = {shown}" + (f"  # {said}" if said else ""))


@stoppable
def schema(
    of: Annotated[
        str | None,
        typer.Option(
            help="Of the JSON that a command prints, instead: power, sweep, size ...",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of a scenario file or an answer."""
    import json

    if of is None:
        from simulator.scenario.loader import json_schema

        print(json.dumps(json_schema(), indent=2))
        return
    from simulator.results import ABOUT_RUNS, ANSWERS
    from simulator.results.json_schema import answer_schema

    words = {"certificate": "certify", "comparison": "compare", "calibration": "calibrate"}
    answers = {**{words.get(kind, kind): ANSWERS[kind] for kind in ANSWERS}, **ABOUT_RUNS}
    if of not in answers:
        refuse("--of", of, "is no command with an answer", f"use one of {', '.join(answers)}")
    print(json.dumps(answer_schema(answers[of]), indent=2))


for command in (
    power.power,
    sweep.sweep,
    compare.compare,
    calibrate.calibrate,
    assurance.assurance,
    size.size,
    levers.levers,
    design.design,
    allocation.allocation,
    baseline.baseline,
    exact,
    boundaries.boundaries,
    monitor.monitor,
    prior.prior,
    trace.trace,
    new.new,
    show.show,
    report.report,
    evidence.evidence,
    scenarios,
    schema,
):
    app.command()(command)
app.add_typer(runs_kept.runs)
