"""What a power means for the trial, in words that follow the numbers."""

from enum import StrEnum

from simulator.report.document.blocks import literal
from simulator.report.document.material import Mapped, Material, arms, operations, primary
from simulator.report.document.numbers import (
    count,
    error_of,
    interval,
    listed,
    percent,
    whole_percent,
)
from simulator.report.summary import USUAL_POWER


class Reading(StrEnum):
    """What the share of trials that reject says; the last three are of a power."""

    LEVEL = "type I error"
    EQUAL_HAZARDS = "rejections under equal hazards"
    UNDERPOWERED = "underpowered"
    UNCLEAR = "cannot be told from the usual power"
    ADEQUATE = "adequate"


_OF_NO_EFFECT = (Reading.LEVEL, Reading.EQUAL_HAZARDS)


def reading(material: Material) -> Reading:
    """Read the primary analysis: by the limits of its interval, never by the estimate."""
    first = primary(material)
    null = material.power["null_hypothesis"]
    if null == "strong":
        return Reading.LEVEL
    if null == "mortality":
        return Reading.EQUAL_HAZARDS
    if first["ci_high"] < USUAL_POWER:
        return Reading.UNDERPOWERED
    return Reading.UNCLEAR if first["ci_low"] < USUAL_POWER else Reading.ADEQUATE


def is_power(material: Material) -> bool:
    """Whether the share of trials that reject is a power at all."""
    return reading(material) not in _OF_NO_EFFECT


def rate_name(material: Material) -> str:
    """Name of the share of trials that reject."""
    names = {Reading.LEVEL: "type I error", Reading.EQUAL_HAZARDS: "share of rejections"}
    return names.get(reading(material), "power")


def threshold(material: Material) -> float:
    """What the share of trials that reject is held against."""
    level: float = primary(material)["alpha"]
    return USUAL_POWER if is_power(material) else level


def rate(material: Material, analysis: Mapped, *, error: bool = True) -> str:
    """Return a share of rejections with its Monte Carlo error and interval."""
    shown = percent(analysis["power"], analysis["mcse"], 2)
    limits = interval(analysis["ci_low"], analysis["ci_high"], threshold=threshold(material))
    about = f"95% interval {limits}"
    if error:
        about = f"Monte Carlo standard error {points_of_error(analysis)}, {about}"
    return f"{shown} ({about})"


def points_of_error(entry: Mapped) -> str:
    """Monte Carlo error of a proportion, with its unit."""
    shown = error_of(entry, 100, 2)
    return f"{shown} percentage point{'' if shown == '1' else 's'}"


def judgement(material: Material) -> str:
    """Say in a sentence what the primary analysis's share of rejections amounts to."""
    first, usual = primary(material), whole_percent(USUAL_POWER)
    level = whole_percent(first["alpha"])
    found = reading(material)
    if found is Reading.UNDERPOWERED:
        return f"The trial is underpowered for this effect: {usual} is usual."
    if found is Reading.UNCLEAR:
        return (
            f"With {count(first['trials'])} simulated trials this power cannot be told from "
            f"{usual}; more of them would narrow the interval."
        )
    if found is Reading.ADEQUATE:
        return f"The size is adequate for this effect: {usual} is usual."
    if found is Reading.EQUAL_HAZARDS:
        return "It is neither a power nor a type I error."
    if first["ci_low"] > first["alpha"]:
        return f"It exceeds the nominal level of {level}."
    if first["ci_high"] <= first["alpha"]:
        return f"It is within the nominal level of {level}."
    return f"It is compatible with the nominal level of {level}."


def detectable_sentence(material: Material) -> str:
    """Say which effect the planned size could detect; empty where nothing tells."""
    found = material.detectable
    if not found or not is_power(material):
        return ""
    if found.get("experimental") is None:
        return (
            f"At this size no mortality under {literal(arms(material)[-1])} has "
            f"{whole_percent(found['power'])} power (exact calculation)."
        )
    names = [literal(arm) for arm in arms(material)]
    low, high = (round(100 * found[key], 1) for key in ("experimental", "control"))
    change = "reduction" if low < high else "increase"
    return (
        f"The smallest {change} that {listed([count(n) for n in found['patients']])} patients"
        f"{_if_recruited(material)}, all followed up, detect with {whole_percent(found['power'])} "
        f"power is from {high:.1f}% under {names[0]} to {low:.1f}% under {names[-1]}, "
        f"{abs(high - low):.1f} percentage points (exact calculation)."
    )


def _if_recruited(material: Material) -> str:
    """Say so where the patients of a calculation are more than the trial recruits."""
    wanted = sum((material.detectable or {})["patients"])
    randomised = operations(material)["randomised"]["mean"]
    return ", if they could be recruited" if wanted > 1.1 * randomised else ""


def mortality_words(material: Material) -> str:
    """Return mortality by arm, as it came out in the simulated trials."""
    return listed(
        [
            f"{percent(entry['mean'], entry['mcse'])} under {literal(arm)}"
            for arm, entry in operations(material)["mortality"].items()
        ]
    )
