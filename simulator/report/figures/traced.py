"""From one trial, event by event, to what the figures of one trial show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.report.figures.gantt import GanttDay, GanttSession
from simulator.report.figures.swimmer import SwimmerPatient, SwimmerSession
from simulator.results.base import Cell
from simulator.results.trace import Trace, TraceEvent, TracePatient

_SHOWN = ("delivered", "cut_short", "ended_by_exit", "missed")  # a swimmer plot has their symbols
_DELAYED_DAYS = 1.0  # as `records.Patients.sessions_late` has it


@dataclass
class _Session:
    """A session that fell due, in trial time.

    `left_queue` is when it no longer waited: started, missed, or the patient gone.
    """

    patient: int
    number: int
    due: float
    start: float | None = None
    end: float | None = None
    left_queue: float | None = None
    modality: str = ""


def swimmer_rows(trace: Trace) -> list[SwimmerPatient]:
    """Return the patients of a trial, those of the first arm first.

    A session during which the patient left ends there.
    """
    of_patient: dict[int, list[_Session]] = {}
    for session in _sessions(trace):
        of_patient.setdefault(session.patient, []).append(session)
    return [
        _swimmer_patient(patient, of_patient.get(patient.patient, []), trace.follow_up_days)
        for patient in _by_arm(trace)
    ]


def _swimmer_patient(
    patient: TracePatient, sessions: Sequence[_Session], follow_up_days: float
) -> SwimmerPatient:
    """Return a patient with those sessions that were begun or missed."""
    end, outcome = _end(patient, follow_up_days)
    shown = []
    for session in sessions:
        status = patient.sessions[session.number]
        if status in _SHOWN:
            start = session.due if session.start is None else session.start
            last = patient.entry_day + end if session.end is None else session.end
            own = start - patient.entry_day, last - patient.entry_day
            shown.append(SwimmerSession(*own, status))
    withdrawn = [day for word, day in patient.outcomes if word == "withdrawal"]
    return SwimmerPatient(
        patient=patient.patient,
        arm=patient.arm,
        sessions=tuple(shown),
        end_day=end,
        outcome=outcome,
        withdrawn_day=withdrawn[0] if withdrawn else None,
    )


def _end(patient: TracePatient, follow_up_days: float) -> tuple[float, str]:
    """Return on which patient day the observation ended, and how.

    A patient who is lost may die after that, which nobody sees.
    """
    for word, day in patient.outcomes:
        if word != "withdrawal" and day <= follow_up_days:
            return day, word
    return follow_up_days, "completed"


def gantt_rows(trace: Trace) -> tuple[list[GanttDay], list[GanttSession]]:
    """Return the days of a trial's ALSS unit, and its sessions, those of the first arm first.

    Several sites are taken together: events of patients do not tell their site. A session during
    which the patient left ends there, though the machine stays bound longer. A patient whose
    platelets put a session off counts as waiting.

    Raises
    ------
    ValueError
        If the trial has neither a unit nor a session.
    """
    sessions = _sessions(trace)
    if not sessions and not trace.has_unit:
        raise ValueError("there is nothing to draw: the trial has no ALSS unit and no session")
    of_patient: dict[int, list[_Session]] = {}
    for session in sessions:
        of_patient.setdefault(session.patient, []).append(session)
    begun = [
        GanttSession(
            start_day=session.start,
            end_day=session.start if session.end is None else session.end,
            patient=patient.patient,
            arm=patient.arm,
            is_delayed=session.start - session.due > _DELAYED_DAYS,
            is_complete=patient.sessions[session.number] not in ("cut_short", "ended_by_exit"),
        )
        for patient in _by_arm(trace)
        for session in of_patient.get(patient.patient, [])
        if session.start is not None
    ]
    return _days(trace, sessions), begun


def _days(trace: Trace, sessions: Sequence[_Session]) -> list[GanttDay]:
    """Return every day of the trial."""
    size = int(trace.trial_end_day) + 1
    opened = {int(e.trial_day) for e in trace.all_events if e.event == "unit opens"}
    short = {int(e.trial_day) for e in trace.all_events if e.event == "skipped: no plasma"}
    background = np.zeros(size)
    for event in trace.all_events:
        if event.event == "background served":
            background[int(event.trial_day)] += _number(event.details, "sessions")
    stock = _stock(trace, sessions, size)
    return [
        GanttDay(
            day=day,
            is_open=day in opened,
            background_sessions=float(background[day]),
            queue=sum(
                s.due < day + 1 and (s.left_queue is None or s.left_queue >= day + 1)
                for s in sessions
            ),
            stock_litres=stock[day],
            is_short=day in short,
        )
        for day in range(size)
    ]


def _stock(trace: Trace, sessions: Sequence[_Session], size: int) -> list[float | None]:
    """Return the plasma left after each day: what was there and came, less what was used."""
    plasma = trace.plasma
    if plasma is None:
        return [None] * size
    change = np.zeros(size)
    signs = {"plasma delivered": 1.0, "background served": -1.0}
    for event in trace.all_events:
        if event.event in signs:
            change[int(event.trial_day)] += signs[event.event] * _number(event.details, "litres")
    for session in sessions:
        if session.start is not None:
            change[int(session.start)] -= plasma.litres_by_modality[session.modality]
    # Sums in another order than the simulation's may leave a used-up stock a hair below zero.
    return [max(float(left), 0.0) for left in plasma.initial_litres + np.cumsum(change)]


def _by_arm(trace: Trace) -> list[TracePatient]:
    """Return the patients, the first arm first: figures look arms up in this order."""
    arms = list(trace.randomised_by_arm)
    return sorted(trace.patients, key=lambda p: (arms.index(p.arm), p.patient))


def _sessions(trace: Trace) -> list[_Session]:
    """Return every session that fell due, in that order."""
    sessions: dict[tuple[int, int], _Session] = {}
    for event in trace.all_events:
        _follow(sessions, event)
    # Treatment ends with the first thing that befalls a patient, or with follow-up.
    exits = {
        p.patient: p.entry_day + min([day for _, day in p.outcomes] + [trace.follow_up_days])
        for p in trace.patients
    }
    for session in sessions.values():
        if session.left_queue is None:
            session.left_queue = session.end = exits[session.patient]
        elif session.start is not None and session.end is None:
            session.end = exits[session.patient]
    return list(sessions.values())


def _follow(sessions: dict[tuple[int, int], _Session], event: TraceEvent) -> None:
    """Take an event in, if it is one of a session."""
    if event.patient is None or "session" not in event.details:
        return
    number, day = int(_number(event.details, "session")), event.trial_day
    key = event.patient, number
    if event.event == "session due":
        sessions[key] = _Session(event.patient, number, day)
    session = sessions[key]
    if event.event == "session starts":
        session.start = session.left_queue = day
        session.modality = str(event.details["modality"])
    elif event.event == "session ends":
        session.end = day
    elif event.event == "session missed":
        session.left_queue = session.end = day


def _number(details: Mapping[str, Cell], name: str) -> float:
    """Return a detail that is a number."""
    value = details[name]
    if value is None or isinstance(value, str):
        raise TypeError(f"{name} of an event is no number: {value!r}")
    return float(value)
