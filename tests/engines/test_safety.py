"""Patients marked as safe from the liver, whose days are not worked out (model page, section 7).

The oracle is the engine that works out every day of everybody: who dies in it was not safe.
"""

import numpy as np
import pytest
from differences import HAZARD, assert_same
from scenario_builder import base_case

from simulator.conduct import as_planned
from simulator.engines.compiled import simulate
from simulator.engines.compiled.blocks import BLOCK, Stages, run_trials
from simulator.engines.compiled.inputs import inputs_of
from simulator.engines.compiled.tabled import new_table
from simulator.params.lower import lower
from simulator.records import DeathCause, Patients, Sessions, Trials

SEED, BLOCKS = 5, 25


def params_of(**changes):
    """Lower the base case with parts of the hazard as they are given."""
    params = lower(base_case())
    return params._replace(hazard=params.hazard._replace(**changes))


COURSES = {
    "as it is": {},
    "frail": {"frailty_log_sd": 0.8},
    "infection harms": {"infection_log_hazard_ratio": 1.5},
    "infection helps": {"infection_log_hazard_ratio": -1.5},
    "serious events harm": {"serious_event_log_hazard_ratio": 2.0},
    "direct effect harms": {"direct_log_hazard_ratio": 1.0, "direct_arm": 1, "by_session": False},
    "harm wanes": {
        "direct_log_hazard_ratio": 1.2,
        "direct_arm": 0,
        "by_session": False,
        "delay_days": 3.0,
        "waning_rate_per_day": 0.05,
    },
    "MELD harms much": {"meld_coefficient": 0.4},
    "MELD harms nobody": {"meld_coefficient": 0.0},
}


@pytest.mark.parametrize("course", COURSES)
def test_nobody_marked_as_safe_dies_of_the_liver(course):
    params = params_of(**COURSES[course])
    everybody = simulate(params, SEED, 0, BLOCKS * BLOCK)
    dies = np.asarray(everybody.patients.death_cause) == DeathCause.LIVER
    safe = safe_of(params, everybody.patients.arm.size)
    assert not (safe & dies).any()
    assert safe.any()  # so that it says something
    assert dies.any()
    some = simulate(params, SEED, 0, BLOCKS * BLOCK, with_hazard=False)
    assert_same(some, everybody, but=HAZARD)


@pytest.mark.parametrize("changes", [{"sees_sessions": True}, {"meld_coefficient": -0.1}])
def test_nobody_is_marked_where_the_hazard_has_no_ceiling(changes):
    params = params_of(**changes)
    everybody = simulate(params, SEED, 0, BLOCK)
    assert not safe_of(params, everybody.patients.arm.size, 1).any()


def test_modality_that_harms_is_counted():
    params = lower(base_case())
    harm = params.modality._replace(
        log_hazard_ratio=np.full_like(params.modality.log_hazard_ratio, 0.7)
    )
    params = params._replace(modality=harm)
    everybody = simulate(params, SEED, 0, BLOCKS * BLOCK)
    safe = safe_of(params, everybody.patients.arm.size)
    dies = np.asarray(everybody.patients.death_cause) == DeathCause.LIVER
    assert safe.any()
    assert not (safe & dies).any()


def safe_of(params, patients, blocks=BLOCKS):
    """Return who is marked, block by block of the trials from 0 on."""
    rows = patients, patients, BLOCK
    tables = (
        new_table(k, n, params) for k, n in zip((Patients, Sessions, Trials), rows, strict=True)
    )
    r, s, t = tables
    marked = []
    for block in range(blocks):
        trial = np.arange(block * BLOCK, (block + 1) * BLOCK)
        conduct = as_planned(trial, params.trial.target_randomised)
        stages = Stages(
            inputs_of(params), conduct, params.max_sessions, SEED, t, r, s, with_hazard=False
        )
        run_trials(stages, np.empty((BLOCK, params.accrual.candidates)))
        work = stages._workspace
        for run, people in zip(work.runs, work.people.patient, strict=True):
            marked.append(people["is_safe"][: run["patients"]].copy())
    return np.concatenate(marked)
