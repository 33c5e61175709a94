"""Looks at a family, in the text of `power`."""

from collections.abc import Iterator

from simulator.report.text.numbers import percent, rounded
from simulator.report.text.page import Block
from simulator.report.text.tables import new_table
from simulator.results.family_looks import FamilyLooks
from simulator.results.measures import Estimate

_STOPS = {
    "primary": "{} is rejected",
    "any": "any of them is rejected",
    "all": "all of them are rejected",
}


def family_in_short(found: FamilyLooks) -> str:
    """What is looked at, and which rejection stops a trial, in a line."""
    judged = f"{found.method.replace('_', ' ')}, level {found.alpha:g}"
    stops = _STOPS[found.stop_when].format(found.primary)
    return f"{found.name} ({judged}; stops when {stops})"


def family_looks_blocks(found: FamilyLooks) -> Iterator[Block]:
    """When each analysis of the family is rejected."""
    looks = range(1, len(found.any) + 1)
    table = new_table(
        f"{found.name}, level at first",
        *(f"by look {k}" if k < len(found.any) else "by the end" for k in looks),
        *(f"information {k}" for k in looks),
    )
    for one in found.hypotheses:
        table.add_row(
            f"{one.analysis}, {one.first_level:.4g}",
            *(percent(look.cumulative_power) for look in one.looks),
            *(_mean(look.fraction) for look in one.looks),
        )
    for name, shares in (("at least one", found.any), ("all", found.all)):
        table.add_row(name, *map(percent, shares), *("" for _ in looks))
    yield table
    yield (
        "An analysis that is rejected passes its level on, and the others are tested again at "
        "that look by the boundaries of the larger level. After a stop none is tested again."
    )


def _mean(entry: Estimate | None) -> str:
    return "" if entry is None else rounded(entry.mean, 2)
