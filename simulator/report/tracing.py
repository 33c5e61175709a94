"""One trial, event by event."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from simulator.analysis import END, REASONS, AnalysisPlan, Design, Reason, analyse, design_of
from simulator.engines.reference import simulate
from simulator.engines.reference.patient import Patient
from simulator.engines.reference.trial import SimulatedTrial
from simulator.params.types import Params
from simulator.records import SESSIONS_GIVEN, SessionStatus, TrialRecords
from simulator.report.tables import new_table, number, print_table
from simulator.scenario.schema import Scenario

HEADER = ("trial_day", "patient_day", "event", "patient", "arm", "details")


@dataclass(frozen=True)
class Traced:
    """The events of a trial in the order in which they happened, and its summary."""

    scenario: str
    seed: int
    trial: int
    events: list[tuple[float, float | str, str, int | str, str, str]]
    summary: dict[str, Any]

    def rows(self, patient: int | None) -> list[dict[str, Any]]:
        """Return the events, of one patient or of all."""
        return [
            dict(zip(HEADER, event, strict=True))
            for event in self.events
            if patient is None or event[3] == patient
        ]

    def narrowed(self, patient: int | None) -> dict[str, Any]:
        """Return the summary, of one patient or of all, with the events of that one patient."""
        if patient is None:
            return self.summary
        events = [row for row in self.rows(patient) if row["event"] != "patient-day"]
        return self.summary | {"patients": [self.summary["patients"][patient]], "events": events}


def trace_trial(
    scenario: Scenario, params: Params, plans: tuple[AnalysisPlan, ...], seed: int, trial: int
) -> Traced:
    """Simulate one trial with an observer: the very trial that `power` counts under this index."""
    arms = [arm.name for arm in scenario.arms]
    criteria = scenario.eligibility.criteria if scenario.eligibility else []
    names = {
        "modality": [modality.name for modality in scenario.modalities],
        "criterion": [criterion.label for criterion in criteria],
    }
    events: list[tuple[float, float | str, str, int | str, str, str]] = []

    def observe(
        of: SimulatedTrial, event: str, patient: Patient | None, details: dict[str, Any]
    ) -> None:
        now = of.clock.now
        text = "; ".join(
            f"{name} {names[name][value] if name in names else _short(value)}"
            for name, value in details.items()
        )
        if patient is None:
            events.append((now, "", event, "", "", text))
        else:
            own = now - patient.entry_day
            events.append((now, own, event, patient.number, arms[patient.arm], text))

    records = simulate(params, seed, trial, 1, observe)
    summary = {
        "scenario": scenario.name,
        "seed": seed,
        "trial": trial,
        "events": len(events),
        **_whole(records, params, arms),
        "analyses": _analyses(records, plans, design_of(params, seed)),
        "patients": _patients(records, arms),
    }
    return Traced(scenario.name, seed, trial, events, summary)


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _whole(records: TrialRecords, params: Params, arms: list[str]) -> dict[str, Any]:
    t, p = records.trials, records.patients
    dead = p.death_after_days <= params.trial.follow_up_days
    return {
        "screened": int(t.screened[0]),
        "randomised": int(t.randomised[0]),
        "recruitment_end_day": float(t.recruitment_end_day[0]),
        "trial_end_day": float(t.trial_end_day[0]),
        "deaths": {name: int(dead[p.arm == arm].sum()) for arm, name in enumerate(arms)},
        "randomised_by_arm": {name: int((p.arm == arm).sum()) for arm, name in enumerate(arms)},
    }


def _analyses(
    records: TrialRecords, plans: tuple[AnalysisPlan, ...], design: Design
) -> list[dict[str, Any]]:
    table = analyse(records, plans, design, END)
    return [
        {
            "name": plan.name,
            "p_value": float(table.p_value[0, k]),
            "estimate": float(table.estimate[0, k]),
            "standard_error": float(table.standard_error[0, k]),
            "low": float(table.low[0, k]),
            "high": float(table.high[0, k]),
            "rejects": bool(table.p_value[0, k] <= plan.alpha),
            "result": REASONS[Reason(int(table.reason[0, k]))],
        }
        for k, plan in enumerate(plans)
    ]


def _patients(records: TrialRecords, arms: list[str]) -> list[dict[str, Any]]:
    p, s = records.patients, records.sessions
    return [
        {
            "patient": int(p.patient[i]),
            "candidate": int(p.candidate[i]),
            "arm": arms[int(p.arm[i])],
            "entry_day": float(p.entry_day[i]),
            "baseline_meld": float(p.baseline_meld[i]),
            "sessions": [SessionStatus(int(code)).name.lower() for code in s.status[i]],
            "sessions_delivered": int(np.isin(s.status[i], SESSIONS_GIVEN).sum()),
            "plasma_litres": float(p.plasma_litres[i]),
            "outcome": _outcome(records, i),
        }
        for i in range(p.patient.size)
    ]


def _outcome(records: TrialRecords, row: int) -> str:
    """What became of a patient, in the order in which it happened."""
    p = records.patients
    cause = {0: "", 1: " of the liver", 2: " of the tumour"}[int(p.death_cause[row])]
    parts = sorted(
        (float(when[row]), words)
        for when, words in (
            (p.death_after_days, f"dead{cause}"),
            (p.transplant_after_days, "transplanted"),
            (p.withdrawal_after_days, "withdrawn"),
            (p.loss_after_days, "lost"),
        )
        if np.isfinite(when[row])
    )
    return ", ".join(f"{words} on day {day:.1f}" for day, words in parts) or "alive"


def print_trace(summary: dict[str, Any], console: Console) -> None:
    """Print a trial, or one patient of it."""
    console.print(
        f"{summary['scenario']}, seed {summary['seed']}, trial {summary['trial']}: "
        f"{summary['screened']} screened, {summary['randomised']} randomised by day "
        f"{summary['recruitment_end_day']:.1f}, the last followed up by day "
        f"{summary['trial_end_day']:.1f}."
    )
    counts = ", ".join(
        f"{arm} {dead} of {summary['randomised_by_arm'][arm]}"
        for arm, dead in summary["deaths"].items()
    )
    console.print(f"Dead by the end of follow-up, known or not: {counts}.\n")
    columns = "analysis", "p value", "estimate", "standard error", "rejects"
    table = new_table(*columns, words=("analysis", "rejects"))
    for a in summary["analyses"]:
        numbers = (number(a[key], 4) for key in ("p_value", "estimate", "standard_error"))
        said = ("yes" if a["rejects"] else "no") if a["result"] == "analysed" else a["result"]
        table.add_row(a["name"], *numbers, said)
    print_table(table, console)
    console.print()
    print_table(_patients_table(summary["patients"]), console)
    if isinstance(summary["events"], list):
        console.print()
        print_table(_events_table(summary["events"]), console)
    console.print("\nEvery event is in data/events.csv of the run's folder.")


def _patients_table(patients: list[dict[str, Any]]) -> Table:
    columns = "patient", "arm", "entry day", "MELD", "sessions", "plasma L", "outcome"
    table = new_table(*columns, words=("arm", "outcome"))
    for p in patients:
        table.add_row(
            str(p["patient"]),
            p["arm"],
            f"{p['entry_day']:.1f}",
            number(p["baseline_meld"], 1),
            str(p["sessions_delivered"]),
            f"{p['plasma_litres']:.1f}",
            p["outcome"],
        )
    return table


def _events_table(events: list[dict[str, Any]]) -> Table:
    columns = "trial day", "patient day", "event", "details"
    table = new_table(*columns, words=("event", "details"))
    for e in events:
        table.add_row(f"{e['trial_day']:.3f}", f"{e['patient_day']:.3f}", e["event"], e["details"])
    return table
