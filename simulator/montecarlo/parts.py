"""Parts of a unit: successive trials, simulated by an engine and analysed from their records."""

from functools import partial

import numpy as np

from simulator.analysis import AnalysisTable, analyse, design_of
from simulator.analysis.looked_at import known_at
from simulator.analysis.types import Design
from simulator.conduct import Conduct, as_planned
from simulator.engines import compiled, reference
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.evaluation import NOTHING_SEEN, Engine, Evaluation
from simulator.montecarlo.look_sums import LooksOfTrials
from simulator.montecarlo.monitored_family import aim_without, take_looks, watched
from simulator.montecarlo.monitored_records import RecordedTrials, Simulate
from simulator.montecarlo.open_unit import Part
from simulator.montecarlo.overrun import note_overrun
from simulator.montecarlo.trial_ends import (
    ending,
    last_cut,
    metric_rows_at_the_end,
    stopped_ones_end,
    write_deaths_reached,
)
from simulator.montecarlo.with_looks import judged, write_recruitment
from simulator.params.types import Params
from simulator.records import Floats, TrialRecords


def run_part(
    params: Params,
    asked: Evaluation,
    engine: Engine,
    seed: int,
    first_trial: int,
    trials: int,
) -> Part:
    """Simulate and analyse trials `first_trial` to `first_trial + trials - 1`."""
    indices = np.arange(first_trial, first_trial + trials)
    conducted = ending(params, partial(_conducted, params, engine, seed))
    records = conducted(as_planned(indices, params.trial.target_randomised))
    design, layout, looks = design_of(params, seed), asked.layout(params), None
    if asked.monitoring is None:
        table = analyse(records, asked.plans, design, last_cut(params, records))
        rows = metric_rows_at_the_end(params, layout, records, asked.plans)
    else:
        how = params, asked, asked.monitoring, design, layout
        records, table, rows, looks = _with_looks(*how, records, conducted)
    observed = NOTHING_SEEN
    if asked.observer is not None and asked.is_looked_at(first_trial):
        observed = asked.observer.look(params, records)
        if asked.observer.at_looks is not None and looks is not None:
            observed = (*observed, *asked.observer.at_looks(looks.rows))
    return Part(table, rows, observed, looks=looks)


def _with_looks(
    params: Params,
    asked: Evaluation,
    monitoring: MonitoringPlan,
    design: Design,
    layout: Layout,
    planned: TrialRecords,
    conducted: Simulate,
) -> tuple[TrialRecords, AnalysisTable, MetricRows, LooksOfTrials]:
    """Look at trials; return their records, results and metrics as they then are."""
    looked_at = watched(monitoring, asked.plans)
    trials = RecordedTrials(planned, looked_at, design, params.trial.target_randomised, conducted)
    found = take_looks(monitoring, trials, asked.plans, asked.families)
    records = stopped_ones_end(params, trials.records, found.looks.stopping_day)
    table = analyse(records, asked.plans, design, last_cut(params, records))
    if found.looks.stopped.any():
        end = known_at(records, looked_at[0], design, _last_days(params, records))
        note_overrun(monitoring, found.looks, end)
    rows = metric_rows_at_the_end(params, layout, records, asked.plans)
    fixed = rows
    if records is not planned:
        fixed = metric_rows_at_the_end(params, layout, planned, asked.plans)
        write_recruitment(params, layout, rows, fixed, found)
        write_deaths_reached(layout, rows, fixed, found.looks.stopped)
    without = analyse(planned, looked_at, design, last_cut(params, planned)).p_value
    fixed_aim = aim_without(monitoring, looked_at, without, asked.families)
    beside = found.adapted, found.family, found.stop
    looks = LooksOfTrials(found.looks, fixed, fixed_aim, *beside)
    return records, judged(table, monitoring, found), rows, looks


def _last_days(params: Params, records: TrialRecords) -> Floats:
    """Days up to which the final analyses of trials know of their patients."""
    ends = records.trials.trial_end_day
    return ends.copy() if params.has_common_end else np.full(ends.size, np.inf)


def _conducted(params: Params, engine: Engine, seed: int, conduct: Conduct) -> TrialRecords:
    """Simulate trials by an engine."""
    if engine is Engine.COMPILED:  # nothing asks for the hazard itself, which takes the longest
        return compiled.conducted(params, seed, conduct, with_hazard=False)
    return reference.conducted(params, seed, conduct)
