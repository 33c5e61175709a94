"""Trials with events, block after block, through the three stages."""

import numpy as np

from simulator.conduct import Conduct
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


class Stages:
    """The stages with all that they read and fill; a stage of no trials is compiled, no more."""

    def __init__(
        self,
        inputs: Inputs,
        conduct: Conduct,
        sessions: int,
        seed: int,
        t: Trials,
        r: Patients,
        s: Sessions,
        with_hazard: bool = True,
    ) -> None:
        self._inputs, self._conduct, self._records = inputs, conduct, (t, r, s)
        target = inputs.trial.target_randomised
        patients = int(conduct.most_randomised.max(initial=target))
        self._workspace = new_workspace(inputs, patients, sessions, seed, with_hazard)
        self._recruitment = inputs.recruitment
        self._course = Course(inputs.hazard, inputs.lab, inputs.exits, inputs.assessment)
        self._filled = Randomised(
            t.failed_first,
            r.allocation_probability,
            r.allocation_draw,
            r.baseline_lab,
            r.baseline_meld,
        )
        self._adaptive = None
        if inputs.allocation.adaptive:
            self._adaptive = Adaptive(
                inputs.allocation,
                self._workspace.allocation,
                np.empty(0, np.int64),
                r.allocation_probability,
                r.allocation_draw,
            )

    def recruit(self, entries: Floats, first: int, end: int, row: int) -> int:
        """Recruit the trials in these rows; return the row after their last patient's."""
        w = self._workspace
        after: int = recruit_trials(
            self._recruitment,
            self._course,
            w.runs,
            w.people,
            w.screening,
            w.drawing,
            w.allocation,
            self._conduct,
            entries,
            first,
            end,
            row,
            self._filled,
        )
        return after

    def treat(self, trials: int) -> None:
        """Run the events of the first trials of the block."""
        w = self._workspace
        treat_trials(
            self._inputs.tables, w.runs, w.people, w.unit_state, w.heap, trials, self._adaptive
        )

    def settle(self, trials: int, first: int) -> None:
        """Settle the first trials of the block, whose rows are those from `first` on."""
        w = self._workspace
        settle_trials(self._inputs.tables, w.runs, w.people, trials, first, *self._records)


def run_trials(stages: Stages, entries: Floats) -> int:
    """Simulate one trial per row of `entries`; return how many patients' rows were filled."""
    row, trials = 0, entries.shape[0]
    for first in range(0, trials, BLOCK):
        end = min(first + BLOCK, trials)
        row = stages.recruit(entries, first, end, row)
        stages.treat(end - first)
        stages.settle(end - first, first)
    return row
