"""The answer of `trace` as a page of text."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from simulator.report.text.tables import new_table, number, print_table
from simulator.results.trace import Trace, TraceEvent, TracePatient

_OUTCOMES = {
    "liver death": "liver-related death",
    "tumour death": "tumour-related death",
    "death": "death",
    "transplant": "transplant",
    "withdrawal": "withdrawal",
    "loss": "lost to follow-up",
}


def outcome_in_words(patient: TracePatient) -> str:
    """Say what became of a patient, in the order in which it happened."""
    parts = (f"{_OUTCOMES[word]} on day {day:.1f}" for word, day in patient.outcomes)
    return ", ".join(parts) or "alive"


def print_trace(answer: Trace, console: Console) -> None:
    """Print a trial, or one patient of it."""
    console.print(
        f"{answer.scenario}, seed {answer.seed}, trial {answer.trial}: "
        f"{answer.screened} screened, {answer.randomised} randomised by day "
        f"{answer.recruitment_end_day:.1f}, the last followed up by day "
        f"{answer.trial_end_day:.1f}."
    )
    counts = ", ".join(
        f"{arm} {dead} of {answer.randomised_by_arm[arm]}" for arm, dead in answer.deaths.items()
    )
    console.print(f"Dead by the end of follow-up, known or not: {counts}.\n")
    columns = "analysis", "p value", "estimate", "standard error", "rejects"
    table = new_table(*columns, words=("analysis", "rejects"))
    for a in answer.analyses:
        numbers = (number(x, 4) for x in (a.p_value, a.estimate, a.standard_error))
        said = ("yes" if a.rejects else "no") if a.analysable else a.result
        table.add_row(a.name, *numbers, said)
    print_table(table, console)
    for f in answer.families:
        found = [name for name, rejected in f.rejects.items() if rejected]
        method = f.method.replace("_", " ")
        console.print(
            f"Together, {f.name} ({method}, level {f.alpha:g}): rejects "
            f"{', '.join(found) or 'none'} of {', '.join(f.rejects)}."
        )
    console.print()
    print_table(_patients_table(answer.patients), console)
    if answer.events:
        console.print()
        print_table(_events_table(answer.events), console)
    console.print("\nEvery event is in data/events.csv of the run's folder.")


def _patients_table(patients: Iterable[TracePatient]) -> Table:
    columns = "patient", "arm", "entry day", "MELD", "sessions", "plasma L", "outcome"
    table = new_table(*columns, words=("arm", "outcome"))
    for p in patients:
        table.add_row(
            str(p.patient),
            p.arm,
            f"{p.entry_day:.1f}",
            number(p.baseline_meld, 1),
            str(p.sessions_delivered),
            f"{p.plasma_litres:.1f}",
            outcome_in_words(p),
        )
    return table


def _events_table(events: Iterable[TraceEvent]) -> Table:
    columns = "trial day", "patient day", "event", "details"
    table = new_table(*columns, words=("event", "details"))
    for e in events:
        table.add_row(f"{e.trial_day:.3f}", f"{e.patient_day:.3f}", e.event, e.details_text)
    return table
