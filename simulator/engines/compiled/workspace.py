"""Workspace: the state of a block of trials, allocated once and used for block after block."""

from typing import Any, NamedTuple

import numpy as np

from simulator import allocation
from simulator.engines.compiled.ahead import WORDS
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.recruitment import BATCH_SIZE
from simulator.engines.compiled.state import (
    DAYS_DRAWN,
    Deferred,
    Event,
    Patient,
    People,
    Run,
    Screening,
    Session,
    Source,
    Unit,
    UnitState,
    Visit,
)
from simulator.engines.compiled.structures import Floats, Ints, Records, records
from simulator.records import LABS

# Trials: enough to make little of three calls from Python, few enough to stay in the cache from
# one stage to the next.
BLOCK = 8


class Drawing(NamedTuple):
    """Work space for what is drawn of all patients of a trial at once."""

    uniform: Floats  # (4, patients)
    other_uniform: Floats  # (4, patients)
    slope: Floats  # (4, patients): normals of the slopes
    place: Ints  # (patients,)


class Workspace(NamedTuple):
    """State of a block of trials and work space."""

    runs: Records[Run]  # (BLOCK,)
    people: People
    unit_state: UnitState
    screening: Screening
    drawing: Drawing
    allocation: allocation.State
    heap: Records[Event]


def new_workspace(
    inputs: Inputs, patients: int, sessions: int, seed: int, with_hazard: bool
) -> Workspace:
    """Allocate the workspace for trials of at most so many patients and sessions of each."""
    sites = inputs.tables.units.size
    machines: int = np.asarray(inputs.tables.units)["machines"].max()
    runs: Any = records(Run, BLOCK)
    runs["seed"], runs["start_weekday"] = seed, inputs.trial.start_weekday
    runs["follow_up_days"] = inputs.trial.max_follow_up_days
    runs["last_visit_day"] = inputs.trial.follow_up_days
    runs["with_hazard"] = with_hazard
    return Workspace(
        runs=runs,
        people=_people(inputs, patients, sessions),
        unit_state=_unit_state(sites, max(machines, 1), patients),
        screening=_screening(inputs, sites, patients),
        allocation=allocation.new_state(inputs.allocation),
        heap=records(Event, patients * (2 * sessions + 2)),
        drawing=_drawing(patients),
    )


def _drawing(patients: int) -> Drawing:
    return Drawing(
        uniform=np.empty((WORDS, patients)),
        other_uniform=np.empty((WORDS, patients)),
        slope=np.empty((WORDS, patients)),
        place=np.empty(patients, np.int64),
    )


def _people(inputs: Inputs, patients: int, sessions: int) -> People:
    days, visits = inputs.trial.max_follow_up_days + 1, inputs.assessment.day.size
    shift = np.empty(
        (BLOCK, patients if inputs.lab.modelled else 0, inputs.tables.kinetics.shape[1], LABS, 2)
    )
    return People(
        patient=records(Patient, BLOCK, patients),
        session=records(Session, BLOCK, patients, sessions),
        visit=records(Visit, BLOCK, patients, visits),
        shift=shift,
        flat_shift=shift.reshape(*shift.shape[:2], inputs.tables.left.size),
        hazard=np.zeros((BLOCK, patients, days)),
        factor=np.empty((BLOCK, patients, days)),
        lab=np.empty((2, LABS)),
        length=np.empty((BLOCK, -(-sessions // WORDS) * WORDS, patients)),
        error=np.empty((BLOCK, WORDS * visits, patients)),
    )


def _unit_state(sites: int, machines: int, patients: int) -> UnitState:
    return UnitState(
        unit=records(Unit, sites),
        free_at=np.empty((sites, machines)),
        until=np.empty((sites, machines)),
        waiting=np.empty((sites, patients), np.int64),
        opens=np.empty((sites, DAYS_DRAWN)),
        closes=np.empty((sites, DAYS_DRAWN)),
        offered=np.empty((sites, DAYS_DRAWN)),
        brought=np.empty((sites, DAYS_DRAWN)),
        demand=np.empty((sites, DAYS_DRAWN)),
        wanted=np.empty((sites, DAYS_DRAWN)),
        share=np.empty((sites, DAYS_DRAWN)),
        uniform=np.empty(DAYS_DRAWN),
        place=np.empty(DAYS_DRAWN, np.int64),
    )


def _screening(inputs: Inputs, sites: int, patients: int) -> Screening:
    variables = inputs.candidate.kind.size
    return Screening(
        source=records(Source, sites),
        wait=np.empty((sites, BATCH_SIZE)),
        uniform=np.empty((variables, BATCH_SIZE)),
        independent=np.empty((variables, BATCH_SIZE)),
        values=np.empty((variables, BATCH_SIZE)),
        latents=np.empty((variables, BATCH_SIZE)),
        consent=np.empty(BATCH_SIZE),
        met=np.empty((2, BATCH_SIZE), np.int64),
        failed=np.empty(BATCH_SIZE, np.int64),
        deferred=records(Deferred, patients),
        deferred_profile=np.empty((patients, variables)),
        deferred_latents=np.empty((patients, variables)),
        levels=np.empty(inputs.factors.variable.size, np.int64),
        profile=np.empty((patients, variables)),
        latent=np.empty((patients, variables)),
    )
