"""Each patient's chance of death given the hazard path: a trial run again in which nobody dies.

The same trial (scenario, seed, index) is run with a baseline hazard so small that nobody dies of
the liver, and with no unit that is limited. That run never reads the thresholds of liver death,
which have addresses of their own, so given all that it shows each patient's death is an independent
draw: of probability 1 - exp(-H), H the cumulative hazard that the run shows (model page, section
7.4, and docs/analyses/conditional.md).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator import draws
from simulator.analysis.cut import Rows, rows_of
from simulator.analysis.intercurrent import Handling, handled
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST, outcome, treatment_of
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.exits import Exit
from simulator.engines import compiled
from simulator.kernels import njit
from simulator.params.types import Params
from simulator.records import Floats, Ints, TrialRecords
from simulator.rules.hazard import death_threshold

# A power of two, by which hazards are scaled exactly. A threshold is at least 1e-10, so that nobody
# dies whose true cumulative hazard is below 1e50; above it death is certain anyway.
_SCALE = 2.0**-200

_DRAW, _LIVER = draws.code_of(draws.Purpose.EXIT), draws.code_of(Exit.LIVER)
NOT_USED, COUNTED, LOST_UNLESS_DEAD = range(3)


class Paths(NamedTuple):
    """What a run without liver deaths leaves, one row per patient.

    Attributes
    ----------
    rows
        As analyses read them.
    hazard
        Cumulative hazard of liver death up to tumour death, transplant or the end of follow-up.
    threshold
        Cumulative hazard at which the patient dies.
    """

    records: TrialRecords
    rows: Rows
    hazard: Floats
    threshold: Floats


class Chances(NamedTuple):
    """What each patient may count as under the rules of an analysis, one row per patient.

    Attributes
    ----------
    use
        COUNTED: as dead or alive. LOST_UNLESS_DEAD: as dead, or not at all. NOT_USED.
    hazard
        Cumulative hazard of a liver death that is known; infinity for those dead anyway.
    """

    use: npt.NDArray[np.int64]
    hazard: Floats


def without_deaths(params: Params) -> Params:
    """Return a scenario in which nobody dies of the liver and nothing is scarce.

    Nor is anybody visited: labs as measured decide nothing.
    """
    h, a = params.hazard, params.assessment
    return params._replace(
        hazard=h._replace(cumulative=h.cumulative * _SCALE, at_opening=h.at_opening * _SCALE),
        unit=params.unit._replace(limited=np.zeros_like(params.unit.limited)),
        assessment=a._replace(
            day=a.day[:0],
            window_days=a.window_days[:0],
            missed_probability=a.missed_probability[:0],
        ),
    )


def paths_of(harmless: Params, seed: int, first_trial: int, trials: int) -> Paths:
    """Run trials of a scenario `without_deaths`."""
    records = compiled.simulate(harmless, seed, first_trial, trials)
    rows = rows_of(records)
    p = records.patients
    threshold = np.empty(p.arm.size)
    _thresholds(seed, np.asarray(p.trial), np.asarray(p.candidate), threshold)
    hazard = np.nan_to_num(p.liver_cumulative_hazard / _SCALE, nan=0.0, posinf=np.inf)
    return Paths(records, rows, hazard, threshold)


@njit(error_model="numpy", nogil=True)
def _thresholds(seed: int, trial: Ints, candidate: Ints, out: Floats) -> None:
    for i in range(out.size):
        u = draws.uniform(seed, trial[i], _DRAW, _LIVER, candidate[i])
        out[i] = death_threshold(u)


def chances_of(paths: Paths, params: Params, plan: AnalysisPlan) -> Chances:
    """What each patient may count as under an analysis's rules for those who leave.

    A loss ends what is known, not the hazard: up to it the hazard is taken to accrue as the
    baseline does. That is exact where nothing but the baseline changes by day. Elsewhere it is not
    the hazard of the trial, but as good a control: see `simulator.montecarlo.conditional`.
    """
    rows, days = paths.rows, params.trial.follow_up_days
    handling = Handling("randomised", plan.rescue, plan.withdrawal)
    seen = handled(paths.records, rows, handling, params.plan.modality)
    at_the_end = np.full(rows.first_row.size - 1, np.inf)
    status = outcome(seen, at_the_end, days, treatment_of(plan)).status
    ends = np.minimum(np.minimum(rows.death_after_days, rows.transplant_after_days), days)
    known = np.minimum(seen.loss_after_days, ends)
    by_end, by_then = _baseline(params, ends), _baseline(params, known)
    share = np.divide(by_then, by_end, out=np.ones_like(ends), where=by_end > 0.0)
    hazard = np.where(status == EVENT, np.inf, share * paths.hazard)
    use = np.where(status == LOST, LOST_UNLESS_DEAD, NOT_USED)
    use = np.where((status == EVENT) | (status == COMPLETE), COUNTED, use)
    if plan.population == "treated":
        use = np.where(paths.records.patients.sessions_delivered > 0, use, NOT_USED)
    return Chances(use.astype(np.int64), hazard)


def _baseline(params: Params, time_days: Floats) -> Floats:
    """Cumulative baseline hazard, between openings as if constant within the day."""
    openings = np.arange(params.hazard.at_opening.size, dtype=np.float64)
    return np.interp(time_days, openings, params.hazard.at_opening)
