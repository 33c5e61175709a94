"""The Monte Carlo loop: trials in units of work, on any number of workers, one answer."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator.analysis import (
    END,
    AnalysisPlan,
    AnalysisTable,
    Reason,
    analyse,
    design_of,
    rejects,
)
from simulator.engines import compiled, reference
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.multiplicity import Family, Joint
from simulator.montecarlo.performance import Estimation
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.trial_metrics import TrialMetrics, trial_metrics_of
from simulator.params.types import Params
from simulator.records import Floats, Ints, TrialRecords
from simulator.truth import Truth


class Engine(StrEnum):
    """Which engine simulates; the answer is the same, bit for bit."""

    COMPILED = "compiled"
    REFERENCE = "reference"


TRIALS_PER_CHUNK = 50  # --precision is judged after each; fixed, so that it stops where it stops
LEAST_TRIALS_FOR_PRECISION = 1_000
_SECONDS_A_UNIT = 0.2  # short enough to show progress and to share out, long against its overhead
_SECONDS_A_REFERENCE_UNIT = 3.0  # a process takes longer to begin
_SECONDS_A_HEARTBEAT = 1.0
_MOST_TRIALS_A_UNIT = 2_000
_UNITS_A_JOB = 4
_MOST_CRASHES = 5


class Stop(NamedTuple):
    """When to stop: after `trials`, or once every analysis has this Monte Carlo standard error."""

    trials: int | None
    standard_error: float | None


Observed = tuple[Floats, ...]  # each with a row a trial
Observe = Callable[[Params, TrialRecords], Observed]


class UnitResult(NamedTuple):
    """What one unit of work gave."""

    table: AnalysisTable
    metrics: TrialMetrics
    observed: Observed


def _observe_nothing(_params: Params, _records: TrialRecords) -> Observed:
    return ()


class Evaluation(NamedTuple):
    """What is asked of every trial.

    Analyses, the truth that they estimate, those judged together, and what else somebody wants to
    see of the records.
    """

    plans: tuple[AnalysisPlan, ...]
    truths: tuple[Truth, ...]
    families: tuple[Family, ...]
    observe: Observe = _observe_nothing


@dataclass(frozen=True)
class MonteCarlo:
    """Successive trials of a scenario and seed, from 0 on, analysed and added up.

    Attributes
    ----------
    rejections
        (analyses,): trials with p <= alpha.
    favouring
        (analyses, arms): those among them that favour each arm.
    reasons
        (analyses, reasons): trials by `Reason`.
    joint
        What analyses do together.
    estimation
        How their estimates compare with the truth.
    totals
        What the trials took.
    """

    engine: Engine
    seed: int
    asked: "Evaluation"
    trials: int
    rejections: Ints
    favouring: Ints
    reasons: Ints
    joint: Joint
    estimation: Estimation
    totals: Totals
    interrupted: bool

    @property
    def plans(self) -> tuple[AnalysisPlan, ...]:
        """The analyses, in the order of the scenario."""
        return self.asked.plans


def run_unit(
    params: Params,
    asked: Evaluation,
    engine: Engine,
    seed: int,
    first_trial: int,
    trials: int,
) -> UnitResult:
    """Simulate and analyse trials `first_trial` to `first_trial + trials - 1`."""
    simulate = compiled.simulate if engine is Engine.COMPILED else reference.simulate
    records = simulate(params, seed, first_trial, trials)
    table = analyse(records, asked.plans, design_of(params, seed), END)
    return UnitResult(
        table, trial_metrics_of(params, records, asked.plans), asked.observe(params, records)
    )


@dataclass
class _Tally:
    """Counts of a run so far."""

    asked: Evaluation
    arms: int
    trials: int = 0
    rejections: Ints = field(init=False)
    favouring: Ints = field(init=False)
    reasons: Ints = field(init=False)
    totals: Totals = field(default_factory=Totals)
    joint: Joint = field(init=False)
    estimation: Estimation = field(init=False)

    def __post_init__(self) -> None:
        plans = self.asked.plans
        analyses = len(plans)
        self.joint = Joint(analyses, self.asked.families)
        self.estimation = Estimation(self.asked.truths)
        self.rejections = np.zeros(analyses, dtype=np.int64)
        self.favouring = np.zeros((analyses, self.arms), dtype=np.int64)
        self.reasons = np.zeros((analyses, len(Reason)), dtype=np.int64)
        self.alpha = np.array([plan.alpha for plan in plans])

    def precise_after(self, table: AnalysisTable, standard_error_asked: float) -> int | None:
        """Trials of a unit after which every analysis is precise enough, None if not yet."""
        rejected = np.cumsum(rejects(table, self.alpha), axis=0)
        size = rejected.shape[0]
        mark = TRIALS_PER_CHUNK - self.trials % TRIALS_PER_CHUNK
        for after in range(mark, size + 1, TRIALS_PER_CHUNK):
            trials = self.trials + after
            counts = (self.rejections + rejected[after - 1]).tolist()
            worst = max(standard_error(count, trials) for count in counts)
            if trials >= LEAST_TRIALS_FOR_PRECISION and worst <= standard_error_asked:
                return after
        return None

    def add(self, unit: UnitResult) -> None:
        table = unit.table
        rejected = rejects(table, self.alpha)
        self.trials += rejected.shape[0]
        self.rejections += rejected.sum(axis=0)
        for arm in range(self.arms):
            self.favouring[:, arm] += (rejected & (table.favours == arm)).sum(axis=0)
        for why in Reason:
            self.reasons[:, why] += (table.reason == why).sum(axis=0)
        self.joint.add(table.p_value, rejected)
        self.estimation.add(table, rejected)
        self.totals.add(unit.metrics)


def _first(unit: UnitResult, trials: int) -> UnitResult:
    """First trials of a unit."""
    return UnitResult(
        AnalysisTable._make(column[:trials] for column in unit.table),
        TrialMetrics._make(column[:trials] for column in unit.metrics),
        tuple(column[:trials] for column in unit.observed),
    )


def monte_carlo(
    params: Params,
    asked: Evaluation,
    seed: int,
    stop: Stop,
    jobs: int,
    engine: Engine,
    watch: Callable[[int, list[int]], None],
    keep: Callable[[int, UnitResult], None],
    first_trial: int = 0,
) -> MonteCarlo:
    """Simulate and analyse trials until `stop`.

    Parameters
    ----------
    first_trial
        Index of the first: trials of other indices are other trials.
    jobs
        Workers; the answer depends neither on them nor on the engine.
    watch
        Called after each unit of work, and every second while one is waited for, with the number of
        trials and the rejections by analysis.
    keep
        Called before that with the unit's first trial and its results, in the order of trials.

    Returns
    -------
    MonteCarlo
        Complete or, after Ctrl-C, with the unbroken run of units from the first that was done.

    Raises
    ------
    KeyboardInterrupt
        If not even the first unit was done.
    """
    tally = _Tally(asked, len(params.allocation.ratio))
    interrupted = False
    try:
        for unit in _units(params, asked, engine, seed, stop, jobs, first_trial):
            if unit is None:
                watch(tally.trials, tally.rejections.tolist())
                continue
            enough = None
            if stop.standard_error is not None:
                enough = tally.precise_after(unit.table, stop.standard_error)
            done = unit if enough is None else _first(unit, enough)
            keep(tally.trials, done)
            tally.add(done)
            watch(tally.trials, tally.rejections.tolist())
            if enough is not None:
                break
    except KeyboardInterrupt:
        if tally.trials == 0:
            raise
        interrupted = True
    return MonteCarlo(
        engine=engine,
        seed=seed,
        asked=asked,
        trials=tally.trials,
        rejections=tally.rejections,
        favouring=tally.favouring,
        reasons=tally.reasons,
        joint=tally.joint,
        estimation=tally.estimation,
        totals=tally.totals,
        interrupted=interrupted,
    )


def trials_a_unit(params: Params, engine: Engine, stop: Stop, jobs: int) -> int:
    """Trials of a unit of work: the answer does not depend on it.

    One at the least, so that a trial of 100,000 patients shows progress, and takes memory, by
    itself.
    """
    patients = params.trial.target_randomised
    if engine is Engine.REFERENCE:
        most = min(TRIALS_PER_CHUNK, _SECONDS_A_REFERENCE_UNIT / (patients * 1e-3))
        return max(1, int(most))
    # Microseconds a patient, roughly: with a funnel, labs or sessions, and without any.
    simple = params.candidate.kind.size == 0 and params.max_sessions == 0
    most = min(_MOST_TRIALS_A_UNIT, _SECONDS_A_UNIT / (patients * (0.5e-6 if simple else 4e-6)))
    if most < TRIALS_PER_CHUNK:
        return max(1, int(most))
    if stop.trials is not None:
        most = min(most, stop.trials / (_UNITS_A_JOB * jobs))
    return max(1, round(most / TRIALS_PER_CHUNK)) * TRIALS_PER_CHUNK


def _units(
    params: Params,
    asked: Evaluation,
    engine: Engine,
    seed: int,
    stop: Stop,
    jobs: int,
    first_trial: int,
) -> Iterator[UnitResult | None]:
    """Yield units in the order of their trials, without end if `stop` names no number.

    None is yielded every second while a unit is waited for. Compiled kernels let other threads run,
    so threads do the work, and this one can be stopped; SimPy needs processes.
    """
    size = trials_a_unit(params, engine, stop, jobs)

    def spans(first_unit: int) -> Iterator[tuple[Any, ...]]:
        for first, trials in _spans(stop.trials, first_unit, size):
            yield params, asked, engine, seed, first_trial + first, trials

    return _by_threads(spans(0), jobs) if engine is Engine.COMPILED else _by_processes(spans, jobs)


def _by_threads(work: Iterator[tuple[Any, ...]], jobs: int) -> Iterator[UnitResult | None]:
    """Yield the units of work in their order, no more than a few of them ahead."""
    pending: deque[Future[UnitResult]] = deque()
    pool = ThreadPoolExecutor(jobs)
    try:
        while True:
            while len(pending) < 2 * jobs and (arguments := next(work, None)) is not None:
                pending.append(pool.submit(run_unit, *arguments))
            if not pending:
                return
            try:
                yield pending[0].result(_SECONDS_A_HEARTBEAT)
            except TimeoutError:
                yield None
                continue
            pending.popleft()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _by_processes(
    spans: Callable[[int], Iterator[tuple[Any, ...]]], jobs: int
) -> Iterator[UnitResult]:
    """Yield units from the first on; what a process that was killed took with it is run again."""
    number, crashes = 0, 0
    while True:
        pool = joblib.Parallel(
            n_jobs=jobs, backend="loky", return_as="generator", pre_dispatch="2*n_jobs"
        )
        try:
            for unit in pool(joblib.delayed(run_unit)(*arguments) for arguments in spans(number)):
                number += 1
                yield unit
            return
        except TerminatedWorkerError:
            crashes += 1
            if crashes > _MOST_CRASHES:
                raise


def _spans(trials: int | None, first_unit: int, size: int) -> Iterator[tuple[int, int]]:
    """First trial and number of trials of each unit from `first_unit` on."""
    first = first_unit * size
    while trials is None or first < trials:
        yield first, size if trials is None else min(size, trials - first)
        first += size
