"""Values of the scenario that matter, each with its source or the word assumption."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from simulator.declarations.keys import key_path, matched, steps_of
from simulator.declarations.quantities import (
    CONDUCT,
    EFFECT,
    PATIENTS,
    TREATMENT,
    Quantity,
    name_of,
    owner_of,
    unit_of,
)
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    ScenarioValue,
    date_in_words,
    switched_off,
)
from simulator.report.document.numbers import (
    capital,
    count,
    known,
    listed,
    number,
    uncapital,
    whole_percent,
)
from simulator.report.document.sources import source_in_brackets, source_in_words
from simulator.results.power import EffectKind, Power
from simulator.results.sources import SourceKind

_EFFECT_NAME = "assumed-effect"
_TABLES = (
    (_EFFECT_NAME, "Mortality and effect as assumed.", EFFECT),
    ("assumed-conduct", "Recruitment, allocation and follow-up as assumed.", CONDUCT),
    ("assumed-patients", "Patients as assumed: what allocation or mortality depends on.", PATIENTS),
    ("assumed-treatment", "Treatment, unit and plasma as assumed.", TREATMENT),
)
_LAST_DAY = re.compile(r"(exits\.\w+)\.by_day")
_FEW = 4  # values that are told in words before a page has no more room
_TIMES = {"hours", "days", "litres", "patients", "sessions", "machines", "nurses", "candidates"}

Told = tuple[str, str, str]


def assumption_blocks(dossier: Dossier) -> list[Block]:
    """Every value that matters, in tables."""
    blocks: list[Block] = [Paragraph(_introduction(dossier))]
    for name, caption, quantities in _TABLES:
        rows = told(dossier, quantities)
        if rows:
            blocks.append(
                Table(
                    caption=caption,
                    header=("Quantity", "Value", "Source"),
                    rows=tuple(rows),
                    note=_null_note(dossier.power) if quantities is EFFECT else "",
                    name=name,
                    words=(0, 1, 2),
                    widths=(3, 1.5, 3.5),
                )
            )
    return blocks


def _null_note(power: Power) -> str:
    """Say what a null hypothesis sets aside; empty under the assumed effect."""
    if power.effect.kind is EffectKind.NONE:
        return (
            "Under the strong null hypothesis of this run both arms have the treatment and the "
            "hazard ratio of the control arm, whatever stands here."
        )
    if power.effect.kind is EffectKind.EQUAL_HAZARDS:
        return "In this run the hazard ratio between the arms is 1, whatever stands here."
    return ""


def _introduction(dossier: Dossier) -> str:
    lines = len(dossier.power.assumptions)
    bare = sum(line.kind is SourceKind.NONE for line in dossier.power.assumptions)
    verb = "is an assumption" if lines == 1 else "are assumptions"
    text = f"Of the scenario {count(lines)} lines {verb}, in whole or in part"
    text += f"; {count(bare)} of them give no source. " if bare else ". "
    if dossier.power.defaults:
        text += (
            f"{capital(count(dossier.power.defaults))} values are the program's defaults, since "
            "the scenario does not give them; they are assumptions too, and marked so. "
        )
    name = literal(dossier.power.asked)
    if not dossier.values:
        return f"{text}The command “trialsim scenarios {name}” lists every value with its source."
    text += (
        "Sources are cited as the scenario records them; “trialsim evidence” shows the figures "
        "behind a value. "
    )
    tables = [f"[#{name}]" for name, _, group in _TABLES if told(dossier, group)]
    verb = "holds" if len(tables) == 1 else "hold"
    of_tables = f"{listed(tables)} {verb} the values that bear on size and conduct. "
    return (
        f"{text}{of_tables if tables else ''}The command “trialsim scenarios {name}” lists all "
        f"{count(len(dossier.values))}."
    )


def main_assumptions(dossier: Dossier) -> str:
    """Return the main values with their sources, in a sentence."""
    power = dossier.power
    groups = [group for name, _, group in _TABLES if power.verdict.is_power or name != _EFFECT_NAME]
    quantities = [q for group in groups for q in group if q.main]
    rows = told(dossier, quantities, source_in_brackets)
    rows = [row for row in rows if row[1] != "solved"][:_FEW]
    if not rows:
        lines = count(len(power.assumptions))
        return f"The scenario has {lines} lines that are assumptions in whole or in part."
    parts = [f"{uncapital(name)} {said} ({why})" for name, said, why in rows]
    return f"The main values are: {'; '.join(parts)}."


def told(
    dossier: Dossier,
    quantities: Sequence[Quantity],
    source: Callable[[ScenarioValue], str] = source_in_words,
) -> list[Told]:
    """Label, value and source of the quantities that a scenario has.

    Arms, sites or modalities that share a value and its source share a row.
    """
    merged, used = _merged(dossier.values), _variables_used(dossier)
    rows = []
    for quantity in quantities:
        owners: dict[tuple[str, str], list[str]] = {}
        for entry in merged:
            stars = matched(quantity.pattern, entry.key)
            if stars is not None and not _unused(dossier, entry, quantity):
                said = shown(entry.value, unit_of(quantity, dossier.value)), _source(entry, source)
                owner = owner_of(entry.key, stars, dossier.value)
                if quantities is PATIENTS and owner not in used:
                    continue
                owner = literal(owner)
                owners.setdefault(said, []).append(owner)
        rows += [(quantity.label.format(listed(names)), *said) for said, names in owners.items()]
    return rows


def _variables_used(dossier: Dossier) -> set[str]:
    """Names of the variables that allocation, or the hazard of death, depends on."""
    looked_at = ("allocation.factors[*].variable", "hazard.covariates[*].variable")
    return {
        str(entry.value)
        for entry in dossier.values
        if any(matched(pattern, entry.key) is not None for pattern in looked_at)
    }


def _unused(dossier: Dossier, entry: ScenarioValue, quantity: Quantity) -> bool:
    """Whether a value makes no difference: switched off, empty, or idle where nobody gave it."""
    kinds = (SourceKind.NONE,) if quantity.unit == "share" else ()
    is_idle = entry.value == quantity.idle and entry.source.kind in (SourceKind.DEFAULT, *kinds)
    last_day = _LAST_DAY.fullmatch(entry.key)
    never = last_day is not None and not dossier.value(f"{last_day[1]}.net_probability")
    return switched_off(entry.value) or entry.value == [] or is_idle or never


def label(dossier: Dossier, key: str) -> str:
    """Name of a value in words; its key where it has none."""
    return literal(name_of(key, dossier.value))


def _source(entry: ScenarioValue, source: Callable[[ScenarioValue], str]) -> str:
    return "computed from the mortality wanted" if entry.value == "solved" else source(entry)


def _merged(values: Sequence[ScenarioValue]) -> list[ScenarioValue]:
    """Values with the elements of a list joined under its key, and the first one's source."""
    merged: dict[str, ScenarioValue] = {}
    for entry in values:
        steps = steps_of(entry.key) or (entry.key,)
        key = entry.key if isinstance(steps[-1], str) else key_path(steps[:-1])
        if key == entry.key:
            merged[key] = entry
        elif key in merged:
            others = merged[key]
            merged[key] = replace(others, value=(*others.value, entry.value))
        else:
            merged[key] = replace(entry, key=key, value=(entry.value,))
    return list(merged.values())


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
