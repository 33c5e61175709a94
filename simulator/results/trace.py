"""The answer of `trace`: one trial, event by event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, overload

from simulator.results.base import Answer, Cell, Record, Row, flat, table


@dataclass(frozen=True, repr=False)
class TraceEvent(Record):
    """Something that happened.

    Attributes
    ----------
    trial_day, patient_day
        When, since the first opening, and since the patient's randomisation; None without patient.
    patient, arm
        Whom it befell; None if nobody.
    details
        What else is known of it, by name: numbers, or names of modalities and criteria.
    """

    trial_day: float
    patient_day: float | None
    event: str
    patient: int | None
    arm: str | None
    details: Mapping[str, Cell]

    @property
    def details_text(self) -> str:
        """The details on one line: `name value; name value`."""
        return "; ".join(f"{name} {_short(value)}" for name, value in self.details.items())


@dataclass(frozen=True, repr=False)
class TraceAnalysis(Record):
    """The result of an analysis of this trial; NaN where it has none, `result` says why."""

    name: str
    p_value: float
    estimate: float
    standard_error: float
    low: float
    high: float
    rejects: bool
    analysable: bool
    result: str


@dataclass(frozen=True, repr=False)
class TraceFamily(Record):
    """Which hypotheses of analyses judged together this trial rejects, by analysis."""

    name: str
    method: str
    alpha: float
    rejects: Mapping[str, bool]


@dataclass(frozen=True, repr=False)
class TracePatient(Record):
    """A patient: order of randomisation, candidate, arm, MELD, sessions and what became of them.

    `outcomes` are (word, patient day) in the order in which they happened, empty for who is alive;
    `trial end` for whom the end of the trial finds in follow-up, and nothing after it. Sessions and
    plasma are of the whole course, which goes on where a trial ends.
    """

    patient: int
    candidate: int
    arm: str
    entry_day: float
    baseline_meld: float
    sessions: tuple[str, ...]
    sessions_delivered: int
    plasma_litres: float
    outcomes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, repr=False)
class TracePlasma(Record):
    """Plasma of the ALSS unit: stock at the beginning, what it can hold, litres per session by
    modality.
    """

    initial_litres: float
    capacity_litres: float | None
    litres_by_modality: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class TraceEnd(Record):
    """The end of a trial that ends for all its patients at once (`trial.end`).

    Attributes
    ----------
    trial_day
        On which the data are cut.
    deaths_asked, reached
        Known deaths that are to end it, and whether they came; None: a closing date does.
    known_deaths, still_followed
        Known deaths by then, and patients whose follow-up it ends.
    """

    trial_day: float
    deaths_asked: int | None
    known_deaths: int
    reached: bool | None
    still_followed: int


@dataclass(frozen=True, repr=False)
class Trace(Answer):
    """One trial.

    Attributes
    ----------
    patient
        The one that is shown alone; None: all are.
    event_count
        Events of the whole trial.
    events
        Of the patient shown; of the whole trial they travel as CSV and are `all_events`.
    families
        What analyses judged together reject.
    has_unit, plasma
        Whether there is an ALSS unit; its plasma, if that is limited.
    deaths
        By arm, known or not, within `follow_up_days`; of a trial that ends for all at once those
        until then.
    ended
        That end: no event after it is told. None: each patient has a follow-up of their own.
    """

    KIND: ClassVar[str] = "trace"

    scenario: str
    seed: int
    trial: int
    patient: int | None
    follow_up_days: float
    screened: int
    randomised: int
    recruitment_end_day: float
    trial_end_day: float
    deaths: Mapping[str, int]
    randomised_by_arm: Mapping[str, int]
    analyses: tuple[TraceAnalysis, ...]
    patients: tuple[TracePatient, ...]
    has_unit: bool
    plasma: TracePlasma | None
    event_count: int
    events: tuple[TraceEvent, ...] = ()
    families: tuple[TraceFamily, ...] = ()
    ended: TraceEnd | None = None
    all_events: tuple[TraceEvent, ...] = field(default=(), metadata={"json": False})

    def of_patient(self, patient: int) -> "Trace":
        """Return what it tells of one patient, labs left out.

        Raises
        ------
        IndexError
            If the trial has no such patient.
        """
        count = len(self.patients)
        if not 0 <= patient < count:
            rule = f"trial {self.trial} has patients 0 to {count - 1}"
            raise IndexError(f"patient = {patient}: {rule}")
        mine = tuple(event for event in self.all_events if event.patient == patient)
        shown = tuple(event for event in mine if event.event != "patient-day")
        one = (self.patients[patient],)
        return replace(self, patient=patient, patients=one, events=shown, all_events=mine)

    def rows(self) -> list[Row]:
        """One row per patient; `outcome` is how follow-up ended, empty for who is alive."""
        return [
            {**flat(p), "outcome": word, "outcome_day": day}
            for p in self.patients
            for word, day in (p.outcomes[-1:] or (("", None),))
        ]

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        return {"events": _EventRows(self.all_events), "analyses": table(self.analyses)}

    def headline(self) -> list[str]:
        """Patients and deaths; of a patient shown alone, what became of them."""
        if self.patient is not None:
            p = self.patients[0]
            ends = ", ".join(f"{word} on day {day:.1f}" for word, day in p.outcomes)
            return [
                f"Patient {p.patient} of trial {self.trial} of {self.scenario}, seed {self.seed}: "
                f"{p.arm}, {len(self.events)} events",
                f"  {p.sessions_delivered} sessions delivered; {ends or 'alive'}",
            ]
        dead = ", ".join(
            f"{arm} {count} of {self.randomised_by_arm[arm]}" for arm, count in self.deaths.items()
        )
        by = "follow-up" if self.ended is None else "the trial"
        return [
            f"Trial {self.trial} of {self.scenario}, seed {self.seed}: {self.randomised} "
            f"randomised, {self.event_count:,} events",
            f"  dead by the end of {by}: {dead}",
        ]


class _EventRows(Sequence[Row]):
    """Rows of events, a column for each detail, made when asked for: a large trial has a million.

    What an event has no word of is None.
    """

    def __init__(self, events: Sequence[TraceEvent], details: Row | None = None) -> None:
        self._events = events
        named = dict.fromkeys(name for event in events for name in event.details)
        self._details: Row = named if details is None else details

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> "_EventRows": ...

    def __getitem__(self, index: int | slice) -> "Row | _EventRows":
        if isinstance(index, slice):
            return _EventRows(self._events[index], self._details)
        event = self._events[index]
        return {**flat(event), **self._details, **event.details}


def _short(value: Cell) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
