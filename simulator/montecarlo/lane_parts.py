"""Parts of a unit whose trials come in lanes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisPlan, AnalysisTable
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
    plan, column = asked.plans[monitoring.column], monitoring.column
    of_looked_at = AnalysisTable._make(values[:, column : column + 1] for values in table)
    known = _known_at_end(block, plan, monitoring.information, layout, rows)
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
        newly_known = _known_at_end(block, plan, monitoring.information, layout, newer_rows)
        rows = MetricRows._make(values.copy() for values in rows)
        _write_at(closed, newer_rows, rows)
        known = Known._make(values.copy() for values in known)
        _write_at(closed, newly_known, known)
        for values, right in zip(table, analyse_lanes(block, asked.plans), strict=True):
            values[closed] = right
        write_recruitment(params, layout, rows, looks.fixed, found)
    note_overrun(monitoring, found.looks, known)
    return Part(judged(table, monitoring, found), rows, NOTHING_SEEN, looks=looks)


def _known_at_end(
    block: LaneBlock, plan: AnalysisPlan, information: str, layout: Layout, rows: MetricRows
) -> Known:
    randomised = rows.counts[layout.counts["randomised"].start]
    deaths_seen = rows.counts[layout.counts["deaths_seen"]].sum(axis=0)
    return known_at_end(block, plan, information, randomised, deaths_seen)


def _write_at(places: Ints, newer: Sequence[npt.NDArray[Any]], columns: Sequence[Any]) -> None:
    """Write columns, (..., trials), newer at some places."""
    for column, right in zip(columns, newer, strict=True):
        column[..., places] = right
