"""Trials with events, block after block, through the three stages."""

import numpy as np

from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.loop import Adaptive
from simulator.engines.compiled.structures import Floats
from simulator.engines.compiled.trials import (
    Course,
    Randomised,
    recruit_trials,
    settle_trials,
    treat_trials,
)
from simulator.engines.compiled.workspace import BLOCK, new_workspace
from simulator.records import Patients, Sessions, Trials


def run_trials(
    inputs: Inputs,
    sessions: int,
    seed: int,
    first_trial: int,
    entries: Floats,
    t: Trials,
    r: Patients,
    s: Sessions,
) -> int:
    """Simulate one trial per row of `t`; return how many rows of `r` and `s` were filled."""
    w, recruitment, tables = (
        new_workspace(inputs, sessions, seed),
        inputs.recruitment,
        inputs.tables,
    )
    course = Course(inputs.hazard, inputs.lab, inputs.exits, inputs.assessment)
    filled = Randomised(
        t.failed_first,
        r.allocation_probability,
        r.allocation_draw,
        r.baseline_lab,
        r.baseline_meld,
    )
    adaptive = None
    if inputs.allocation.adaptive:
        adaptive = Adaptive(
            inputs.allocation,
            w.allocation,
            np.empty(0, np.int64),
            r.allocation_probability,
            r.allocation_draw,
        )
    row = 0
    for first in range(0, t.trial.size, BLOCK):
        now = min(BLOCK, t.trial.size - first)
        row = recruit_trials(
            recruitment,
            course,
            w.runs,
            w.people,
            w.screening,
            w.drawing,
            w.allocation,
            entries[first : first + now],
            first_trial + first,
            first,
            row,
            filled,
        )
        treat_trials(tables, w.runs, w.people, w.unit_state, w.heap, now, adaptive)
        settle_trials(tables, w.runs, w.people, now, first, t, r, s)
    return row
