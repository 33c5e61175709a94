"""Boundaries of a group-sequential design as a page of text."""

from collections.abc import Iterator

from simulator.report.text.attained import attained_in_words
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.results.boundaries import Boundaries, BoundaryLook, Stops, WhoseLooks

_LEAST = 5e-7
_SIDES = {1: "one-sided", 2: "two-sided"}


_UNITS = {
    "deaths": "deaths",
    "completed": "patients followed up",
    "inverse variance": "of 1 / standard error squared",
}


def _plan(found: WhoseLooks) -> Iterator[Block]:
    """Whose looks these are: a table without it could be of any trial."""
    sides = "two-sided" if found.sides == 2 else "one-sided"
    half = f", half of it in favour of {found.arm}: that is shown" if found.sides == 2 else ""
    yield f"{found.scenario}: {found.analysis}, {sides} alpha {found.alpha:g}{half}"
    yield f"information 1: {found.max_information:g} {_UNITS[found.information]}"
    if found.together:
        others = ", ".join(found.together)
        yield f"the level is that at first; together with it {others}, by boundaries of their own"
    if found.target_changes:
        yield "the number of patients may change at a look: boundaries are those of the plan"


def _design(answer: Boundaries) -> Iterator[Block]:
    if answer.plan is not None:
        yield from _plan(answer.plan)
    rule = f"{answer.spending_title} ({answer.spending})"
    if answer.spending is None:
        rule = "No look before the last shows efficacy"
    yield Bold(f"{rule}, {_SIDES[answer.sides]}, alpha {answer.alpha:g}")
    if answer.lower_spending is not None:
        part = "of it" if answer.sides == 2 else "beside it"
        yield f"lower side: {answer.lower_spending}, alpha {answer.lower_alpha:g} {part}"
    if answer.futility is not None:
        kind = "binding" if answer.binding else "not binding"
        yield f"futility: {answer.futility_title} ({answer.futility}), {kind}"


def _looks(answer: Boundaries) -> Iterator[Block]:
    has_lower = answer.lower_spending is not None
    heads = ["look", "information", "efficacy Z"]
    heads += ["lower Z"] * has_lower + ["futility Z"] * (answer.futility is not None)
    table = new_table(*heads, "nominal p", "alpha spent", "smallest effect")
    for place, look in enumerate(answer.looks, start=1):
        cells = [str(place), f"{look.information:.6g}", _z(look.efficacy_z)]
        cells += [_z(look.lower_z)] * has_lower
        cells += [_z(look.futility_z)] * (answer.futility is not None)
        spent, effect = _probability(look.alpha_spent), _z(look.smallest_effect)
        table.add_row(*cells, _probability(look.nominal_p), spent, effect)
    yield table
    if answer.attained is not None:
        yield attained_in_words(answer.attained, "at the planned sizes")
    yield (
        "smallest effect: smallest estimate that shows efficacy, in standard errors at the "
        "planned end"
    )


def _stops(answer: Boundaries) -> Iterator[Block]:
    """When trials stop, without an effect and under the design's."""
    if answer.power is None:
        return
    names = ["efficacy"] + ["lower"] * (answer.sides == 2)
    names += ["futility"] * (answer.futility is not None)
    heads = [f"{under}: {name}" for under in ("H0", "H1") for name in names]
    table = new_table("ends at look", *heads, "power so far")
    so_far = 0.0
    for place, look in enumerate(answer.looks, start=1):
        so_far += look.under_design.efficacy if look.under_design else 0.0
        table.add_row(str(place), *_stop_cells(look, names), f"{so_far:.4f}")
    yield table
    yield "probability to end at a look; H0: no effect; H1: the effect with which the power is met"


def _stop_cells(look: BoundaryLook, names: list[str]) -> list[str]:
    both: list[Stops | None] = [look.under_null, look.under_design]
    return [f"{getattr(stops, name):.4f}" for stops in both if stops for name in names]


def _verdict(answer: Boundaries) -> Iterator[Block]:
    if answer.futility is not None:
        yield (
            f"level {answer.level:.6f} if futility is obeyed, "
            f"{answer.level_futility_ignored:.6f} if it is ignored"
        )
    found = answer.mean_information
    if answer.power is None or found.half is None or found.design is None:
        yield f"mean information at the end under H0, of that planned: {found.null:.4f}"
        yield "--power 0.9 adds drift, inflation and when trials stop"
        return
    yield (
        f"mean information at the end, of that planned: {found.null:.4f} under H0, "
        f"{found.half:.4f} under half of the effect, {found.design:.4f} under H1"
    )
    yield Bold(
        f"power {100 * answer.power:g}%: drift {answer.drift:.4f}, against "
        f"{answer.fixed_drift:.4f} of a trial without looks: inflation {answer.inflation:.4f}"
    )
    yield (
        f"plan {answer.inflation:.4f} times the events or patients of a trial without looks "
        "(drift: mean Z at the planned end)"
    )


def _z(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _probability(value: float) -> str:
    return f"{value:.6f}" if value >= _LEAST or value == 0 else "<0.000001"


BOUNDARY_SECTIONS = (
    Section("design", _design),
    Section("looks", _looks),
    Section("stops", _stops),
    Section("verdict", _verdict),
)
