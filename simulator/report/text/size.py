"""The answer of `size` as a page of text, what was found last."""

from collections.abc import Iterator

from simulator.report.text.acceptance import acceptance_blocks
from simulator.report.text.numbers import (
    interval,
    mean,
    number,
    percent,
    plain_percent,
    rate,
    rates_decimals,
    rounded,
    share_in_words,
    target_in_words,
    value_in_words,
)
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.report.words import (
    FORMULAS,
    assumptions_in_words,
    basis_in_words,
    contrast_in_words,
    costed_in_words,
    held_in_words,
    not_analysable_in_words,
    planned_in_words,
    reason_in_words,
    recruitment_limit_in_words,
)
from simulator.results.measures import Estimate
from simulator.results.size import NoSizeKind, Size

_OUT = "OUT OF REACH: no attainable value of {key} gave {power} power"
_UNDECIDED = "UNDECIDED: the trials do not tell whether a value of {key} gives {power} power"
_OPENINGS = {
    NoSizeKind.NEVER: _OUT,
    NoSizeKind.RECRUITMENT: _OUT,
    NoSizeKind.NOT_CONVERGED: "THE SEARCH DID NOT CONVERGE on a value of {key} for {power} power",
    NoSizeKind.ALWAYS: "NOT FOUND: every value of {key} gives {power} power or more",
}


def size_in_words(answer: Size) -> str:
    """Say in a sentence or two what was found."""
    power = target_in_words(answer.target_power)
    if answer.answer is None:
        return _not_found(answer, power)
    found, shown = answer.answer, f"{answer.answer.value:.5g}"
    at = percent(Estimate(found.power, found.mcse))
    text = f"{answer.analysis} has a power of {power}"
    if answer.favoured:
        text += f" in favour of {answer.arm}"
    of_key = f"{shown} of {answer.key}"
    text += f" with {planned_in_words(answer, shown) if answer.is_of_patients else of_key}"
    if found.is_exact:
        return f"{text} or more (exact); power there {plain_percent(found.power)}."
    text += f" (95 % confidence interval {found.low:.5g} to {found.high:.5g})"
    if not answer.precise:
        text += "; stopped before the interval was as narrow as asked: allow more --patients"
    return f"{text}; power there {at}."


def _not_found(answer: Size, power: str) -> str:
    largest, reason = answer.largest, ""
    kind = NoSizeKind.NEVER if answer.reason is None else answer.reason.kind
    if answer.reason is not None and kind is not NoSizeKind.NEVER:
        reason = f": {reason_in_words(answer.reason)}"
    elif answer.reason is not None:
        reason = f", from {answer.reason.lowest:g} to {answer.reason.highest:g}"
    opening = _UNDECIDED if answer.is_undecided else _OPENINGS[kind]
    words = f"{opening.format(key=answer.key, power=power)} ({answer.analysis}){reason}."
    if kind is NoSizeKind.ALWAYS:
        return words
    return (
        f"{words} The largest power found is {percent(Estimate(largest.power, largest.mcse))} at "
        f"{answer.key} = {largest.value:g}."
    )


def _head(answer: Size) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: {answer.title}")
    yield (
        f"{answer.trials:,} trials in all, seed {answer.seed}, trialsim {answer.version}. +- is "
        "the Monte Carlo standard error (MCSE)."
    )


def _curve(answer: Size) -> Iterator[Block]:
    """Print every value tried: patients, trials, power; the answer is one of the rows."""
    is_exact = any(point.exact_power is not None for point in answer.curve)
    some_fail = any(point.analysable < point.trials for point in answer.curve)
    heads = ["randomised", "trials", *["analysable"] * some_fail]
    heads += ["exact power", "simulated"] if is_exact else ["power"]
    heads += ["+-", "95 % interval"]
    heads.append("either arm" if answer.favoured else f"favours {answer.arm}")
    remarks = [_remark(answer, point.value) for point in answer.curve]
    heads += [""] * any(remarks)
    table = new_table(answer.key, *heads, words=("",))
    decimals = rates_decimals([point.mcse for point in answer.curve])
    for point, remark in zip(answer.curve, remarks, strict=True):
        cells = [number(Estimate(point.randomised, point.randomised_mcse)), f"{point.trials:,}"]
        cells += [f"{point.analysable:,}"] * some_fail
        if is_exact:
            cells.append("" if point.exact_power is None else plain_percent(point.exact_power))
        cells += rate(point.power, point.mcse, decimals)
        cells.append(interval(point.ci_low, point.ci_high, decimals, answer.target_power))
        other = point.rejections if answer.favoured else point.favouring
        cells.append(f"{100 * other / point.trials:.{decimals}f}%")
        table.add_row(f"{point.value:.5g}", *cells, *[remark] * any(remarks))
    yield table
    yield _below_the_curve(answer)


def _remark(answer: Size, value: float) -> str:
    """What is to be said of a row."""
    words = ["answer"] if answer.answer is not None and answer.answer.value == value else []
    return ", ".join([*words, *(["recruitment"] if answer.is_limited(value) else [])])


def _below_the_curve(answer: Size) -> str:
    asked = f"reject in favour of {answer.arm if answer.favoured else 'either arm'}"
    if answer.closed_forms.sides == "one-sided":
        asked = "show what was asked, on its side alone"
    words = f"Power: the share of all trials that {asked}; those not analysable do not reject."
    if answer.recruitment is not None:
        words += " recruitment: most trials end before the planned number."
    said = [words, not_analysable_in_words(answer), basis_in_words(answer)]
    return " ".join(part for part in said if part)


def _formulas(answer: Size) -> Iterator[Block]:
    """What closed forms say."""
    forms = answer.closed_forms
    if forms.needed:
        columns = "Closed-form sample size", "events", "patients", "assuming"
        table = new_table(*columns, words=("Closed-form sample size", "assuming"))
        for form in forms.needed:
            events = "-" if form.events is None else rounded(form.events, 1)
            error = 0.0 if form.mcse is None else form.mcse
            if form.patients is None:
                patients = "-"
            elif error:
                patients = number(Estimate(form.patients, error))
            else:
                patients = rounded(form.patients, 1)
            words = assumptions_in_words(form, forms)
            table.add_row(FORMULAS[form.formula], events, patients, words)
        yield table
    yield contrast_in_words(forms)


def _takes(answer: Size) -> Iterator[Block]:
    """What the trial takes at the value that was found."""
    o = answer.operations
    days = o.enrolment_days
    words = (
        f"At {answer.key} = {o.value:.5g} (the scenario's own: "
        f"{value_in_words(answer.own_value)}), {number(o.randomised)} patients are randomised; "
        f"recruitment: mean {mean(days)} days (90 % range {rounded(days.p5, 0)} to "
        f"{rounded(days.p95, 0)})"
    )
    if o.sessions_delivered.mean:
        words += f", {mean(o.sessions_delivered)} sessions and {mean(o.plasma_litres)} L of plasma"
    if o.cost is not None:
        cost = mean(Estimate(o.cost.mean, o.cost.mcse))
        words += f"; {costed_in_words(o.cost)} cost {cost} {o.cost.currency}"
    yield f"{words}."
    if answer.recruitment is not None:
        yield recruitment_limit_in_words(answer.recruitment)
    if answer.held:
        yield held_in_words(answer.held)
    if o.on_time is not None:
        yield f"Probability of completing by the planned date: {share_in_words(o.on_time)}."


def _answer(answer: Size) -> Iterator[Block]:
    yield Bold(size_in_words(answer))
    yield from acceptance_blocks(answer.acceptance)


SIZE_SECTIONS = (
    Section("head", _head),
    Section("curve", _curve),
    Section("formulas", _formulas),
    Section("takes", _takes),
    Section("answer", _answer),
)
