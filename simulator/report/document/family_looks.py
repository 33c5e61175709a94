"""Interim analyses of several hypotheses, in a document."""

from simulator.report.document.blocks import Table, literal
from simulator.report.document.dossier import title_of
from simulator.report.document.numbers import (
    listed,
    number,
    percent_with_error,
    whole_percent,
)
from simulator.report.words import PROCEDURES
from simulator.results.family_looks import FamilyLooks, HypothesisLook
from simulator.results.power import Power

_STOPS = {
    "primary": "{} is rejected",
    "any": "any hypothesis is rejected",
    "all": "all hypotheses are rejected",
}


def family_plan(power: Power, found: FamilyLooks) -> list[str]:
    """Say how the level is kept over hypotheses and analyses."""
    names = [title_of(power, one.analysis) for one in found.hypotheses]
    spending = {one.spending_title for one in found.hypotheses if one.spending}
    said = [
        f"At each analysis {listed(names)} are tested together by the "
        f"{PROCEDURES[found.method]}, at the familywise level of {whole_percent(found.alpha)} "
        "[@maurer]: each hypothesis spends the level that it has at that time by "
        f"{literal(listed(sorted(spending)))}, at the information that it turns out to have. "
        "One that is rejected passes its level on, and the others are tested again at that "
        "analysis by the boundaries of the larger level."
        if spending
        else f"No interim analysis stops for efficacy; {listed(names)} are tested together at the "
        f"end by the {PROCEDURES[found.method]}, at the familywise level of "
        f"{whole_percent(found.alpha)}."
    ]
    stops = stops_when(power, found)
    said.append(f"The trial stops for efficacy when {stops}; after a stop none is tested again.")
    return said


def stops_when(power: Power, found: FamilyLooks) -> str:
    """Return which rejection stops a trial, as a clause."""
    return _STOPS[found.stop_when].format(title_of(power, found.primary))


def family_looks_table(power: Power, found: FamilyLooks) -> Table:
    """When each hypothesis is rejected."""
    looks = range(1, len(found.any) + 1)
    rows = [
        (
            title_of(power, one.analysis),
            number(100 * one.first_level, None, 2),
            *(percent_with_error(look.cumulative_power) for look in one.looks),
            *(_information(look) for look in one.looks),
        )
        for one in found.hypotheses
    ]
    for name, shares in (("At least one", found.any), ("All", found.all)):
        rows.append((name, "", *map(percent_with_error, shares), *("" for _ in looks)))
    return Table(
        caption="Hypotheses tested together: share of trials in which each is rejected.",
        header=(
            "Hypothesis",
            "Level at first, %",
            *(f"By analysis {k}, %" for k in looks),
            *(f"Information at {k}, %" for k in looks),
        ),
        rows=tuple(rows),
        note="Shares of all trials, with the Monte Carlo standard error. Information is the mean "
        "share of what is planned for the hypothesis, over the trials in which the analysis is "
        "taken.",
        name="looks-together",
    )


def _information(look: HypothesisLook) -> str:
    return "" if look.fraction is None else number(100 * look.fraction.mean, None, 0)
