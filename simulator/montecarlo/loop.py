"""The Monte Carlo loop: trials in units of work, on any number of workers, one answer."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import Bools
from simulator.interrupts import unbroken
from simulator.montecarlo.cluster import by_cluster
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.journal import Journal
from simulator.montecarlo.local import by_processes, by_threads
from simulator.montecarlo.multiplicity import Joint
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.performance import Estimation
from simulator.montecarlo.sums import Sums
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.work import Done, Results, Waiting, Work
from simulator.montecarlo.workers import Workers
from simulator.params.types import Params
from simulator.records import Ints

TRIALS_PER_CHUNK = 50  # --precision is judged after each; fixed, so that it stops where it stops
LEAST_TRIALS_FOR_PRECISION = 1_000

Watch = Callable[[int, list[int]], None]


class Stop(NamedTuple):
    """When to stop: after `trials`, or once every analysis has this Monte Carlo standard error."""

    trials: int | None
    standard_error: float | None


class Run(NamedTuple):
    """Trials that are asked for.

    Attributes
    ----------
    watch
        Called after each unit of work, and every second while one is waited for, with the number of
        trials and the rejections by analysis.
    keep
        Called before that with the unit's first trial and its results, in the order of trials.
    first_trial
        Index of the first: trials of other indices are other trials.
    precise_after
        Trials of the next unit after which the run is as precise as is asked, None if not yet; by
        default every share of trials that reject is to be.
    """

    params: Params
    asked: Evaluation
    seed: int
    stop: Stop
    watch: Watch
    keep: Callable[[int, UnitResult], None]
    first_trial: int = 0
    precise_after: Callable[[UnitResult, float], int | None] | None = None


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


def monte_carlo(run: Run, workers: Workers, engine: Engine) -> MonteCarlo:
    """Simulate and analyse trials until they are to stop.

    Parameters
    ----------
    workers
        Who simulates; the answer depends neither on them nor on the engine.

    Returns
    -------
    MonteCarlo
        Complete or, after Ctrl-C, with the unbroken run of units from the first that was done.

    Raises
    ------
    KeyboardInterrupt
        If not even the first unit was done.
    """
    with closing(monte_carlo_runs([run], workers, engine)) as results:
        return next(results)


def monte_carlo_runs(
    runs: Iterable[Run], workers: Workers, engine: Engine
) -> Generator[MonteCarlo, None, None]:
    """Simulate and analyse several runs, one after another, and yield what each gives.

    While the last units of one run are worked at, the next one is fetched and begun, so that no
    worker waits for another, nor for what `runs` does to make a run. After Ctrl-C the run that was
    interrupted is the last.

    Raises
    ------
    KeyboardInterrupt
        If not even the first unit of a run was done.
    """
    journals = deque[Journal]()

    def works() -> Iterator[Work]:
        for run in runs:
            asked = run.params, run.asked, run.seed, run.stop.trials, run.first_trial
            work = Work(*asked, engine, workers.units, run)
            journals.append(Journal(work, engine))
            yield work

    run: Run | None = None
    whole: Sums | None = None
    try:
        for work, done in _done_by(workers, engine, works()):
            if whole is None:
                run, whole = work.run, work.asked.new_sums(work.params)
            assert run is not None
            if not isinstance(done, Done):
                _tell(run.watch, whole, done)
                continue
            with unbroken:
                work.over = _take_in(run, whole, done)
                journals[0].take_in(done)
            if work.over:
                finished, whole = whole, None
                journals.popleft().close(finished.trials, interrupted=False)
                yield MonteCarlo(engine, run.seed, run.asked, finished, interrupted=False)
    except KeyboardInterrupt:
        if run is None or whole is None or whole.trials == 0:
            raise
        journals[0].close(whole.trials, interrupted=True)
        yield MonteCarlo(engine, run.seed, run.asked, whole, interrupted=True)


def _done_by(workers: Workers, engine: Engine, works: Iterable[Work]) -> Results:
    """Yield units by whoever works at them."""
    if workers.cluster is not None:
        return by_cluster(works, workers.cluster, engine)
    engage = by_threads if engine is Engine.COMPILED else by_processes
    return engage(works, workers.jobs)


def _take_in(run: Run, whole: Sums, done: Done) -> bool:
    """Take in the next unit of a run; return whether that was the last one."""
    unit, enough = done.unit, None
    if run.stop.standard_error is not None:
        if run.precise_after is None:
            enough = _precise_after(whole, unit.verdicts.rejected, run.stop.standard_error)
        else:
            enough = run.precise_after(unit, run.stop.standard_error)
        unit = unit if enough is None else done.first(enough)
    run.keep(whole.trials, unit)
    whole.merge(unit.sums)
    _tell(run.watch, whole, None)
    return enough is not None or whole.trials == run.stop.trials


def _tell(watch: Watch, whole: Sums, waiting: Waiting) -> None:
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
