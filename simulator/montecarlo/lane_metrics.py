"""Trial metrics of trials in lanes; see `trial_metrics` for those of records."""

import math
from collections.abc import Sequence

import numpy as np

from simulator.analysis import AnalysisPlan, Use
from simulator.analysis.kernel import kernel
from simulator.analysis.lanes import LaneBlock, take_lanes
from simulator.engines.independence import are_independent
from simulator.lanes.records import Count, LaneRecords
from simulator.montecarlo.columns import LEFT_OUT, Layout, MetricRows, new_rows
from simulator.params.types import Params
from simulator.records import Floats, Ints

_OF_PATIENTS = tuple(count.name.lower() for count in Count)


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
    rows, t = new_rows(layout, records.trials), params.trial
    _write_counts(records.counts, _places(layout, _OF_PATIENTS), rows.counts)
    _write_trials(
        records.entry_day,
        _places(layout, ("patients", "deaths_seen", "lost", "alive")),
        t.target_randomised,
        records.closes_day,
        float(t.follow_up_days),
        math.inf if math.isnan(t.planned_completion_day) else t.planned_completion_day,
        _places(layout, ("screened", "randomised", "target_reached", "on_time")),
        rows.counts,
        rows.amounts[layout.amounts["enrolment_days"].start],
        rows.amounts[layout.amounts["trial_days"].start],
    )
    if "left_out" in layout.counts:
        uses = block.uses(plans)
        rows.counts[layout.counts["analysed"]] = uses[:, Use.ANALYSED]
        left_out = rows.counts[layout.counts["left_out"]]
        left_out[:] = uses[:, list(LEFT_OUT)].reshape(left_out.shape)
    elif "analysed" in layout.counts:
        rows.counts[layout.counts["analysed"]] = rows.counts[layout.counts["patients"]]
    return rows


def _places(layout: Layout, names: Sequence[str]) -> Ints:
    """First row of each column in the layout, -1 where it is not live."""
    counts = layout.counts
    return np.array([counts[name].start if name in counts else -1 for name in names], np.int64)


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


@kernel
def _write_trials(
    entry_day: Floats,
    of_patients: Ints,
    target: int,
    closes_day: Floats,
    follow_up_days: float,
    planned_end: float,
    of_trials: Ints,
    counts: Ints,
    enrolment_days: Floats,
    trial_days: Floats,
) -> None:
    """Write who is alive, how many were recruited, and by when; all who come are randomised.

    `of_patients` has the rows of those randomised, dead, lost and alive, an arm each; `of_trials`
    those of the screened, the randomised, and whether the target was reached, and on time.
    """
    patients, dead, lost, alive = of_patients
    screened, randomised, reached, on_time = of_trials
    lanes = entry_day.shape[2]
    for trial in range(trial_days.size):
        size = 0
        for arm in range(2):
            left = counts[lost + arm, trial] if lost >= 0 else 0
            own = counts[patients + arm, trial]
            counts[alive + arm, trial] = own - counts[dead + arm, trial] - left
            size += own
        last = entry_day[trial // lanes, size - 1, trial % lanes] if size > 0 else 0.0
        end = last if size >= target else closes_day[trial]
        followed = last + follow_up_days if size > 0 else end
        enrolment_days[trial], trial_days[trial] = end, max(end, followed)
        counts[screened, trial], counts[randomised, trial] = size, size
        counts[reached, trial] = size >= target
        counts[on_time, trial] = size >= target and trial_days[trial] <= planned_end
