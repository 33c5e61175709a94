"""Analyses of the very trial without liver deaths, and of the same with thresholds drawn again.

When a patient dies is read off the hazard path: the cumulative hazard is spread over follow-up as
the baseline is. Where nothing but the baseline changes by day that is the path itself.
"""

from collections.abc import Sequence

import numba
import numpy as np

from simulator import draws
from simulator.analysis import END, AnalysisPlan, Design, analyse, rejects
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.variable import Need
from simulator.declarations.exits import Exit
from simulator.montecarlo.conditional_paths import Paths
from simulator.params.types import Params
from simulator.records import DeathCause, Floats, Ints, TrialRecords
from simulator.rules.hazard import death_threshold

REDRAWS = 16  # a trial; more cost as much as they gain (docs/analyses/conditional.md)
_DRAW = draws.code_of(draws.Purpose.EXIT)
_FIRST_REDRAW = len(Exit)  # who: behind the exits, so that no trial reads these addresses


def redrawn(plan: AnalysisPlan) -> bool:
    """Whether an analysis needs nothing but how each patient left: no MELD, no other analysis."""
    if plan.test not in STATISTICS:
        return False
    declared = STATISTICS[plan.test]
    needs = declared.needs | declared.options(**plan.options).also_needs()
    return needs.isdisjoint({Need.FIRST_MELD, Need.LAST_MELD})


def values_and_means(
    paths: Paths, params: Params, plans: Sequence[AnalysisPlan], design: Design
) -> tuple[Floats, Floats]:
    """Whether each analysis rejects each trial, and the share of the redraws that it rejects.

    Returns
    -------
    tuple
        Both (trials, analyses).
    """
    alpha = np.array([plan.alpha for plan in plans])

    def rejected(threshold: Floats) -> Floats:
        records = _with_deaths(paths, params, threshold)
        return rejects(analyse(records, plans, design, END), alpha).astype(np.float64)

    value = rejected(paths.threshold)
    total = np.zeros_like(value)
    p = paths.records.patients
    drawn = np.empty_like(paths.threshold)
    for again in range(REDRAWS):
        _draw_again(design.seed, np.asarray(p.trial), np.asarray(p.candidate), again, drawn)
        total += rejected(drawn)
    return value, total / REDRAWS


def _with_deaths(paths: Paths, params: Params, threshold: Floats) -> TrialRecords:
    """Return the records with the liver deaths that some thresholds bring."""
    p, openings = paths.records.patients, params.hazard.at_opening
    days = np.arange(openings.size, dtype=np.float64)
    other = np.minimum(p.death_after_days, p.transplant_after_days)
    ends = np.minimum(other, float(params.trial.follow_up_days))
    reached = np.divide(
        threshold, paths.hazard, out=np.full(threshold.size, np.inf), where=paths.hazard > 0.0
    )
    dead = reached <= 1.0
    when = np.interp(np.minimum(reached, 1.0) * np.interp(ends, days, openings), openings, days)
    death = np.where(dead, when, p.death_after_days)
    cause = np.where(dead, int(DeathCause.LIVER), p.death_cause)
    return paths.records._replace(
        patients=p._replace(
            death_after_days=death,
            death_cause=cause,
            transplant_after_days=np.where(dead, np.inf, p.transplant_after_days),
            loss_after_days=np.where(p.loss_after_days < death, p.loss_after_days, np.inf),
        )
    )


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _draw_again(seed: int, trial: Ints, candidate: Ints, again: int, out: Floats) -> None:
    for i in range(out.size):
        u = draws.uniform(seed, trial[i], _DRAW, _FIRST_REDRAW + again, candidate[i])
        out[i] = death_threshold(u)
