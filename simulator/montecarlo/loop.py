"""The Monte Carlo loop: trials in units of work, on any number of workers, one answer."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import Bools
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.multiplicity import Joint
from simulator.montecarlo.performance import Estimation
from simulator.montecarlo.sums import Sums
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.units import (
    Engine,
    Evaluation,
    OpenUnit,
    UnitResult,
    run_part,
    run_unit,
    trials_a_unit,
)
from simulator.params.types import Params
from simulator.records import Ints

TRIALS_PER_CHUNK = 50  # --precision is judged after each; fixed, so that it stops where it stops
LEAST_TRIALS_FOR_PRECISION = 1_000
_TRIALS_A_TASK = 50  # of the reference engine, whose units are shared out in parts
_SECONDS_A_TASK = 3.0  # a process takes longer to begin
_SECONDS_A_HEARTBEAT = 1.0
_MOST_CONTROLLED = 800  # trials of a unit with control variates, each of some 0.1 ms at least
_MOST_CRASHES = 5


class Stop(NamedTuple):
    """When to stop: after `trials`, or once every analysis has this Monte Carlo standard error."""

    trials: int | None
    standard_error: float | None


@dataclass(frozen=True)
class MonteCarlo:
    """Successive trials of a scenario and seed, analysed and added up.

    Attributes
    ----------
    sums
        What they add up to.
    """

    engine: Engine
    seed: int
    asked: Evaluation
    sums: Sums
    interrupted: bool

    @property
    def plans(self) -> tuple[AnalysisPlan, ...]:
        """The analyses, in the order of the scenario."""
        return self.asked.plans

    @property
    def trials(self) -> int:
        """How many."""
        return self.sums.trials

    @property
    def rejections(self) -> Ints:
        """(analyses,): trials with p <= alpha."""
        return self.sums.rejections

    @property
    def favouring(self) -> Ints:
        """(analyses, arms): those among them that favour each arm."""
        return self.sums.favouring

    @property
    def reasons(self) -> Ints:
        """(analyses, reasons): trials by `Reason`."""
        return self.sums.reasons

    @property
    def joint(self) -> Joint:
        """What analyses do together."""
        return self.sums.joint

    @property
    def estimation(self) -> Estimation:
        """How their estimates compare with the truth."""
        return self.sums.estimation

    @property
    def totals(self) -> Totals:
        """What the trials took."""
        return self.sums.totals


class _Work(NamedTuple):
    """What is done of a run: everything that its units share."""

    params: Params
    asked: Evaluation
    seed: int
    stop: Stop
    jobs: int
    first_trial: int

    def spans(self) -> Iterator[tuple[int, int]]:
        """First trial and number of trials of each unit, without end if no number is asked for."""
        size = trials_a_unit(self.params, self.asked.plans)
        if self.asked.control is not None:
            size = min(size, _MOST_CONTROLLED)
        return _spans(self.first_trial, self.stop.trials, size)


class _Done(NamedTuple):
    """A unit that is done, and how to have its first trials alone."""

    unit: UnitResult
    first: Callable[[int], UnitResult]


_Waiting = Sums | None  # while a unit is waited for: what is known of it
_Units = Iterator[_Done | _Waiting]


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
    precise_after: Callable[[UnitResult, float], int | None] | None = None,
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
    precise_after
        Trials of the next unit after which the run is as precise as is asked, None if not yet; by
        default every share of trials that reject is to be.

    Returns
    -------
    MonteCarlo
        Complete or, after Ctrl-C, with the unbroken run of units from the first that was done.

    Raises
    ------
    KeyboardInterrupt
        If not even the first unit was done.
    """
    whole = asked.new_sums(params)
    work = _Work(params, asked, seed, stop, jobs, first_trial)
    interrupted = False
    try:
        for done in _by_threads(work) if engine is Engine.COMPILED else _by_processes(work):
            if not isinstance(done, _Done):
                _tell(watch, whole, done)
                continue
            unit, enough = done.unit, None
            if stop.standard_error is not None:
                if precise_after is None:
                    enough = _precise_after(whole, unit.verdicts.rejected, stop.standard_error)
                else:
                    enough = precise_after(unit, stop.standard_error)
                unit = unit if enough is None else done.first(enough)
            keep(whole.trials, unit)
            whole.merge(unit.sums)
            _tell(watch, whole, None)
            if enough is not None:
                break
    except KeyboardInterrupt:
        if whole.trials == 0:
            raise
        interrupted = True
    return MonteCarlo(engine, seed, asked, whole, interrupted)


def _tell(watch: Callable[[int, list[int]], None], whole: Sums, waiting: _Waiting) -> None:
    if waiting is None:
        watch(whole.trials, whole.rejections.tolist())
    else:
        rejections = whole.rejections + waiting.rejections
        watch(whole.trials + waiting.trials, rejections.tolist())


def _precise_after(whole: Sums, rejected: Bools, standard_error_asked: float) -> int | None:
    """Trials of the next unit after which every analysis is precise enough, None if not yet.

    `rejected` are its trials, (trials, analyses).
    """
    so_far = np.cumsum(rejected, axis=0)
    mark = TRIALS_PER_CHUNK - whole.trials % TRIALS_PER_CHUNK
    for after in range(mark, len(rejected) + 1, TRIALS_PER_CHUNK):
        trials = whole.trials + after
        counts = (whole.rejections + so_far[after - 1]).tolist()
        worst = max(standard_error(count, trials) for count in counts)
        if trials >= LEAST_TRIALS_FOR_PRECISION and worst <= standard_error_asked:
            return after
    return None


def _by_threads(work: _Work) -> _Units:
    """Yield the compiled engine's units in their order, no more than a few of them ahead.

    None is yielded every second while a unit is waited for. Compiled kernels let other threads run,
    so threads do the work, and this one can be stopped.
    """
    spans = work.spans()
    pending: deque[tuple[int, Future[UnitResult]]] = deque()
    pool = ThreadPoolExecutor(work.jobs)

    def run(first: int, trials: int) -> UnitResult:
        return run_unit(work.params, work.asked, Engine.COMPILED, work.seed, first, trials)

    try:
        while True:
            while len(pending) < 2 * work.jobs and (span := next(spans, None)) is not None:
                pending.append((span[0], pool.submit(run, *span)))
            if not pending:
                return
            first, future = pending[0]
            try:
                unit = future.result(_SECONDS_A_HEARTBEAT)
            except TimeoutError:
                yield None
                continue
            pending.popleft()
            yield _Done(unit, lambda trials, first=first: run(first, trials))  # type: ignore[misc]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _by_processes(work: _Work) -> _Units:
    """Yield the reference engine's units in their order; SimPy needs processes.

    A unit is shared out in parts, which this process adds up in the order of their trials: the bits
    are those of a unit that one worker adds up. What is known of a unit is yielded after each part,
    and after Ctrl-C the parts of a unit that are done.
    """
    params, asked = work.params, work.asked
    seconds = params.trial.target_randomised * 1e-3
    size = max(1, int(min(_TRIALS_A_TASK, _SECONDS_A_TASK / seconds)))

    def tasks() -> Iterator[tuple[int, int]]:
        for first, trials in work.spans():
            yield from _spans(first, trials, size)

    def add_up(parts: list[Any], trials: int) -> UnitResult:
        unit = OpenUnit(params, asked)
        for part in parts:
            unit.add(part, min(trials - unit.trials, part.trials))
        return unit.close()

    spans, parts, open_unit = work.spans(), [], OpenUnit(params, asked)
    span = next(spans, None)
    try:
        for part in _in_processes(work, tasks):
            open_unit.add(part, part.trials)
            parts.append(part)
            if span is not None and open_unit.trials == span[1]:
                done, known = open_unit, parts
                parts, open_unit, span = [], OpenUnit(params, asked), next(spans, None)
                yield _Done(done.close(), lambda trials, known=known: add_up(known, trials))  # type: ignore[misc]
            else:
                yield open_unit.sums
    except KeyboardInterrupt:
        if parts:
            yield _Done(open_unit.close(), lambda trials: add_up(parts, trials))
        raise


def _in_processes(work: _Work, tasks: Callable[[], Iterator[tuple[int, int]]]) -> Iterator[Any]:
    """Yield the parts in their order; what a process that was killed took with it is run again."""
    number, crashes = 0, 0
    while True:
        pool = joblib.Parallel(
            n_jobs=work.jobs, backend="loky", return_as="generator", pre_dispatch="2*n_jobs"
        )
        left = itertools.islice(tasks(), number, None)
        run = joblib.delayed(run_part)
        try:
            for part in pool(
                run(work.params, work.asked, Engine.REFERENCE, work.seed, *span) for span in left
            ):
                number += 1
                yield part
            return
        except TerminatedWorkerError:
            crashes += 1
            if crashes > _MOST_CRASHES:
                raise


def _spans(first_trial: int, trials: int | None, size: int) -> Iterator[tuple[int, int]]:
    """First trial and number of trials of each span of some size, the last of what is left."""
    done = 0
    while trials is None or done < trials:
        yield first_trial + done, size if trials is None else min(size, trials - done)
        done += size
