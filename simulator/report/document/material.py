"""What a justification is written from, and the facts in it by name."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.report.document.blocks import literal
from simulator.report.document.numbers import known

Mapped = Mapping[str, Any]

NO_SOURCE = "assumption (no source is given)"


@dataclass(frozen=True)
class Material:
    """Summaries of runs, as the commands print them with --json.

    Parameters
    ----------
    power
        Summary of a power run.
    values
        Key, value and source of every value of the scenario.
    sweeps, sizes
        Summaries of what was varied, and of searches for a size.
    pictures
        Path of the PNG and of the SVG by what is shown.
    manifest
        How the run was made: command, seed, trials, engine, versions.
    closed_forms
        What formulas say of the size, or None.
    detectable
        The smallest difference that the planned size detects, or None.
    """

    power: Mapped
    values: Sequence[Mapped] = ()
    sweeps: Sequence[Mapped] = ()
    sizes: Sequence[Mapped] = ()
    pictures: Mapping[str, tuple[Path, Path]] = field(default_factory=dict)
    manifest: Mapped = field(default_factory=dict)
    closed_forms: Mapped | None = None
    detectable: Mapped | None = None


def primary(material: Material) -> Mapped:
    """Return the primary analysis, which is the first."""
    found: Mapped = material.power["analyses"][0]
    return found


def operations(material: Material) -> Mapped:
    """Return what the run tells of recruitment, patients and sessions."""
    found: Mapped = material.power["operations"]
    return found


def arms(material: Material) -> tuple[str, ...]:
    """Names of the arms, the control first."""
    return tuple(operations(material)["mortality"])


def value(material: Material, key: str) -> Any:
    """Return the value of a key of the scenario; None where it has none."""
    return next((entry["value"] for entry in material.values if entry["key"] == key), None)


def matching(material: Material, pattern: str) -> list[Mapped]:
    """Values whose whole key matches a pattern, but for those that are switched off."""
    return [
        entry
        for entry in material.values
        if re.fullmatch(pattern, entry["key"]) and not switched_off(entry["value"])
    ]


def switched_off(found: object) -> bool:
    """Whether a value says that a part of the model is not used."""
    return found is None or found in ("null", "")


def source(entry: Mapped) -> str:
    """Where a value comes from; one without a source counts as an assumption."""
    return literal(entry["source"]) if entry["source"] else NO_SOURCE


def follow_up_days(material: Material) -> int | None:
    """Days for which each patient is followed; None where the values do not tell."""
    found = value(material, "trial.follow_up_days")
    return int(found) if known(found) else None


def planned_patients(material: Material) -> int:
    """Return how many patients are to be randomised; without the values, how many were."""
    found = value(material, "trial.target_randomised")
    return round(found if known(found) else operations(material)["randomised"]["mean"])


def planned_by_arm(material: Material) -> list[int] | None:
    """Patients by arm under the allocation ratio; None where it does not divide the number."""
    total, names = planned_patients(material), arms(material)
    ratio = [value(material, f"allocation.ratio[{place}]") for place in range(len(names))]
    if not all(known(part) for part in ratio):
        ratio = [operations(material)["patients"][arm]["mean"] for arm in names]
    shares = [total * part / sum(ratio) for part in ratio]
    rounded = [round(share) for share in shares]
    return rounded if sum(rounded) == total and _close(shares, rounded) else None


def _close(shares: list[float], rounded: list[int]) -> bool:
    # Without a ratio the means of the run stand in, which are a little off.
    return all(abs(a - b) < 0.1 for a, b in zip(shares, rounded, strict=True))


def has_sessions(material: Material) -> bool:
    """Whether anybody is treated in sessions."""
    return any(entry["mean"] > 0 for entry in operations(material)["sessions_planned"].values())


def test_in_words(analysis: Mapped) -> str:
    """Name of a test in mid-sentence, with its article and its details in brackets."""
    _, more = _test(analysis)
    words = test_in_short(analysis)
    return f"{words} ({literal(more)})" if more else words


def test_in_short(analysis: Mapped) -> str:
    """Name of a test in mid-sentence, with its article."""
    name, _ = _test(analysis)
    if not name:
        return f"the analysis {literal(analysis['name'])}"
    if name == "Bayesian":
        return "a Bayesian analysis"
    return f"the {literal(name)}" if name[0].islower() else literal(name)


def title(analysis: Mapped) -> str:
    """Name of a test for the first column of a table, and of the analysis in brackets."""
    name, _ = _test(analysis)
    if not name:
        return literal(analysis["name"])
    return literal(f"{name[0].upper()}{name[1:]} ({analysis['name']})")


def analysis_named(material: Material, name: str) -> str:
    """Return the test of an analysis in mid-sentence; its name where the run has none of it."""
    found = next((a for a in material.power["analyses"] if a["name"] == name), None)
    return literal(name) if found is None else test_in_short(found)


def _test(analysis: Mapped) -> tuple[str, str]:
    """Test of an analysis, empty if only its method is named, and the details of it."""
    attributes, text = analysis["estimand_attributes"], analysis["estimand"]
    end = text.find(f"), {attributes['treatment']}, of ")
    start = len(attributes["summary"]) + 2
    if end < start or not text.startswith(attributes["summary"] + " ("):
        return "", ""
    name, _, details = text[start:end].partition(", ")
    if ":" in name or name.startswith("margin"):
        return "", text[start:end]
    return name, details


def date_in_words(found: object) -> str:
    """Return a date as in `31 December 2024`; anything else as it is."""
    try:
        date = datetime.date.fromisoformat(str(found))
    except ValueError:
        return literal(found)
    return f"{date.day} {date:%B} {date.year}"
