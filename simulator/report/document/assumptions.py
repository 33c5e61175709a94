"""Values of the scenario that matter, each with its source or the word assumption."""

import re
from collections.abc import Sequence

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.catalogue import CONDUCT, EFFECT, TREATMENT, Quantity
from simulator.report.document.material import (
    Mapped,
    Material,
    date_in_words,
    source,
    switched_off,
    value,
)
from simulator.report.document.numbers import count, known, listed, number, uncapital, whole_percent
from simulator.report.document.verdict import Reading, is_power, reading

_EFFECT_NAME = "assumed-effect"
_TABLES = (
    (_EFFECT_NAME, "Mortality and effect as assumed.", EFFECT),
    ("assumed-conduct", "Recruitment, allocation and follow-up as assumed.", CONDUCT),
    ("assumed-treatment", "Treatment, unit and plasma as assumed.", TREATMENT),
)
_FEW = 6  # values that are told in words before a page has no more room
_OWNERS = {
    "accrual": "accrual.sites[{0}].name",
    "modalities": "modalities[{0}].name",
    "arms": "arms[{0}].name",
}
_TIMES = {"hours", "days", "litres", "patients", "sessions", "machines", "nurses", "candidates"}

Told = tuple[str, str, str]


def assumption_blocks(material: Material) -> list[Block]:
    """Every value that matters, in tables."""
    blocks: list[Block] = [Paragraph(_introduction(material))]
    for name, caption, quantities in _TABLES:
        rows = told(material, quantities)
        if rows:
            blocks.append(
                Table(
                    caption=caption,
                    header=("Quantity", "Value", "Source"),
                    rows=tuple(rows),
                    note=_null_note(material) if quantities is EFFECT else "",
                    name=name,
                    words=(0, 1, 2),
                    widths=(3, 1.5, 3.5),
                )
            )
    return blocks


def _null_note(material: Material) -> str:
    """Say what a null hypothesis sets aside; empty under the effect assumed."""
    notes = {
        Reading.LEVEL: "Under the strong null hypothesis of this run both arms have the treatment "
        "and the hazard ratio of the control arm, whatever stands here.",
        Reading.EQUAL_HAZARDS: "In this run the hazard ratio between the arms is 1, whatever "
        "stands here.",
    }
    return notes.get(reading(material), "")


def _introduction(material: Material) -> str:
    lines = len(material.power["assumptions"])
    text = (
        f"The scenario has {count(lines)} lines that are assumptions in whole or in part. A value "
        "for which no source is given counts as an assumption here. "
    )
    name = literal(material.power["scenario"])
    if not material.values:
        return f"{text}The command “trialsim scenarios {name}” lists every value with its source."
    return (
        f"{text}The tables below hold the values that bear on size and conduct; the command "
        f"“trialsim scenarios {name}” lists all {count(len(material.values))}."
    )


def main_assumptions(material: Material) -> str:
    """Return the main values with their sources, in a sentence."""
    groups = [group for name, _, group in _TABLES if is_power(material) or name != _EFFECT_NAME]
    quantities = [q for group in groups for q in group if q.main]
    rows = [row for row in told(material, quantities) if row[1] != "solved"][:_FEW]
    if not rows:
        lines = count(len(material.power["assumptions"]))
        return f"The scenario has {lines} lines that are assumptions in whole or in part."
    parts = [f"{uncapital(name)}, {said} ({why})" for name, said, why in rows]
    return f"The main values are: {'; '.join(parts)}."


def told(material: Material, quantities: Sequence[Quantity]) -> list[Told]:
    """Label, value and source of the quantities that a scenario has.

    Arms, sites or modalities that share a value and its source share a row.
    """
    merged = _merged(material.values)
    rows = []
    for quantity in quantities:
        owners: dict[tuple[str, str], list[str]] = {}
        for entry in merged:
            match = re.fullmatch(quantity.pattern, entry["key"])
            if match and not _unused(entry, quantity):
                said = shown(entry["value"], quantity.unit), _source(entry)
                owners.setdefault(said, []).append(_owner(material, entry["key"], match))
        rows += [(quantity.label.format(listed(names)), *said) for said, names in owners.items()]
    return rows


def _unused(entry: Mapped, quantity: Quantity) -> bool:
    """Whether a value is switched off: null, or an exit that never happens and has no source."""
    never = quantity.unit == "share" and entry["value"] == 0 and not entry["source"]
    return switched_off(entry["value"]) or never


def label(material: Material, key: str) -> str:
    """Name of a value in words; its key where it has none."""
    for _, _, quantities in _TABLES:
        for quantity in quantities:
            match = re.fullmatch(quantity.pattern, key)
            if match:
                return quantity.label.format(_owner(material, key, match))
    return literal(key)


def _source(entry: Mapped) -> str:
    return "computed from the mortality wanted" if entry["value"] == "solved" else source(entry)


def _merged(values: Sequence[Mapped]) -> list[Mapped]:
    """Values with the elements of a list joined under its key."""
    merged: dict[str, dict[str, object]] = {}
    for entry in values:
        key = re.sub(r"\[\d+\]$", "", entry["key"])
        if key == entry["key"]:
            merged[key] = dict(entry)
        elif key in merged:
            merged[key]["value"] = (*merged[key]["value"], entry["value"])  # type: ignore[misc]
        else:
            merged[key] = {**entry, "key": key, "value": (entry["value"],)}
    return list(merged.values())


def _owner(material: Material, key: str, match: re.Match[str]) -> str:
    """Name of the arm, site or modality that a key is of; empty where it is of none."""
    owner = _OWNERS.get(re.split(r"[.\[]", key)[0])
    for part in match.groups():
        found = value(material, owner.format(part)) if owner else None
        return literal(found if found is not None else part)
    return ""


def shown(found: object, unit: str) -> str:
    """Return a value of the scenario with its unit."""
    if isinstance(found, tuple):
        joint = " : " if unit == "" and all(isinstance(part, int) for part in found) else ", "
        text = joint.join(_one(part, unit) for part in found)
    else:
        text = _one(found, unit)
    return text if unit in ("", "share") or found == "solved" else f"{text} {_unit(found, unit)}"


def _unit(found: object, unit: str) -> str:
    return unit[:-1] if found == 1 and unit in _TIMES else unit


def _one(found: object, unit: str) -> str:
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int | float) and known(found):
        if unit == "share":
            return whole_percent(float(found))
        return number(float(found), None, 3 if abs(found) >= 0.01 else 5)
    if found == "solved":
        return "solved"
    return date_in_words(str(found).replace("_", " "))
