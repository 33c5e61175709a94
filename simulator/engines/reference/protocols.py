"""What the parts of the reference engine need of those above them, which they do not import."""

from typing import Any, Protocol

import simpy

from simulator.declarations.exits import Exit
from simulator.draws import Purpose
from simulator.engines.reference.clock import Clock
from simulator.engines.reference.numbers import Numbers
from simulator.engines.reference.types import Session, TrialConduct
from simulator.params.types import Params
from simulator.records import Floats


class TrialFrame(Protocol):
    """What a treatment unit needs of the trial: its parameters, clock, draws and log."""

    params: Params
    numbers: Numbers
    clock: Clock

    def uniform(self, purpose: Purpose, who: int, which: int = 0) -> float:
        """Return the uniform at an address of this trial."""

    def note(self, event: str, patient: int | None = None, **details: Any) -> None:
        """Tell the observer, if there is one, of an event."""


class TrialOfPatient(TrialFrame, Protocol):
    """What a patient needs besides: follow-up, conduct, and somebody to tell of the outcome."""

    index: int
    follow_up_days: int
    conduct: TrialConduct

    def learn(self, arm: int, died: bool) -> None:
        """Let the allocation scheme know an outcome."""

    def follow_up_ended(self) -> None:
        """Count a patient out."""


class PatientOfUnit(Protocol):
    """What a treatment unit needs of a patient who waits for a session."""

    number: int
    modality: int
    other_modality: int

    @property
    def meld_seen(self) -> float:
        """MELD as sessions have left it, at the latest opening of a patient-day."""

    def begin(self, session: Session, modality: int) -> simpy.Event:
        """Start a session now; return the event of its end."""


class PatientOfCourse(Protocol):
    """What the course of the disease needs of the patient who has it."""

    trial: TrialOfPatient
    number: int
    arm: int
    entry_day: float
    values: Floats
    latents: Floats
    baseline_lab: list[float]
    frailty: float
    infection_after_days: float
    visit_after_days: list[float]
    visit_meld: list[float]

    def uniform(self, purpose: Purpose, which: int = 0) -> float:
        """Return the uniform at an address of this patient."""

    def exit_uniform(self, which: Exit) -> float:
        """Return the uniform that decides an exit."""

    def will_die_from_liver(self, after_days: float) -> None:
        """Announce a death."""
