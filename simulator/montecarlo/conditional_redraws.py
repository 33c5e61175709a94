"""Analyses of the very trial without liver deaths, and of the same with thresholds drawn again.

When a patient dies is read off the hazard path: the cumulative hazard is spread over follow-up as
the baseline is. Where nothing but the baseline changes by day that is the path itself.
"""

from collections.abc import Sequence

import numpy as np

from simulator import draws
from simulator.analysis import END, AnalysisPlan, Design, analyse, rejects
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.variable import Need
from simulator.declarations.exits import Exit
from simulator.kernels import njit
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

    deaths = _Deaths(paths, params)

    def rejected(threshold: Floats) -> Floats:
        table = analyse(deaths.at(threshold), plans, design, END)
        return rejects(table, alpha).astype(np.float64)

    value = rejected(paths.threshold)
    total = np.zeros_like(value)
    p = paths.records.patients
    drawn = np.empty_like(paths.threshold)
    for again in range(REDRAWS):
        _draw_again(design.seed, np.asarray(p.trial), np.asarray(p.candidate), again, drawn)
        total += rejected(drawn)
    return value, total / REDRAWS


class _Deaths:
    """The records of trials without liver deaths, with those that some thresholds bring."""

    def __init__(self, paths: Paths, params: Params) -> None:
        p, self._openings = paths.records.patients, params.hazard.at_opening
        self._days = np.arange(self._openings.size, dtype=np.float64)
        ends = np.minimum(p.death_after_days, p.transplant_after_days)
        ends = np.minimum(ends, float(params.trial.follow_up_days))
        self._by_end = np.interp(ends, self._days, self._openings)
        self._records, self._hazard = paths.records, paths.hazard

    def at(self, threshold: Floats) -> TrialRecords:
        """Return the records with each patient dead who reaches the threshold."""
        p = self._records.patients
        dead = np.flatnonzero((threshold <= self._hazard) & (self._hazard > 0.0))
        reached = threshold[dead] / self._hazard[dead] * self._by_end[dead]
        death, cause = p.death_after_days.copy(), p.death_cause.copy()
        transplant, loss = p.transplant_after_days.copy(), p.loss_after_days.copy()
        when = np.interp(reached, self._openings, self._days)
        death[dead], cause[dead], transplant[dead] = when, int(DeathCause.LIVER), np.inf
        loss[dead] = np.where(loss[dead] < when, loss[dead], np.inf)
        changed = p._replace(
            death_after_days=death,
            death_cause=cause,
            transplant_after_days=transplant,
            loss_after_days=loss,
        )
        return self._records._replace(patients=changed)


@njit(error_model="numpy", nogil=True)
def _draw_again(seed: int, trial: Ints, candidate: Ints, again: int, out: Floats) -> None:
    for i in range(out.size):
        u = draws.uniform(seed, trial[i], _DRAW, _FIRST_REDRAW + again, candidate[i])
        out[i] = death_threshold(u)
