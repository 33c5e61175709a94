"""Searches for a size in words and tables, beside closed-form sample sizes."""

from simulator.report.document.blocks import Block, Heading, Paragraph, Table, literal
from simulator.report.document.closed_form_sizes import (
    closed_form_blocks,
)
from simulator.report.document.dossier import Dossier, plan_note
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.needed_size import amount, confidence_interval, none_found, quantity
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    capital,
    count,
    interval,
    joined,
    listed,
    months,
    number,
    percent,
    points_of_error,
    range_of_days,
    whole_percent,
    with_error,
)
from simulator.report.words import (
    basis_in_words,
    contrast_in_words,
    not_analysable_in_words,
    recruitment_limit_in_words,
)
from simulator.results.measures import Estimate
from simulator.results.size import CurvePoint, NoSizeKind, Size

_MOST_POINTS = 18


def size_blocks(dossier: Dossier) -> list[Block]:
    """Each search for a size in words and tables."""
    blocks: list[Block] = []
    if not dossier.power.verdict.is_power:
        return blocks
    for place, found in enumerate(dossier.sizes):
        shown = [f"[#{_table_name(place)}] has the numbers tried."] if found.curve else []
        if place == 0:
            shown.append(shown_in(dossier, "size"))
        words = [_search_in_words(found), _other_target(dossier, found), *shown]
        blocks.append(Paragraph(joined(words)))
        if found.curve:
            blocks.append(_curve_table(dossier, found, place))
    return blocks


def _table_name(place: int) -> str:
    return f"size-{place}"


def _other_target(dossier: Dossier, found: Size) -> str:
    """Say so where a search was for another power than the one that all is judged by."""
    target = dossier.power.verdict.target_power
    if found.target_power == target:
        return ""
    return f"This is not the power that this document judges by, {whole_percent(target)}."


def _search_in_words(found: Size) -> str:
    words = (
        f"A search over the {quantity(found)} asked for {whole_percent(found.target_power)} power "
        f"of {literal(found.test_name)} in the scenario {literal(found.scenario)}, with "
        f"{count(found.trials)} simulated trials (seed {found.seed})."
    )
    if found.answer is None:
        return f"{words} {_not_reached(found)}"
    answer, favouring = found.answer, ""
    if found.favoured:
        favouring = f" Only rejections in favour of {literal(found.arm)} count."
    reached = "It is reached with" if found.is_of_patients else "It is reached at"
    if answer.is_exact:
        power = f"power is {percent(answer.power)}"
    else:
        power = f"power is {percent(answer.power, answer.mcse)}"
    found_by = confidence_interval(answer)
    words += f"{favouring} {reached} {amount(answer.value)} ({found_by}), where {power}."
    if not answer.is_exact:
        words += (
            " The interval tells of Monte Carlo error alone, not of doubt about the assumptions."
        )
    said = [basis_in_words(found).replace(" %", "%"), _limit(found), not_analysable_in_words(found)]
    return joined([words, *said, _operations_sentence(found)])


def _limit(found: Size) -> str:
    """Say where recruitment is the limit; empty where it is nowhere."""
    return "" if found.recruitment is None else recruitment_limit_in_words(found.recruitment)


def _not_reached(found: Size) -> str:
    words, largest = f"{capital(none_found(found))}.", found.largest
    if found.reason is None or found.reason.kind is not NoSizeKind.ALWAYS:
        words += (
            f" The largest power found is {percent(largest.power, largest.mcse)} (Monte Carlo "
            f"standard error {points_of_error(largest.mcse)}), at {amount(largest.value)}."
        )
    return joined([words, _limit(found), not_analysable_in_words(found)])


def _operations_sentence(found: Size) -> str:
    o, days = found.operations, found.operations.enrolment_days
    parts = [
        f"recruitment takes a mean of {number(days.mean, days.mcse, 0)} days, {months(days.mean)} "
        f"({range_of_days(days.p5, days.p95)})"
    ]
    if o.sessions_delivered.mean:
        parts.append(
            f"{number(o.sessions_delivered.mean, o.sessions_delivered.mcse)} sessions are delivered"
        )
    if o.plasma_litres.mean:
        parts.append(
            f"{number(o.plasma_litres.mean, o.plasma_litres.mcse)} litres of plasma are used"
        )
    if o.on_time is not None:
        parts.append(
            "the probability of completing by the planned date is "
            f"{percent(o.on_time.mean)} (95% interval "
            f"{interval(o.on_time.ci_low, o.on_time.ci_high)})"
        )
    if found.is_of_patients:
        parts.insert(0, f"{_mean(o.randomised)} patients are randomised")
    size = amount(o.value)
    at = f"With {size} planned," if found.is_of_patients else f"At {size}"
    return f"{at} {listed(parts)}."


def _mean(found: Estimate) -> str:
    return number(found.mean, found.mcse)


def _curve_table(dossier: Dossier, found: Size, place: int) -> Table:
    chosen = _chosen(found)
    name = quantity(found)
    is_exact = any(point.exact_power is not None for point in chosen)
    planned = f"{capital(name)}, planned" if found.is_of_patients else capital(name)
    header = [planned, "Randomised", "Trials", "Analysable"]
    header += ["Exact power"] if is_exact else []
    header += ["Simulated power" if is_exact else "Power"]
    return Table(
        caption=f"Power of {literal(found.test_name)} by {name}.",
        header=(*header, "95% interval"),
        rows=tuple(_curve_row(found, point, is_exact=is_exact) for point in chosen),
        note=joined([_curve_note(found, len(chosen)), _plan_note(dossier, found, chosen)]),
        name=_table_name(place),
        words=(),
    )


def _chosen(found: Size) -> list[CurvePoint]:
    """Points of the curve for a table: not too many, and the answer always among them."""
    curve = sorted(found.curve, key=lambda point: point.value)
    apart = -(-len(curve) // _MOST_POINTS)
    answer = None if found.answer is None else found.answer.value
    return [p for k, p in enumerate(curve) if k % apart == 0 or p.value == answer]


def _curve_row(found: Size, point: CurvePoint, *, is_exact: bool) -> tuple[str, ...]:
    exact = DASH if point.exact_power is None else percent(point.exact_power)
    return (
        number(point.value, None, 3),
        with_error(Estimate(point.randomised, point.randomised_mcse)),
        count(point.trials),
        count(point.analysable),
        *([exact] if is_exact else []),
        percent(point.power, point.mcse),
        interval(point.ci_low, point.ci_high, threshold=found.target_power),
    )


def _curve_note(found: Size, shown: int) -> str:
    """What is to be known of the table's rows."""
    words = ["Power is the share of all trials; those that are not analysable do not reject."]
    if found.answer is not None:
        words.append(f"The answer is the row of {amount(found.answer.value)}.")
    if found.recruitment is not None:
        words.append(
            f"From {amount(found.recruitment.value)} planned on, most trials end before the "
            "planned number."
        )
    words.append(LEFT_OUT)
    if shown < len(found.curve):
        words.append(f"{shown} of {len(found.curve)} points.")
    return joined(words)


def _plan_note(dossier: Dossier, found: Size, shown: list[CurvePoint]) -> str:
    """Say what is quoted for the plan, where the table has a row of it; else empty."""
    own = next((point.trials for point in shown if point.value == found.own_value), None)
    return "" if own is None or found.favoured else plan_note(dossier, found.analysis, own)


def comparison_blocks(dossier: Dossier, level: int) -> list[Block]:
    """Closed-form sample sizes for the same question, under a heading of its own."""
    forms = dossier.closed_forms
    if forms is None or not dossier.power.verdict.is_power:
        return []
    heading = Heading("Comparison with closed-form sample sizes", level)
    if not forms.needed:
        return [heading, Paragraph(contrast_in_words(forms))]
    answer = None if dossier.needed is None else amount(dossier.needed.needed)
    blocks = [heading, *closed_form_blocks(forms, answer, dossier.power.arms)]
    if dossier.power.looks is not None:
        blocks.append(Paragraph("They are sizes of a trial without interim analyses."))
    return blocks
