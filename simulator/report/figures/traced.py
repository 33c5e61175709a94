"""From the events of one trial to the rows of the figures of one trial."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.constants import HOURS_PER_DAY
from simulator.report.tracing import Traced

_ENDS = {
    "liver": "died of the liver",
    "tumour": "died of the tumour",
    "transplant": "transplanted",
    "loss": "lost",
    "end of follow-up": "completed",
}
_STATUSES = {
    "delivered": "delivered",
    "cut_short": "cut short",
    "missed": "missed",
    "ended_by_exit": "left during it",
}
_LATE_DAYS = 1.0  # as `records.Patients.sessions_late` has it


@dataclass(frozen=True)
class _Event:
    """An event with its details read."""

    day: float
    own_day: float
    name: str
    patient: int
    details: Mapping[str, str]


@dataclass
class _Session:
    """A session that fell due, in trial time."""

    patient: int
    number: int
    due: float
    start: float | None = None
    end: float | None = None
    modality: str = ""
    left: float | None = None  # when it no longer waited: begun, missed or the patient gone


def swimmer_rows(traced: Traced) -> list[dict[str, Any]]:
    """Return a row for each patient of a trial, for `swimmer.draw_swimmer`.

    A session during which the patient left ends there.
    """
    events = list(_read(traced))
    ends = _ends(events)
    withdrawn = {e.patient: e.own_day for e in events if e.name == "withdrawal"}
    of_patient: dict[int, list[_Session]] = {}
    for session in _sessions(events):
        of_patient.setdefault(session.patient, []).append(session)
    rows = []
    for patient in _patients(traced):
        number, entry = patient["patient"], patient["entry_day"]
        end, outcome = ends[number]
        rows.append(
            {
                "patient": number,
                "arm": patient["arm"],
                "entry_day": entry,
                "sessions": [
                    _of_swimmer(session, entry, end, status)
                    for session in of_patient.get(number, [])
                    if (status := _STATUSES.get(patient["sessions"][session.number]))
                ],
                "end_day": end,
                "outcome": outcome,
                "withdrawn_day": withdrawn.get(number),
            }
        )
    return rows


def gantt_rows(
    traced: Traced, initial_litres: float | None = None, close_hour: float | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the days and the sessions of a trial, for `gantt.draw_gantt`.

    Several sites are taken together: events of patients do not tell their site. A session during
    which the patient left ends there, though the machine stays bound longer. A patient whose
    platelets put a session off counts as waiting.

    Parameters
    ----------
    initial_litres
        Plasma in stock at the beginning, which events do not tell; without it the stock is None.
    close_hour
        When the unit closes, which events do not tell either.

    Raises
    ------
    ValueError
        If the trial has neither a unit nor a session.
    """
    events = list(_read(traced))
    sessions = _sessions(events)
    if not sessions and not any(event.name == "unit opens" for event in events):
        raise ValueError("there is nothing to draw: the trial has no ALSS unit and no session")
    patients = {p["patient"]: p for p in _patients(traced)}
    begun = [
        {
            "start_day": session.start,
            "end_day": session.end if session.end is not None else session.start,
            "patient": session.patient,
            "arm": patients[session.patient]["arm"],
            "late": session.start - session.due > _LATE_DAYS,
            "status": _STATUSES.get(patients[session.patient]["sessions"][session.number], ""),
        }
        for session in sessions
        if session.start is not None
    ]
    order = {number: place for place, number in enumerate(patients)}
    begun.sort(key=lambda row: order[row["patient"]])
    size = int(traced.summary["trial_end_day"]) + 1
    stock = _stock(events, sessions, patients, size, initial_litres)
    return _days(events, sessions, stock, size, close_hour), begun


def _days(
    events: list[_Event],
    sessions: list[_Session],
    stock: list[float | None],
    size: int,
    close_hour: float | None,
) -> list[dict[str, Any]]:
    """Return a row for each day of the trial."""
    opened = {int(e.day): e.day % 1.0 * HOURS_PER_DAY for e in events if e.name == "unit opens"}
    background = np.zeros(size)
    short = {int(e.day) for e in events if e.name == "passed over for plasma"}
    for event in events:
        if event.name == "background served":
            background[int(event.day)] += float(event.details["sessions"])
    return [
        {
            "day": day,
            "open": round(opened[day], 6) if day in opened else None,
            "close": close_hour if day in opened else None,
            "background_sessions": float(background[day]),
            "queue": sum(
                s.due < day + 1 and (s.left is None or s.left >= day + 1) for s in sessions
            ),
            "stock_litres": stock[day],
            "short": day in short,
        }
        for day in range(size)
    ]


def _stock(
    events: list[_Event],
    sessions: list[_Session],
    patients: Mapping[int, Mapping[str, Any]],
    size: int,
    initial_litres: float | None,
) -> list[float | None]:
    """Return the plasma left after each day: what was there and came, less what was used."""
    if initial_litres is None or not any(e.name == "plasma delivered" for e in events):
        return [None] * size
    change = np.zeros(size)
    signs = {"plasma delivered": 1.0, "background served": -1.0}
    for event in events:
        if event.name in signs:
            change[int(event.day)] += signs[event.name] * float(event.details["litres"])
    litres = _litres_by_modality(sessions, patients)
    for session in sessions:
        if session.start is not None:
            change[int(session.start)] -= litres[session.modality]
    # Events tell litres to six digits, so a stock that is used up may be a little off zero.
    return [max(round(float(left), 4), 0.0) for left in initial_litres + np.cumsum(change)]


def _litres_by_modality(
    sessions: list[_Session], patients: Mapping[int, Mapping[str, Any]]
) -> dict[str, float]:
    """Return what a session takes, from what each patient took in all and the sessions begun."""
    begun = [s for s in sessions if s.start is not None]
    modalities = sorted({s.modality for s in begun})
    counts = np.zeros((len(patients), len(modalities)))
    for session in begun:
        counts[list(patients).index(session.patient), modalities.index(session.modality)] += 1
    total = np.array([p["plasma_litres"] for p in patients.values()], dtype=float)
    litres = np.linalg.lstsq(counts, total, rcond=None)[0]
    return dict(zip(modalities, litres.tolist(), strict=True))


def _read(traced: Traced) -> Iterator[_Event]:
    """Read the events, those of labs left out."""
    for day, own_day, name, patient, _, text in traced.events:
        if name != "patient-day":
            # A detail is a name and, after the first space, its value, which may hold spaces.
            details = dict(part.partition(" ")[::2] for part in text.split("; ") if part)
            is_patient = patient != ""
            yield _Event(
                day,
                float(own_day) if is_patient else float("nan"),
                name,
                int(patient) if is_patient else -1,
                details,
            )


def _patients(traced: Traced) -> list[dict[str, Any]]:
    """Return the summary's patients, the first arm first: figures look arms up in this order."""
    arms = list(traced.summary["randomised_by_arm"])
    return sorted(traced.summary["patients"], key=lambda p: (arms.index(p["arm"]), p["patient"]))


def _ends(events: list[_Event]) -> dict[int, tuple[float, str]]:
    """Return on which patient day each patient's observation ended, and how."""
    ends: dict[int, tuple[float, str]] = {}
    for event in events:
        if event.name in _ENDS:
            ends.setdefault(event.patient, (event.own_day, _ENDS[event.name]))
    return ends


def _sessions(events: list[_Event]) -> list[_Session]:
    """Return every session that fell due, in that order."""
    sessions: dict[tuple[int, int], _Session] = {}
    for event in events:
        if "session" in event.details:
            _follow(sessions, event, int(event.details["session"]))
        elif event.name == "withdrawal" or event.name in _ENDS:
            for session in sessions.values():
                if session.patient == event.patient:
                    _break_off(session, event.day)
    return list(sessions.values())


def _follow(sessions: dict[tuple[int, int], _Session], event: _Event, number: int) -> None:
    """Take an event of a session in."""
    key = event.patient, number
    if event.name == "session due":
        sessions[key] = _Session(event.patient, number, event.day)
    session = sessions[key]
    if event.name == "session starts":
        session.start = session.left = event.day
        session.modality = event.details["modality"]
    elif event.name == "session ends":
        session.end = event.day
    elif event.name == "session missed":
        session.left = session.end = event.day


def _break_off(session: _Session, day: float) -> None:
    """Let the patient leave on `day`: a session that waits or runs is over."""
    if session.left is None:
        session.left = session.end = day
    elif session.start is not None and session.end is None:
        session.end = day


def _of_swimmer(session: _Session, entry: float, end: float, status: str) -> dict[str, Any]:
    """Return a session in the patient's own days."""
    start = session.start if session.start is not None else session.due
    last = session.end if session.end is not None else entry + end
    return {"start": start - entry, "end": last - entry, "status": status}
