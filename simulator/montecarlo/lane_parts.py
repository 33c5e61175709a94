"""Parts of a unit whose trials come in lanes."""

import numpy as np

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
from simulator.montecarlo.monitored_lanes import LaneTrials
from simulator.montecarlo.open_unit import Part
from simulator.montecarlo.overrun import note_overrun
from simulator.montecarlo.with_looks import judged, write_recruitment
from simulator.params.types import Params
from simulator.records import Ints


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
    plan = asked.plans[monitoring.column]
    of_looked_at = AnalysisTable._make(
        column[:, monitoring.column : monitoring.column + 1] for column in table
    )
    looked_at = LaneTrials(
        records,
        block,
        plan,
        monitoring.information,
        first_trial,
        of_looked_at,
        rows.counts[layout.counts["randomised"].start],
        rows.amounts[layout.amounts["enrolment_days"].start],
        rows.amounts[layout.amounts["trial_days"].start],
    )
    found = monitored(monitoring, looked_at)
    rejects = reaches(of_looked_at.p_value[:, 0], plan.alpha)
    looks = LooksOfTrials(found.looks, rows, rejects, stop=found.stop)
    closed = np.flatnonzero(~np.isnan(looked_at.closes_day))
    everybody = layout.counts["randomised"].start
    late = np.setdiff1d(np.flatnonzero(found.looks.stopped), closed)  # nobody was to come
    if late.size:
        end = looked_at.known_at_end(block, rows.counts[everybody])
        note_overrun(monitoring, found.looks, late, Known(*(x[late] for x in end)))
    if closed.size:
        newer = close_lanes(records, closed, looked_at.closes_day[closed])
        block = LaneBlock(newer, params.trial.follow_up_days)
        newer_rows = lane_metric_rows_of(params, layout, newer, block, asked.plans)
        end = looked_at.known_at_end(block, newer_rows.counts[everybody])
        note_overrun(monitoring, found.looks, closed, end)
        table, rows = _with(table, rows, closed, analyse_lanes(block, asked.plans), newer_rows)
        write_recruitment(params, layout, rows, looks.fixed, found)
    return Part(judged(table, monitoring, found), rows, NOTHING_SEEN, looks=looks)


def _with(
    table: AnalysisTable,
    rows: MetricRows,
    trials: Ints,
    newer_table: AnalysisTable,
    newer_rows: MetricRows,
) -> tuple[AnalysisTable, MetricRows]:
    """Return copies of results in which those of some trials are newer."""
    table = AnalysisTable._make(column.copy() for column in table)
    rows = MetricRows._make(column.copy() for column in rows)
    for column, right in zip(table, newer_table, strict=True):
        column[trials] = right
    for column, right in zip(rows, newer_rows, strict=True):
        column[:, trials] = right
    return table, rows
