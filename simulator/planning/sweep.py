"""A scenario at several values of some keys, each point with the same random numbers."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.montecarlo.loop import Engine, Evaluation, run_unit
from simulator.montecarlo.totals import Totals
from simulator.planning.paired import PairedTrials, Rate, rate_beside, run_trials
from simulator.planning.prepared import Prepared
from simulator.planning.variation import combinations, present, variants
from simulator.scenario.errors import Problem, ScenarioError

_LABELS = "name", "title", "label", "text", "registry_id", "currency", "null_hypothesis"
_PILOT_TRIALS = 50


@dataclass(frozen=True)
class Point:
    """One combination of values.

    Attributes
    ----------
    values
        By key.
    is_base
        Whether the values are the scenario's own.
    rates
        By analysis, in the scenario's order, beside the base point's.
    """

    values: dict[str, Any]
    is_base: bool
    prepared: Prepared
    rates: tuple[Rate, ...]
    totals: Totals


@dataclass(frozen=True)
class Planned:
    """A sweep that can be run: its points, the base among them or, alone, before them."""

    base: Prepared
    own: dict[str, Any]
    points: list[dict[str, Any]]
    scenarios: list[Prepared]

    def seconds(self, trials: int, jobs: int) -> float:
        """Roughly how long it takes, from the speed of a few trials of the base."""
        plans = self.base.plans
        asked = Evaluation(plans, (), ())
        run_unit(self.base.params, asked, Engine.COMPILED, 0, FIRST_AUXILIARY_TRIAL, 1)
        begun = time.perf_counter()
        run_unit(self.base.params, asked, Engine.COMPILED, 0, FIRST_AUXILIARY_TRIAL, _PILOT_TRIALS)
        a_patient = (time.perf_counter() - begun) / _PILOT_TRIALS
        a_patient /= self.base.params.trial.target_randomised
        patients = sum(prepared.params.trial.target_randomised for prepared in self.scenarios)
        return a_patient * patients * trials / jobs


def plan_sweep(
    base: Prepared, vary: Mapping[str, Sequence[Any]], origin: str, say: Callable[[str], None]
) -> Planned:
    """Check every point of a sweep and make it ready.

    Parameters
    ----------
    vary
        Values by key, as `LoadedScenario.key` gives it.
    origin
        Where they come from, for messages.

    Raises
    ------
    ScenarioError
        If a point is no scenario that can be simulated.
    """
    for key in vary:
        if key.rpartition(".")[2] in _LABELS:
            rule = "is a label, or says what is asked: it is no part of the trial's course"
            raise ScenarioError(Problem(origin, 0, key, "", rule, "vary another key"))
    own = {key: present(base.loaded, key) for key in vary}
    points = list(combinations(vary))
    if own not in points:
        points.insert(0, own)
    others = [point for point in points if point != own]
    made = iter(variants(base, others, origin, say))
    return Planned(base, own, points, [base if point == own else next(made) for point in points])


def run_sweep(
    planned: Planned,
    trials: int,
    seed: int,
    jobs: int,
    watch: Callable[[int, int], None],
) -> list[Point]:
    """Run the same trials at every point, the base first.

    Parameters
    ----------
    watch
        Called with the number of the point, from 1, and how many of its trials are done.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the base is done; later, the points that are done are returned.
    """
    base: PairedTrials | None = None
    order = sorted(range(len(planned.points)), key=lambda i: planned.points[i] != planned.own)
    found: dict[int, Point] = {}
    for number, index in enumerate(order, start=1):
        prepared, values = planned.scenarios[index], planned.points[index]
        try:
            run = run_trials(prepared, trials, seed, jobs, partial(watch, number))
        except KeyboardInterrupt:
            if base is None:
                raise
            break
        base = base or run
        rates = _rates(run, base)
        found[index] = Point(values, values == planned.own, prepared, rates, run.totals)
    return [found[index] for index in sorted(found)]


def _rates(run: PairedTrials, base: PairedTrials) -> tuple[Rate, ...]:
    rates = [
        rate_beside(run.rejected[:, k], base.rejected[:, k]) for k in range(run.rejected.shape[1])
    ]
    if run is base:
        rates = [rate._replace(difference=0.0, paired_mcse=math.nan) for rate in rates]
    return tuple(rates)
