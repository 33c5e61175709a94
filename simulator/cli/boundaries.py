"""`trialsim boundaries`: critical values of a group-sequential design, without simulation."""

from typing import Annotated

import typer

from simulator.cli.shared import JsonOption, deliver, numeric, refuse, stoppable

_RULES = "lan_demets_obrien_fleming, hwang_shih_decani(-4), pocock ..."


@stoppable
def boundaries(
    information: Annotated[
        str, typer.Option(help="Information fraction of each look, the last 1, as 0.5,1.")
    ],
    spending: Annotated[str, typer.Option(help=f"Rule for efficacy: {_RULES}")],
    alpha: Annotated[float, numeric("--alpha", "Level, of both sides together.")] = 0.025,
    sides: Annotated[int, typer.Option(help="1 or 2; two are symmetric.")] = 1,
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
    json: JsonOption = False,
) -> None:
    """Boundaries of a group-sequential design, without simulation."""
    from simulator.monitoring.declared import BoundaryError
    from simulator.planning.boundaries import boundaries as asked

    try:
        found = asked(
            _fractions(information),
            spending,
            alpha,
            sides,
            power=power,
            futility=futility,
            binding=binding,
            lower_spending=lower_spending,
            lower_alpha=lower_alpha,
        )
    except BoundaryError as error:
        rule = error.rule.replace("needs lower_", "needs --lower-")
        refuse(f"--{error.name.replace('_', '-')}", error.value, rule, error.remedy)
    deliver(found, json)


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
