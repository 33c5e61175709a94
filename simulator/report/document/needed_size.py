"""What size the assumed effect would need, by simulation and by closed forms."""

from simulator.report.document.blocks import literal
from simulator.report.document.closed_form_sizes import (
    least_needed,
    range_in_words,
)
from simulator.report.document.dossier import Dossier
from simulator.report.document.numbers import (
    count,
    joined,
    known,
    listed,
    number,
    period,
    sentence,
    significant,
    span,
    whole_percent,
)
from simulator.report.words import (
    planned_in_words,
    reason_in_words,
)
from simulator.results.closed_forms import Contrast, DetectableBy, DetectableDifference
from simulator.results.measures import Judgement
from simulator.results.power import Power
from simulator.results.reconciled import Recruitable, Relation
from simulator.results.size import NoSizeKind, Size, SizeEstimate

_NO_FORMULA = (
    Contrast.NO_FORMULA,
    Contrast.OTHER_EVENTS,
    Contrast.OTHER_FOLLOW_UP,
    Contrast.FAMILY,
)
_IF_RECRUITED = 1.1  # patients of a calculation over those recruited: beyond, the text says so


def consequence(dossier: Dossier) -> str:
    """Say what the planned size could detect, and what the assumed effect would need."""
    verdict = dossier.power.verdict
    if not verdict.is_power:
        return ""
    if verdict.judgement in (Judgement.ADEQUATE, Judgement.AT_TARGET):
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
    who = f"with {_by_arm(found)} fully followed up"
    who += " and no interim analyses" * (power.looks is not None)
    who += _if_recruited(found, power)
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


def _if_recruited(found: DetectableDifference, power: Power) -> str:
    """Say so where the patients of a calculation are more than can be recruited, stops apart."""
    wanted, looks = sum(found.patients), power.looks
    had = power.operations.randomised if looks is None else looks.compared["patients"].without
    return ", if they could be recruited" if wanted > _IF_RECRUITED * had.mean else ""


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
    power += " without interim analyses" * (dossier.power.looks is not None)
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
    if forms.contrast is Contrast.OTHER_FOLLOW_UP:
        said = (
            "No closed-form size is given: the formulas here take every patient to be followed for "
            "the same days"
        )
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
    return f"In the simulation {none_found(found)}."


def _own_search(dossier: Dossier) -> Size | None:
    """Return the search for the number of patients in this scenario, by the primary analysis."""
    asked = dossier.power.scenario, dossier.power.primary.name
    for found in dossier.sizes:
        if found.is_of_patients and (found.scenario, found.analysis) == asked:
            return found
    return None


def none_found(found: Size) -> str:
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
