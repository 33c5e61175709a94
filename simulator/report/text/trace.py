"""The answer of `trace` as a page of text, what the analyses found last."""

from collections.abc import Iterator

from simulator.report.text.numbers import plain, rounded
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.results.trace import Trace, TraceEnd, TracePatient

_OUTCOMES = {
    "liver death": "liver-related death",
    "tumour death": "tumour-related death",
    "death": "death",
    "transplant": "transplant",
    "withdrawal": "withdrawal",
    "loss": "lost to follow-up",
    "trial end": "in follow-up when the trial ended",
}


def outcome_in_words(patient: TracePatient) -> str:
    """Say what became of a patient, in the order in which it happened."""
    parts = (f"{_OUTCOMES[word]} on day {day:.1f}" for word, day in patient.outcomes)
    return ", ".join(parts) or "alive"


def _head(answer: Trace) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: trial {answer.trial}, seed {answer.seed}")


def _patients(answer: Trace) -> Iterator[Block]:
    columns = "patient", "arm", "entry day", "MELD", "sessions", "plasma L", "outcome"
    table = new_table(*columns, words=("arm", "outcome"))
    for p in answer.patients:
        table.add_row(
            str(p.patient),
            p.arm,
            f"{p.entry_day:.1f}",
            "-" if p.baseline_meld is None else rounded(p.baseline_meld, 1),
            str(p.sessions_delivered),
            f"{p.plasma_litres:.1f}",
            outcome_in_words(p),
        )
    yield table


def _events(answer: Trace) -> Iterator[Block]:
    if answer.events:
        columns = "trial day", "patient day", "event", "details"
        table = new_table(*columns, words=("event", "details"))
        for e in answer.events:
            table.add_row(f"{e.trial_day:.3f}", f"{e.patient_day:.3f}", e.event, e.details_text)
        yield table
    yield "Every event is in data/events.csv of the run's folder."


def _trial(answer: Trace) -> Iterator[Block]:
    """How long the trial took, and who died."""
    recruited = (
        f"{answer.screened} screened, {answer.randomised} randomised by day "
        f"{answer.recruitment_end_day:.1f}"
    )
    if answer.ended is None:
        yield f"{recruited}, the last followed up by day {answer.trial_end_day:.1f}."
    else:
        yield f"{recruited}. {_end_in_words(answer.ended)}"
    counts = ", ".join(
        f"{arm} {dead} of {answer.randomised_by_arm[arm]}" for arm, dead in answer.deaths.items()
    )
    by = "follow-up" if answer.ended is None else "the trial"
    yield f"Dead by the end of {by}, known or not: {counts}."


def _end_in_words(ended: TraceEnd) -> str:
    asked = "" if ended.reached else f" The {ended.deaths_asked} that were to end it did not come."
    return (
        f"The trial ends on day {ended.trial_day:.1f}, with {ended.known_deaths} known deaths and "
        f"{ended.still_followed} patients in follow-up, who are censored there."
        f"{'' if ended.deaths_asked is None else asked} No event after it is told; a course of "
        "treatment under way goes on, and its sessions and plasma count."
    )


def _analyses(answer: Trace) -> Iterator[Block]:
    columns = "analysis", "p value", "estimate", "standard error", "rejects"
    table = new_table(*columns, words=("analysis", "rejects"))
    for a in answer.analyses:
        p = "-" if a.p_value is None else rounded(a.p_value, 4)
        said = ("yes" if a.rejects else "no") if a.analysable else a.result
        table.add_row(a.name, p, plain(a.estimate), plain(a.standard_error), said)
    yield table
    for f in answer.families:
        found = [name for name, rejected in f.rejects.items() if rejected]
        method = f.method.replace("_", " ")
        yield (
            f"Together, {f.name} ({method}, level {f.alpha:g}): rejects "
            f"{', '.join(found) or 'none'} of {', '.join(f.rejects)}."
        )


TRACE_SECTIONS = (
    Section("head", _head),
    Section("patients", _patients),
    Section("events", _events),
    Section("trial", _trial),
    Section("analyses", _analyses),
)
