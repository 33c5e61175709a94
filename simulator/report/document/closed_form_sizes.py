"""Closed-form sample sizes: names, equations and assumptions, and why simulations differ."""

import math
from typing import NamedTuple

from simulator.report.document.blocks import Block, Equation, Paragraph, Table, literal
from simulator.report.document.numbers import count, joined, known, whole_percent
from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing

_ROUNDING = 1e-9  # what a whole number may be off by


class _Method(NamedTuple):
    """Name of a formula, the work to cite, and the equation; empty where there is none."""

    name: str
    citation: str
    latex: str


_METHODS = {
    Formula.SCHOENFELD: _Method(
        "Schoenfeld, log-rank",
        "schoenfeld",
        r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r)^2}{r \, (\ln \mathrm{HR})^2}",
    ),
    Formula.FREEDMAN: _Method(
        "Freedman, log-rank",
        "freedman",
        r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r\,\mathrm{HR})^2}"
        r"{r \, (1 - \mathrm{HR})^2}",
    ),
    Formula.NORMAL: _Method(
        "Normal approximation, two proportions",
        "",
        r"n_1 = \frac{\left(z_{1-\alpha/2} \sqrt{(1 + 1/r) \bar{p} (1 - \bar{p})} + z_{1-\beta} "
        r"\sqrt{p_1 (1 - p_1) + p_2 (1 - p_2) / r}\right)^2}{(p_1 - p_2)^2}",
    ),
    Formula.EXACT_BINOMIAL: _Method("Exact binomial", "", ""),
}
_CONTRASTS = {
    Contrast.SESSIONS: "The formulas know two mortalities and a share lost; in the simulation a "
    "larger trial meets other queues, delayed or missed sessions contribute less effect, hazards "
    "are not proportional and arms and losses vary from trial to trial.",
    Contrast.APPROXIMATION: "The formulas are approximations for large trials with a fixed share "
    "lost; the simulation follows each patient, and counts what the test does at this very size.",
    Contrast.NO_DIFFERENCE: "In the simulation the arms do not differ in mortality by more than "
    "chance.",
}
_SYMBOLS = (
    "Here z are quantiles of the standard normal distribution, HR is the hazard ratio, r the "
    "patients of the second arm for each of the first, d the deaths, and n with index 1 the "
    "patients of the first arm. Deaths over mortality are patients; all are divided by the share "
    "that is not lost."
)


def method_name(form: ClosedForm) -> str:
    """Name of a formula."""
    return _METHODS[form.formula].name


def assumptions_of(form: ClosedForm, forms: ClosedForms) -> str:
    """Say what a formula assumes or, where it gives no number, why."""
    lost = f"{forms.lost:.1%}"
    if form.missing is Missing.RATIO_NOT_WHOLE:
        return "not worked out: arms of whole numbers need a ratio of 1:k"
    if form.missing is Missing.TOO_LARGE:
        return f"not worked out: far beyond {forms.largest_enumerated} patients"
    if form.formula is Formula.NORMAL:
        return (
            f"mortality {forms.control:.1%} v {forms.experimental:.1%}, no correction for "
            f"continuity, and {lost} excluded as lost to follow-up"
        )
    if form.formula is Formula.EXACT_BINOMIAL:
        return f"{form.test}, arms of fixed size, {lost} excluded as lost to follow-up"
    return (
        f"proportional hazards with a ratio of {form.hazard_ratio:.3f}, {form.mortality:.1%} of "
        f"patients dying, and {lost} lost to follow-up"
    )


def contrast_in_words(forms: ClosedForms) -> str:
    """Say why formulas and simulation differ."""
    return _CONTRASTS[forms.contrast]


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
        return f"{need}{low} patients ({method_name(least)})."
    return f"{need}{low} ({method_name(least)}) to {high} patients ({method_name(most)})."


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
            method_name(form) + _citation(form),
            patients_needed(form),
            literal(assumptions_of(form, forms)),
        )
        for form in forms.needed
    )
    return [
        Paragraph(joined([words, _beside(forms, simulated), contrast_in_words(forms)])),
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
    key = _METHODS[form.formula].citation
    return f" [@{key}]" if key else ""


def _equations(forms: ClosedForms) -> list[Block]:
    blocks: list[Block] = []
    for form in forms.needed:
        name, _, latex = _METHODS[form.formula]
        if latex:
            blocks.append(Paragraph(f"{name}:"))
            blocks.append(Equation(latex, f"Formula of the number of patients by {name}"))
    return [*blocks, Paragraph(_SYMBOLS)] if blocks else []
