"""Parts of a unit whose trials come in lanes."""

import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.looked_at import Known
from simulator.analysis.types import reaches
from simulator.engines.lanes import conduct_lanes, simulate_lanes
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
    records = simulate_lanes(params, seed, first_trial, trials)
    block = LaneBlock(records, params.trial.follow_up_days)
    table = analyse_lanes(block, asked.plans)
    rows = lane_metric_rows_of(params, layout, records, block, asked.plans)
    if asked.monitoring is None:
        return Part(table, rows, NOTHING_SEEN)
    planned = table, rows
    under_looks = LaneTrials(
        records, block, asked.plans, asked.monitoring, first_trial, layout, planned
    )
    found = monitored(asked.monitoring, under_looks)
    column = asked.monitoring.column
    rejects = reaches(table.p_value[:, column], asked.plans[column].alpha)
    looks = LooksOfTrials(found.looks, rows, rejects, stop=found.stop)
    again = under_looks.rows
    late = np.setdiff1d(np.flatnonzero(found.looks.stopped), again)  # nothing more was to change
    if late.size:
        end = under_looks.known_at_end(block, records)
        note_overrun(asked.monitoring, found.looks, late, Known(*(x[late] for x in end)))
    if under_looks.conduct is not None:
        newer = conduct_lanes(params, seed, under_looks.conduct.of(again))
        block = LaneBlock(newer, params.trial.follow_up_days)
        end = under_looks.known_at_end(block, newer)
        note_overrun(asked.monitoring, found.looks, again, end)
        newer_rows = lane_metric_rows_of(params, layout, newer, block, asked.plans)
        table, rows = _with(table, rows, again, analyse_lanes(block, asked.plans), newer_rows)
        write_recruitment(params, layout, rows, looks.fixed, found)
    return Part(judged(table, asked.monitoring, found), rows, NOTHING_SEEN, looks=looks)


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
