"""Workspace: the state of one trial, allocated once per chunk and reused trial after trial."""

from typing import NamedTuple

import numpy as np

from simulator import allocation
from simulator.engines.compiled.ahead import WORDS
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.recruitment import BATCH_SIZE
from simulator.engines.compiled.state import (
    DAYS_DRAWN,
    INTEGERS,
    REALS,
    SESSION_INTEGERS,
    SESSION_REALS,
    UNIT_INTEGERS,
    UNIT_REALS,
    Floats,
    Ints,
    People,
    Screening,
    UnitState,
)
from simulator.engines.compiled.tables import MACHINES
from simulator.records import LABS


class Workspace(NamedTuple):
    """State of a trial and work space."""

    people: People
    unit_state: UnitState
    screening: Screening
    allocation: allocation.State
    profile: Floats  # (patients, V): values of the variables
    latents: Floats  # (patients, V): their latent normals
    levels: Ints  # (F,): of a patient's factors
    times: Floats  # the heap of events: when
    codes: Ints  # what, and whose


def new_workspace(inputs: Inputs, sessions: int) -> Workspace:
    """Allocate the workspace for a trial whose patients have at most so many sessions."""
    target, sites = inputs.trial.target_randomised, inputs.tables.units.shape[0]
    events = target * (2 * sessions + 2)
    variables = inputs.candidate.kind.size
    return Workspace(
        people=_people(inputs, target, sessions),
        unit_state=_unit_state(sites, max(int(inputs.tables.units[:, MACHINES].max()), 1), target),
        screening=_screening(sites, variables, target),
        allocation=allocation.new_state(inputs.allocation),
        profile=np.empty((target, variables)),
        latents=np.empty((target, variables)),
        levels=np.empty(inputs.factors.variable.size, np.int64),
        times=np.empty(events),
        codes=np.empty(events, np.int64),
    )


def _people(inputs: Inputs, target: int, sessions: int) -> People:
    days, visits = inputs.trial.follow_up_days + 1, inputs.assessment.day.size
    shift = np.empty(
        (target if inputs.lab.modelled else 0, inputs.tables.kinetics.shape[1], LABS, 2)
    )
    return People(
        real=np.empty((REALS, target)),
        integer=np.empty((INTEGERS, target), np.int64),
        session=np.empty((target, sessions, SESSION_REALS)),
        session_integer=np.empty((target, sessions, SESSION_INTEGERS), np.int64),
        shift=shift,
        flat_shift=shift.reshape(shift.shape[0], inputs.tables.left.size),
        words=np.empty(8),
        hazard=np.zeros((target, days)),
        factor=np.empty((target, days)),
        visit_day=np.empty((target, visits)),
        visit_order=np.empty((target, visits), np.int64),
        visit_meld=np.empty((target, visits)),
        lab=np.empty((2, LABS)),
        uniform=np.empty((WORDS, target)),
        other_uniform=np.empty((WORDS, target)),
        slope=np.empty((WORDS, target)),
        length=np.empty((-(-sessions // WORDS) * WORDS, target)),
        error=np.empty((WORDS * visits, target)),
    )


def _unit_state(sites: int, machines: int, target: int) -> UnitState:
    return UnitState(
        real=np.empty((sites, UNIT_REALS)),
        integer=np.empty((sites, UNIT_INTEGERS), np.int64),
        free_at=np.empty((sites, machines)),
        until=np.empty((sites, machines)),
        waiting=np.empty((sites, target), np.int64),
        demand=np.empty((sites, DAYS_DRAWN)),
        brought=np.empty((sites, DAYS_DRAWN)),
        uniform=np.empty((sites, DAYS_DRAWN)),
        drawn_from=np.empty(sites, np.int64),
    )


def _screening(sites: int, variables: int, target: int) -> Screening:
    return Screening(
        multiplier=np.empty(sites),
        reached=np.empty(sites),
        due=np.empty(sites),
        referred=np.empty(sites, np.int64),
        wait=np.empty((sites, BATCH_SIZE)),
        uniform=np.empty((variables, BATCH_SIZE)),
        independent=np.empty((variables, BATCH_SIZE)),
        values=np.empty((variables, BATCH_SIZE)),
        latents=np.empty((variables, BATCH_SIZE)),
        consent=np.empty(BATCH_SIZE),
        met=np.empty((2, BATCH_SIZE), np.int64),
        failed=np.empty(BATCH_SIZE, np.int64),
        back_at=np.empty(target),
        back_who=np.empty((target, 2), np.int64),
        back_profile=np.empty((target, variables)),
        back_latent=np.empty((target, variables)),
    )
