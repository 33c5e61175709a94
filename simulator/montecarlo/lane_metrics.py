"""Trial metrics of trials in lanes; see `trial_metrics` for those of records."""

import math
from collections.abc import Sequence

import numpy as np

from simulator.analysis import AnalysisPlan, Use
from simulator.analysis.kernel import kernel
from simulator.analysis.lanes import LaneBlock, take_lanes
from simulator.engines.independence import are_independent
from simulator.lanes.records import Count, LaneRecords, by_trial
from simulator.montecarlo.columns import LEFT_OUT, Layout, MetricRows, new_rows
from simulator.params.types import Params
from simulator.records import Floats, Ints


def come_in_lanes(params: Params, plans: Sequence[AnalysisPlan]) -> bool:
    """Whether lanes have all that is asked of a scenario's trials."""
    two_arms = len(params.allocation.ratio) == 2
    return two_arms and are_independent(params) and take_lanes(params, plans)


def lane_metric_rows_of(
    params: Params,
    layout: Layout,
    records: LaneRecords,
    block: LaneBlock,
    plans: Sequence[AnalysisPlan],
) -> MetricRows:
    """Return the metrics of each trial; the first of the plans is the primary analysis."""
    rows = new_rows(layout, records.trials)
    _write_counts(records.counts, _places(layout), rows.counts)
    patients, alive = rows.counts[layout.counts["patients"]], rows.counts[layout.counts["alive"]]
    np.subtract(patients, rows.counts[layout.counts["deaths_seen"]], out=alive)
    if "lost" in layout.counts:
        alive -= rows.counts[layout.counts["lost"]]
    _write_recruitment(params, layout, records, patients.sum(axis=0), rows)
    if "left_out" in layout.counts:
        uses = block.uses(plans)
        rows.counts[layout.counts["analysed"]] = uses[:, Use.ANALYSED]
        left_out = rows.counts[layout.counts["left_out"]]
        left_out[:] = uses[:, list(LEFT_OUT)].reshape(left_out.shape)
    elif "analysed" in layout.counts:
        rows.counts[layout.counts["analysed"]] = patients
    return rows


def _places(layout: Layout) -> Ints:
    """First row of each `Count` in the layout, -1 where it is not live."""
    names = [count.name.lower() for count in Count]
    return np.array([layout.counts[n].start if n in layout.counts else -1 for n in names])


@kernel
def _write_counts(counts: Ints, places: Ints, rows: Ints) -> None:
    """Write counts of lanes, (blocks, `Count`, arms, lanes), to rows of trials."""
    trials, lanes = rows.shape[1], counts.shape[3]
    for block in range(counts.shape[0]):
        first = block * lanes
        for which in range(places.size):
            if places[which] >= 0:
                for arm in range(counts.shape[2]):
                    row, mine = rows[places[which] + arm], counts[block, which, arm]
                    for t in range(min(lanes, trials - first)):
                        row[first + t] = mine[t]


def _write_recruitment(
    params: Params, layout: Layout, records: LaneRecords, randomised: Ints, rows: MetricRows
) -> None:
    """Write how many were recruited, and by when; all who come are randomised."""
    t = params.trial
    last = _last_entry(records)
    reached = randomised >= t.target_randomised
    end = np.where(reached, last, min(t.max_recruitment_days, params.accrual.over_days))
    followed = np.where(randomised > 0, last + t.follow_up_days, end)
    trial_days = np.maximum(end, followed)
    planned_end = math.inf if math.isnan(t.planned_completion_day) else t.planned_completion_day
    counts = {
        "screened": randomised,
        "randomised": randomised,
        "target_reached": reached,
        "on_time": reached & (trial_days <= planned_end),
    }
    for name, numbers in counts.items():
        rows.counts[layout.counts[name]] = numbers
    rows.amounts[layout.amounts["enrolment_days"]] = end
    rows.amounts[layout.amounts["trial_days"]] = trial_days


def _last_entry(records: LaneRecords) -> Floats:
    """Day of the last randomisation of each trial, 0 where there is none."""
    last: Floats = by_trial(records.entry_day[:, -1], records.trials)
    if not np.isfinite(last).all():
        days = by_trial(records.entry_day, records.trials)
        last = np.where(np.isfinite(days), days, 0.0).max(axis=1, initial=0.0)
    return last
