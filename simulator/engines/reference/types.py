"""What passes between the parts of the reference engine: sessions, requests, allocations."""

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import simpy

from simulator.records import Floats, SessionStatus

Wait = Generator[simpy.Event, None, None]
"""A SimPy process: it yields the events that it waits for."""


class ExitReason(IntEnum):
    """Why a patient leaves, in the order in which exits of the same instant happen."""

    LIVER = 0
    TUMOUR = 1
    TRANSPLANT = 2
    WITHDRAWAL = 3
    TREATMENT_STOPS = 4  # not an exit, but ends treatment like one
    LOSS = 5
    INFECTION = 6  # not an exit, but drawn like one
    END_OF_FOLLOW_UP = 7


@dataclass(slots=True, eq=False)
class Session:
    """A session from falling due to its end (see `records.Sessions`)."""

    number: int
    due_day: float
    window_end_day: float
    status: SessionStatus = SessionStatus.WAITING
    modality: int = -1
    start_day: float = math.nan
    end_day: float = math.nan
    share_to_complete: float = 1.0
    fraction: float = 0.0
    plasma_litres: float = 0.0
    short_of_plasma: int = 0
    adverse_events: int = 0
    serious: bool = False
    stops_treatment: bool = False
    ended: simpy.Event | None = field(default=None, repr=False)


class TrialConduct(NamedTuple):
    """The conduct of one trial (see `simulator.conduct.Conduct`, of which it is a row)."""

    trial: int
    recruitment_closes_day: float
    most_randomised: int
    pauses: list[tuple[float, float]]  # from, until; those that ever begin
    treatment_stops_day: float


class Assignment(NamedTuple):
    """The arm that a patient was allocated to, and how."""

    arm: int
    stratum: int
    probability: Floats  # of each arm, given what was known
    draw: float
