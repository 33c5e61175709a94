"""What each picture shows, in a caption and in words for those who do not see it."""

from simulator.report.document.blocks import Picture, literal, spans
from simulator.report.document.feasibility import (
    on_time_sentence,
    recruitment_sentence,
    sessions_sentence,
)
from simulator.report.document.material import (
    Material,
    analysis_named,
    arms,
    has_sessions,
    operations,
    primary,
)
from simulator.report.document.numbers import capital, listed, number, percent, whole_percent
from simulator.report.document.outcome import true_mortality
from simulator.report.document.size import amount, confidence, quantity
from simulator.report.document.verdict import rate_name


def pictures(material: Material, *names: str) -> list[Picture]:
    """Pictures of these names, as far as there are any, in this order."""
    return [_picture(material, name) for name in names if name in material.pictures]


def _picture(material: Material, name: str) -> Picture:
    caption, alternative = _WORDS[name](material)
    png, svg = material.pictures[name]
    return Picture(caption, _unmarked(f"{caption} {alternative}"), png, svg, f"figure-{name}")


def _unmarked(text: str) -> str:
    return "".join(span.text for span in spans(text) if span.kind != "citation").strip()


def _both(material: Material) -> str:
    return listed([literal(arm) for arm in arms(material)])


def _survival(material: Material) -> tuple[str, str]:
    died = [f"{share} under {literal(arm)}" for arm, share in true_mortality(material).items()]
    text = f"By the end of follow-up {listed(died)} have died in the simulated trials."
    return f"Survival under {_both(material)}: mean Kaplan-Meier curves of the trials.", text


def _flow(material: Material) -> tuple[str, str]:
    o = operations(material)
    by_arm = [f"{_mean(o['patients'][arm])} to {literal(arm)}" for arm in arms(material)]
    screened, randomised = _mean(o["screened"]), _mean(o["randomised"])
    text = (
        f"Of {screened} candidates screened on average {randomised} are randomised, "
        f"{listed(by_arm)}."
    )
    return "Flow of patients through a trial, means of the simulated trials.", text


def _mean(entry: dict[str, float]) -> str:
    return number(entry["mean"], entry["mcse"], 1)


def _recruitment(material: Material) -> tuple[str, str]:
    text = f"{recruitment_sentence(material)} {on_time_sentence(material)}"
    return "Patients randomised over time, and how trials differ.", text


def _meld(material: Material) -> tuple[str, str]:
    caption = f"Mean MELD at the visits under {_both(material)}, among those assessed."
    return caption, "Those who died before a visit are not in its mean."


def _sessions(material: Material) -> tuple[str, str]:
    text = sessions_sentence(material) if has_sessions(material) else "No sessions are planned."
    caption = f"Sessions by week since randomisation under {_both(material)}, and plasma by month."
    return caption, text


def _power_curve(material: Material) -> tuple[str, str]:
    rate = rate_name(material)
    shown = _range(material)
    return f"{capital(rate)} over the quantity varied, with 95% intervals.", shown


def _heat_map(material: Material) -> tuple[str, str]:
    rate = rate_name(material)
    shown = _range(material)
    return f"{capital(rate)} over the two quantities varied.", shown


def _range(material: Material) -> str:
    name = primary(material)["name"]
    found = [
        analysis
        for sweep in material.sweeps
        for point in sweep["points"]
        for analysis in point["analyses"]
        if analysis["name"] == name
    ]
    if not found:
        return "The numbers are in the text."
    low = min(found, key=lambda a: a["power"])
    high = max(found, key=lambda a: a["power"])
    return (
        f"Over all points varied it goes from {percent(low['power'], low['mcse'])} to "
        f"{percent(high['power'], high['mcse'])} for {analysis_named(material, name)}."
    )


def _size(material: Material) -> tuple[str, str]:
    found = next(iter(material.sizes), None)
    if found is None:
        return "Power by size.", "The numbers are in the text."
    target = whole_percent(found["target_power"])
    if found["reached"]:
        answer = found["answer"]
        text = f"Power of {target} is reached at {amount(answer['value'])} ({confidence(answer)})."
    else:
        text = f"None of those tried has {target} power."
    return f"Power of {analysis_named(material, found['analysis'])} by {quantity(found)}.", text


_WORDS = {
    "survival": _survival,
    "flow": _flow,
    "recruitment": _recruitment,
    "meld": _meld,
    "sessions": _sessions,
    "power_curve": _power_curve,
    "heat_map": _heat_map,
    "size": _size,
}
