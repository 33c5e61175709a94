"""What tests of conduct share: changes of it, the log of a trial, and the engines' gate."""

from typing import Any, NamedTuple

import numpy as np
from differences import HAZARD, assert_meaningful, assert_same

from simulator.allocation import SCHEMES
from simulator.conduct import Conduct, as_planned
from simulator.engines import compiled, reference
from simulator.params.types import Params
from simulator.records import TrialRecords

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


def may_grow(params: Params) -> bool:
    """Whether more than the target may be randomised."""
    return not (params.accrual.uniform or SCHEMES[params.allocation.scheme].fixed_size)


def gate(params: Params, of_seed: int, conduct: Conduct) -> TrialRecords:
    """Hold the engines to each other, and both to what a column may hold."""
    asked = params, of_seed, conduct
    expected = reference.conducted(*asked)
    assert_meaningful(expected, params, conduct)
    assert_same(compiled.conducted(*asked), expected)
    assert_same(compiled.conducted(*asked, with_hazard=False), expected, but=HAZARD)
    return expected
