"""The Monte Carlo loop: trials in chunks, on any number of processes, always the same answer."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import joblib
import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator.analysis import END, REASONS, AnalysisPlan, AnalysisTable, Reason, analyse
from simulator.engines.reference import simulate
from simulator.operations import Operations, joined, operations_of
from simulator.params.types import Params

TRIALS_PER_CHUNK = 50  # about a second's work; fixed, since --precision is judged chunk by chunk
LEAST_TRIALS_FOR_PRECISION = 1_000
_MOST_CRASHES = 5
_Z95 = 1.959963984540054


class Stop(NamedTuple):
    """When to stop: after `trials`, or once every analysis has this Monte Carlo standard error."""

    trials: int | None
    standard_error: float | None


class Chunk(NamedTuple):
    """What one chunk of trials gave."""

    table: AnalysisTable
    operations: Operations


@dataclass(frozen=True)
class MonteCarlo:
    """Trials 0 to `trials` - 1 of a scenario and seed, analysed."""

    seed: int
    plans: tuple[AnalysisPlan, ...]
    table: AnalysisTable
    operations: Operations
    interrupted: bool

    @property
    def trials(self) -> int:
        """Number of trials."""
        return int(self.table.p_value.shape[0])


def standard_error(rejections: int, trials: int) -> float:
    """Monte Carlo standard error of a share, from (r + 2) / (n + 4)."""
    share = (rejections + 2) / (trials + 4)
    return math.sqrt(share * (1 - share) / (trials + 4))


def interval(rejections: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson's score."""
    share, z2 = rejections / trials, _Z95 * _Z95
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = (
        _Z95
        / (1 + z2 / trials)
        * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    )
    low = 0.0 if rejections == 0 else centre - half
    high = 1.0 if rejections == trials else centre + half
    return low, high


@dataclass(frozen=True)
class AnalysisEstimate:
    """How often an analysis rejects, with its Monte Carlo error.

    Attributes
    ----------
    rejections, favouring
        Trials with p <= alpha; those among them that favour each arm.
    power
        Share of all trials that reject; a trial that cannot be analysed does not.
    mcse
        Monte Carlo standard error, from (r + 2) / (n + 4) (Agresti and Coull 1998).
    ci_low, ci_high
        95 % interval by Wilson's score (1927).
    not_analysable, reasons
        Trials without a result, and how many for each reason.
    """

    name: str
    estimand: str
    alpha: float
    trials: int
    rejections: int
    favouring: tuple[int, ...]
    power: float
    mcse: float
    ci_low: float
    ci_high: float
    not_analysable: int
    reasons: dict[str, int]


def estimates(run: "MonteCarlo", estimands: Sequence[str], arms: int) -> list[AnalysisEstimate]:
    """Summarise each analysis over the trials of a run."""
    return [
        _estimate(run, index, plan, text, arms)
        for index, (plan, text) in enumerate(zip(run.plans, estimands, strict=True))
    ]


def _estimate(
    run: "MonteCarlo", index: int, plan: AnalysisPlan, text: str, arms: int
) -> AnalysisEstimate:
    rejected = run.table.p_value[:, index] <= plan.alpha
    favours, reason = run.table.favours[:, index], run.table.reason[:, index]
    rejections = int(rejected.sum())
    low, high = interval(rejections, run.trials)
    return AnalysisEstimate(
        name=plan.name,
        estimand=text,
        alpha=plan.alpha,
        trials=run.trials,
        rejections=rejections,
        favouring=tuple(int((rejected & (favours == arm)).sum()) for arm in range(arms)),
        power=rejections / run.trials,
        mcse=standard_error(rejections, run.trials),
        ci_low=low,
        ci_high=high,
        not_analysable=int((reason != Reason.ANALYSED).sum()),
        reasons={
            REASONS[why]: int((reason == why).sum())
            for why in Reason
            if why is not Reason.ANALYSED and (reason == why).any()
        },
    )


def run_chunk(
    params: Params, plans: tuple[AnalysisPlan, ...], seed: int, first_trial: int, trials: int
) -> Chunk:
    """Simulate and analyse trials `first_trial` to `first_trial + trials - 1`."""
    records = simulate(params, seed, first_trial, trials)
    table = analyse(records, plans, params.trial.follow_up_days, END)
    return Chunk(table, operations_of(params, records))


def monte_carlo(
    params: Params,
    plans: tuple[AnalysisPlan, ...],
    seed: int,
    stop: Stop,
    jobs: int,
    watch: Callable[[int, list[int]], None],
) -> MonteCarlo:
    """Simulate and analyse trials until `stop`.

    Parameters
    ----------
    jobs
        Processes; the answer does not depend on it.
    watch
        Called after each chunk with the number of trials and the rejections by analysis so far.

    Returns
    -------
    MonteCarlo
        Complete or, after Ctrl-C, with the unbroken run of chunks from the first that was done.

    Raises
    ------
    KeyboardInterrupt
        If not even the first chunk was done.
    """
    done: list[Chunk] = []
    trials, rejections = 0, np.zeros(len(plans), dtype=np.int64)
    interrupted = False
    alpha = np.array([plan.alpha for plan in plans])
    try:
        for chunk in _chunks(params, plans, seed, stop, jobs):
            done.append(chunk)
            trials += chunk.table.p_value.shape[0]
            rejections += (chunk.table.p_value <= alpha).sum(axis=0)
            watch(trials, rejections.tolist())
            if stop.standard_error is not None and trials >= LEAST_TRIALS_FOR_PRECISION:
                errors = [standard_error(r, trials) for r in rejections.tolist()]
                if max(errors) <= stop.standard_error:
                    break
    except KeyboardInterrupt:
        if not done:
            raise
        interrupted = True
    return MonteCarlo(
        seed=seed,
        plans=plans,
        table=AnalysisTable(
            *(np.concatenate(c) for c in zip(*(chunk.table for chunk in done), strict=True))
        ),
        operations=joined([chunk.operations for chunk in done]),
        interrupted=interrupted,
    )


def _chunks(
    params: Params, plans: tuple[AnalysisPlan, ...], seed: int, stop: Stop, jobs: int
) -> Iterator[Chunk]:
    """Yield chunks in the order of their trials, without end if `stop` names no number.

    A worker that is killed takes its pool with it; what is missing is then run again.
    """
    number, crashes = 0, 0
    while True:
        pool = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs")
        work = (
            joblib.delayed(run_chunk)(params, plans, seed, first, size)
            for first, size in _spans(stop.trials, number)
        )
        try:
            for chunk in pool(work):
                number += 1
                yield chunk
            return
        except TerminatedWorkerError:
            crashes += 1
            if crashes > _MOST_CRASHES:
                raise


def _spans(trials: int | None, first_chunk: int) -> Iterator[tuple[int, int]]:
    """First trial and number of trials of each chunk from `first_chunk` on."""
    first = first_chunk * TRIALS_PER_CHUNK
    while trials is None or first < trials:
        left = TRIALS_PER_CHUNK if trials is None else min(TRIALS_PER_CHUNK, trials - first)
        yield first, left
        first += TRIALS_PER_CHUNK
