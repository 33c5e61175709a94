"""Workers of this machine: threads for the compiled engine, processes for the reference engine."""

import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator.errors import LostWorkersError
from simulator.interrupts import unbroken
from simulator.log import count, event
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.open_unit import OpenUnit, Part, UnitResult
from simulator.montecarlo.parts import run_part
from simulator.montecarlo.sums import Sums
from simulator.montecarlo.units import run_unit
from simulator.montecarlo.work import Done, Results, Work, spans

_TRIALS_A_TASK = 50  # of the reference engine, whose units are shared out in parts
_SECONDS_A_TASK = 3.0  # a process takes longer to begin
_SECONDS_A_REFERENCE_PATIENT = 1e-3
_SECONDS_A_HEARTBEAT = 1.0
_MOST_CRASHES = 5  # one after another, with nothing done meanwhile
_SECONDS_BETWEEN_LOOKS = 1.0


def by_threads(works: Iterable[Work], jobs: int) -> Results:
    """Yield units in their order, those of one run after those of another, a few of them ahead.

    None is yielded every second while a unit is waited for. Compiled kernels let other threads run,
    so threads do the work, and this one can be stopped.
    """
    units = ((work, span) for work in works for span in work.spans())
    pending: deque[tuple[Work, Future[Done]]] = deque()
    pool = ThreadPoolExecutor(jobs)
    try:
        while True:
            while len(pending) < 2 * jobs and (unit := next(units, None)) is not None:
                work, span = unit
                pending.append((work, pool.submit(work.done, *span)))
            if not pending:
                return
            work, future = pending[0]
            if work.over:
                future.cancel()
                pending.popleft()
                continue
            try:
                done = future.result(_SECONDS_A_HEARTBEAT)
            except TimeoutError:
                yield work, None
                continue
            pending.popleft()
            yield work, done
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def by_processes(works: Iterable[Work], jobs: int) -> Results:
    """Yield units in their order, one run after another; SimPy needs processes."""
    for work in works:
        for found in _in_parts(work, jobs):
            yield work, found
            if work.over:
                break


def _in_parts(work: Work, jobs: int) -> Iterator[Done | Sums]:
    """Yield the units of a run, and after each part of one what is known of it.

    A unit is shared out in parts, which this process adds up in the order of their trials: the bits
    are those of a unit that one worker adds up. After Ctrl-C the parts that are done are a unit.
    """
    begun = 0
    for first, wanted in work.spans():
        found = work.found(first, wanted)
        if found is None:
            break
        begun += wanted
        yield Done(found, partial(_anew, work, first), was_kept=True)
    parts, unit = list[Part](), OpenUnit(work.params, work.asked)
    spans_left = work.spans(begun)
    first, wanted = next(spans_left, (0, 0))
    try:
        for part in _in_processes(work, begun, jobs):
            with unbroken:
                unit.add(part, part.trials)
                parts.append(part)
            if unit.trials < wanted:
                yield unit.sums
                continue
            done = _done(work, unit, parts)
            work.keep(first, done.unit)
            parts, unit = [], OpenUnit(work.params, work.asked)
            first, wanted = next(spans_left, (0, 0))
            yield done
    except KeyboardInterrupt:
        if parts:
            yield _done(work, unit, parts)
        raise


def _anew(work: Work, first_trial: int, trials: int) -> UnitResult:
    """Work at the first trials of a unit that was found."""
    return run_unit(work.params, work.asked, Engine.REFERENCE, work.seed, first_trial, trials)


def _done(work: Work, unit: OpenUnit, parts: list[Part]) -> Done:
    def first(trials: int) -> UnitResult:
        again = OpenUnit(work.params, work.asked)
        for part in parts:
            again.add(part, min(trials - again.trials, part.trials))
        return again.close()

    return Done(unit.close(), first)


def _in_processes(work: Work, begun: int, jobs: int) -> Iterator[Part]:
    """Yield the parts after so many trials in their order.

    What a process that was killed took with it is run again.
    """
    seconds = work.params.trial.target_randomised * _SECONDS_A_REFERENCE_PATIENT
    size = max(1, int(min(_TRIALS_A_TASK, _SECONDS_A_TASK / seconds)))
    asked = work.params, work.asked, Engine.REFERENCE, work.seed
    number, done, crashes, last = 0, 0, 0, 0
    while True:
        pool = joblib.Parallel(
            n_jobs=jobs,
            backend="loky",
            return_as="generator",
            pre_dispatch="2*n_jobs",
            initializer=_watch_parent,
            initargs=(os.getpid(),),
        )
        tasks = (task for first, n in work.spans(begun) for task in spans(first, n, size))
        left = itertools.islice(tasks, number, None)
        try:
            for part in pool(joblib.delayed(run_part)(*asked, *task) for task in left):
                number += 1
                done += part.trials
                yield part
            return
        except TerminatedWorkerError:
            crashes = 1 if number > last else crashes + 1
            last = number
            count(crashes=1)
            event("worker killed", level=logging.WARNING, trials_done=done, in_a_row=crashes)
            if crashes > _MOST_CRASHES:
                raise LostWorkersError(
                    f"workers were killed {crashes} times over the same trials, after {done:,} of "
                    f"this run, as the system does where memory runs out; ask for fewer --jobs, or "
                    f"for fewer patients: the same command goes on from what is kept"
                ) from None


def _watch_parent(parent: int) -> None:
    """Let this process not outlive the one that has started it; joblib's would wait for minutes."""
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
