"""Control variates of a trial: what has mean zero, exactly, and goes with what analyses decide.

The trial is run again without liver deaths and without a limited unit (`conditional_paths`). From
that run's hazards and the thresholds of the trial follow deaths, and from these what a test would
decide. A control is that decision less its expectation given the run. So its mean is zero whatever
the run leaves out, which costs only how well it goes with the decision of the trial itself.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np

from simulator.analysis import AnalysisPlan, design_of
from simulator.montecarlo.conditional_paths import Paths, chances_of, paths_of, without_deaths
from simulator.montecarlo.conditional_redraws import redrawn, values_and_means
from simulator.montecarlo.conditional_tables import (
    Functions,
    Group,
    decided_by_counts,
    groups_of,
    pairs_met,
    values_and_expectations,
)
from simulator.params.types import Params
from simulator.records import Floats
from simulator.results.conditional import ControlKind

MOST_PATIENTS = (
    200  # the tables of so many, for all numbers lost, fill the memory of a small machine
)


class Controls:
    """The controls of some analyses: called with seed, first trial and number of trials.

    Attributes
    ----------
    kinds
        By analysis.
    columns
        By analysis: which of the controls are its own.
    """

    def __init__(self, params: Params, plans: Sequence[AnalysisPlan]) -> None:
        self._params, self._harmless = params, without_deaths(params)
        self.kinds = tuple(map(_kind_of, plans))
        kinds = list(zip(plans, self.kinds, strict=True))
        self._redrawn = [plan for plan, kind in kinds if kind is ControlKind.REDRAWS]
        most = params.trial.target_randomised
        self._groups = [(group, Functions(group, most)) for group in groups_of(plans)]
        self._lock = Lock()
        self.columns = tuple(map(self._columns_of, plans))

    def _columns_of(self, plan: AnalysisPlan) -> tuple[int, ...]:
        own = (self._redrawn.index(plan),) if plan in self._redrawn else ()
        start = len(self._redrawn)
        for group, _ in self._groups:
            if plan in group.deciding + group.others:
                return own + tuple(start + place for place in group.functions_of(plan))
            start += group.functions
        raise AssertionError(plan.name)

    def __call__(self, seed: int, first_trial: int, trials: int) -> Floats:
        """Return the controls of some trials, (trials, controls)."""
        paths = paths_of(self._harmless, seed, first_trial, trials)
        found = []
        if self._redrawn:
            design = design_of(self._params, seed)
            value, mean = values_and_means(paths, self._params, self._redrawn, design)
            found.append(value - mean)
        found += [self._of_counts(paths, group, functions) for group, functions in self._groups]
        return np.hstack(found)

    def _of_counts(self, paths: Paths, group: Group, functions: Functions) -> Floats:
        chances = chances_of(paths, self._params, group.example)
        first_row, arm = paths.rows.first_row, paths.rows.arm
        pairs = pairs_met(first_row, arm, chances.use)
        with self._lock:
            place, values = functions.of(pairs)
        value, expected = values_and_expectations(
            first_row,
            arm,
            chances.use,
            chances.hazard,
            paths.threshold,
            group.functions,
            place,
            values,
        )
        return value - expected


def _kind_of(plan: AnalysisPlan) -> ControlKind:
    if decided_by_counts(plan):
        return ControlKind.COUNTS
    return ControlKind.REDRAWS if redrawn(plan) else ControlKind.STEPS
