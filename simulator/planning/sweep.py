"""A scenario at several values of some keys, each point with the same random numbers."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.declarations.estimands import tests_of
from simulator.declarations.quantities import name_with_unit
from simulator.montecarlo.judgement import judge
from simulator.montecarlo.loop import Engine, Evaluation, run_unit
from simulator.montecarlo.operations import operations_of
from simulator.planning.paired import PairedTrials, rate_beside, run_trials
from simulator.planning.prepared import Prepared
from simulator.planning.variation import combinations, present, variants
from simulator.results.measures import CONVENTIONAL_POWER, NullHypothesis
from simulator.results.sweep import PointPower, Sweep, SweepPoint
from simulator.scenario.errors import Problem, ScenarioError
from simulator.version import program_version

_LABELS = "name", "title", "label", "text", "reason", "registry_id", "currency", "null_hypothesis"
_PILOT_TRIALS = 50


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
    *,
    target_power: float = CONVENTIONAL_POWER,
) -> Sweep:
    """Run the same trials at every point, the base first.

    Parameters
    ----------
    watch
        Called with the number of the point, from 1, and how many of its trials are done.
    target_power
        What each power is judged by.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the base is done; later, the points that are done are returned.
    """
    base: PairedTrials | None = None
    order = sorted(range(len(planned.points)), key=lambda i: planned.points[i] != planned.own)
    found: dict[int, SweepPoint] = {}
    for number, index in enumerate(order, start=1):
        prepared, values = planned.scenarios[index], planned.points[index]
        try:
            run = run_trials(prepared, trials, seed, jobs, partial(watch, number))
        except KeyboardInterrupt:
            if base is None:
                raise
            break
        base = base or run
        powers = _powers(prepared, run, base, target_power)
        found[index] = _point(values, values == planned.own, prepared, powers, run)
    own, null = planned.base, NullHypothesis(planned.base.asked.null_hypothesis)
    return Sweep(
        scenario=own.solved.name,
        title=own.solved.title,
        seed=seed,
        trials=trials,
        version=program_version(),
        null_hypothesis=null,
        threshold=judge(null, 0.0, 1.0, own.plans[0].alpha, target_power).threshold,
        keys=tuple(planned.own),
        names={key: name_with_unit(key, _value_at(own)) for key in planned.own},
        base=planned.own,
        interrupted=len(found) < len(planned.points),
        points=tuple(found[index] for index in sorted(found)),
    )


def _value_at(base: Prepared) -> Callable[[str], Any]:
    """Return what looks up the value of a key; None where the scenario has none."""
    return {key: value for key, value, _ in base.loaded.values()}.get


def _powers(
    prepared: Prepared, run: PairedTrials, base: PairedTrials, target: float
) -> tuple[PointPower, ...]:
    null = NullHypothesis(prepared.asked.null_hypothesis)
    powers = []
    tests = tests_of(prepared.plans)
    for k, (plan, test) in enumerate(zip(prepared.plans, tests, strict=True)):
        rate = rate_beside(run.rejected[:, k], base.rejected[:, k])
        if run is base:
            rate = rate._replace(difference=0.0, paired_mcse=math.nan)
        verdict = judge(null, rate.ci_low, rate.ci_high, plan.alpha, target)
        powers.append(PointPower(plan.name, *rate, verdict.judgement, test.label))
    return tuple(powers)


def _point(
    values: dict[str, Any],
    is_base: bool,
    prepared: Prepared,
    powers: tuple[PointPower, ...],
    run: PairedTrials,
) -> SweepPoint:
    o = operations_of(prepared.solved, prepared.params, run.totals)
    return SweepPoint(
        values=values,
        is_base=is_base,
        analyses=powers,
        enrolment_days=o.enrolment_days,
        target_reached=o.target_reached,
        on_time=o.on_time,
        randomised=o.randomised,
        mortality=o.mortality,
        lost=o.lost,
        patients=o.patients,
        sessions_delivered=o.sessions_delivered,
        plasma_litres=o.plasma_litres,
        short_of_plasma_share=o.short_of_plasma_share,
    )
