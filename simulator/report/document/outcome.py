"""Primary outcome, its estimand and its analysis; the target difference and where it is from."""

import math
import re

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.material import (
    Mapped,
    Material,
    arms,
    matching,
    operations,
    primary,
    source,
    test_in_words,
    title,
    value,
)
from simulator.report.document.numbers import (
    capital,
    error_of,
    known,
    listed,
    number,
    percent,
    points,
    whole_percent,
)
from simulator.report.document.verdict import Reading, is_power, mortality_words, reading

_ATTRIBUTES = {
    "population": "Population",
    "treatment": "Treatments compared",
    "variable": "Variable",
    "death": "Death",
    "transplant": "Transplant",
    "rescue": "Rescue or another modality",
    "withdrawal": "Withdrawal from treatment",
    "summary": "Population-level summary",
    "loss": "Missing outcomes (no part of the estimand)",
}
_EFFECT_KEYS = (
    r"hazard\.mortality_targets\..*",
    r"hazard\.baseline\.mortality_at_horizon",
    r"hazard\.effect\.(hazard_ratio|delay_days|waning_half_life_days)",
    r"modalities\[\d+\]\.full_course_hazard_ratio",
)


def outcome_sentence(material: Material) -> str:
    """Say what the primary outcome is, and in whom it is compared."""
    a = primary(material)["estimand_attributes"]
    return (
        f"The primary outcome is {literal(a['variable'])} ({literal(a['treatment'])}, "
        f"{literal(a['population'])})."
    )


def estimand_table(material: Material) -> Table:
    """Attributes of the primary estimand."""
    attributes = primary(material)["estimand_attributes"]
    rows = [
        (label, literal(capital(attributes[key])))
        for key, label in _ATTRIBUTES.items()
        if key in attributes
    ]
    return Table(
        caption="The primary estimand by its attributes.",
        header=("Attribute", "Choice"),
        rows=tuple(rows),
        name="estimand",
        words=(0, 1),
        widths=(1, 1.6),
    )


def analysis_sentence(material: Material) -> str:
    """Say how the primary outcome is analysed, and at which level."""
    first = primary(material)
    attributes = first["estimand_attributes"]
    return (
        f"The {literal(attributes['summary'])} is analysed by {test_in_words(first)} at a "
        f"two-sided significance level of {whole_percent(first['alpha'])}; "
        f"{literal(attributes['loss'])}."
    )


def analysis_source(material: Material) -> str:
    """Say where the choice of the primary analysis comes from."""
    found = matching(material, r"analyses\[0\]\.test")
    if not found:
        return ""
    if not found[0]["source"]:
        return "The scenario names no source for this choice, which counts as an assumption."
    return f"The scenario gives as its source: “{source(found[0])}”."


def other_analyses(material: Material) -> str:
    """Name the analyses beside the primary one, and those judged together."""
    names = [title(a) for a in material.power["analyses"][1:]]
    if not names:
        return "No other analysis was simulated."
    text = f"Others were simulated beside it and are secondary here: {listed(names)}."
    families = material.power["multiplicity"]
    if not families:
        return f"{text} None of them is corrected for the number of analyses."
    judged = [
        f"{listed([literal(name) for name in family['by_analysis']])} by "
        f"{literal(family['method'].replace('_', ' '))} at {whole_percent(family['alpha'])}"
        for family in families
    ]
    return f"{text} Judged together are {'; '.join(judged)}."


def effect_sentence(material: Material) -> str:
    """Say which effect the scenario assumes, in its own words."""
    words = literal(material.power["effect"]).replace("+-", "±")
    if words.startswith("hazard ratio"):
        return f"The effect assumed is a {_of_ratio(words)}."
    head, _, tail = words.partition(": ")
    if head == "earned session by session" and tail:
        return f"The effect assumed is earned session by session ({tail})."
    if words.startswith("only through"):
        return f"Treatment is assumed to act {words}."
    if not is_power(material):
        return (
            f"The effect is set to {words}."
            if words.startswith("a ")
            else (f"There is no effect: {words.partition(': ')[2] or words}.")
        )
    return f"The effect assumed is: {words}."


def _of_ratio(words: str) -> str:
    """`hazard ratio 0.6 of B against A` as it stands in a sentence."""
    return re.sub(r"^hazard ratio (\S+) of ", r"hazard ratio of \1 for ", words)


def difference_sentence(material: Material) -> str:
    """Return mortality by arm and its difference."""
    entries = operations(material)["mortality"]
    names = arms(material)
    control, experimental = entries[names[0]], entries[names[-1]]
    if not known(control["mean"]) or not known(experimental["mean"]):
        return "In the simulated trials an arm has no patients, and no mortality."
    error = math.hypot(control["mcse"], experimental["mcse"])
    difference = points(experimental["mean"] - control["mean"], error)
    return (
        f"In the simulated trials mortality by the end of follow-up is "
        f"{mortality_words(material)}, a difference of {difference} percentage points (Monte Carlo "
        f"standard error {error_of({'mcse': error}, 100, 2)})."
    )


def truth_sentence(material: Material) -> str:
    """Return the true value of the primary estimand."""
    p = primary(material)["performance"]
    if not known(p["truth"]):
        return ""
    summary = literal(primary(material)["estimand_attributes"]["summary"])
    error = p["truth_mcse"] or 0.0
    about = f" (Monte Carlo standard error {error_of({'mcse': error})}"
    if in_points(primary(material)):
        unit = "percentage points"
        shown = f"{points(p['truth'], error)} {unit}"
        about = f" (Monte Carlo standard error {error_of({'mcse': error}, 100, 2)}"
    else:
        shown = number(p["truth"], error, 3)
    if is_log_ratio(primary(material)):
        ratio = math.exp(p["truth"])
        about += f"; as a ratio {number(ratio, ratio * error, 3)}"
    return f"The true value of the estimand, the {summary}, is {shown}{about})."


def in_points(analysis: Mapped) -> bool:
    """Whether an estimate is a difference of proportions of patients."""
    summary = analysis["estimand_attributes"]["summary"]
    return bool(summary.startswith("difference of")) and (
        "mortality" in summary or "incidence" in summary
    )


def is_log_ratio(analysis: Mapped) -> bool:
    """Whether an estimate is the logarithm of a ratio."""
    summary = analysis["estimand_attributes"]["summary"]
    named = ("log ", "weighted log ")
    return bool(summary.startswith(named)) and ("ratio" in summary or "odds" in summary)


def effect_sources(material: Material) -> list[Mapped]:
    """Values that make the target difference, each with its source."""
    found = [entry for pattern in _EFFECT_KEYS for entry in matching(material, pattern)]
    # A delay of 0 days makes no difference.
    return [entry for entry in found if known(entry["value"]) and entry["value"] != 0]


def effect_status(material: Material) -> str:
    """Say in a form's box which of the values behind the difference are assumptions."""
    if not is_power(material):
        return ""
    found = effect_sources(material)
    assumed = [e for e in found if not e["source"] or "assumption" in e["source"].lower()]
    if not found:
        return "Mortality and effect stand here without their sources and count as assumptions."
    if len(assumed) == len(found):
        return "Mortality and effect are assumptions."
    if not assumed:
        return "Mortality and effect are taken from the sources of the scenario."
    return (
        f"Of the {len(found)} values behind this difference, {len(assumed)} "
        f"{'is an assumption' if len(assumed) == 1 else 'are assumptions'} in whole or in part."
    )


def difference_blocks(material: Material) -> list[Block]:
    """Return the target difference, and why it is that."""
    if not is_power(material):
        return [Paragraph(f"{no_effect_words(material)} {effect_sentence(material)}")]
    words = [effect_sentence(material), difference_sentence(material), truth_sentence(material)]
    return [
        Paragraph(" ".join(filter(None, words))),
        Paragraph(
            "The values that make this difference, and what is known of each, are in "
            "[#assumed-effect]. They say what effect is thought realistic. The scenario records no "
            "judgement of which difference would matter to patients, which DELTA2 asks for as well "
            "[@delta2]; the applicants have to add it."
            if effect_sources(material)
            else "The scenario's values were not handed over, so the difference stands here as an "
            "assumption. DELTA2 asks why it is important or realistic [@delta2]; the applicants "
            "have to say so."
        ),
    ]


def no_effect_words(material: Material) -> str:
    """Say that a run without an effect has no target difference."""
    if reading(material) is Reading.LEVEL:
        return (
            "This run asks for the type I error: both arms are treated alike, and no target "
            "difference applies."
        )
    return (
        "This run asks how often the trial rejects where the hazard ratio is 1 and the arms still "
        "differ in plans, sessions and labs; no target difference applies."
    )


def true_mortality(material: Material) -> dict[str, str]:
    """Mortality by arm for an alternative text."""
    return {
        arm: percent(entry["mean"], entry["mcse"])
        for arm, entry in operations(material)["mortality"].items()
    }


def registry_words(material: Material) -> str:
    """Name the registry record, cited; empty where there is none."""
    found = value(material, "trial.registry_id")
    return f"{literal(found)} [@registry]" if found not in (None, "", "null") else ""
