"""What size the assumed effect would need, by simulation and by closed forms."""

from simulator.report.document.blocks import Block, Heading, Paragraph, Table, literal
from simulator.report.document.closed_form_sizes import (
    closed_form_blocks,
    events_sentence,
    needed_by_closed_forms,
)
from simulator.report.document.dossier import Dossier, quoting_note
from simulator.report.document.numbers import (
    DASH,
    capital,
    count,
    error_of,
    interval,
    joined,
    known,
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
    planned_in_words,
    reason_in_words,
    recruitment_limit_in_words,
)
from simulator.results.closed_forms import DetectableBy, DetectableDifference
from simulator.results.measures import Estimate, Judgement
from simulator.results.operations import Operations
from simulator.results.reconciled import Relation
from simulator.results.size import CurvePoint, NoSizeKind, Size, SizeEstimate

_MOST_POINTS = 18
_IF_RECRUITED = 1.1  # patients of a calculation over those recruited: beyond, the text says so


def consequence(dossier: Dossier, *, short: bool = False) -> str:
    """Say what the planned size could detect and what the assumed effect would need.

    A search for the size is told of whatever the verdict; the rest only where power is short.
    """
    if not dossier.power.verdict.is_power:
        return ""
    if dossier.power.verdict.judgement is Judgement.UNDERPOWERED:
        return joined([detectable_sentence(dossier), needed_sentence(dossier, short=short)])
    return _searched_sentence(dossier)


def detectable_sentence(dossier: Dossier) -> str:
    """Say which effect the planned size could detect; empty where nothing tells."""
    found, power = dossier.detectable, dossier.power
    if found is None or not power.verdict.is_power:
        return ""
    outcome = literal(power.primary.estimand_attributes.variable)
    patients = listed([count(n) for n in found.patients])
    who = f"{patients} patients{_if_recruited(sum(found.patients), power.operations)}"
    asked = f"with {whole_percent(found.power)} power"
    if found.by is DetectableBy.T_TEST:
        return _detectable_difference(found, f"the {outcome} that {who} detect {asked}")
    if not known(found.experimental):
        return f"At this size no effect on {outcome} has {whole_percent(found.power)} power."
    if found.by is DetectableBy.SCHOENFELD:
        return (
            f"The smallest effect on {outcome} that {who}, all followed up, detect {asked} is a "
            f"hazard ratio of {number(found.hazard_ratio, None, 3)} "
            f"({number(found.events, None, 1)} events; Schoenfeld's formula)."
        )
    how = "exact calculation" if found.by is DetectableBy.ENUMERATION else "normal approximation"
    low, high = (round(100 * (share or 0.0), 1) for share in (found.experimental, found.control))
    names = [literal(arm) for arm in power.arms]
    return (
        f"The smallest {'reduction' if low < high else 'increase'} in {outcome} that {who}, all "
        f"followed up, detect {asked} is from {high:.1f}% under {names[0]} to {low:.1f}% under "
        f"{names[-1]}, {abs(high - low):.1f} percentage points ({how})."
    )


def _detectable_difference(found: DetectableDifference, what: str) -> str:
    if not known(found.difference):
        return f"No difference is found in {what}."
    size = number(abs(found.difference), None, 2)
    return f"The smallest difference in {what} is {size} points of MELD (noncentral t)."


def _if_recruited(wanted: int, o: Operations) -> str:
    """Say so where the patients of a calculation are more than the trial recruits."""
    return ", if they could be recruited" if wanted > _IF_RECRUITED * o.randomised.mean else ""


def needed_sentence(dossier: Dossier, *, short: bool = False) -> str:
    """Say how many patients the assumed effect would need; empty where nothing tells."""
    if not dossier.power.verdict.is_power:
        return ""
    if dossier.needed is not None:
        return _searched_sentence(dossier)
    words = needed_by_closed_forms(dossier.closed_forms, short=short)
    return joined([words, _searched_sentence(dossier)])


_BESIDE_PLAN = {
    Relation.FEWER: "the {n} planned are fewer",
    Relation.WITHIN: "the {n} planned lie within this interval",
    Relation.EQUAL: "as many are planned",
    Relation.MORE: "the {n} planned are more",
}


def _searched_sentence(dossier: Dossier) -> str:
    """Say what the search for the size found, beside the plan; empty without a search."""
    needed, found = dossier.needed, _own_search(dossier)
    if needed is not None and found is not None and found.answer is not None:
        planned = _BESIDE_PLAN[needed.relation].format(n=count(needed.planned))
        return joined(
            [
                f"For {whole_percent(needed.target_power)} power the assumed effect would need "
                f"{planned_in_words(found, amount(needed.needed))} ({how_found(found.answer)}); "
                f"{planned}.",
                events_sentence(dossier.closed_forms, needed.target_power),
            ]
        )
    return "" if found is None else f"In the simulation {_none_found(found)}."


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
    """Say how an answer is known: exactly, or by simulation with its confidence interval."""
    if answer.is_exact:
        return "exact: from there on power stays at or above this"
    return f"{confidence_interval(answer)}, by simulation"


def confidence_interval(answer: SizeEstimate) -> str:
    """Return the confidence interval of an answer; a limit that is not known is left open."""
    if answer.is_exact:
        return "exact"
    level = f"{whole_percent(answer.confidence)} confidence interval"
    if known(answer.low) and known(answer.high):
        return f"{level} {amount(answer.low)} to {amount(answer.high)}"
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
        blocks.append(Paragraph(_search_in_words(found)))
        if found.curve:
            note = quoting_note(dossier.sizes_quoting, place)
            blocks.append(_curve_table(found, place, note))
    return blocks


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
        power = (
            f"power is {percent(answer.power, answer.mcse, 2)} (Monte Carlo standard error "
            f"{points_of_error(answer.mcse)})"
        )
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
        parts.append(f"{with_error(o.sessions_delivered)} sessions are delivered")
    if o.plasma_litres.mean:
        parts.append(f"{with_error(o.plasma_litres)} litres of plasma are used")
    if o.on_time is not None:
        parts.append(
            "the probability of completing by the planned date is "
            f"{percent(o.on_time.mean)} (95% interval "
            f"{interval(o.on_time.ci_low, o.on_time.ci_high)})"
        )
    if found.is_of_patients:
        parts.insert(0, f"{with_error(o.randomised)} patients are randomised")
    size = amount(o.value)
    at = f"With {size} planned," if found.is_of_patients else f"At {size}"
    return f"{at} {listed(parts)}. ± is the Monte Carlo standard error."


def _curve_table(found: Size, place: int, note: str) -> Table:
    chosen = _chosen(found)
    name = quantity(found)
    is_exact = any(point.exact_power is not None for point in chosen)
    planned = f"{capital(name)}, planned" if found.is_of_patients else capital(name)
    header = [planned, "Randomised", "Trials", "Analysable"]
    header += ["Exact power"] if is_exact else []
    header += ["Simulated power" if is_exact else "Power", "Monte Carlo error, points"]
    return Table(
        caption=f"Power of {literal(found.test_name)} by {name}.",
        header=(*header, "95% interval"),
        rows=tuple(_curve_row(found, point, is_exact=is_exact) for point in chosen),
        note=joined([_curve_note(found, len(chosen)), note]),
        name=f"size-{place}",
        words=(),
    )


def _chosen(found: Size) -> list[CurvePoint]:
    """Points of the curve for a table: not too many, and the answer always among them."""
    curve = sorted(found.curve, key=lambda point: point.value)
    apart = -(-len(curve) // _MOST_POINTS)
    answer = None if found.answer is None else found.answer.value
    return [p for k, p in enumerate(curve) if k % apart == 0 or p.value == answer]


def _curve_row(found: Size, point: CurvePoint, *, is_exact: bool) -> tuple[str, ...]:
    exact = DASH if point.exact_power is None else percent(point.exact_power, None, 1)
    return (
        number(point.value, None, 3),
        with_error(Estimate(point.randomised, point.randomised_mcse)),
        count(point.trials),
        count(point.analysable),
        *([exact] if is_exact else []),
        percent(point.power, point.mcse, 2),
        error_of(point.mcse, 100, 2),
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
    if shown < len(found.curve):
        words.append(f"{shown} of {len(found.curve)} points.")
    return joined(words)


def comparison_blocks(dossier: Dossier, level: int) -> list[Block]:
    """Closed-form sample sizes for the same question, under a heading of its own."""
    forms = dossier.closed_forms
    if forms is None or not dossier.power.verdict.is_power:
        return []
    heading = Heading("Comparison with closed-form sample sizes", level, "section-closed-forms")
    if not forms.needed:
        return [heading, Paragraph(contrast_in_words(forms))]
    answer = None if dossier.needed is None else amount(dossier.needed.needed)
    return [heading, *closed_form_blocks(forms, answer)]
