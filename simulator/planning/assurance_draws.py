"""Trials at draws of what is not known of a scenario, on all cores, each draw with its own."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from calibration.targets import Runs, SharedRuns, solve_with
from simulator.declarations.keys import steps_of
from simulator.montecarlo.costs import cost_of, prices_of
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.workers import Workers
from simulator.planning.paired import PairedTrials, run_trials
from simulator.planning.prepared import Goal, Prepared, prepare
from simulator.planning.variation import changed
from simulator.records import Floats, Ints
from simulator.results.measures import Estimate
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.schema import Scenario

_TARGETS = "hazard", "mortality_targets"
_SECONDS_A_HEARTBEAT = 1.0
DRAWN = "uncertain"  # where values of a draw come from, for messages


@dataclass(frozen=True)
class DrawTrials:
    """What the trials of a draw gave.

    Attributes
    ----------
    problem
        Why it could not be simulated; the counts are 0 then, and the rest is NaN.
    rejections, not_analysable
        (goals,): analyses, then families.
    favouring
        (goals, arms): rejections by the arm that they favour.
    mortality
        Of the arms.
    hazard_ratio
        Of the second arm against the first; NaN where the scenario has none.
    cost
        Mean of a trial; 0 without prices.
    """

    problem: Problem | None
    rejections: Ints
    not_analysable: Ints
    favouring: Ints
    mortality: tuple[float, float]
    hazard_ratio: float
    cost: float


class Design(NamedTuple):
    """A scenario whose draws are to be simulated.

    Attributes
    ----------
    loaded
        Without what is not known, which the draws tell.
    goal
        What alone is counted; None: every analysis and family.
    names
        Of the goals: analyses, then families.
    keys
        Path of each key that is drawn.
    whole
        Whether each takes whole numbers alone.
    runs
        What solves mortality targets.
    """

    loaded: LoadedScenario
    goal: Goal | None
    names: tuple[str, ...]
    keys: tuple[str, ...]
    whole: tuple[bool, ...]
    runs: Runs


def runs_for(keys: Sequence[str]) -> Runs:
    """Return what solves mortality targets at draws of these keys."""
    only_targets = all((steps_of(key) or ())[:2] == _TARGETS for key in keys)
    return SharedRuns() if only_targets else Runs()


def prepared_at(design: Design, values: Floats) -> Prepared:
    """Return the scenario at values of the keys.

    Raises
    ------
    ScenarioError
        If there is no such trial.
    """
    plain: list[Any] = [
        int(value) if whole else float(value)
        for value, whole in zip(values, design.whole, strict=True)
    ]
    loaded = changed(design.loaded, dict(zip(design.keys, plain, strict=True)), DRAWN)
    made = prepare(loaded, lambda _: None, lambda asked, _: solve_with(asked, design.runs))
    return replace(made, goal=design.goal)


def trials_at(
    design: Design, values: Floats, trials: int, seed: int, workers: Workers, first_trial: int
) -> DrawTrials:
    """Simulate trials at values of the keys; a draw of which there are none says why."""
    try:
        prepared = prepared_at(design, values)
    except ScenarioError as error:
        return _failed(len(design.names), error.problems[0])
    run = run_trials(prepared, trials, seed, workers, lambda _: None, first_trial)
    return told(prepared, run)


def _failed(goals: int, problem: Problem) -> DrawTrials:
    none, unknown = np.zeros(goals, np.int64), math.nan
    favouring = np.zeros((goals, 2), np.int64)
    return DrawTrials(problem, none, none, favouring, (unknown, unknown), unknown, unknown)


def told(prepared: Prepared, run: PairedTrials) -> DrawTrials:
    """Return what trials gave of all that is asked of draws."""
    families = () if prepared.goal is not None else run.families
    rejected = [run.rejected, *(family.any_of[:, None] for family in families)]
    known = [run.analysable, *(family.analysable[:, None] for family in families)]
    favouring = np.zeros((run.rejected.shape[1] + len(families), 2), np.int64)
    favouring[: run.rejected.shape[1]] = run.favouring
    totals, solved = run.totals, prepared.solved
    mortality = [totals.ratio("deaths", "patients", arm).mean for arm in (0, 1)]
    cost = cost_of(prices_of(solved), totals)
    return DrawTrials(
        problem=None,
        rejections=np.hstack(rejected).sum(axis=0).astype(np.int64),
        not_analysable=(~np.hstack(known)).sum(axis=0).astype(np.int64),
        favouring=favouring,
        mortality=(mortality[0], mortality[1]),
        hazard_ratio=hazard_ratio_of(solved),
        cost=0.0 if cost is None else cost.mean,
    )


def hazard_ratio_of(solved: Scenario) -> float:
    """Hazard ratio of the second arm against the first; NaN where the scenario has none.

    Under `by_session` that of a full course against a full course.
    """
    effect = solved.hazard.effect
    if effect.kind == "direct":
        return float(effect.hazard_ratio)
    if effect.kind == "by_session":
        ratios = {m.name: m.full_course_hazard_ratio for m in solved.modalities}
        first, second = (ratios.get(arm.modality or "") for arm in solved.arms)
        if first is not None and second is not None:
            return float(second) / float(first)
    return math.nan


def base_power(run: DrawTrials, trials: int) -> list[Estimate]:
    """Return the power of each goal at the scenario's own values."""
    return [
        Estimate(count / trials, standard_error(count, trials)) for count in run.rejections.tolist()
    ]


def each_draw(
    work: Callable[[int], Any], numbers: Sequence[int], jobs: int
) -> Iterator[Any | None]:
    """Yield the work of each draw in their order, None every second while one is waited for.

    Compiled kernels let other threads run, so threads do the work, and this one can be stopped.
    """
    pending: deque[Future[Any]] = deque()
    left = iter(numbers)
    pool = ThreadPoolExecutor(jobs)
    try:
        while True:
            while len(pending) < 2 * jobs and (number := next(left, None)) is not None:
                pending.append(pool.submit(work, number))
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
