"""What size the assumed effect would need, by simulation and by closed forms."""

from simulator.report.document.blocks import Block, Heading, Paragraph, Table, literal
from simulator.report.document.closed_form_sizes import (
    closed_form_blocks,
    least_needed,
    range_in_words,
)
from simulator.report.document.dossier import Dossier, quoting_note
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    capital,
    count,
    interval,
    joined,
    known,
    listed,
    months,
    number,
    percent,
    period,
    points_of_error,
    range_of_days,
    sentence,
    significant,
    span,
    whole_percent,
    with_error,
)
from simulator.report.words import (
    basis_in_words,
    contrast_in_words,
    not_analysable_in_words,
    planned_in_words,
    reason_in_words,
    recruitment_limit_in_words,
)
from simulator.results.closed_forms import Contrast, DetectableBy, DetectableDifference
from simulator.results.measures import Estimate, Judgement
from simulator.results.operations import Operations
from simulator.results.reconciled import Recruitable, Relation
from simulator.results.size import CurvePoint, NoSizeKind, Size, SizeEstimate

_MOST_POINTS = 18
_NO_FORMULA = Contrast.NO_FORMULA, Contrast.OTHER_EVENTS, Contrast.FAMILY
_IF_RECRUITED = 1.1  # patients of a calculation over those recruited: beyond, the text says so


def consequence(dossier: Dossier) -> str:
    """Say what the planned size could detect, and what the assumed effect would need."""
    verdict = dossier.power.verdict
    if not verdict.is_power:
        return ""
    if verdict.judgement is Judgement.ADEQUATE:
        return needed_sentence(dossier)
    return joined([detectable_sentence(dossier), needed_sentence(dossier)])


def detectable_sentence(dossier: Dossier) -> str:
    """Say which effect the planned size could detect; empty where nothing tells."""
    return sentence(detectable_clause(dossier))


def detectable_clause(dossier: Dossier) -> str:
    """Say which effect the planned size could detect, to stand after a colon; empty if unknown."""
    found, power = dossier.detectable, dossier.power
    if found is None or not power.verdict.is_power:
        return ""
    outcome = literal(power.primary.estimand_attributes.variable)
    who = f"with {_by_arm(found)} fully followed up{_if_recruited(found, power.operations)}"
    asked = f"{whole_percent(found.power)} power"
    if found.by is DetectableBy.T_TEST:
        if not known(found.difference):
            return f"{who}, no difference in the {outcome} has {asked}"
        size = significant(abs(found.difference))
        return f"{who}, {asked} requires a difference of {size} points of MELD (noncentral t)"
    if not known(found.experimental):
        return f"{who}, no effect on {outcome} has {asked}"
    low, high = (round(100 * (share or 0.0), 1) for share in (found.experimental, found.control))
    change = "a reduction" if low < high else "an increase"
    shares = f"from {high:.1f}% to {low:.1f}% ({abs(high - low):.1f} percentage points"
    if found.by is DetectableBy.SCHOENFELD:
        ratio = number(found.hazard_ratio, None, 3)
        return f"{who}, {asked} requires a hazard ratio of {ratio}, {change} {shares})"
    how = {DetectableBy.NORMAL: "; normal approximation"}.get(found.by, "")
    return f"{who}, {asked} requires {change} of the outcome {shares}{how})"


def _by_arm(found: DetectableDifference) -> str:
    """Return the patients of each arm."""
    if len(set(found.patients)) == 1:
        return f"{count(found.patients[0])} patients per arm"
    return f"{listed([count(n) for n in found.patients])} patients"


def _if_recruited(found: DetectableDifference, o: Operations) -> str:
    """Say so where the patients of a calculation are more than the trial recruits."""
    wanted = sum(found.patients)
    return ", if they could be recruited" if wanted > _IF_RECRUITED * o.randomised.mean else ""


def needed_sentence(dossier: Dossier) -> str:
    """Say how many patients the assumed effect would need, and how many can be recruited.

    Empty where nothing tells.
    """
    if not dossier.power.verdict.is_power:
        return ""
    target = dossier.power.verdict.target_power
    forms, least = dossier.closed_forms, least_needed(dossier.closed_forms)
    if dossier.needed is not None:
        least = dossier.needed.low
        return f"{_searched_clause(dossier)}{_recruitable_clause(dossier, least)}."
    failed = _failed_sentence(dossier)
    if forms is None or least is None:
        return failed or _without_formula(dossier)
    power = f" for {whole_percent(target)} power"
    some = len([form for form in forms.needed if form.patients]) > 1
    who = "Standard formulas indicate" if some else "The standard formula indicates"
    return joined(
        [
            f"{who} {range_in_words(forms, power=power)}{_recruitable_clause(dossier, least)}.",
            failed,
        ]
    )


def _without_formula(dossier: Dossier) -> str:
    """Say that no formula tells how many are needed, and how many can be recruited; else empty."""
    forms, found = dossier.closed_forms, dossier.recruitable
    if forms is None or forms.contrast not in _NO_FORMULA:
        return ""
    said = f"No standard formula applies to {literal(forms.test_name)}"
    return f"{said}." if found is None else f"{said}; {recruitable_in_words(found)}."


def _searched_clause(dossier: Dossier) -> str:
    """Say what the search for the size found, beside the formulas and the plan."""
    found, needed, forms = _own_search(dossier), dossier.needed, dossier.closed_forms
    if found is None or found.answer is None or needed is None:
        return ""
    who = planned_in_words(found, amount(needed.needed))
    by = "enumeration" if found.answer.is_exact else "simulation"
    asked = f"By {by} {whole_percent(needed.target_power)} power requires"
    said = f"{asked} {who} ({how_found(found.answer)})"
    if forms is not None and least_needed(forms) is not None:
        said += f" and {range_in_words(forms, noun='', power=' by standard formulas')}"
    return f"{said}; {_BESIDE_PLAN[needed.relation].format(n=count(needed.planned))}"


def _recruitable_clause(dossier: Dossier, least: float | None) -> str:
    """Say how many can be recruited, beside how many are needed; empty where no rate tells."""
    found = dossier.recruitable
    if found is None or not known(least):
        return ""
    joint = ", whereas" if found.patients < least else ";"
    return f"{joint} {recruitable_in_words(found)}"


def recruitable_in_words(found: Recruitable) -> str:
    """Say how many patients can be recruited in the longest recruitment, and at which rate."""
    rate = number(found.per_month, None, 2)
    at = f"at {rate} per month" if found.at_full_rate else f"at up to {rate} per month"
    return f"about {count(found.patients)} could be recruited in {period(found.days)} {at}"


_BESIDE_PLAN = {
    Relation.FEWER: "the {n} planned are fewer",
    Relation.WITHIN: "the {n} planned lie within this interval",
    Relation.EQUAL: "as many are planned",
    Relation.MORE: "the {n} planned are more",
}


def _failed_sentence(dossier: Dossier) -> str:
    """Say that a search found no size, and why; empty where one did, or recruitment says it."""
    found = _own_search(dossier)
    is_asked = found is not None and found.target_power == dossier.power.verdict.target_power
    if found is None or not is_asked or found.answer is not None:
        return ""
    is_told = dossier.recruitable is not None and least_needed(dossier.closed_forms) is not None
    if found.reason is not None and found.reason.kind is NoSizeKind.RECRUITMENT and is_told:
        return ""
    return f"In the simulation {_none_found(found)}."


def _own_search(dossier: Dossier) -> Size | None:
    """Return the search for the number of patients in this scenario, by the primary analysis."""
    asked = dossier.power.scenario, dossier.power.primary.name
    for found in dossier.sizes:
        if found.is_of_patients and (found.scenario, found.analysis) == asked:
            return found
    return None


def _none_found(found: Size) -> str:
    """Say that there is no size, and why; that a search failed is no word on the trial."""
    kind = None if found.reason is None else found.reason.kind
    if found.reason is not None and kind is NoSizeKind.NOT_CONVERGED:
        asked = whole_percent(found.target_power)
        return (
            f"the search over the {quantity(found)} for {asked} power did not converge: "
            f"{reason_in_words(found.reason)}"
        )
    if found.reason is not None and kind is NoSizeKind.ALWAYS:
        return (
            f"every {quantity(found)} from {amount(found.reason.lowest)} to "
            f"{amount(found.reason.highest)} gave more than {whole_percent(found.target_power)} "
            "power"
        )
    if found.is_undecided:
        reason = "" if found.reason is None else f": {reason_in_words(found.reason)}"
        asked = whole_percent(found.target_power)
        return f"the trials do not tell whether a {quantity(found)} gives {asked} power{reason}"
    what = "attainable sample size" if found.is_of_patients else f"value of {literal(found.key)}"
    words = f"no {what} gave {whole_percent(found.target_power)} power"
    reason = "" if found.reason is None else reason_in_words(found.reason)
    return f"{words}: {reason}" if reason else words


def how_found(answer: SizeEstimate) -> str:
    """Say how an answer is known: exactly, or with a confidence interval."""
    if answer.is_exact:
        return "exact: from there on power stays at or above this"
    return confidence_interval(answer)


def confidence_interval(answer: SizeEstimate) -> str:
    """Return the confidence interval of an answer; a limit that is not known is left open."""
    if answer.is_exact:
        return "exact"
    level = f"{whole_percent(answer.confidence)} confidence interval"
    if known(answer.low) and known(answer.high):
        return f"{level} {span(amount(answer.low), amount(answer.high))}"
    if known(answer.low):
        return f"{level} {amount(answer.low)} or more"
    return f"{level} {amount(answer.high)} or less" if known(answer.high) else f"{level} unlimited"


def quantity(found: Size) -> str:
    """Name what a search varies."""
    return "number of patients" if found.is_of_patients else literal(found.key)


def amount(value: float) -> str:
    """Return a value that a search varies: whole, or with a few decimals."""
    return number(value, None, 3)


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
            note = quoting_note(dossier.sizes_quoting, place)
            blocks.append(_curve_table(found, place, note))
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
    said = [basis_in_words(found), _limit(found), not_analysable_in_words(found)]
    return joined([words, *said, _operations_sentence(found)])


def _limit(found: Size) -> str:
    """Say where recruitment is the limit; empty where it is nowhere."""
    return "" if found.recruitment is None else recruitment_limit_in_words(found.recruitment)


def _not_reached(found: Size) -> str:
    words, largest = f"{capital(_none_found(found))}.", found.largest
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


def _curve_table(found: Size, place: int, note: str) -> Table:
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
        note=joined([_curve_note(found, len(chosen)), note]),
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


def comparison_blocks(dossier: Dossier, level: int) -> list[Block]:
    """Closed-form sample sizes for the same question, under a heading of its own."""
    forms = dossier.closed_forms
    if forms is None or not dossier.power.verdict.is_power:
        return []
    heading = Heading("Comparison with closed-form sample sizes", level)
    if not forms.needed:
        return [heading, Paragraph(contrast_in_words(forms))]
    answer = None if dossier.needed is None else amount(dossier.needed.needed)
    return [heading, *closed_form_blocks(forms, answer)]
