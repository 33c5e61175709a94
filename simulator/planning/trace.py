"""The question of one trial: every event of it, from the reference engine."""

from dataclasses import replace

import numpy as np

from simulator.analysis import (
    REASONS,
    AnalysisTable,
    Reason,
    analyse,
    cut,
    design_of,
    rejects,
)
from simulator.conduct import Conduct, as_planned
from simulator.engines.reference import conducted
from simulator.engines.reference.patient import Patient
from simulator.engines.reference.trial import SimulatedTrial
from simulator.montecarlo.multiplicity import families_of, rejected
from simulator.montecarlo.trial_ends import ending, last_cut
from simulator.params.types import Params
from simulator.planning.prepared import Prepared
from simulator.records import SESSIONS_GIVEN, DeathCause, SessionStatus, TrialRecords
from simulator.results.base import Cell
from simulator.results.trace import (
    Trace,
    TraceAnalysis,
    TraceEnd,
    TraceEvent,
    TraceFamily,
    TracePatient,
    TracePlasma,
)


def trace_trial(prepared: Prepared, seed: int, trial: int) -> Trace:
    """Simulate one trial with an observer: the very trial that `power` counts under this index."""
    params, arms = prepared.params, prepared.arms
    names = _names(prepared)
    events: list[TraceEvent] = []

    def observe(
        of: SimulatedTrial, event: str, patient: Patient | None, details: dict[str, Cell]
    ) -> None:
        now = of.clock.now
        known = {
            name: names[name][value] if name in names else _plain(value)  # type: ignore[index]
            for name, value in details.items()
        }
        if patient is None:
            events.append(TraceEvent(now, None, event, None, None, known))
        else:
            own = now - patient.entry_day
            events.append(TraceEvent(now, own, event, patient.number, arms[patient.arm], known))

    def simulate(conduct: Conduct) -> TrialRecords:
        events.clear()  # where the end closes recruitment the trial is simulated again
        return conducted(params, seed, conduct, observe)

    planned = as_planned(np.array([trial]), params.trial.target_randomised)
    records = ending(params, simulate)(planned)
    t, p = records.trials, records.patients
    table = analyse(records, prepared.plans, design_of(params, seed), last_cut(params, records))
    patients = _patients(records, arms)
    dead, ended = p.death_after_days <= params.trial.follow_up_days, None
    if params.has_common_end:
        ended, censored = _ended(params, records)
        end = ended.trial_day
        events = [event for event in events if event.trial_day <= end]
        events += _end_events(ended, [patients[row] for row in censored])
        patients = [_by_the_end(p, end, row in censored) for row, p in enumerate(patients)]
        dead = p.entry_day + p.death_after_days <= end
    return Trace(
        scenario=prepared.solved.name,
        seed=seed,
        trial=trial,
        patient=None,
        follow_up_days=float(params.trial.follow_up_days),
        screened=int(t.screened[0]),
        randomised=int(t.randomised[0]),
        recruitment_end_day=float(t.recruitment_end_day[0]),
        trial_end_day=float(t.trial_end_day[0]),
        deaths={name: int(dead[p.arm == arm].sum()) for arm, name in enumerate(arms)},
        randomised_by_arm={name: int((p.arm == arm).sum()) for arm, name in enumerate(arms)},
        analyses=_analyses(prepared, table),
        families=_families(prepared, table),
        patients=tuple(patients),
        has_unit=prepared.solved.unit is not None,
        plasma=_plasma(prepared),
        event_count=len(events),
        all_events=tuple(events),
        ended=ended,
    )


def _ended(params: Params, records: TrialRecords) -> tuple[TraceEnd, list[int]]:
    """Return the end of a trial that ends for all at once, and rows of those it finds followed."""
    end = records.trials.trial_end_day
    known = cut(records, params.trial.max_follow_up_days, end.copy())
    over = known.entry_day + params.trial.max_follow_up_days <= end[0]
    over |= np.isfinite(known.transplant_after_days)  # which closes a patient's file
    followed = known.entered & ~known.died & ~known.lost & ~over
    deaths = int(known.died.sum())
    asked = params.trial.ends_at_deaths or None
    found = TraceEnd(
        trial_day=float(end[0]),
        deaths_asked=asked,
        known_deaths=deaths,
        reached=None if asked is None else deaths >= asked,
        still_followed=int(followed.sum()),
    )
    return found, np.flatnonzero(followed).tolist()


def _end_events(ended: TraceEnd, censored: list[TracePatient]) -> list[TraceEvent]:
    """Tell of the end, and of those whose follow-up it ends."""
    day = ended.trial_day
    counts: dict[str, Cell] = {
        "known_deaths": ended.known_deaths,
        "still_followed": ended.still_followed,
    }
    return [
        TraceEvent(day, None, "trial ends", None, None, counts),
        *(
            TraceEvent(day, day - p.entry_day, "censored: trial ends", p.patient, p.arm, {})
            for p in censored
        ),
    ]


def _by_the_end(patient: TracePatient, end: float, is_censored: bool) -> TracePatient:
    """Return what became of a patient by the end of the trial."""
    kept = [pair for pair in patient.outcomes if patient.entry_day + pair[1] <= end]
    if is_censored:
        kept.append(("trial end", end - patient.entry_day))
    return replace(patient, outcomes=tuple(kept))


def _names(prepared: Prepared) -> dict[str, list[str]]:
    """Names of what events tell of by number."""
    eligibility = prepared.solved.eligibility
    return {
        "modality": [modality.name for modality in prepared.solved.modalities],
        "criterion": [c.label for c in eligibility.criteria] if eligibility else [],
    }


def _plasma(prepared: Prepared) -> TracePlasma | None:
    """Plasma of the unit, None where it is no limit."""
    unit = prepared.solved.unit
    if unit is None or unit.plasma is None:
        return None
    litres = prepared.params.modality.plasma_litres.tolist()
    names = [modality.name for modality in prepared.solved.modalities]
    return TracePlasma(
        initial_litres=unit.plasma.initial_litres,
        capacity_litres=unit.plasma.capacity_litres,
        litres_by_modality=dict(zip(names, litres, strict=True)),
    )


def _families(prepared: Prepared, table: AnalysisTable) -> tuple[TraceFamily, ...]:
    """What the trial rejects of analyses that are judged together."""
    found = []
    for family in families_of(prepared.asked, prepared.plans):
        together = rejected(table.p_value[:, family.columns], family)[0]
        names = (prepared.plans[column].name for column in family.columns)
        by_analysis = dict(zip(names, together.tolist(), strict=True))
        found.append(TraceFamily(family.name, family.method, family.alpha, by_analysis))
    return tuple(found)


def _analyses(prepared: Prepared, table: AnalysisTable) -> tuple[TraceAnalysis, ...]:
    plans = prepared.plans
    alone = rejects(table, np.array([plan.alpha for plan in plans]))
    return tuple(
        TraceAnalysis(
            name=plan.name,
            p_value=float(table.p_value[0, k]),
            estimate=float(table.estimate[0, k]),
            standard_error=float(table.standard_error[0, k]),
            low=float(table.low[0, k]),
            high=float(table.high[0, k]),
            rejects=bool(alone[0, k]),
            analysable=int(table.reason[0, k]) == Reason.ANALYSED,
            result=REASONS[Reason(int(table.reason[0, k]))],
        )
        for k, plan in enumerate(plans)
    )


def _patients(records: TrialRecords, arms: list[str]) -> list[TracePatient]:
    p, s = records.patients, records.sessions
    return [
        TracePatient(
            patient=int(p.patient[i]),
            candidate=int(p.candidate[i]),
            arm=arms[int(p.arm[i])],
            entry_day=float(p.entry_day[i]),
            baseline_meld=float(p.baseline_meld[i]),
            sessions=tuple(SessionStatus(int(code)).name.lower() for code in s.status[i]),
            sessions_delivered=int(np.isin(s.status[i], SESSIONS_GIVEN).sum()),
            plasma_litres=float(p.plasma_litres[i]),
            outcomes=_outcomes(records, i),
        )
        for i in range(p.patient.size)
    ]


def _outcomes(records: TrialRecords, row: int) -> tuple[tuple[str, float], ...]:
    """What became of a patient, in the order in which it happened."""
    p = records.patients
    cause = DeathCause(int(p.death_cause[row]))
    death = "death" if cause is DeathCause.NONE else f"{cause.name.lower()} death"
    found = (
        (death, p.death_after_days),
        ("transplant", p.transplant_after_days),
        ("withdrawal", p.withdrawal_after_days),
        ("loss", p.loss_after_days),
    )
    ended = ((word, float(days[row])) for word, days in found)
    return tuple(sorted((pair for pair in ended if np.isfinite(pair[1])), key=lambda pair: pair[1]))


def _plain(value: Cell) -> Cell:
    """Return a number as Python has it, which NumPy shows by another name."""
    return value.item() if isinstance(value, np.generic) else value
