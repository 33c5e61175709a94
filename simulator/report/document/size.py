"""What size the assumed effect would need, by simulation and by formulas."""

import math

from simulator.report.document.blocks import Block, Equation, Heading, Paragraph, Table, literal
from simulator.report.document.material import Mapped, Material, analysis_named, primary
from simulator.report.document.numbers import (
    count,
    error_of,
    interval,
    known,
    listed,
    months,
    number,
    percent,
    sentence,
    uncapital,
    whole_percent,
    with_error,
)
from simulator.report.document.verdict import (
    Reading,
    detectable_sentence,
    is_power,
    points_of_error,
    reading,
)

PATIENTS = "trial.target_randomised"
_MOST_POINTS = 15
_ROUNDING = 1e-9  # what a whole number may be off by
_SYMBOLS = (
    "Here z are quantiles of the standard normal distribution, HR is the hazard ratio, r the "
    "patients of the second arm for each of the first, d the deaths, and n with index 1 the "
    "patients of the first arm. Deaths over mortality are patients; all are divided by the share "
    "that is not lost."
)
_CITED = {"schoenfeld": "schoenfeld", "freedman": "freedman"}


def needed_sentence(material: Material, *, short: bool = False) -> str:
    """Say how many patients the assumed effect would need; empty where nothing tells."""
    if not is_power(material):
        return ""
    found = _own_search(material)
    if found is not None and found["reached"]:
        answer = found["answer"]
        return (
            f"For {whole_percent(found['target_power'])} power the effect assumed would need "
            f"{amount(answer['value'])} patients ({confidence(answer)}, by simulation)."
        )
    words = _needed_by_formulas(material.closed_forms, short=short)
    if found is not None:
        words += f" The simulation found no number that has it: {_reason(found)}."
    return words.strip()


def _reason(found: Mapped) -> str:
    return uncapital(literal(found.get("reason") or "no reason is given").rstrip("."))


def _needed_by_formulas(forms: Mapped | None, *, short: bool) -> str:
    told = [entry for entry in forms["needed"] if entry["patients"]] if forms else []
    if not forms or not told:
        return ""
    least, most = min(told, key=_patients), max(told, key=_patients)
    low, high = patients_needed(least), patients_needed(most)
    need = f"For {whole_percent(forms['target_power'])} power the effect assumed would need about "
    if short:
        return f"{need}{low if low == high else f'{low} to {high}'} patients by formula."
    if low == high:
        return f"{need}{low} patients ({literal(least['method'])})."
    return (
        f"{need}{low} ({literal(least['method'])}) to {high} patients ({literal(most['method'])})."
    )


def _patients(entry: Mapped) -> float:
    return float(entry["patients"])


def _own_search(material: Material) -> Mapped | None:
    """Return the search for the number of patients in this scenario, by the primary analysis."""
    scenario, analysis = material.power["scenario"], primary(material)["name"]
    for found in material.sizes:
        asked = found["key"], found["scenario"], found["analysis"]
        if asked == (PATIENTS, scenario, analysis):
            return found
    return None


def confidence(answer: Mapped) -> str:
    """Return the confidence set of an answer; a limit that is not known is left open."""
    low, high = answer["low"], answer["high"]
    level = f"{whole_percent(answer['confidence'])} confidence set"
    if known(low) and known(high):
        return f"{level} {amount(low)} to {amount(high)}"
    if known(low):
        return f"{level} {amount(low)} or more"
    return f"{level} {amount(high)} or less" if known(high) else f"{level} without limits"


def quantity(found: Mapped) -> str:
    """Name what a search varies."""
    return "number of patients" if found["key"] == PATIENTS else literal(found["key"])


def size_blocks(material: Material) -> list[Block]:
    """Each search for a size in words and tables, beside what formulas say."""
    blocks: list[Block] = []
    if not is_power(material):
        return blocks
    for place, found in enumerate(material.sizes):
        blocks.append(Paragraph(_search_words(material, found)))
        if found.get("curve"):
            blocks.append(_curve_table(material, found, place))
    return blocks


def formula_blocks(material: Material, level: int) -> list[Block]:
    """What formulas say of the same question, under a heading of its own."""
    given = [material.closed_forms, *(found.get("closed_forms") for found in material.sizes)]
    forms = next((form for form in given if form and form["needed"]), None)
    if forms is None or not is_power(material):
        return []
    return [Heading("Comparison with formulas", level), *_closed_form_blocks(material, forms)]


def _search_words(material: Material, found: Mapped) -> str:
    target = whole_percent(found["target_power"])
    words = (
        f"A search over the {quantity(found)} asked for {target} power of "
        f"{analysis_named(material, found['analysis'])} in the scenario "
        f"{literal(found['scenario'])}, with {count(found['trials'])} simulated trials (seed "
        f"{found['seed']})."
    )
    if not found["reached"]:
        return f"{words} {_not_reached(found)}"
    answer = found["answer"]
    words += (
        f" {_reaches(found)} {amount(answer['value'])} ({confidence(answer)}), where "
        f"power is {percent(answer['power'], answer['mcse'], 2)} (Monte Carlo standard error "
        f"{points_of_error(answer)}). The set tells of Monte Carlo error alone, not of doubt about "
        "the assumptions."
    )
    return f"{words} {_operations_words(found)}".strip()


def _reaches(found: Mapped) -> str:
    return "The smallest that reaches it is" if found["key"] == PATIENTS else "It is reached at"


def amount(value: float) -> str:
    """Return a value that a search varies: whole, or with a few decimals."""
    return number(value, None, 3)


def patients_needed(entry: Mapped) -> str:
    """Patients that a formula asks for, rounded up to the first digit of their error."""
    error = entry.get("mcse") or 0.0
    unit = 10 ** math.floor(math.log10(error)) if error >= 1 else 1
    return count(math.ceil(entry["patients"] / unit - _ROUNDING) * unit)


def _not_reached(found: Mapped) -> str:
    words = f"It found none: {_reason(found)}."
    largest = found.get("largest")
    if largest:
        words += (
            f" The largest power found is {percent(largest['power'], largest['mcse'])} (Monte "
            f"Carlo standard error {points_of_error(largest)}), at {amount(largest['value'])}."
        )
    return words


def _operations_words(found: Mapped) -> str:
    o = found.get("operations") or {}
    parts = []
    if o.get("enrolment_days"):
        days = o["enrolment_days"]
        mean = number(days["mean"], days["mcse"], 0)
        parts.append(
            f"enrolment takes {mean} days, {months(days['mean'])} ({count(days['p5'])} to "
            f"{count(days['p95'])} days in nine trials of ten)"
        )
    if o.get("sessions_delivered") and o["sessions_delivered"]["mean"]:
        parts.append(f"{with_error(o['sessions_delivered'])} sessions are delivered")
    if o.get("plasma_litres") and o["plasma_litres"]["mean"]:
        parts.append(f"{with_error(o['plasma_litres'])} litres of plasma are used")
    on_time = o.get("on_time")
    if on_time:
        limits = interval(on_time["ci_low"], on_time["ci_high"])
        parts.append(
            "the chance to finish by the planned date is "
            f"{percent(on_time['mean'])} (95% interval {limits})"
        )
    return f"At that size {listed(parts)}. ± is the Monte Carlo standard error." if parts else ""


def _curve_table(material: Material, found: Mapped, place: int) -> Table:
    curve = sorted(found["curve"], key=lambda point: point["value"])
    chosen = curve[:: -(-len(curve) // _MOST_POINTS)]
    name = quantity(found)
    return Table(
        caption=f"Power of {analysis_named(material, found['analysis'])} by {name}.",
        header=(sentence(name)[:-1], "Power", "Monte Carlo error, points", "95% interval"),
        rows=tuple(
            (
                number(point["value"], None, 3),
                percent(point["power"], point["mcse"], 2),
                error_of(point, 100, 2),
                interval(point["ci_low"], point["ci_high"], threshold=found["target_power"]),
            )
            for point in chosen
        ),
        note="" if len(chosen) == len(curve) else f"{len(chosen)} of {len(curve)} points.",
        name=f"size-{place}",
        words=(),
    )


def _closed_form_blocks(material: Material, forms: Mapped) -> list[Block]:
    rows = tuple(
        (
            literal(entry["method"]) + _citation(entry),
            patients_needed(entry) if entry["patients"] else "none",
            literal(entry.get("assumes") or ""),
        )
        for entry in forms["needed"]
    )
    words = "[#closed-forms] has what formulas say of the same question."
    blocks: list[Block] = [
        Paragraph(" ".join(filter(None, [words, _beside(material, forms), _why(forms)]))),
        Table(
            caption=f"Patients needed for {whole_percent(forms['target_power'])} power.",
            header=("Formula", "Patients", "It assumes"),
            rows=rows,
            name="closed-forms",
            words=(0, 2),
            widths=(3, 1.2, 5),
        ),
    ]
    for entry in forms["needed"]:
        if entry.get("formula_latex"):
            blocks.append(Paragraph(f"{sentence(literal(entry['method']))[:-1]}:"))
            spoken = f"Formula of the number of patients by {entry['method']}"
            blocks.append(Equation(entry["formula_latex"], spoken))
    if any(entry.get("formula_latex") for entry in forms["needed"]):
        blocks.append(Paragraph(_SYMBOLS))
    return blocks


def _beside(material: Material, forms: Mapped) -> str:
    """The answer of the simulation beside those of the formulas."""
    found = _own_search(material)
    told = sorted((e for e in forms["needed"] if e["patients"]), key=_patients)
    if found is None or not found["reached"] or not told:
        return ""
    low, high = patients_needed(told[0]), patients_needed(told[-1])
    span = low if low == high else f"{low} to {high}"
    return f"They give {span} patients where the simulation has {amount(found['answer']['value'])}."


def _why(forms: Mapped) -> str:
    """Why formulas and simulation differ; `why` may be a sentence or begin with its reason."""
    return sentence(literal(forms.get("why") or ""))


def _citation(entry: Mapped) -> str:
    keys = [key for word, key in _CITED.items() if word in entry["method"].lower()]
    return "".join(f" [@{key}]" for key in keys)


def consequence(material: Material, *, short: bool = False) -> str:
    """Say what the planned size could detect and what the assumed effect would need, if short."""
    if reading(material) is not Reading.UNDERPOWERED:
        return ""
    return " ".join(
        filter(None, [detectable_sentence(material), needed_sentence(material, short=short)])
    )
