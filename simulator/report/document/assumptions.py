"""Values of the scenario that matter, each with its source or the word assumption."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    ScenarioValue,
    date_in_words,
    source_in_words,
    switched_off,
)
from simulator.report.document.numbers import count, known, listed, number, uncapital, whole_percent
from simulator.results.power import EffectKind, Power


class Quantity(NamedTuple):
    r"""A quantity of a scenario.

    `pattern` is its key, `(\w+)` and the like being filled into the label in order; a number in
    brackets there stands for the name of that site, modality or arm. `unit` is a suffix, or `share`
    for a proportion. `main` are those that a page has room for.
    """

    pattern: str
    label: str
    unit: str = ""
    main: bool = False


_EFFECT = (
    Quantity(r"hazard\.mortality_targets\.(.+)", "Mortality under {0}", "share", True),
    Quantity(
        r"hazard\.baseline\.mortality_at_horizon",
        "Probability of liver-related death by the horizon of the baseline hazard",
        "share",
        True,
    ),
    Quantity(r"hazard\.baseline\.horizon_days", "Horizon of the baseline hazard", "days"),
    Quantity(r"hazard\.baseline\.kind", "Shape of the baseline hazard"),
    Quantity(r"hazard\.baseline\.shape", "Weibull shape"),
    Quantity(r"hazard\.baseline\.days", "Days between which the hazard is constant", "days"),
    Quantity(r"hazard\.baseline\.shares", "Share of the cumulative hazard by then"),
    Quantity(
        r"hazard\.log_hazard_ratio_per_meld_point", "Log hazard ratio of death per point of MELD"
    ),
    Quantity(r"hazard\.frailty_log_sd", "Standard deviation of log frailty"),
    Quantity(r"hazard\.effect\.hazard_ratio", "Hazard ratio between the arms", "", True),
    Quantity(r"hazard\.effect\.delay_days", "Delay of the effect", "days"),
    Quantity(r"hazard\.effect\.waning_half_life_days", "Half-life of the effect", "days"),
    Quantity(
        r"modalities\[(\d+)\]\.full_course_hazard_ratio",
        "Hazard ratio of a full course of {0} against none",
        "",
        True,
    ),
)

_CONDUCT = (
    Quantity(r"trial\.target_randomised", "Patients to be randomised", "patients"),
    Quantity(r"trial\.follow_up_days", "Follow-up per patient", "days"),
    Quantity(r"trial\.start_date", "Start"),
    Quantity(r"trial\.planned_completion_date", "Planned completion"),
    Quantity(r"trial\.max_recruitment_days", "Longest recruitment", "days"),
    Quantity(r"accrual\.kind", "Accrual"),
    Quantity(
        r"accrual\.sites\[(\d+)\]\.randomised_per_month",
        "Patients randomised per month, {0}",
        "",
        True,
    ),
    Quantity(r"accrual\.sites\[(\d+)\]\.ramp_days", "Days to full recruitment, {0}", "days"),
    Quantity(r"accrual\.site_rates\.kind", "Rates of sites over trials"),
    Quantity(r"accrual\.candidates", "Candidates referred", "candidates"),
    Quantity(r"accrual\.over_days", "Period of referral", "days"),
    Quantity(r"eligibility\.consent_probability", "Consent of the eligible", "share", True),
    Quantity(r"allocation\.scheme", "Allocation scheme"),
    Quantity(r"allocation\.ratio", "Allocation ratio"),
    Quantity(r"allocation\.options\.block_sizes", "Block sizes", "patients"),
    Quantity(r"exits\.loss\.net_probability", "Loss to follow-up", "share", True),
    Quantity(r"exits\.loss\.by_day", "Loss is possible until day"),
    Quantity(r"exits\.withdrawal\.net_probability", "Withdrawal from treatment", "share"),
    Quantity(r"exits\.withdrawal\.by_day", "Withdrawal is possible until day"),
    Quantity(r"exits\.transplant\.net_probability", "Liver transplant", "share"),
    Quantity(r"exits\.tumour_death\.net_probability", "Tumour-related death", "share"),
    Quantity(r"exits\.infection\.net_probability", "Infection", "share"),
    Quantity(r"exits\.infection\.hazard_ratio", "Hazard ratio of death after infection"),
    Quantity(
        r"exits\.serious_adverse_event_hazard_ratio",
        "Hazard ratio of death after a serious adverse event",
    ),
)

_TREATMENT = (
    Quantity(r"arms\[(\d+)\]\.plan\.sessions", "Sessions planned, {0}", "sessions", True),
    Quantity(r"arms\[(\d+)\]\.plan\.first_after_days", "First session due, {0}", "days"),
    Quantity(r"arms\[(\d+)\]\.plan\.least_interval_days", "Least interval, {0}", "days"),
    Quantity(r"arms\[(\d+)\]\.plan\.window_days", "Window of a session, {0}", "days"),
    Quantity(
        r"arms\[(\d+)\]\.plan\.stop_if_bilirubin_below_umol_per_l",
        "Sessions stop below bilirubin of, {0}",
        "µmol/L",
    ),
    Quantity(
        r"arms\[(\d+)\]\.plan\.postpone_if_platelets_below_1e9_per_l",
        "Sessions are postponed below platelets of, {0}",
        "10⁹/L",
    ),
    Quantity(r"arms\[(\d+)\]\.plan\.switch_if_plasma_short_to", "Modality if plasma is short, {0}"),
    Quantity(r"modalities\[(\d+)\]\.machine_hours", "Machine time per session, {0}", "hours"),
    Quantity(r"modalities\[(\d+)\]\.plasma_litres", "Plasma per session, {0}", "litres"),
    Quantity(r"unit\.machines", "Machines of the unit", "machines"),
    Quantity(r"unit\.nurses", "Nurses for the trial", "nurses"),
    Quantity(r"unit\.sessions_per_nurse", "Sessions that a nurse minds at once", "sessions"),
    Quantity(r"unit\.plasma\.capacity_litres", "Plasma store, at most", "litres"),
    Quantity(r"unit\.plasma\.initial_litres", "Plasma in store at the start", "litres"),
    Quantity(r"unit\.plasma\.delivery_litres_mean", "Plasma per delivery, mean", "litres", True),
    Quantity(r"unit\.plasma\.delivery_litres_sd", "The same, standard deviation", "litres"),
    Quantity(r"unit\.background\.sessions_per_day", "Sessions of others, per day", "sessions"),
    Quantity(r"unit\.background\.hours_per_session", "Machine time of these", "hours"),
    Quantity(r"unit\.background\.plasma_litres_per_session", "Plasma of these", "litres"),
    Quantity(r"unit\.background\.served", "Others are served, to the trial's patients"),
    Quantity(r"unit\.queue", "Order of those who wait"),
)

_EFFECT_NAME = "assumed-effect"
_TABLES = (
    (_EFFECT_NAME, "Mortality and effect as assumed.", _EFFECT),
    ("assumed-conduct", "Recruitment, allocation and follow-up as assumed.", _CONDUCT),
    ("assumed-treatment", "Treatment, unit and plasma as assumed.", _TREATMENT),
)
_FEW = 6  # values that are told in words before a page has no more room
_OWNERS = {
    "accrual": "accrual.sites[{0}].name",
    "modalities": "modalities[{0}].name",
    "arms": "arms[{0}].name",
}
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
                    note=_null_note(dossier.power) if quantities is _EFFECT else "",
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
    text = (
        f"The scenario has {count(lines)} lines that are assumptions in whole or in part. A value "
        "for which no source is given counts as an assumption here. "
    )
    name = literal(dossier.power.scenario)
    if not dossier.values:
        return f"{text}The command “trialsim scenarios {name}” lists every value with its source."
    return (
        f"{text}The tables below hold the values that bear on size and conduct; the command "
        f"“trialsim scenarios {name}” lists all {count(len(dossier.values))}."
    )


def main_assumptions(dossier: Dossier) -> str:
    """Return the main values with their sources, in a sentence."""
    power = dossier.power
    groups = [group for name, _, group in _TABLES if power.verdict.is_power or name != _EFFECT_NAME]
    quantities = [q for group in groups for q in group if q.main]
    rows = [row for row in told(dossier, quantities) if row[1] != "solved"][:_FEW]
    if not rows:
        lines = count(len(power.assumptions))
        return f"The scenario has {lines} lines that are assumptions in whole or in part."
    parts = [f"{uncapital(name)}, {said} ({why})" for name, said, why in rows]
    return f"The main values are: {'; '.join(parts)}."


def told(dossier: Dossier, quantities: Sequence[Quantity]) -> list[Told]:
    """Label, value and source of the quantities that a scenario has.

    Arms, sites or modalities that share a value and its source share a row.
    """
    merged = _merged(dossier.values)
    rows = []
    for quantity in quantities:
        owners: dict[tuple[str, str], list[str]] = {}
        for entry in merged:
            match = re.fullmatch(quantity.pattern, entry.key)
            if match and not _unused(entry, quantity):
                said = shown(entry.value, quantity.unit), _source(entry)
                owners.setdefault(said, []).append(_owner(dossier, entry.key, match))
        rows += [(quantity.label.format(listed(names)), *said) for said, names in owners.items()]
    return rows


def _unused(entry: ScenarioValue, quantity: Quantity) -> bool:
    """Whether a value is switched off: null, or an exit that never happens and has no source."""
    never = quantity.unit == "share" and entry.value == 0 and not entry.source
    return switched_off(entry.value) or never


def label(dossier: Dossier, key: str) -> str:
    """Name of a value in words; its key where it has none."""
    for _, _, quantities in _TABLES:
        for quantity in quantities:
            match = re.fullmatch(quantity.pattern, key)
            if match:
                return quantity.label.format(_owner(dossier, key, match))
    return literal(key)


def _source(entry: ScenarioValue) -> str:
    return (
        "computed from the mortality wanted" if entry.value == "solved" else source_in_words(entry)
    )


def _merged(values: Sequence[ScenarioValue]) -> list[ScenarioValue]:
    """Values with the elements of a list joined under its key, and the first one's source."""
    merged: dict[str, ScenarioValue] = {}
    for entry in values:
        key = re.sub(r"\[\d+\]$", "", entry.key)
        if key == entry.key:
            merged[key] = entry
        elif key in merged:
            others = merged[key]
            merged[key] = replace(others, value=(*others.value, entry.value))
        else:
            merged[key] = ScenarioValue(key, (entry.value,), entry.source)
    return list(merged.values())


def _owner(dossier: Dossier, key: str, match: re.Match[str]) -> str:
    """Name of the arm, site or modality that a key is of; empty where it is of none."""
    owner = _OWNERS.get(re.split(r"[.\[]", key)[0])
    for part in match.groups():
        found = dossier.value(owner.format(part)) if owner else None
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
