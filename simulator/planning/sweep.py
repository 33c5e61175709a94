"""A scenario at several values of some keys, each point with the same random numbers."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.declarations.claims import is_of_trial
from simulator.declarations.estimands import tests_of
from simulator.declarations.keys import steps_of
from simulator.declarations.quantities import name_with_unit
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.judgement import judge
from simulator.montecarlo.multiplicity import families_of
from simulator.montecarlo.operations import operations_of
from simulator.montecarlo.units import run_unit, trials_a_unit
from simulator.montecarlo.workers import Workers
from simulator.params.types import Bools
from simulator.planning.accepted import accepted
from simulator.planning.effects import null_in_effect
from simulator.planning.goals import asked_for
from simulator.planning.held_numbers import held_numbers
from simulator.planning.paired import UNKNOWN, FamilyTrials, PairedTrials, paired_runs, rate_beside
from simulator.planning.power import drift_of, selection_bias_of
from simulator.planning.prepared import Goal, Prepared, prepare
from simulator.planning.variation import Variants, combinations, value_at
from simulator.results.measures import CONVENTIONAL_POWER
from simulator.results.sweep import PointFamily, PointPower, Sweep, SweepPoint
from simulator.scenario.errors import Problem, ScenarioError
from simulator.version import program_version

_LABELS = "name", "title", "label", "text", "reason", "registry_id", "currency", "null_hypothesis"
_ASKED = "analyses", "multiplicity"
_PILOTS = 3  # after one that loads what it needs
_FEW_PATIENTS = 10_000_000  # at 2 microseconds each, or 50 where a test draws each anew


@dataclass(frozen=True)
class Planned:
    """A sweep that can be run: its points, the base among them or, alone, before them.

    `ready` makes a point ready by its number; `patients` are the points'. `goal` is the analysis or
    family that it is of; None: all. `names` are those of the keys.
    """

    base: Prepared
    own: dict[str, Any]
    points: list[dict[str, Any]]
    ready: Callable[[int], Prepared]
    patients: list[int]
    names: dict[str, str]
    goal: Goal | None = None

    def seconds(self, trials: int, jobs: int) -> float:
        """Roughly how long it takes, from the speed of a unit of work of the base.

        In time of the processor, since others may be at work on it, and the least of several, once
        all is loaded: a machine can only be slower than it is. Few patients take no time that has
        to be foretold.
        """
        patients = sum(self.patients)
        if patients * trials <= _FEW_PATIENTS:
            return 0.0
        params, plans = self.base.params, self.base.plans
        families = families_of(self.base.asked, plans)
        asked = Evaluation(
            plans, (UNKNOWN,) * len(plans), families, monitoring=self.base.monitoring
        )
        pilot = trials_a_unit(params, plans)
        least = math.inf
        for _ in range(1 + _PILOTS):
            begun = time.thread_time()
            run_unit(params, asked, Engine.COMPILED, 0, FIRST_AUXILIARY_TRIAL, pilot)
            least = min(least, time.thread_time() - begun)
        return least / pilot / params.trial.target_randomised * patients * trials / jobs


def plan_sweep(
    base: Prepared,
    vary: Mapping[str, Sequence[Any]],
    origin: str,
    say: Callable[[str], None],
    analysis: str | None = None,
) -> Planned:
    """Check every point of a sweep and make it ready.

    Parameters
    ----------
    vary
        Values by key, as `LoadedScenario.key` gives it.
    origin
        Where they come from, for messages.
    analysis
        Name of the analysis, or family of those judged together, that is asked for; None: all.

    Raises
    ------
    ScenarioError
        If a point is no scenario that can be simulated.
    """
    for key in vary:
        steps = steps_of(key) or (key,)
        if steps[0] in _ASKED and len(steps) <= 2:
            rule = "is what is asked, which every point is to share"
            remedy = "list it in the file, or vary a key of it"
            raise ScenarioError(Problem(origin, 0, key, "", rule, remedy))
        if steps[-1] in _LABELS or not is_of_trial(key):
            rule = "is a label, or says what is asked: it is no part of the trial's course"
            raise ScenarioError(Problem(origin, 0, key, "", rule, "vary another key"))
        if not is_of_trial(key):
            rule = "changes no simulated trial"
            raise ScenarioError(Problem(origin, 0, key, "", rule, "vary another key"))
    own = {key: base.loaded.value(key) for key in vary}
    for key, value in own.items():
        if isinstance(value, int | float) and any(isinstance(v, list) for v in vary[key]):
            rule = "holds a number, not a list"
            raise ScenarioError(Problem(origin, 0, key, "", rule, "leave the brackets out"))
    points = list(combinations({key: [_plain(v) for v in values] for key, values in vary.items()}))
    if own not in points:
        points.insert(0, own)
    others = [point for point in points if point != own]
    names = {key: name_with_unit(key, value_at(base.loaded)) for key in vary}
    narrow, goal = asked_for(base, analysis)
    alone = base if goal is None else prepare(narrow(base.loaded), say)
    variants = Variants(base.loaded, others, origin, say, narrow)
    place = points.index(own)
    of_others = variants.check()
    patients = [*of_others[:place], alone.params.trial.target_randomised, *of_others[place:]]

    def ready(number: int) -> Prepared:
        return alone if number == place else variants.at(number - (number > place))

    return Planned(alone, own, points, ready, patients, names, goal)


def _plain(value: Any) -> Any:
    """A value as a file has it: what Python calls a tuple is a list there."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def run_sweep(
    planned: Planned,
    trials: int,
    seed: int,
    workers: Workers,
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
    acceptance = accepted(planned.base, workers.jobs)
    base: PairedTrials | None = None
    order = sorted(range(len(planned.points)), key=lambda i: planned.points[i] != planned.own)
    found: dict[int, SweepPoint] = {}
    scenarios = (
        (planned.ready(index), partial(watch, number))
        for number, index in enumerate(order, start=1)
    )
    runs = paired_runs(scenarios, trials, seed, workers)
    for index in order:
        prepared, values = planned.ready(index), planned.points[index]
        try:
            run = next(runs)
        except KeyboardInterrupt:
            if base is None:
                raise
            break
        base = base or run
        made = _Rates(prepared, run, base, target_power, planned.goal)
        found[index] = _point(values, values == planned.own, made)
    own = planned.base
    null = null_in_effect(own.asked, own.solved)
    alpha = own.plans[0].alpha if planned.goal is None else planned.goal.alpha
    return Sweep(
        scenario=own.solved.name,
        title=own.solved.title,
        seed=seed,
        trials=trials,
        version=program_version(),
        null_hypothesis=null,
        threshold=judge(null, 0.0, 1.0, alpha, target_power, trials=trials).threshold,
        keys=tuple(planned.own),
        names=planned.names,
        analysis=None if planned.goal is None else planned.goal.name,
        base=planned.own,
        interrupted=len(found) < len(planned.points),
        points=tuple(found[index] for index in sorted(found)),
        selection_bias=selection_bias_of(own.solved),
        drift=drift_of(own.solved),
        acceptance=acceptance,
        held=held_numbers(own.asked, tuple(planned.own)),
    )


class _Rates(NamedTuple):
    """Trials of a point beside the base's, and what rates are judged by."""

    prepared: Prepared
    run: PairedTrials
    base: PairedTrials
    target: float
    goal: Goal | None

    def of(
        self,
        name: str,
        label: str,
        alpha: float,
        rejected: Bools,
        before: Bools,
        analysable: Bools,
    ) -> PointPower:
        """How often something rejects, at its level."""
        rate = rate_beside(rejected, before, analysable)
        if self.run is self.base:
            rate = rate._replace(difference=0.0, paired_mcse=math.nan)
        null = null_in_effect(self.prepared.asked, self.prepared.solved)
        limits, trials = (rate.ci_low, rate.ci_high), len(rejected)
        verdict = judge(null, *limits, alpha, self.target, trials=trials)
        return PointPower(name=name, label=label, **rate._asdict(), judgement=verdict.judgement)

    @property
    def labels(self) -> list[str]:
        """What each analysis is called in a table or a figure."""
        return [test.label for test in tests_of(self.prepared.plans)]

    def analyses(self) -> tuple[PointPower, ...]:
        """Each analysis, or the goal alone: of a family, that any or all of it is rejected."""
        if self.goal is not None and self.goal.is_family:
            family = self.families()[0]
            found = family.all if self.goal.of_all else family.any
            return (replace(found, name=self.goal.name, label=self.goal.test_name),)
        run, base = self.run, self.base
        plans = self.prepared.plans[: None if self.goal is None else 1]
        named = zip(plans, self.labels[: len(plans)], strict=True)
        return tuple(
            self.of(
                plan.name,
                label,
                plan.alpha,
                run.rejected[:, k],
                base.rejected[:, k],
                run.analysable[:, k],
            )
            for k, (plan, label) in enumerate(named)
        )

    def families(self) -> tuple[PointFamily, ...]:
        pairs = zip(self.run.families, self.base.families, strict=True)
        return tuple(self._family(now, then) for now, then in pairs)

    def _family(self, now: FamilyTrials, then: FamilyTrials) -> PointFamily:
        family, plans, labels = now.family, self.prepared.plans, self.labels
        alpha, known = family.alpha, now.analysable
        return PointFamily(
            name=family.name,
            method=family.method,
            alpha=alpha,
            by_analysis=tuple(
                self.of(
                    plans[column].name,
                    labels[column],
                    alpha,
                    now.rejected[:, j],
                    then.rejected[:, j],
                    self.run.analysable[:, column],
                )
                for j, column in enumerate(family.columns)
            ),
            any=self.of("any", "at least one", alpha, now.any_of, then.any_of, known),
            all=self.of("all", "all", alpha, now.all_of, then.all_of, known),
        )


def _point(values: dict[str, Any], is_base: bool, made: _Rates) -> SweepPoint:
    prepared, run = made.prepared, made.run
    o = operations_of(prepared.solved, prepared.params, run.totals)
    return SweepPoint(
        values=values,
        is_base=is_base,
        analyses=made.analyses(),
        families=made.families(),
        target_randomised=o.target_randomised,
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
