"""A unit of work: some trials, simulated, analysed and added up.

Its result is a pure function of the scenario lowered, the seed, the first trial, the number of
trials and what is asked: it depends neither on the worker, nor on the engine, nor on the blocks in
which the trials were simulated.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable, analyse, design_of
from simulator.analysis.cut import Bools
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.types import reaches
from simulator.conduct import Conduct, as_planned
from simulator.declarations.analyses import RANDOMISATION_TESTS
from simulator.engines import compiled, reference
from simulator.engines.lanes import conduct_lanes, lanes_of, simulate_lanes
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.columns import Layout, MetricRows, column_of, layout_of
from simulator.montecarlo.lane_metrics import come_in_lanes, lane_metric_rows_of
from simulator.montecarlo.look_sums import LooksOfTrials
from simulator.montecarlo.monitored import (
    LookRows,
    judged,
    monitored,
    stopping_day,
    write_recruitment,
)
from simulator.montecarlo.monitored_family import aim_without, take_looks, watched
from simulator.montecarlo.monitored_lanes import LaneTrials, are_looked_at_in_lanes
from simulator.montecarlo.monitored_records import RecordedTrials
from simulator.montecarlo.multiplicity import Family
from simulator.montecarlo.sums import Sums, Verdicts, packed
from simulator.montecarlo.trial_ends import (
    ending,
    last_cut,
    metric_rows_at_the_end,
    stopped_ones_end,
    write_deaths_reached,
)
from simulator.params.types import Params
from simulator.records import Floats, Ints, TrialRecords
from simulator.truth import Truth

_LEAST_TRIALS = 50
_SECONDS_A_UNIT = 0.1  # short enough to show progress and to share out, long against its overhead
_LONGEST_SECONDS = 1.0  # of the least trials
# Seconds a patient, roughly: with a funnel, labs or sessions, and without any; a patient drawn
# anew by a randomisation test.
_SECONDS_A_PATIENT, _SECONDS_A_SIMPLE_PATIENT, _SECONDS_A_DRAW = 2e-6, 0.03e-6, 5e-9
_PATIENTS_A_BLOCK = 30_000  # simulated and analysed together: their records stay small ...
_SIMPLE_PATIENTS_A_BLOCK = 60_000  # ... those without sessions or labs smaller
_MONITORED_PATIENTS_A_BLOCK = 400_000  # ... those in lanes, whose looks cost as much a block


class Engine(StrEnum):
    """Which engine simulates; the answer is the same, bit for bit."""

    COMPILED = "compiled"
    REFERENCE = "reference"


Observed = tuple[Floats, ...]  # each with a row a trial
_NOTHING_SEEN: Observed = ()
Control = Callable[[int, int, int], Floats]  # of seed, first trial, trials: (trials, controls)


class Observer(NamedTuple):
    """Somebody who looks at the records of trials.

    Attributes
    ----------
    look
        What is seen of the records of some trials, a row a trial.
    trials
        The number below which trials are looked at; None: at all.
    asked
        What, beside the parameters, decides what is seen: of what `work_key.key_of` takes.
    at_looks
        What is seen of looks at trials before their end, a row a trial, beside the records.
    """

    look: Callable[[Params, TrialRecords], Observed]
    trials: int | None
    asked: tuple[Any, ...]
    at_looks: Callable[[LookRows], Observed] | None = None


class Evaluation(NamedTuple):
    """What is asked of every trial.

    Attributes
    ----------
    plans, truths, families
        Analyses, the truth that they estimate, those judged together.
    observer
        Who wants to see records.
    columns
        Trial metrics that are wanted of single trials.
    table
        Whether the results of single trials are wanted.
    control
        What gives the control variates of single trials, if they are wanted.
    monitoring
        Looks at one of the analyses before the end; None: none.
    """

    plans: tuple[AnalysisPlan, ...]
    truths: tuple[Truth, ...]
    families: tuple[Family, ...]
    observer: Observer | None = None
    columns: tuple[str, ...] = ()
    table: bool = False
    control: Control | None = None
    monitoring: MonitoringPlan | None = None

    def is_looked_at(self, first_trial: int) -> bool:
        """Whether somebody wants to see the records of the trials from this one on."""
        observer = self.observer
        return observer is not None and (observer.trials is None or first_trial < observer.trials)

    def layout(self, params: Params) -> Layout:
        """Return the trial metrics that a scenario has."""
        return layout_of(params, self.plans)

    def new_sums(self, params: Params) -> Sums:
        """Return sums over no trial yet."""
        asked = self.plans, self.truths, self.families
        return Sums(self.layout(params), *asked, self.monitoring)


class UnitResult(NamedTuple):
    """What one unit of work gave.

    Attributes
    ----------
    sums
        What its trials add up to.
    verdicts
        What the analyses come to, trial by trial.
    observed
        What was seen of the records, a row a trial looked at; empty if nobody looked.
    columns, table, controls
        Of single trials, what was asked for.
    """

    sums: Sums
    verdicts: Verdicts
    observed: Observed
    columns: dict[str, Any]
    table: AnalysisTable | None
    controls: Floats | None


class Part(NamedTuple):
    """Successive trials of a unit, simulated and analysed, not yet added up."""

    table: AnalysisTable
    rows: MetricRows
    observed: Observed
    controls: Floats | None = None
    looks: LooksOfTrials | None = None

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.rows.counts.shape[1])


class OpenUnit:
    """A unit whose trials are being added up, part by part in their order."""

    def __init__(self, params: Params, asked: Evaluation) -> None:
        self.asked = asked
        self.sums = asked.new_sums(params)
        self._verdicts: list[Bools] = []
        self._observed: list[Observed] = []
        self._columns: list[dict[str, Any]] = []
        self._tables: list[AnalysisTable] = []
        self._controls: list[Floats] = []

    @property
    def trials(self) -> int:
        """How many were added up."""
        return self.sums.trials

    def add(self, part: Part, trials: int) -> None:
        """Add the first so many trials of the part that comes next."""
        if trials <= 0:
            return
        self._verdicts.append(self.sums.add(part.table, part.rows, trials, part.looks))
        if part.observed:
            self._observed.append(tuple(column[:trials] for column in part.observed))
        if self.asked.columns:
            layout = self.sums.totals.layout
            self._columns.append(
                {n: column_of(layout, part.rows, n)[:trials] for n in self.asked.columns}
            )
        if self.asked.table:
            self._tables.append(AnalysisTable._make(column[:trials] for column in part.table))
        if part.controls is not None:
            self._controls.append(part.controls[:trials])

    def close(self) -> UnitResult:
        """Return the unit; it has a trial."""
        return UnitResult(
            self.sums,
            packed(self._verdicts, len(self.asked.plans)),
            tuple(np.concatenate(parts) for parts in zip(*self._observed, strict=True)),
            {n: np.concatenate([found[n] for found in self._columns]) for n in self.asked.columns},
            AnalysisTable._make(np.concatenate(parts) for parts in zip(*self._tables, strict=True))
            if self._tables
            else None,
            np.concatenate(self._controls) if self._controls else None,
        )


def run_unit(
    params: Params,
    asked: Evaluation,
    engine: Engine,
    seed: int,
    first_trial: int,
    trials: int,
) -> UnitResult:
    """Simulate, analyse and add up trials `first_trial` to `first_trial + trials - 1`."""
    unit = OpenUnit(params, asked)
    in_lanes = engine is Engine.COMPILED and come_in_lanes(params, asked.plans)
    if asked.monitoring is not None:
        in_lanes &= are_looked_at_in_lanes(asked.plans, asked.monitoring)
    together = lanes_of(params.trial.target_randomised, trials) if in_lanes else 1
    first, end = first_trial, first_trial + trials
    while first < end:
        whole = in_lanes and not asked.is_looked_at(first)
        patients = _patients_a_block(params, asked, whole)
        size = max(1, patients // (params.trial.target_randomised * together)) * together
        size = min(size, end - first)
        if whole:
            part = _run_lanes(params, asked, unit.sums.totals.layout, seed, first, size)
        else:
            part = run_part(params, asked, engine, seed, first, size)
        if asked.control is not None:  # apart from how the block was simulated
            part = part._replace(controls=asked.control(seed, first, size))
        unit.add(part, size)
        first += size
    return unit.close()


def _run_lanes(
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
        return Part(table, rows, _NOTHING_SEEN)
    planned = table, rows
    under_looks = LaneTrials(
        records, block, asked.plans, asked.monitoring, first_trial, layout, planned
    )
    found = monitored(asked.monitoring, under_looks)
    column = asked.monitoring.column
    rejects = reaches(table.p_value[:, column], asked.plans[column].alpha)
    looks = LooksOfTrials(found.looks, rows, rejects, stop=found.stop)
    again = under_looks.rows
    if under_looks.conduct is not None:
        newer = conduct_lanes(params, seed, under_looks.conduct.of(again))
        block = LaneBlock(newer, params.trial.follow_up_days)
        newer_rows = lane_metric_rows_of(params, layout, newer, block, asked.plans)
        table, rows = _with(table, rows, again, analyse_lanes(block, asked.plans), newer_rows)
        write_recruitment(params, layout, rows, looks.fixed, found)
    return Part(judged(table, asked.monitoring, found), rows, _NOTHING_SEEN, looks=looks)


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
        planned = records
        of_looked_at = watched(asked.monitoring, asked.plans)
        target = params.trial.target_randomised
        under_looks = RecordedTrials(planned, of_looked_at, design, target, conducted)
        found = take_looks(asked.monitoring, under_looks, asked.plans, asked.families)
        records = stopped_ones_end(params, under_looks.records, stopping_day(found.looks))
        table = analyse(records, asked.plans, design, last_cut(params, records))
        table = judged(table, asked.monitoring, found)
        rows = metric_rows_at_the_end(params, layout, records, asked.plans)
        fixed = rows
        if records is not planned:
            fixed = metric_rows_at_the_end(params, layout, planned, asked.plans)
            write_recruitment(params, layout, rows, fixed, found)
            write_deaths_reached(layout, rows, fixed)
        at_end = last_cut(params, planned)
        p_values = analyse(planned, of_looked_at, design, at_end).p_value
        fixed_aim = aim_without(asked.monitoring, of_looked_at, p_values, asked.families)
        beside = found.adapted, found.family, found.stop
        looks = LooksOfTrials(found.looks, fixed, fixed_aim, *beside)
    observed = _NOTHING_SEEN
    if asked.observer is not None and asked.is_looked_at(first_trial):
        observed = asked.observer.look(params, records)
        if asked.observer.at_looks is not None and looks is not None:
            observed = (*observed, *asked.observer.at_looks(looks.rows))
    return Part(table, rows, observed, looks=looks)


def _conducted(params: Params, engine: Engine, seed: int, conduct: Conduct) -> TrialRecords:
    """Simulate trials by an engine."""
    if engine is Engine.COMPILED:  # nothing asks for the hazard itself, which takes the longest
        return compiled.conducted(params, seed, conduct, with_hazard=False)
    return reference.conducted(params, seed, conduct)


def _patients_a_block(params: Params, asked: Evaluation, in_lanes: bool) -> int:
    if in_lanes and asked.monitoring is not None:
        return _MONITORED_PATIENTS_A_BLOCK
    return _SIMPLE_PATIENTS_A_BLOCK if _is_simple(params) else _PATIENTS_A_BLOCK


def _is_simple(params: Params) -> bool:
    """Whether there is neither a funnel, nor labs, nor sessions."""
    return params.candidate.kind.size == 0 and params.max_sessions == 0


def trials_a_unit(params: Params, plans: tuple[AnalysisPlan, ...]) -> int:
    """Trials of a unit of work: 50 or that times a power of 2, by the scenario alone.

    Fewer where 50 would be long, and one at the least: a trial of 100,000 patients shows progress
    by itself.
    """
    a_patient = _SECONDS_A_SIMPLE_PATIENT if _is_simple(params) else _SECONDS_A_PATIENT
    draws = (plan.options["draws"] for plan in plans if plan.test in RANDOMISATION_TESTS)
    seconds = params.trial.target_randomised * (a_patient + _SECONDS_A_DRAW * sum(draws))
    if _LEAST_TRIALS * seconds > _LONGEST_SECONDS:
        return max(1, int(_SECONDS_A_UNIT / seconds))
    doublings = math.floor(math.log2(max(1.0, _SECONDS_A_UNIT / seconds / _LEAST_TRIALS)))
    trials: int = _LEAST_TRIALS * 2**doublings
    return trials
