"""Tables of the section on interim analyses: what each decides, and what they save."""

from dataclasses import replace

from simulator.report.document.arm_words import the_arm
from simulator.report.document.blocks import Table, literal
from simulator.report.document.numbers import (
    MINUS,
    joined,
    number,
    percent_with_error,
    with_error,
)
from simulator.report.look_words import effect_in_words, effect_name
from simulator.results.looks import Looks
from simulator.results.measures import Estimate

_FEW = 4  # analyses that a table has as columns
_COMPARED = {
    "patients": "Patients randomised",
    "deaths": "Deaths",
    "deaths_by_the_end": "Known deaths by the end",
    "recruitment_months": "Months of recruitment",
    "trial_months": "Months to the last follow-up",
    "sessions": "ALSS sessions",
    "plasma_litres": "Plasma, L",
    "machine_hours": "Machine time, h",
}


def looks_table(found: Looks) -> Table:
    """Each analysis: when it is taken, and how many trials it ends."""
    arms = list(found.looks[0].in_favour_of)
    effects: list[str] = []
    if found.boundaries is None:  # else they stand beside these
        effects = [
            effect_in_words(found, look.smallest_effect).replace("-", MINUS) for look in found.looks
        ]
    futile = found.futility is not None
    rows = []
    for place, look in enumerate(found.looks, 1):
        rows.append(
            (
                f"{place}: {literal(look.moment) or 'the end'}",
                percent_with_error(look.taken),
                _mean(look.cut_day),
                _mean(look.randomised),
                _percent(look.fraction),
                _to(look.boundary_z, 2),
                *effects[place - 1 : place],
                *(percent_with_error(share) for share in look.in_favour_of.values()),
                *["" if look.is_final else percent_with_error(look.futility)] * futile,
                percent_with_error(look.cumulative_power),
            )
        )
    return _turned(
        Table(
            caption="Interim analyses and the final one.",
            header=(
                "Analysis at",
                "Taken, %",
                "Day",
                "Patients",
                "Information, %",
                "Critical *z*",
                *["Smallest effect"] * bool(effects),
                *(f"For {the_arm(arm)}, %" for arm in arms),
                *["Futility, %"] * futile,
                "Power, %",
            ),
            rows=tuple(rows),
            note=joined(
                [
                    f"Taken, ended in favour of an arm{', or for futility' * futile}, and power so "
                    "far: shares of all trials.",
                    "" if found.family is None else f"Power is the {power_of(found)}.",
                    "The others are means over the trials in which the analysis is taken"
                    + (";" if effects else "."),
                    f"the smallest effect is the {effect_name(found)}, that just rejects."
                    if effects
                    else "",
                    "With the Monte Carlo standard error.",
                ]
            ),
            name="looks",
        )
    )


def _turned(table: Table) -> Table:
    """Return a table with a column for each analysis, where these are few: it has more rows."""
    if len(table.rows) > _FEW:
        return table
    turned = tuple(zip(table.header, *table.rows, strict=True))
    return replace(table, header=turned[0], rows=turned[1:])


def compared_table(found: Looks) -> Table:
    """What a trial takes, beside the same patients without interim analyses."""
    rows = [
        (
            f"Cost, {literal(row.unit)}" if name == "cost" else _COMPARED[name],
            with_error(row.with_looks),
            with_error(row.without),
            with_error(row.difference),
        )
        for name, row in found.compared.items()
    ]
    return Table(
        caption="What interim analyses save: means with and without them, in the same patients.",
        header=("Of a trial", "With", "Without", "Difference"),
        rows=tuple(rows),
        note="Monte Carlo standard errors; that of the difference is of pairs of trials.",
        name="with-looks",
    )


def power_of(found: Looks) -> str:
    """Whose power it is, as looks have it."""
    if found.family is None:
        return "power of this analysis"
    return {
        "primary": "power of this analysis",
        "any": "probability to reject at least one hypothesis",
        "all": "probability to reject all hypotheses",
    }[found.family.stop_when]


def _mean(found: Estimate | None) -> str:
    return "" if found is None else with_error(found)


def _percent(found: Estimate | None) -> str:
    return "" if found is None else percent_with_error(found)


def _to(found: Estimate | None, decimals: int) -> str:
    return "" if found is None else number(found.mean, None, decimals)
