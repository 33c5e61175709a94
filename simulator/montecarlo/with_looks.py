"""Results of trials with looks, where they are not those of the same trials without."""

import math

import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.types import ANALYSED
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.look_rows import Monitored
from simulator.montecarlo.trial_ends import ended_while_recruiting
from simulator.params.types import Params


def judged(table: AnalysisTable, asked: MonitoringPlan, found: Monitored) -> AnalysisTable:
    """Return a table at the end with what the looks came to in the place of its last analyses.

    It is written over. Estimate, standard error and interval stay: the usual ones, of all who were
    followed.
    """
    shape = table.p_value.shape[0], len(asked.columns)
    seen, arms = found.p_value.reshape(shape), found.favours.reshape(shape)
    for k, column in enumerate(asked.columns):
        known = ~np.isnan(seen[:, k])
        np.copyto(table.p_value[:, column], seen[:, k], where=known)
        np.copyto(table.favours[:, column], arms[:, k], where=known)
        np.copyto(table.reason[:, column], ANALYSED, where=known)
    return table


def write_recruitment(
    params: Params, layout: Layout, rows: MetricRows, fixed: MetricRows, found: Monitored
) -> None:
    """Write whether trials recruit as planned, which to be stopped by a look is no failure of.

    A trial that was stopped has reached its target if it does without looks, and is on time if it
    ends in time. Where looks change the target it is the last one that counts, unless deaths end
    the trial before; and a trial closed because it was slow has not reached it.
    """
    stopped, place = found.looks.stopped, layout.counts["target_reached"].start
    reached = rows.counts[place] == 1
    if found.adapted is not None:
        randomised = rows.counts[layout.counts["randomised"]].sum(axis=0)
        reached = (randomised >= found.adapted.target) | ended_while_recruiting(layout, rows)
        reached &= ~found.adapted.slow
    reached = np.where(stopped, fixed.counts[place] == 1, reached)
    ends = rows.amounts[layout.amounts["trial_days"].start]
    planned_end = params.trial.planned_completion_day
    in_time = ends <= (math.inf if math.isnan(planned_end) else planned_end)
    rows.counts[place] = reached
    rows.counts[layout.counts["on_time"].start] = (reached | stopped) & in_time
