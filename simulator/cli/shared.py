"""What every command needs: options, refusals, a scenario made ready, results delivered."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.analysis import AnalysisPlan
    from simulator.params.types import Params
    from simulator.scenario.loader import LoadedScenario
    from simulator.scenario.schema import Scenario

WRONG_INPUT = 2
P = ParamSpec("P")
LARGEST_SEED = 2**63 - 1
LARGEST_TRIAL = 2**31 - 1

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Path of a scenario file, or name of a shipped one.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of all random numbers.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="Folder, which must be there, to write results to.", show_default=False),
]
JobsOption = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Workers [default: one a core].", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def fail(message: str, status: int) -> None:
    """End the command with a message on standard error."""
    print(message, file=sys.stderr)
    sys.exit(status)


def refuse(option: str, value: object, rule: str, remedy: str) -> None:
    """Report a wrong option as a wrong key is reported, and exit."""
    fail(f"{option} = {value}: {rule}; {remedy}", WRONG_INPUT)


def stoppable(command: Callable[P, None]) -> Callable[P, None]:
    """Let Ctrl-C before the first results end a command with a word and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            fail("stopped before the first results; nothing was written", 1)

    return run


def two_numbers(
    option: str, text: str, kind: type[int] | type[float], example: str
) -> tuple[Any, Any]:
    """Read a pair of numbers, as the example is one; a wrong one ends the command."""
    try:
        first, second = (kind(part) for part in text.split(","))
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        refuse(option, text, f"needs two {words} with a comma between", f"as {example}")
        raise
    return first, second


def check_folder(folder: Path | None) -> None:
    """Refuse a folder for results that is not there."""
    if folder is not None and not folder.is_dir():
        refuse("--out", folder, "there is no such folder", "create it first")


def cores() -> int:
    """Return how many workers run at once."""
    from joblib import cpu_count

    return int(cpu_count())


def prepare(
    name: str, change: "Callable[[Scenario], Scenario] | None" = None
) -> "tuple[LoadedScenario, Scenario, Params, tuple[AnalysisPlan, ...]]":
    """Load a scenario, solve its targets, lower it; say what is wrong at its place in the file.

    `change` is made to the scenario before its targets are solved.
    """
    from calibration.targets import solve_targets
    from simulator.allocation import AllocationError, build_plan
    from simulator.analysis import plans_of
    from simulator.params.lower import lower
    from simulator.planning.observed import refuse_if_nothing_is_known
    from simulator.report.progress import say_what_is_compiled
    from simulator.scenario.errors import RuleError
    from simulator.scenario.loader import load_scenario

    def say(line: str) -> None:
        say_what_is_compiled(None)
        print(f"{line} (once) ...", file=sys.stderr)

    loaded = load_scenario(name)
    asked = change(loaded.scenario) if change is not None else loaded.scenario
    try:
        solved = solve_targets(asked, say)
        params = lower(solved)
        a = params.allocation
        build_plan(a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised)
        refuse_if_nothing_is_known(params)
    except AllocationError as error:
        raise loaded.located(
            RuleError(error.rule, error.remedy, f"allocation.{error.key}")
        ) from None
    except RuleError as error:
        raise loaded.located(error) from None
    return loaded, solved, params, plans_of(asked)


def deliver(summary: dict[str, Any], as_json: bool, show: "Callable[[Console], None]") -> None:
    """Print a result on standard output, as JSON or as text."""
    if as_json:
        from simulator.report.files import to_json

        print(to_json(summary))
        return
    from rich.console import Console

    width = None if sys.stdout.isatty() else 110
    show(Console(highlight=False, markup=False, emoji=False, width=width))
