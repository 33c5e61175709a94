"""What tests of conduct share: changes of it, what had happened by a day, and a log of events."""

from typing import Any, NamedTuple

import numpy as np
from differences import DONE, NEVER_BEGAN

from simulator.conduct import Conduct, as_planned
from simulator.engines import reference
from simulator.params.types import Params
from simulator.records import SessionStatus, TrialRecords

_BY_EXIT = SessionStatus.LEFT, SessionStatus.ENDED_BY_EXIT
_AT_RANDOMISATION = (
    "patient",
    "candidate",
    "site",
    "stratum",
    "entry_day",
    "arm",
    "allocation_probability",
    "allocation_draw",
    "baseline_lab",
    "baseline_meld",
    "lab_slope_per_day",
    "frailty",
    "sessions_planned",
)
_EVENTS = "death", "transplant", "withdrawal", "loss", "infection"
_CONDUCT_ALONE = (
    "recruitment ends",
    "recruitment pauses",
    "recruitment resumes",
    "not screened: recruitment paused",
    "not randomised: recruitment paused",
    "treatment stops",
)


def conduct_of(
    params: Params,
    trial: int,
    closes: float = np.inf,
    most: int | None = None,
    pauses: tuple[tuple[float, float], ...] = (),
    stops: float = np.inf,
) -> Conduct:
    """The conduct of one trial of which only what is given is changed."""
    begin_and_end = np.array(pauses, dtype=float).reshape(1, len(pauses), 2)
    planned = as_planned(np.array([trial]), params.trial.target_randomised)
    changed = planned._replace(
        recruitment_closes_day=np.array([closes]),
        pause_from_day=begin_and_end[..., 0],
        pause_until_day=begin_and_end[..., 1],
        treatment_stops_day=np.array([stops]),
    )
    return changed if most is None else changed._replace(most_randomised=np.array([most]))


def together(conducts: list[Conduct]) -> Conduct:
    """One conduct of all the trials, filled up with pauses that never come."""
    width = max(c.pause_from_day.shape[1] for c in conducts)

    def filled(pauses: np.ndarray) -> np.ndarray:
        missing = width - pauses.shape[1]
        return np.pad(pauses, ((0, 0), (0, missing)), constant_values=np.inf)

    rows = [
        c._replace(
            pause_from_day=filled(c.pause_from_day), pause_until_day=filled(c.pause_until_day)
        )
        for c in conducts
    ]
    return Conduct(*(np.concatenate(columns) for columns in zip(*rows, strict=True)))


class Event(NamedTuple):
    """One event of a trial's log."""

    day: float
    name: str
    patient: int | None
    details: tuple[tuple[str, Any], ...]


def observed(params: Params, seed: int, conduct: Conduct) -> tuple[TrialRecords, list[Event]]:
    """The records of one trial and everything that happened in it, in order."""
    log: list[Event] = []

    def observe(of, name, patient, details):
        who = None if patient is None else patient.number
        log.append(Event(of.clock.now, name, who, tuple(details.items())))

    return reference.conducted(params, seed, conduct, observe), log


def before(log: list[Event], day: float, that_day: bool) -> list[Event]:
    """The part of a log before a day or up to it, without what tells of conduct itself."""
    return [
        event
        for event in log
        if event.name not in _CONDUCT_ALONE and (event.day < day or (that_day and event.day == day))
    ]


def known_by(
    records: TrialRecords, params: Params, day: float, that_day: bool
) -> dict[str, np.ndarray]:
    """Every column of patients and sessions as it was settled before a day, or up to it.

    What was not settled then is NaN. Sums over a patient's sessions are settled when follow-up has
    ended; a session's length and adverse events when it begins.
    """
    plan, everyone = params.plan, records.patients

    def known(time: np.ndarray) -> np.ndarray:
        return (time <= day) if that_day else (time < day)

    rows = known(everyone.entry_day)
    p = type(everyone)(*(column[rows] for column in everyone))
    s = type(records.sessions)(*(column[rows] for column in records.sessions))
    entry = p.entry_day

    def where(settled: np.ndarray, column: np.ndarray) -> np.ndarray:
        axes = tuple(range(settled.ndim, column.ndim))
        return np.where(np.expand_dims(settled, axes), column, np.nan)

    found = {name: getattr(p, name) for name in _AT_RANDOMISATION}
    after = {name: getattr(p, f"{name}_after_days") for name in _EVENTS}
    for name, days in after.items():
        found[f"{name}_after_days"] = where(known(entry + days), days)
    found["death_cause"] = where(known(entry + after["death"]), p.death_cause)
    over = known(entry + params.trial.follow_up_days)
    lived = known(entry + np.minimum(after["death"], after["transplant"]))
    hazard = "liver_cumulative_hazard"
    found[hazard] = where(over | lived, p.liver_cumulative_hazard)
    for name in p._fields:
        if name not in found and not name.startswith("visit") and name != "trial":
            found[name] = where(over, getattr(p, name))
    seen = known(entry[:, None] + p.visit_after_days)
    found["visit_after_days"] = where(seen, p.visit_after_days)
    found["visit_meld"] = where(seen, p.visit_meld)

    exits = entry + np.min([after[name] for name in _EVENTS[:4]], axis=0)
    window_end = s.due_day + plan.window_days[p.arm][:, None]
    began = known(s.start_day)
    settled = (
        (np.isin(s.status, DONE) & known(s.end_day))
        | ((s.status == SessionStatus.MISSED) & known(window_end))
        | (np.isin(s.status, _BY_EXIT) & known(exits)[:, None])
    )
    found["due_day"] = where(known(s.due_day), s.due_day)
    for name in ("modality", "start_day", "end_day", "plasma_litres", "adverse_events"):
        found[f"session {name}"] = where(began, getattr(s, name))
    for name in ("status", "fraction"):
        found[f"session {name}"] = where(settled, getattr(s, name))
    found["session short_of_plasma"] = where(began | settled, s.short_of_plasma)
    return found


def assert_known_alike(
    seen: TrialRecords, expected: TrialRecords, params: Params, day: float, that_day: bool
) -> None:
    """Require that two trials are the same in all that was settled by a day, bit for bit."""
    a, b = (known_by(records, params, day, that_day) for records in (seen, expected))
    for name, column in b.items():
        np.testing.assert_array_equal(a[name], column, err_msg=f"{name} by day {day}")


def began(records: TrialRecords) -> np.ndarray:
    """Which sessions began."""
    return ~np.isin(records.sessions.status, NEVER_BEGAN)
