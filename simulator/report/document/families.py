"""Analyses that are judged together, in a table."""

from simulator.report.document.blocks import Table, literal
from simulator.report.document.dossier import (
    title_of,
)
from simulator.report.document.numbers import (
    LEFT_OUT,
    count,
    joined,
    listed,
    percent_with_error,
    whole_percent,
)
from simulator.report.words import PROCEDURES
from simulator.results.power import Power


def families_table(power: Power) -> Table:
    """Share of trials in which each hypothesis of a family is rejected, at least one, and all."""
    rows = []
    for family in power.multiplicity:
        name = literal(f"{family.name}: {PROCEDURES[family.method]}")
        name = f"{name}, {whole_percent(family.alpha)}"
        shares = [("at least one", family.any), ("all", family.all)]
        shares += [(title_of(power, a), share) for a, share in family.by_analysis.items()]
        rows += [(name, rejected, percent_with_error(share)) for rejected, share in shares]
    return Table(
        caption="Analyses judged together: share of trials that reject.",
        header=("Family and its level", "Rejected", "Trials, %"),
        rows=tuple(rows),
        note=joined([_families_note(power), LEFT_OUT]),
        name="families",
        words=(0, 1),
    )


def _families_note(power: Power) -> str:
    """Say what the shares are of, and in how many trials nothing could be judged."""
    none = listed(
        [
            f"{count(family.not_analysable)} for {literal(family.name)}"
            for family in power.multiplicity
            if family.not_analysable
        ]
    )
    note = f"Shares of all {count(power.trials)} simulated trials"
    return (
        f"{note}; in some no analysis has a result, which rejects none ({none})."
        if none
        else f"{note}."
    )
