"""Closed-form sample sizes: names, equations and assumptions, and why simulations differ."""

import math

from simulator.report.document.blocks import Block, Equation, Paragraph, Table, literal
from simulator.report.document.numbers import count, joined, known, whole_percent
from simulator.report.words import CONTRASTS, FORMULAS, assumptions_in_words
from simulator.results.closed_forms import ClosedForm, ClosedForms, Formula

_ROUNDING = 1e-9  # what a whole number may be off by


_CITATIONS = {Formula.SCHOENFELD: "schoenfeld", Formula.FREEDMAN: "freedman"}
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
}
_SYMBOLS = (
    "Here z are quantiles of the standard normal distribution, HR is the hazard ratio, r the "
    "patients of the second arm for each of the first, d the deaths, and n with index 1 the "
    "patients of the first arm. Deaths over mortality are patients; all are divided by the share "
    "that is not lost."
)


def patients_needed(form: ClosedForm) -> str:
    """Patients that a formula asks for, rounded up to the first digit of their error."""
    if form.patients is None:
        return "none"
    error = form.mcse if known(form.mcse) else 0.0
    unit = 10 ** math.floor(math.log10(error)) if error >= 1 else 1
    return count(math.ceil(form.patients / unit - _ROUNDING) * unit)


def needed_by_closed_forms(forms: ClosedForms | None, *, short: bool) -> str:
    """Say how many patients the formulas ask for; empty where they give no number."""
    told = [] if forms is None else _by_patients(forms)
    if forms is None or not told:
        return ""
    least, most = told[0], told[-1]
    low, high = patients_needed(least), patients_needed(most)
    need = f"For {whole_percent(forms.target_power)} power the assumed effect would need about "
    if short:
        span = low if low == high else f"{low} to {high}"
        return f"{need}{span} patients (closed-form sample size)."
    if low == high:
        return f"{need}{low} patients ({FORMULAS[least.formula]})."
    return f"{need}{low} ({FORMULAS[least.formula]}) to {high} patients ({FORMULAS[most.formula]})."


def _by_patients(forms: ClosedForms) -> list[ClosedForm]:
    """Formulas that give a number, the smallest first."""
    told = [(form.patients, form) for form in forms.needed if form.patients]
    return [form for _, form in sorted(told, key=lambda pair: pair[0])]


def closed_form_blocks(forms: ClosedForms, simulated: str | None) -> list[Block]:
    """Closed-form sample sizes in a table, beside what the simulation found, and their equations.

    Parameters
    ----------
    simulated
        Patients that the simulation found, as shown; None if it found none.
    """
    words = "[#closed-forms] has closed-form sample sizes for the same question."
    rows = tuple(
        (
            FORMULAS[form.formula] + _citation(form),
            patients_needed(form),
            literal(assumptions_in_words(form, forms)),
        )
        for form in forms.needed
    )
    return [
        Paragraph(joined([words, _beside(forms, simulated), CONTRASTS[forms.contrast]])),
        Table(
            caption=f"Patients needed for {whole_percent(forms.target_power)} power.",
            header=("Closed-form sample size", "Patients", "Assumptions"),
            rows=rows,
            name="closed-forms",
            words=(0, 2),
            widths=(3, 1.2, 5),
        ),
        *_equations(forms),
    ]


def _beside(forms: ClosedForms, simulated: str | None) -> str:
    """The answer of the simulation beside those of the formulas."""
    told = _by_patients(forms)
    if simulated is None or not told:
        return ""
    low, high = patients_needed(told[0]), patients_needed(told[-1])
    span = low if low == high else f"{low} to {high}"
    return f"They give {span} patients where the simulation has {simulated}."


def _citation(form: ClosedForm) -> str:
    key = _CITATIONS.get(form.formula)
    return f" [@{key}]" if key else ""


def _equations(forms: ClosedForms) -> list[Block]:
    blocks: list[Block] = []
    for form in forms.needed:
        name = FORMULAS[form.formula]
        latex = _LATEX.get(form.formula)
        if latex is not None:
            blocks.append(Paragraph(f"{name}:"))
            blocks.append(Equation(latex, f"Formula of the number of patients by {name}"))
    return [*blocks, Paragraph(_SYMBOLS)] if blocks else []
