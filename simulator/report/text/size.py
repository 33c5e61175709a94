"""The answer of `size` as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.numbers import share_in_words, value_in_words
from simulator.report.text.tables import new_table, number, print_table
from simulator.report.words import (
    FORMULAS,
    assumptions_in_words,
    contrast_in_words,
    reason_in_words,
)
from simulator.results.closed_forms import ClosedForms
from simulator.results.size import NoSizeKind, Size

_OUT = "OUT OF REACH: no attainable value of {key} gave {power} power"
_OPENINGS = {
    NoSizeKind.NEVER: _OUT,
    NoSizeKind.RECRUITMENT: _OUT,
    NoSizeKind.FLAT: "NOT FOUND: where {key} gives {power} power cannot be told",
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
    table = new_table(answer.key, "trials", "power", "+-", "95 % interval", words=())
    for point in answer.curve:
        table.add_row(
            f"{point.value:.5g}",
            f"{point.trials:,}",
            f"{point.power:.1%}",
            f"{point.mcse:.1%}",
            f"{point.ci_low:.1%} to {point.ci_high:.1%}",
        )
    print_table(table, console)
    console.print()
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
        return (
            f"{_OPENINGS[kind].format(key=answer.key, power=power)} ({answer.analysis})"
            f"{reason}. The largest power found is {largest.power:.1%} (MCSE "
            f"{largest.mcse:.1%}) at {answer.key} = {largest.value:g}."
        )
    found, unit = answer.answer, " patients" if answer.is_of_patients else ""
    text = (
        f"{answer.analysis} has a power of {power} with {found.value:.5g}{unit}"
        f"{'' if unit else f' of {answer.key}'} (95 % confidence interval {found.low:.5g} to "
        f"{found.high:.5g})"
    )
    if not answer.precise:
        text += "; stopped before the interval was as narrow as asked: allow more --patients"
    return f"{text}; power there {found.power:.1%} (MCSE {found.mcse:.1%})."


def _print_what_it_takes(answer: Size, console: Console) -> None:
    o = answer.operations
    value = answer.answer.value if answer.answer else answer.largest.value
    days = o.enrolment_days
    words = (
        f"At {answer.key} = {value:.5g} (the scenario's own: {value_in_words(answer.own_value)}), "
        f"{o.randomised.mean:.0f} patients are randomised; recruitment: mean {days.mean:.0f} days "
        f"(90 % range {days.p5:.0f} to {days.p95:.0f})"
    )
    if o.sessions_delivered.mean:
        words += (
            f", {o.sessions_delivered.mean:.0f} sessions and {o.plasma_litres.mean:.0f} L of plasma"
        )
    if o.cost is not None:
        words += f", which cost {o.cost.mean:,.0f} {o.cost.currency}"
    console.print(f"{words}.")
    if o.on_time is not None:
        console.print(
            f"Probability of completing by the planned date: {share_in_words(o.on_time)}."
        )
    console.print()


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
