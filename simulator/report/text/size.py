"""The answer of `size` as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.numbers import share_in_words, value_in_words
from simulator.report.text.tables import new_table, number, print_table
from simulator.report.words import (
    FORMULAS,
    assumptions_in_words,
    basis_in_words,
    contrast_in_words,
    not_analysable_in_words,
    planned_in_words,
    reason_in_words,
    recruitment_limit_in_words,
)
from simulator.results.closed_forms import ClosedForms
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


def print_size(answer: Size, console: Console) -> None:
    """Print what was found, what it takes, the curve, and what closed forms say."""
    console.print(Text(f"{answer.scenario}: {answer.title}", style="bold"))
    console.print(
        f"{answer.trials:,} trials in all, seed {answer.seed}, trialsim {answer.version}. +- is "
        "the Monte Carlo standard error (MCSE).\n"
    )
    console.print(Text(size_in_words(answer), style="bold"))
    console.print()
    _print_what_it_takes(answer, console)
    _print_curve(answer, console)
    _print_closed_forms(answer.closed_forms, console)


def size_in_words(answer: Size) -> str:
    """Say in a sentence or two what was found."""
    power = f"{100 * answer.target_power:.10g}%"
    if answer.answer is None:
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
            f"{words} The largest power found is {largest.power:.1%} (MCSE {largest.mcse:.1%}) at "
            f"{answer.key} = {largest.value:g}."
        )
    found, shown = answer.answer, f"{answer.answer.value:.5g}"
    text = f"{answer.analysis} has a power of {power}"
    if answer.favoured:
        text += f" in favour of {answer.arm}"
    of_key = f"{shown} of {answer.key}"
    text += f" with {planned_in_words(answer, shown) if answer.is_of_patients else of_key}"
    if found.is_exact:
        return f"{text} or more (exact); power there {found.power:.1%}."
    text += f" (95 % confidence interval {found.low:.5g} to {found.high:.5g})"
    if not answer.precise:
        text += "; stopped before the interval was as narrow as asked: allow more --patients"
    return f"{text}; power there {found.power:.1%} (MCSE {found.mcse:.1%})."


def _print_what_it_takes(answer: Size, console: Console) -> None:
    o = answer.operations
    days = o.enrolment_days
    words = (
        f"At {answer.key} = {o.value:.5g} (the scenario's own: "
        f"{value_in_words(answer.own_value)}), {_patients(o.randomised)} patients are randomised; "
        f"recruitment: mean {days.mean:.0f} days (90 % range {days.p5:.0f} to {days.p95:.0f})"
    )
    if o.sessions_delivered.mean:
        words += (
            f", {o.sessions_delivered.mean:.0f} sessions and {o.plasma_litres.mean:.0f} L of plasma"
        )
    if o.cost is not None:
        words += f", which cost {o.cost.mean:,.0f} {o.cost.currency}"
    console.print(f"{words}.")
    if answer.recruitment is not None:
        console.print(recruitment_limit_in_words(answer.recruitment))
    if o.on_time is not None:
        console.print(
            f"Probability of completing by the planned date: {share_in_words(o.on_time)}."
        )
    console.print()


def _patients(randomised: Estimate) -> str:
    """A mean number of patients, with its error where trials differ."""
    if randomised.mcse == 0.0:
        return f"{randomised.mean:g}"
    return f"{randomised.mean:.1f} +- {randomised.mcse:.1f}"


def _print_curve(answer: Size, console: Console) -> None:
    """Print every value tried: patients, trials, power; the answer is one of the rows."""
    is_exact = any(point.exact_power is not None for point in answer.curve)
    columns = [answer.key, "randomised", "trials", "analysable"]
    columns += ["exact power", "simulated"] if is_exact else ["power"]
    columns += ["+-", "95 % interval"]
    columns.append("either arm" if answer.favoured else f"favouring {answer.arm}")
    table = new_table(*columns, "", words=("",))
    for point in answer.curve:
        other = point.rejections if answer.favoured else point.favouring
        cells = [
            f"{point.value:.5g}",
            _patients(Estimate(point.randomised, point.randomised_mcse)),
            f"{point.trials:,}",
            f"{point.analysable:,}",
        ]
        if is_exact:
            cells.append("" if point.exact_power is None else f"{point.exact_power:.1%}")
        cells += [
            f"{point.power:.1%}",
            f"{point.mcse:.1%}",
            f"{point.ci_low:.1%} to {point.ci_high:.1%}",
            f"{other / point.trials:.1%}",
        ]
        table.add_row(*cells, _remark(answer, point.value))
    print_table(table, console)
    console.print(_below_the_curve(answer))
    console.print()


def _remark(answer: Size, value: float) -> str:
    """What is to be said of a row."""
    words = ["answer"] if answer.answer is not None and answer.answer.value == value else []
    return ", ".join([*words, *(["recruitment"] if answer.is_limited(value) else [])])


def _below_the_curve(answer: Size) -> str:
    asked = f"in favour of {answer.arm}" if answer.favoured else "in favour of either arm"
    words = (
        f"Power: the share of all trials that reject {asked}; those not analysable do not reject."
    )
    if answer.recruitment is not None:
        words += " recruitment: most trials end before the planned number."
    said = [words, not_analysable_in_words(answer), basis_in_words(answer)]
    return " ".join(part for part in said if part)


def _print_closed_forms(forms: ClosedForms, console: Console) -> None:
    if forms.needed:
        columns = "Closed-form sample size", "events", "patients", "+-", "assuming"
        table = new_table(*columns, words=("Closed-form sample size", "assuming"))
        for form in forms.needed:
            events = "-" if form.events is None else f"{form.events:,.1f}"
            patients = number(form.patients, 0 if form.mcse else 1)
            error = "exact" if form.mcse == 0 else number(form.mcse, 0)
            words = assumptions_in_words(form, forms)
            table.add_row(FORMULAS[form.formula], events, patients, error, words)
        print_table(table, console)
    console.print(contrast_in_words(forms))
