"""`trialsim boundaries`: critical values of a group-sequential design, without simulation."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.shared import (
    WRONG_INPUT,
    JsonOption,
    deliver,
    fail,
    numeric,
    path_given,
    refuse,
    stoppable,
)

if TYPE_CHECKING:
    from simulator.results.boundaries import Boundaries

_SUFFIXES = ".svg", ".png", ".pdf"
_RULES = "lan_demets_obrien_fleming, hwang_shih_decani(-4), pocock ..."


@stoppable
def boundaries(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="Whose looks are meant, as planned; without one give --information.",
            show_default=False,
        ),
    ] = None,
    information: Annotated[
        str | None,
        typer.Option(
            help="Information fraction of each look, the last 1, as 0.5,1.", show_default=False
        ),
    ] = None,
    spending: Annotated[
        str | None, typer.Option(help=f"Rule for efficacy: {_RULES}", show_default=False)
    ] = None,
    alpha: Annotated[
        float | None,
        numeric("--alpha", "Level, of both sides together [default: 0.025].", show_default=False),
    ] = None,
    sides: Annotated[
        int | None,
        typer.Option(help="1 or 2; two are symmetric [default: 1].", show_default=False),
    ] = None,
    power: Annotated[
        float | None,
        numeric("--power", "Power, for drift, inflation and when trials stop.", show_default=False),
    ] = None,
    futility: Annotated[
        str | None,
        typer.Option(
            help="Rule for futility: a spending function of beta, conditional_power(0.2) or z(0).",
            show_default=False,
        ),
    ] = None,
    binding: Annotated[
        bool, typer.Option("--binding", help="Efficacy counts on futility being obeyed.")
    ] = False,
    lower_spending: Annotated[
        str | None,
        typer.Option(
            help="Spending function of the lower side, if it differs.", show_default=False
        ),
    ] = None,
    lower_alpha: Annotated[
        float | None, numeric("--lower-alpha", "Its part of alpha.", show_default=False)
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="File to draw them in, ending in .svg, .png or .pdf; an old one is replaced.",
            show_default=False,
            callback=path_given("--figure"),
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Boundaries of a group-sequential design, without simulation."""
    from simulator.monitoring.declared import BoundaryError
    from simulator.planning.boundaries import boundaries as asked

    if scenario is not None:
        own = information, spending, alpha, sides, futility, lower_spending, lower_alpha
        _refuse_beside_scenario(own, binding=binding)
        _deliver(_of_scenario(scenario, power), figure, as_json=json)
        return
    for name, given, example in (
        ("--information", information, "as 0.5,1, or name a scenario with looks"),
        ("--spending", spending, "as lan_demets_obrien_fleming"),
    ):
        if given is None:
            refuse(name, '""', "is not given", example)
    try:
        found = asked(
            _fractions(information or ""),
            spending or "",
            0.025 if alpha is None else alpha,
            1 if sides is None else sides,
            power=power,
            futility=futility,
            binding=binding,
            lower_spending=lower_spending,
            lower_alpha=lower_alpha,
        )
    except BoundaryError as error:
        rule = error.rule.replace("needs lower_", "needs --lower-")
        refuse(f"--{error.name.replace('_', '-')}", error.value, rule, error.remedy)
    _deliver(found, figure, as_json=json)


def _deliver(answer: "Boundaries", figure: Path | None, *, as_json: bool) -> None:
    """Print the answer, and draw it if that is asked for."""
    if figure is not None:
        _draw(answer, figure)
    deliver(answer, as_json)


def _draw(answer: "Boundaries", path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        refuse("--figure", path, f"ends in none of {', '.join(_SUFFIXES)}", "as boundaries.svg")
    if not path.absolute().parent.is_dir():
        refuse("--figure", path, "its folder does not exist", "create it first")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        refuse("--figure", path, "needs matplotlib", "pip install 'trialsim[report]'")
    from simulator.report.pictures import save_boundaries

    try:
        save_boundaries(answer, path)
    except OSError as error:
        refuse("--figure", path, f"cannot be written: {error.strerror}", "name another place")
    print(f"drew {path}", file=sys.stderr)


_DESIGN = (
    *("--information", "--spending", "--alpha", "--sides"),
    *("--futility", "--lower-spending", "--lower-alpha"),
)


def _refuse_beside_scenario(given: Sequence[object], *, binding: bool) -> None:
    """Refuse what a scenario says itself."""
    asked = [*zip(_DESIGN, given, strict=True), ("--binding", binding or None)]
    for option, value in asked:
        if value is not None:
            refuse(option, value, "is the scenario's own", "leave it out, or the scenario")


def _of_scenario(name: str, power: float | None) -> "Boundaries":
    """The boundaries of a scenario's looks as planned, in favour of the second arm."""
    from simulator.errors import RuleError
    from simulator.planning.scenario_boundaries import boundaries_of
    from simulator.scenario.loader import load_scenario

    loaded = load_scenario(name)
    try:
        return boundaries_of(loaded.scenario, power)
    except RuleError as error:
        fail(f"{loaded.located(error)}", WRONG_INPUT)


def _fractions(text: str) -> tuple[float, ...]:
    """Read numbers or fractions with commas between."""
    from simulator.notation import cut_short, read_option

    found = []
    for word in text.split(","):
        value = read_option(word.strip())
        if value is None or isinstance(value, str):
            rule = f"{cut_short(word.strip())} is not a number"
            refuse("--information", cut_short(text), rule, "as 0.5,1 or 1/3,2/3,1")
        found.append(float(value))
    return tuple(found)
