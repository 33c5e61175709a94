"""When trials end that end for all at once, and what is known then (model page, section 12).

Such an end is a cut: patients are simulated for as long as they may be followed, and analyses see
what was known by the end. Where it comes before recruitment is over the trial is simulated again
with its recruitment closed on that day, which leaves all that was before it as it was (decision
24); so the end, too, is the same.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from simulator.analysis import AnalysisPlan, Cut, cut
from simulator.analysis.cut import Bools
from simulator.analysis.ends import end_days, last_entries
from simulator.conduct import Conduct
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.replays import replaced
from simulator.montecarlo.trial_metrics import metric_rows_of
from simulator.params.types import Params
from simulator.records import DeathCause, Floats, TrialRecords

Simulate = Callable[[Conduct], TrialRecords]


def ending(params: Params, simulate: Simulate) -> Simulate:
    """Return what simulates trials to the end that their scenario gives them.

    Their `trial_end_day` is the day on which the data are cut.
    """
    return partial(_ended, params, simulate) if params.has_common_end else simulate


def _ended(params: Params, simulate: Simulate, conduct: Conduct) -> TrialRecords:
    records = simulate(conduct)
    ends = end_days(params, records)
    early = np.flatnonzero(ends < records.trials.recruitment_end_day)
    if early.size:
        closed = conduct.of(early)._replace(recruitment_closes_day=ends[early])
        records = replaced(records, early, simulate(closed))
    return _ending_on(records, ends)


def stopped_ones_end(params: Params, records: TrialRecords, decision_day: Floats) -> TrialRecords:
    """Return trials of which those that a look stopped end once `follow_up_days` are over.

    Of the last patient, and not before the decision; sooner where their own end comes sooner.

    Parameters
    ----------
    decision_day
        Trial day on which it was decided to stop each trial, NaN for none.
    """
    if not params.has_common_end:
        return records
    planned = records.trials.trial_end_day
    over = np.fmax(decision_day, last_entries(records) + params.trial.follow_up_days)
    ends = np.where(np.isnan(decision_day), planned, np.minimum(planned, over))
    return _ending_on(records, ends)


def last_cut(params: Params, records: TrialRecords) -> Cut | Floats:
    """Return the cut of the final analysis of trials."""
    if params.has_common_end:
        return records.trials.trial_end_day.copy()
    return Cut("end", 0.0)


def metric_rows_at_the_end(
    params: Params, layout: Layout, records: TrialRecords, plans: Sequence[AnalysisPlan]
) -> MetricRows:
    """Return the metrics of each trial of what became of its patients by its end.

    Of patients' outcomes those within `follow_up_days`, apart from the columns that are of all
    follow-up. What became of them, known or not, does not ask when the trial ended.
    """
    if not params.is_followed_longer:
        return metric_rows_of(params, layout, records, plans)
    rows = metric_rows_of(params, layout, _within(params, records, _ends(records)), plans)
    if params.has_common_end:
        later = np.full(records.trials.trial.size, math.inf)
        whole = metric_rows_of(params, layout, _within(params, records, later), plans)
        for name in _KNOWN_OR_NOT:
            if name in layout.counts:
                rows.counts[layout.counts[name]] = whole.counts[layout.counts[name]]
    trials, arms = records.trials.trial.size, layout.arms
    known = cut(records, params.trial.max_follow_up_days, _ends(records))
    which = known.arm * trials + known.trial_of_row
    for name, amount in (
        ("deaths_by_the_end", known.died),
        ("followed_days", np.nan_to_num(known.followed_days)),
    ):
        found = np.bincount(which, amount, arms * trials).reshape(arms, trials)
        if name in layout.counts:
            rows.counts[layout.counts[name]] = found.astype(np.int64)
        else:
            rows.amounts[layout.amounts[name]] = found
    if "deaths_reached" in layout.counts:
        deaths = rows.counts[layout.counts["deaths_by_the_end"]].sum(axis=0)
        reached = deaths >= params.trial.ends_at_deaths
        rows.counts[layout.counts["deaths_reached"]] = reached
        _write_ended_early(params, layout, rows)
    return rows


def write_deaths_reached(
    layout: Layout, rows: MetricRows, fixed: MetricRows, stopped: Bools
) -> None:
    """Write whether the deaths come that end a trial, which to be stopped by a look is no lack of.

    `fixed` are the metrics of the same trials without looks: what those would have come to that
    were stopped. Others, whose target or pace a look has changed, come to what they come to.
    """
    if "deaths_reached" in layout.counts:
        place = layout.counts["deaths_reached"]
        rows.counts[place] = np.where(stopped, fixed.counts[place], rows.counts[place])


def ended_while_recruiting(layout: Layout, rows: MetricRows) -> Bools:
    """Whether the deaths came that end a trial while it still recruited."""
    if "deaths_reached" not in layout.counts:
        return np.zeros(rows.counts.shape[1], np.bool_)
    recruited, ended = (
        rows.amounts[layout.amounts[name].start] for name in ("enrolment_days", "trial_days")
    )
    reached = rows.counts[layout.counts["deaths_reached"].start] == 1
    return np.asarray(reached & (recruited == ended))


def _write_ended_early(params: Params, layout: Layout, rows: MetricRows) -> None:
    """Write that trials recruit as planned whose deaths end them while they still recruit."""
    planned_end, early = params.trial.planned_completion_day, ended_while_recruiting(layout, rows)
    ended = rows.amounts[layout.amounts["trial_days"].start]
    in_time = ended <= (math.inf if math.isnan(planned_end) else planned_end)
    rows.counts[layout.counts["target_reached"].start] |= early
    rows.counts[layout.counts["on_time"].start] |= early & in_time


def _ending_on(records: TrialRecords, ends: Floats) -> TrialRecords:
    return records._replace(trials=records.trials._replace(trial_end_day=ends))


def _ends(records: TrialRecords) -> Floats:
    """Days on which trials end, as compiled code takes them."""
    return records.trials.trial_end_day.copy()


def _within(params: Params, records: TrialRecords, ends: Floats) -> TrialRecords:
    """Return records without what happened after `follow_up_days` or after a trial day."""
    p = records.patients
    limit = np.repeat(ends, records.trials.randomised)

    def is_within(after_days: Floats) -> Bools:
        by_then = after_days <= params.trial.follow_up_days
        return np.asarray(by_then & (p.entry_day + after_days <= limit))

    times = {name: getattr(p, name) for name in _OUTCOMES}
    kept = {name: np.where(is_within(time), time, math.inf) for name, time in times.items()}
    cause = np.where(is_within(p.death_after_days), p.death_cause, int(DeathCause.NONE))
    patients = p._replace(death_cause=cause, **kept)
    return records._replace(patients=patients)


_KNOWN_OR_NOT = "deaths", "deaths_from_tumour", "transplants", "withdrawn", "infections"
_OUTCOMES = (
    "death_after_days",
    "transplant_after_days",
    "withdrawal_after_days",
    "loss_after_days",
    "infection_after_days",
)
