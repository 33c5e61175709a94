"""Changes of MELD of a scenario, which the closed forms of two means start from."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan, design_of
from simulator.analysis.cut import Bools, rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.records import Floats
from simulator.scenario.schema import Scenario

_SEED = 0  # its own, so that the means are the same whatever seed a run has
_PATIENTS = 240_000


class Means(NamedTuple):
    """What two means and their spread are, with the Monte Carlo error of their difference.

    Attributes
    ----------
    sds
        By arm; about the regression on baseline if `adjusted`.
    analysed
        Share of patients analysed, of both arms.
    """

    difference: float
    mcse: float
    sds: tuple[float, float]
    analysed: float


def changes_of_meld(solved: Scenario, plan: AnalysisPlan, *, adjusted: bool) -> Means | None:
    """Estimate changes of MELD of those analysed from many trials; None where an arm has none.

    Parameters
    ----------
    adjusted
        Whether at one baseline, by least squares with arms and one slope.
    """
    params = lower(solved)
    trials = -(-_PATIENTS // params.trial.target_randomised)
    design = design_of(params, _SEED)
    records = simulate(params, _SEED, FIRST_AUXILIARY_TRIAL, trials)
    rows = handled(records, rows_of(records), handling_of(plan), design.arm_modality)
    changes = Block(rows, np.full(trials, math.inf), design.follow_up_days).changes(plan)
    seen, second = changes.seen, changes.arm[changes.seen] == 1
    if min(second.sum(), (~second).sum()) < 3:
        return None
    return _means(
        changes.change[seen],
        changes.baseline[seen] if adjusted else np.zeros(second.size),
        second,
        float(seen.mean()),
    )


def _means(change: Floats, baseline: Floats, second: Bools, analysed: float) -> Means:
    design = np.column_stack([np.ones(second.size), second, baseline])
    fitted = np.linalg.lstsq(design, change, rcond=None)[0]
    left = change - design @ fitted
    sds = float(left[~second].std(ddof=1)), float(left[second].std(ddof=1))
    sizes = int((~second).sum()), int(second.sum())
    mcse = math.sqrt(sds[0] ** 2 / sizes[0] + sds[1] ** 2 / sizes[1])
    return Means(float(fitted[1]), mcse, sds, analysed)
