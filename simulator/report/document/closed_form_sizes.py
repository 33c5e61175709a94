"""Closed-form sample sizes: names, equations and assumptions, and why simulations differ."""

import math
from collections.abc import Sequence

from simulator.report.document.blocks import Block, Equation, Paragraph, Table, literal
from simulator.report.document.numbers import (
    DASH,
    count,
    joined,
    known,
    number,
    span,
    whole_percent,
)
from simulator.report.words import FORMULAS, assumptions_in_words, contrast_in_words
from simulator.results.closed_forms import ClosedForm, ClosedForms, Formula, Missing

_ROUNDING = 1e-9  # what a whole number may be off by


_CITATIONS = {
    Formula.SCHOENFELD: "schoenfeld",
    Formula.FREEDMAN: "freedman",
    Formula.FARRINGTON_MANNING: "farrington_manning",
    Formula.EQUIVALENT_HAZARDS: "schoenfeld",
    Formula.EQUIVALENT_PROPORTIONS: "farrington_manning",
}
_LATEX = {
    Formula.SCHOENFELD: (
        r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r)^2}{r \, (\ln \mathrm{HR})^2}"
    ),
    Formula.FREEDMAN: (
        r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r\,\mathrm{HR})^2}"
        r"{r \, (1 - \mathrm{HR})^2}"
    ),
    Formula.NORMAL: (
        r"n_1 = \frac{\left(z_{1-\alpha/2} \sqrt{(1 + 1/r) \bar{p} (1 - \bar{p})} + z_{1-\beta} "
        r"\sqrt{p_1 (1 - p_1) + p_2 (1 - p_2) / r}\right)^2}{(p_1 - p_2)^2}"
    ),
    Formula.FARRINGTON_MANNING: (
        r"n = \frac{\left(z_{1-\alpha/2} \sigma_0 + z_{1-\beta} \sigma_1\right)^2}"
        r"{(p_2 - p_1 - \delta)^2}"
    ),
}
_SYMBOLS = (
    "Here *z* are quantiles of the standard normal distribution, \N{GREEK SMALL LETTER ALPHA} is "
    "{level}, 1 \N{MINUS SIGN} β the power and *r* the patients of the "
    "second arm, {second}, for each of the first, {first}. "
)
_OF_EVENTS = (
    "HR is the hazard ratio and *d* the events. Patients are the events over the probability that "
    "an event is seen in a patient, before loss and the end of follow-up."
)
_OF_PROPORTIONS = (
    "*p*₁ and *p*₂ are the risks of the event in these arms, as the table has them, "
    "*p̄* = (*p*₁ + *r* *p*₂)/(1 + *r*) is their mean and *n*₁ the number of patients of the first "
    "arm. The total, (1 + *r*) *n*₁, is divided by the share that is analysed, 1 less that lost to "
    "follow-up before an event, where those lost are excluded."
)
_OF_MARGIN = (
    "*p*₁ and *p*₂ are the risks of the event in these arms, \N{GREEK SMALL LETTER DELTA} is the "
    "margin of their difference (of a ratio *R*: *p*₂ \N{MINUS SIGN} *R* *p*₁ takes the place of "
    "the numbers squared), *n* the number of patients, and \N{GREEK SMALL LETTER SIGMA}₁ and "
    "\N{GREEK SMALL LETTER SIGMA}₀ are the standard deviations of the difference, times the root "
    "of *n*, at these risks and at those at the margin that are likeliest where these are seen. "
    "The total is divided by the share that is analysed."
)
_HAZARD_MARGIN = " HR is the hazard ratio assumed over the margin, {margin:g}."
_LEVELS = {
    "two-sided": "the two-sided significance level",
    "one-sided": "twice the one-sided significance level",
}
_OF_RISKS = (
    *(Formula.NORMAL, Formula.FARRINGTON_MANNING, Formula.EXACT_BINOMIAL),
    Formula.EQUIVALENT_PROPORTIONS,
)
_MOST_DIGITS = 5  # decimals of a percentage


def patients_needed(form: ClosedForm) -> str:
    """Patients that a formula asks for, rounded up to the first digit of their error."""
    if form.patients is None:
        return "none" if form.missing is Missing.NOT_REACHED else "not calculated"
    unit = _unit(form)
    return count(math.ceil(form.patients / unit - _ROUNDING) * unit)


def _unit(form: ClosedForm) -> int:
    """Return what patients are rounded up to: the first digit of their error."""
    error = form.mcse if known(form.mcse) else 0.0
    return 10 ** math.floor(math.log10(error)) if error >= 1 else 1


def input_digits(form: ClosedForm, forms: ClosedForms) -> int:
    """Return decimals of the inputs, in per cent, from which the patients shown are found again.

    Rounded so, the inputs change the patients by less than half of what these are rounded to.
    """
    if form.patients is None:
        return 1
    least = _unit(form) / 2
    changes = (form.patients * _sensitivity(form, forms) * 10.0**-k for k in range(3, 9))
    return next((k for k, change in enumerate(changes, start=1) if change < least), _MOST_DIGITS)


def _sensitivity(form: ClosedForm, forms: ClosedForms) -> float:
    """Bound the relative change of the patients, for a change of the inputs of half of 1.

    Patients go as the inverse square of the difference, as events over the square of ln HR.
    """
    if form.apart is not None:
        return 2 / abs(form.apart) + 0.5 / (form.event_probability or 1 - forms.lost)
    if form.difference is not None and form.standard_deviation is not None:
        return 1 / abs(form.difference) + 10 / min(form.standard_deviation)
    if form.hazard_ratio is not None and form.event_probability is not None:
        of_ratio = form.hazard_ratio * abs(math.log(form.hazard_ratio))
        return 1 / of_ratio + 0.5 / form.event_probability
    if forms.control is None or forms.experimental is None:
        return 0.0
    return 2 / abs(forms.control - forms.experimental) + 0.5 / (1 - forms.lost)


def least_needed(forms: ClosedForms | None) -> float | None:
    """Return the fewest patients that a formula asks for; None where none gives a number."""
    told = [] if forms is None else _by_patients(forms)
    return told[0].patients if told else None


def range_in_words(forms: ClosedForms, *, power: str, noun: str = " patients") -> str:
    """Return the patients that the formulas ask for, with their events and the error of both ends.

    Parameters
    ----------
    power, noun
        What follows the number, as ` for 80% power`, and what it counts.
    """
    told = _by_patients(forms)
    patients = span(patients_needed(told[0]), patients_needed(told[-1]))
    errors = list(dict.fromkeys(_error(form) for form in (told[0], told[-1]) if form.mcse))
    about = [_events_in_words(told)]
    if errors:
        about.append(f"Monte Carlo standard error {span(errors[0], errors[-1])}")
    brackets = "; ".join(filter(None, about))
    return f"about {patients}{noun}{power}{f' ({brackets})' if brackets else ''}"


def _events_in_words(told: list[ClosedForm]) -> str:
    """Events that the formulas ask for, from the fewest to the most; empty where none does."""
    events = sorted(math.ceil(form.events) for form in told if form.events is not None)
    return f"{span(count(events[0]), count(events[-1]))} events" if events else ""


def _by_patients(forms: ClosedForms) -> list[ClosedForm]:
    """Formulas that give a number, the smallest first."""
    told = [(form.patients, form) for form in forms.needed if form.patients]
    return [form for _, form in sorted(told, key=lambda pair: pair[0])]


def closed_form_blocks(
    forms: ClosedForms, simulated: str | None, arms: Sequence[str]
) -> list[Block]:
    """Closed-form sample sizes in a table, beside what the simulation found, and their equations.

    Parameters
    ----------
    simulated
        Patients that the simulation found, as shown; None if it found none.
    arms
        Names of the first arm and of the second.
    """
    words = "[#closed-forms] has closed-form sample sizes for the same question."
    has_events = any(form.events is not None for form in forms.needed)
    rows = tuple(
        (
            FORMULAS[form.formula] + _citation(form),
            *((DASH if form.events is None else number(form.events, None, 1),) * has_events),
            patients_needed(form),
            _error(form),
            literal(assumptions_in_words(form, forms, input_digits(form, forms))),
        )
        for form in forms.needed
    )
    return [
        Paragraph(joined([words, _beside(forms, simulated), contrast_in_words(forms)])),
        Table(
            caption=f"Patients needed for {whole_percent(forms.target_power)} power.",
            header=(
                "Closed-form sample size",
                *(("Events",) * has_events),
                "Patients",
                "Monte Carlo error",
                "Assumptions",
            ),
            rows=rows,
            note=_note(forms, arms),
            name="closed-forms",
            words=(0, 3 + has_events),
            widths=(3, *((1.1,) * has_events), 1.2, 1.2, 4.5),
        ),
        *_equations(forms, arms),
    ]


def _note(forms: ClosedForms, arms: Sequence[str]) -> str:
    """Say where the inputs come from, and of whom the risks are."""
    of_risks = any(form.formula in _OF_RISKS for form in forms.needed)
    # Simulated deaths are counted known or not; exact risks are of those whose outcome is seen.
    who = "patients analysed" if forms.exact_inputs else "all patients, lost or not"
    whose = f"Risks are of {who}, with {literal(arms[0])} v {literal(arms[1])}."
    words = (
        "Exact: the inputs follow from the scenario, without simulation."
        if forms.exact_inputs
        else "The inputs are estimated from simulated trials; the error is what that leaves, and "
        "patients are rounded up to its first digit."
    )
    return joined([words, whose if of_risks else ""])


def _error(form: ClosedForm) -> str:
    """Monte Carlo standard error of a formula's patients, in two digits."""
    if not known(form.mcse):
        return DASH
    if form.mcse == 0:
        return "exact"
    digits = 1 - math.floor(math.log10(form.mcse))
    return number(round(form.mcse, digits), None, max(digits, 0))


def _beside(forms: ClosedForms, simulated: str | None) -> str:
    """The answer of the simulation beside those of the formulas."""
    told = _by_patients(forms)
    if simulated is None or not told:
        return ""
    low, high = patients_needed(told[0]), patients_needed(told[-1])
    return f"They give {span(low, high)} patients where the simulation has {simulated}."


def _citation(form: ClosedForm) -> str:
    key = _CITATIONS.get(form.formula)
    return f" [@{key}]" if key else ""


def _equations(forms: ClosedForms, arms: Sequence[str]) -> list[Block]:
    blocks: list[Block] = []
    shown = [form.formula for form in forms.needed if form.formula in _LATEX]
    for formula in shown:
        name = FORMULAS[formula]
        blocks.append(Paragraph(f"{name}:"))
        blocks.append(Equation(_LATEX[formula], f"Formula of the number of patients by {name}"))
    if not shown:
        return []
    what = _OF_PROPORTIONS if Formula.NORMAL in shown else _OF_EVENTS
    margin = forms.needed[0].margin
    if Formula.FARRINGTON_MANNING in shown:
        what = _OF_MARGIN
    elif margin is not None:
        what += _HAZARD_MARGIN.format(margin=margin)
    first, second = map(literal, arms)
    symbols = _SYMBOLS.format(first=first, second=second, level=_LEVELS[forms.sides])
    return [*blocks, Paragraph(symbols + what)]
