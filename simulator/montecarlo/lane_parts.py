"""Parts of a unit whose trials come in lanes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisTable
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.looked_at import Known
from simulator.analysis.types import reaches
from simulator.engines.lanes import close_lanes, simulate_lanes
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.evaluation import NOTHING_SEEN, Evaluation
from simulator.montecarlo.lane_metrics import lane_metric_rows_of
from simulator.montecarlo.look_sums import LooksOfTrials
from simulator.montecarlo.monitored import monitored
from simulator.montecarlo.monitored_lanes import LaneTrials, known_at_end
from simulator.montecarlo.open_unit import Part
from simulator.montecarlo.overrun import note_overrun
from simulator.montecarlo.with_looks import judged, write_recruitment
from simulator.params.types import Params


def run_lane_part(
    params: Params,
    asked: Evaluation,
    layout: Layout,
    seed: int,
    first_trial: int,
    trials: int,
) -> Part:
    """Do what `run_part` does with the trials as lanes: the same table and rows, sooner."""
    monitoring = asked.monitoring
    can_close = monitoring is not None
    records = simulate_lanes(params, seed, first_trial, trials, can_close=can_close)
    block = LaneBlock(records, params.trial.follow_up_days)
    table = analyse_lanes(block, asked.plans)
    rows = lane_metric_rows_of(params, layout, records, block, asked.plans)
    if monitoring is None:
        return Part(table, rows, NOTHING_SEEN)
    plan, randomised = asked.plans[monitoring.column], layout.counts["randomised"].start
    of_looked_at = AnalysisTable._make(
        column[:, monitoring.column : monitoring.column + 1] for column in table
    )
    known = known_at_end(block, plan, rows.counts[randomised])
    looked_at = LaneTrials(
        records,
        block,
        plan,
        monitoring,
        first_trial,
        (of_looked_at, known),
        rows.amounts[layout.amounts["enrolment_days"].start],
        rows.amounts[layout.amounts["trial_days"].start],
    )
    found = monitored(monitoring, looked_at)
    rejects = reaches(of_looked_at.p_value[:, 0], plan.alpha)
    looks = LooksOfTrials(found.looks, rows, rejects, stop=found.stop)
    closed = np.flatnonzero(~np.isnan(looked_at.closes_day))
    if closed.size:
        newer = close_lanes(records, closed, looked_at.closes_day[closed])
        block = LaneBlock(newer, params.trial.follow_up_days)
        newer_rows = lane_metric_rows_of(params, layout, newer, block, asked.plans)
        newly_known = known_at_end(block, plan, newer_rows.counts[randomised])
        known = Known._make(_with(known, newly_known, closed))
        table = AnalysisTable._make(_with(table, analyse_lanes(block, asked.plans), closed))
        rows = MetricRows._make(_with(rows, newer_rows, (slice(None), closed)))
        write_recruitment(params, layout, rows, looks.fixed, found)
    stopped = np.flatnonzero(found.looks.stopped)
    note_overrun(monitoring, found.looks, stopped, Known._make(x[stopped] for x in known))
    return Part(judged(table, monitoring, found), rows, NOTHING_SEEN, looks=looks)


def _with(
    columns: Sequence[npt.NDArray[Any]], newer: Sequence[npt.NDArray[Any]], places: Any
) -> Iterator[npt.NDArray[Any]]:
    """Yield copies of columns, newer at some places."""
    for column, right in zip(columns, newer, strict=True):
        found = column.copy()
        found[places] = right
        yield found
