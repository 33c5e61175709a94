"""Spending functions: how much of alpha (or beta) is spent at an information fraction."""

import math
from collections.abc import Callable

from simulator.monitoring.declared import Family, Option, Rule, Values
from simulator.monitoring.normal import upper_quantile, upper_tail


def _lan_demets_obrien_fleming(alpha: float, fraction: float, _: Values) -> float:
    return 2 * upper_tail(upper_quantile(alpha / 2) / math.sqrt(fraction))


def _lan_demets_pocock(alpha: float, fraction: float, _: Values) -> float:
    return alpha * math.log1p((math.e - 1) * fraction)


def _hwang_shih_decani(alpha: float, fraction: float, values: Values) -> float:
    (gamma,) = values
    if gamma == 0:
        return alpha * fraction
    return alpha * math.expm1(-gamma * fraction) / math.expm1(-gamma)


def _kim_demets(alpha: float, fraction: float, values: Values) -> float:
    (rho,) = values
    return float(alpha * fraction**rho)


def _never(alpha: float, fraction: float, values: Values) -> float:
    raise NotImplementedError("a table is read at the planned looks")  # by spent_at


_Formula = Callable[[float, float, Values], float]


def _family(
    word: str, title: str, source: str, spent: _Formula, option: Option | None = None, at: str = ""
) -> Family:
    options = (option,) if option else ()
    return Family(word, title, source, f"{word}({at})" if at else word, options, spent=spent)


SPENDING = (
    _family(
        "lan_demets_obrien_fleming",
        "Lan-DeMets spending, O'Brien-Fleming type",
        "Lan and DeMets 1983",
        _lan_demets_obrien_fleming,
    ),
    _family(
        "lan_demets_pocock",
        "Lan-DeMets spending, Pocock type",
        "Lan and DeMets 1983",
        _lan_demets_pocock,
    ),
    _family(
        "hwang_shih_decani",
        "Hwang-Shih-DeCani spending",
        "Hwang, Shih and DeCani 1990",
        _hwang_shih_decani,
        Option("gamma", -40, 40),
        "-4",
    ),
    _family(
        "kim_demets",
        "Kim-DeMets spending",
        "Kim and DeMets 1987",
        _kim_demets,
        Option("rho", 0, 50, closed=False),
        "3",
    ),
    Family(
        "table",
        "spending by a table",
        "linear between its points",
        "table(0.005,0.025)",
        (Option("the alpha spent by each look", 0, 1),),
        any_number=True,
        spent=_never,
    ),
)


def spent_at(rule: Rule, alpha: float, fraction: float, planned: Values) -> float:
    """Return what a spending function has spent at an information fraction.

    Parameters
    ----------
    rule
        Of a table the values are what is spent by each planned look, and the last one is all;
        between looks they are joined by straight lines, which start at 0.
    fraction
        Above 1 all of alpha is spent.
    planned
        Information fractions of the planned looks.
    """
    if fraction >= 1:
        return alpha
    if not rule.is_table:
        assert rule.family.spent is not None
        return rule.family.spent(alpha, fraction, rule.values)
    before, spent = 0.0, 0.0
    for information, value in zip(planned, rule.values, strict=True):
        if fraction <= information:
            now = spent + (value - spent) * (fraction - before) / (information - before)
            return alpha * now / rule.values[-1]
        before, spent = information, value
    return alpha
