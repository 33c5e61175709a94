"""Room for the state of one trial, made once a chunk and used by its trials one after another."""

from typing import NamedTuple

import numpy as np

from simulator import allocation
from simulator.engines.compiled.ahead import WORDS
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.recruitment import AT_ONCE
from simulator.engines.compiled.state import (
    COUNTS,
    DAYS_DRAWN,
    NUMBERS,
    SESSION_COUNTS,
    SESSION_NUMBERS,
    SITE_COUNTS,
    SITE_NUMBERS,
    Floats,
    Ints,
    People,
    Screen,
    Sites,
)
from simulator.engines.compiled.tables import MACHINES

_LABS = 4


class Rooms(NamedTuple):
    """State of a trial and work space."""

    people: People
    sites: Sites
    screen: Screen
    allocation: allocation.State
    profile: Floats  # (patients, V): values of the variables
    latents: Floats  # (patients, V): their latent normals
    levels: Ints  # (F,): of a patient's factors
    times: Floats  # the heap of events: when
    codes: Ints  # what, and whose


def rooms_of(inputs: Inputs, sessions: int) -> Rooms:
    """Make room for a trial whose patients have so many sessions at most."""
    target, sites = inputs.trial.target_randomised, inputs.tables.units.shape[0]
    events = target * (2 * sessions + 2)
    variables = inputs.candidate.kind.size
    return Rooms(
        people=_people(inputs, target, sessions),
        sites=_sites(sites, max(int(inputs.tables.units[:, MACHINES].max()), 1), target),
        screen=_screen(sites, variables, target),
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
        (target if inputs.lab.modelled else 0, inputs.tables.kinetics.shape[1], _LABS, 2)
    )
    return People(
        number=np.empty((NUMBERS, target)),
        whole=np.empty((COUNTS, target), np.int64),
        session=np.empty((target, sessions, SESSION_NUMBERS)),
        session_count=np.empty((target, sessions, SESSION_COUNTS), np.int64),
        shift=shift,
        flat_shift=shift.reshape(shift.shape[0], inputs.tables.left.size),
        words=np.empty(8),
        hazard=np.zeros((target, days)),
        factor=np.empty((target, days)),
        visit_day=np.empty((target, visits)),
        visit_order=np.empty((target, visits), np.int64),
        visit_meld=np.empty((target, visits)),
        lab=np.empty((2, _LABS)),
        uniform=np.empty((WORDS, target)),
        other_uniform=np.empty((WORDS, target)),
        slope=np.empty((WORDS, target)),
        length=np.empty((-(-sessions // WORDS) * WORDS, target)),
        error=np.empty((WORDS * visits, target)),
    )


def _sites(sites: int, machines: int, target: int) -> Sites:
    return Sites(
        number=np.empty((sites, SITE_NUMBERS)),
        whole=np.empty((sites, SITE_COUNTS), np.int64),
        free_at=np.empty((sites, machines)),
        until=np.empty((sites, machines)),
        waiting=np.empty((sites, target), np.int64),
        demand=np.empty((sites, DAYS_DRAWN)),
        brought=np.empty((sites, DAYS_DRAWN)),
        uniform=np.empty((sites, DAYS_DRAWN)),
        drawn_from=np.empty(sites, np.int64),
    )


def _screen(sites: int, variables: int, target: int) -> Screen:
    return Screen(
        multiplier=np.empty(sites),
        reached=np.empty(sites),
        due=np.empty(sites),
        referred=np.empty(sites, np.int64),
        wait=np.empty((sites, AT_ONCE)),
        uniform=np.empty((variables, AT_ONCE)),
        independent=np.empty((variables, AT_ONCE)),
        values=np.empty((variables, AT_ONCE)),
        latents=np.empty((variables, AT_ONCE)),
        consent=np.empty(AT_ONCE),
        met=np.empty((2, AT_ONCE), np.int64),
        failed=np.empty(AT_ONCE, np.int64),
        back_at=np.empty(target),
        back_who=np.empty((target, 2), np.int64),
        back_profile=np.empty((target, variables)),
        back_latent=np.empty((target, variables)),
    )
