"""Pictures with their captions, and in words what each shows for those who do not see it."""

from simulator.report.document.blocks import Picture, literal, spans
from simulator.report.document.dossier import Dossier, analysis_named
from simulator.report.document.feasibility import (
    on_time_sentence,
    recruitment_sentence,
    sessions_sentence,
)
from simulator.report.document.looks import interim_sentence
from simulator.report.document.needed_size import amount, confidence_interval
from simulator.report.document.numbers import (
    listed,
    percent,
    rounded_mean,
    whole_percent,
)
from simulator.report.document.power import mortality_in_words
from simulator.report.words import recruitment_limit_in_words


def pictures(dossier: Dossier, *names: str) -> list[Picture]:
    """Pictures of these names, as far as there are any, in this order."""
    return [_picture(dossier, name) for name in names if name in dossier.pictures]


def _picture(dossier: Dossier, name: str) -> Picture:
    saved = dossier.pictures[name]
    # The caption is read out as well, and is not said twice.
    seen = _unmarked(_WORDS[name](dossier))
    return Picture(literal(saved.caption), seen, saved.png, saved.svg, f"figure-{name}")


def _unmarked(text: str) -> str:
    return "".join(span.text for span in spans(text) if span.kind != "citation").strip()


def _survival(dossier: Dossier) -> str:
    died = mortality_in_words(dossier.power.operations.mortality)
    return f"By the end of follow-up {died} have died in the simulated trials."


def _flow(dossier: Dossier) -> str:
    o = dossier.power.operations
    by_arm = [f"{rounded_mean(entry)} to {literal(arm)}" for arm, entry in o.patients.items()]
    return (
        f"Of {rounded_mean(o.screened)} candidates screened on average "
        f"{rounded_mean(o.randomised)} are randomised, {listed(by_arm)}. The primary analysis uses "
        f"{listed([f'{rounded_mean(f.analysed)} of {literal(arm)}' for arm, f in o.flow.items()])}."
    )


def _recruitment(dossier: Dossier) -> str:
    return f"{recruitment_sentence(dossier.power.operations)} {on_time_sentence(dossier)}"


def _meld(_dossier: Dossier) -> str:
    return "Those who died before a visit are not in its mean."


def _sessions(dossier: Dossier) -> str:
    o = dossier.power.operations
    return sessions_sentence(o) if o.has_sessions else "No sessions are planned."


def _looks(dossier: Dossier) -> str:
    return interim_sentence(dossier.power)


def _stops(dossier: Dossier) -> str:
    found = dossier.power.looks
    row = None if found is None else found.compared.get("trial_months")
    if row is None:
        return "The numbers are in the text."
    return (
        f"On average the last follow-up ends in month {rounded_mean(row.with_looks)}, without "
        f"interim analyses in month {rounded_mean(row.without)}."
    )


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


def _size(dossier: Dossier) -> str:
    found = next(iter(dossier.sizes), None)
    if found is None:
        return "The numbers are in the text."
    target = whole_percent(found.target_power)
    text = f"No answer for {target} power was found."
    if found.answer is not None:
        reached = f"{amount(found.answer.value)} ({confidence_interval(found.answer)})"
        text = f"Power of {target} is reached at {reached}."
    if found.recruitment is not None:
        text += f" {recruitment_limit_in_words(found.recruitment)}"
    return text


_WORDS = {
    "survival": _survival,
    "flow": _flow,
    "recruitment": _recruitment,
    "meld": _meld,
    "sessions": _sessions,
    "looks": _looks,
    "stops": _stops,
    "power_curve": _range,
    "heat_map": _range,
    "size": _size,
}
