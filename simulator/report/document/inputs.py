"""Inputs that define the target difference: their sources, and which are assumptions."""

from simulator.declarations.keys import steps_of
from simulator.report.document.dossier import (
    Dossier,
    ScenarioValue,
    matching,
    switched_off,
)
from simulator.report.document.numbers import (
    capital,
    count,
    counted,
    in_words,
    joined,
    known,
)
from simulator.report.document.sources import is_assumed

_EFFECT_KEYS = (
    "hazard.mortality_targets.*",
    "hazard.baseline.mortality_at_horizon",
    "hazard.effect.hazard_ratio",
    "hazard.effect.delay_days",
    "hazard.effect.waning_half_life_days",
    "modalities[*].full_course_hazard_ratio",
)


def effect_sources(dossier: Dossier) -> list[ScenarioValue]:
    """Values that make the target difference, each with its source."""
    found = [entry for pattern in _EFFECT_KEYS for entry in matching(dossier, pattern)]
    # A delay of 0 days makes no difference.
    return [entry for entry in found if known(entry.value) and entry.value != 0]


def effect_status(dossier: Dossier) -> str:
    """Say in a form's box how many of the inputs behind the difference are assumptions."""
    if not dossier.power.verdict.is_power:
        return ""
    return joined([difference_status(dossier), margin_status(dossier)])


def interim_status(dossier: Dossier) -> str:
    """Say which values of the plan of interim analyses are assumptions; empty without a plan.

    Also without the scenario's values, which are then nowhere told to be anything else.
    """
    plan = [e for e in dossier.values if e.key.startswith("monitoring.")]
    plan = [e for e in plan if not switched_off(e.value)]
    assumed = [e for e in plan if is_assumed(e)]
    if dossier.power.looks is None or not assumed:
        return ""
    if len(assumed) == len(plan):
        return "Every value of this plan is an assumption: the scenario has no other source of it."
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    return f"Of the {count(len(plan))} values of this plan {count(len(assumed))} {verb}."


def margin_status(dossier: Dossier) -> str:
    """Say so where the margin is an assumption; empty where it is not, or there is none."""
    for key, words in (
        ("analyses[0].margin", "The margin is an assumption too."),
        ("analyses[0].equivalence", "The margins are assumptions too."),
    ):
        found = [e for e in matching(dossier, key) if e.value is not None]
        if found and is_assumed(found[0]):
            return words
    return ""


def difference_status(dossier: Dossier) -> str:
    """Say how many of the inputs behind the difference are assumptions, the margin apart."""
    found = effect_sources(dossier)
    assumed = [entry for entry in found if is_assumed(entry)]
    if not found:
        return "The inputs defining the difference stand here without sources, as assumptions."
    inputs = counted(len(found), noun="input")
    if not assumed:
        if len(found) == 1:
            return "The input defining the difference is not an assumption."
        none = "Neither" if len(found) == 2 else "None"
        return f"{none} of the {inputs} defining the difference is an assumption."
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    verb = f"{verb}{_in_part(assumed)}"
    if len(found) == 1:
        return f"The input defining the difference {verb}."
    if len(assumed) == len(found):
        every = "Both inputs" if len(found) == 2 else f"All {inputs}"
        return f"{every} defining the difference {verb}."
    return f"{capital(in_words(len(assumed)))} of the {inputs} defining the difference {verb}."


def _in_part(assumed: list[ScenarioValue]) -> str:
    """Say so where a value is an assumption in part alone."""
    in_part = any(entry.source.is_assumed_in_part for entry in assumed)
    return " in whole or in part" if in_part else ""


def all_assumed(dossier: Dossier) -> bool:
    """Whether every input behind the difference is an assumption."""
    return all(map(is_assumed, effect_sources(dossier)))


def input_of_arm(dossier: Dossier, place: int) -> ScenarioValue | None:
    """Return what an arm's mortality follows from: its target, its baseline or its hazard ratio."""
    arm = dossier.power.arms[place]
    # Of another day than the end of follow-up a target is not the mortality that is told.
    at_the_end = not known(dossier.value("hazard.mortality_target_day"))
    targets = matching(dossier, "hazard.mortality_targets.*") if at_the_end else []
    entry = next((e for e in targets if _owner(e.key) == arm), None)
    patterns = ("hazard.baseline.mortality_at_horizon",) if place == 0 else _ratios(dossier, place)
    for found in (entry, *(e for key in patterns for e in matching(dossier, key))):
        if found is not None and known(found.value):
            return found
    return None


def _ratios(dossier: Dossier, place: int) -> tuple[str, ...]:
    """Keys of the hazard ratios that tell an arm from the control arm."""
    modality = dossier.value(f"arms[{place % len(dossier.power.arms)}].modality")
    named = [e.key for e in matching(dossier, "modalities[*].name") if e.value == modality]
    course = tuple(key.replace(".name", ".full_course_hazard_ratio") for key in named)
    return ("hazard.effect.hazard_ratio", *course)


def _owner(key: str) -> object:
    """Return the last step of a key: of a mortality target, its arm."""
    return (steps_of(key) or (key,))[-1]
