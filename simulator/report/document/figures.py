"""What each picture shows, in a caption and in words for those who do not see it."""

from simulator.report.document.blocks import Picture, literal, spans
from simulator.report.document.dossier import Dossier, analysis_named
from simulator.report.document.feasibility import (
    on_time_sentence,
    recruitment_sentence,
    sessions_sentence,
)
from simulator.report.document.needed_size import amount, confidence_interval, quantity
from simulator.report.document.numbers import (
    capital,
    listed,
    percent,
    rounded_mean,
    uncapital,
    whole_percent,
)
from simulator.report.document.power import mortality_in_words, rate_name
from simulator.report.document.sweeps import tells_randomised
from simulator.report.words import recruitment_limit_in_words
from simulator.results.sweep import Sweep


def pictures(dossier: Dossier, *names: str) -> list[Picture]:
    """Pictures of these names, as far as there are any, in this order."""
    return [_picture(dossier, name) for name in names if name in dossier.pictures]


def _picture(dossier: Dossier, name: str) -> Picture:
    caption, alternative = _WORDS[name](dossier)
    png, svg = dossier.pictures[name]
    return Picture(caption, _unmarked(f"{caption} {alternative}"), png, svg, f"figure-{name}")


def _unmarked(text: str) -> str:
    return "".join(span.text for span in spans(text) if span.kind != "citation").strip()


def _both(dossier: Dossier) -> str:
    return listed([literal(arm) for arm in dossier.power.arms])


def _survival(dossier: Dossier) -> tuple[str, str]:
    died = mortality_in_words(dossier.power.operations.mortality)
    text = f"By the end of follow-up {died} have died in the simulated trials."
    return f"Survival under {_both(dossier)}: mean Kaplan-Meier curves of the trials.", text


def _flow(dossier: Dossier) -> tuple[str, str]:
    o = dossier.power.operations
    by_arm = [f"{rounded_mean(entry)} to {literal(arm)}" for arm, entry in o.patients.items()]
    text = (
        f"Of {rounded_mean(o.screened)} candidates screened on average "
        f"{rounded_mean(o.randomised)} are randomised, {listed(by_arm)}. The primary analysis uses "
        f"{listed([f'{rounded_mean(f.analysed)} of {literal(arm)}' for arm, f in o.flow.items()])}."
    )
    return "Flow of patients through a trial, means of the simulated trials.", text


def _recruitment(dossier: Dossier) -> tuple[str, str]:
    text = f"{recruitment_sentence(dossier.power.operations)} {on_time_sentence(dossier)}"
    return "Patients randomised over time, and how trials differ.", text


def _meld(dossier: Dossier) -> tuple[str, str]:
    caption = f"Mean MELD at the visits under {_both(dossier)}, among those assessed."
    return caption, "Those who died before a visit are not in its mean."


def _sessions(dossier: Dossier) -> tuple[str, str]:
    o = dossier.power.operations
    text = sessions_sentence(o) if o.has_sessions else "No sessions are planned."
    caption = f"Sessions by week since randomisation under {_both(dossier)}, and plasma by month."
    return caption, text


def _power_curve(dossier: Dossier) -> tuple[str, str]:
    found = _drawn(dossier, keys=1)
    caption = f"{_varied_rate(dossier)} by {_varied(found)}, with 95% intervals"
    if found is not None and tells_randomised(found):
        caption += "; below, patients randomised"
    return f"{caption}.", _range(dossier)


def _heat_map(dossier: Dossier) -> tuple[str, str]:
    found = _drawn(dossier, keys=2)
    return f"{_varied_rate(dossier)} by {_varied(found)}.", _range(dossier)


def _drawn(dossier: Dossier, keys: int) -> Sweep | None:
    """Return the sweep that a picture is of: the first over so many keys."""
    return next((sweep for sweep in dossier.sweeps if len(sweep.keys) == keys), None)


def _varied(sweep: Sweep | None) -> str:
    """Return what is varied, in words."""
    if sweep is None:
        return "the quantities varied"
    return listed([literal(uncapital(sweep.names.get(key, key))) for key in sweep.keys])


def _varied_rate(dossier: Dossier) -> str:
    asked = next((sweep for sweep in dossier.sweeps), dossier.power)
    return capital(rate_name(asked.null_hypothesis))


def _range(dossier: Dossier) -> str:
    name = dossier.power.primary.name
    found = [
        analysis
        for sweep in dossier.sweeps
        for point in sweep.points
        for analysis in point.analyses
        if analysis.name == name
    ]
    if not found:
        return "The numbers are in the text."
    low, high = (pick(found, key=lambda a: a.power) for pick in (min, max))
    return (
        f"Over all points varied it goes from {percent(low.power, low.mcse)} to "
        f"{percent(high.power, high.mcse)} for {analysis_named(dossier.power, name)}."
    )


def _size(dossier: Dossier) -> tuple[str, str]:
    found = next(iter(dossier.sizes), None)
    if found is None:
        return "Power by size.", "The numbers are in the text."
    target = whole_percent(found.target_power)
    text = f"No answer for {target} power was found."
    if found.answer is not None:
        reached = f"{amount(found.answer.value)} ({confidence_interval(found.answer)})"
        text = f"Power of {target} is reached at {reached}."
    if found.recruitment is not None:
        text += f" {recruitment_limit_in_words(found.recruitment)}"
    caption = (
        f"Power of {literal(found.test_name)} by {quantity(found)}: simulated with 95% intervals"
    )
    return f"{caption}{', and the fitted curve' if found.fitted else ''}.", text


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
