"""Designs that are tried: trials at values of the choices, added up as they are run."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simulator.constants import NORMAL_QUANTILE_975
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.workers import Workers
from simulator.planning.choices import CHOICES
from simulator.planning.goals import Narrow
from simulator.planning.held import Step, variant
from simulator.planning.levers import reached_of
from simulator.planning.paired import PairedTrials, run_trials
from simulator.planning.pareto import Merits
from simulator.planning.prepared import Goal, Prepared
from simulator.results.design import Constraint, Design, Feasibility
from simulator.results.measures import Estimate

Say = Callable[[str], None]


@dataclass(frozen=True)
class Limits:
    """What a design has to meet; None: no limit."""

    power: float
    days: float | None
    budget: float | None

    def of(self, constraint: Constraint) -> float | None:
        """Return the limit of a constraint."""
        limits = {Constraint.DAYS: self.days, Constraint.BUDGET: self.budget}
        return limits.get(constraint, self.power)

    @property
    def asked(self) -> tuple[Constraint, ...]:
        """The constraints that have a limit."""
        return tuple(one for one in Constraint if self.of(one) is not None)


@dataclass
class Bench:
    """Runs trials of designs.

    Attributes
    ----------
    next_trial
        The first trial that no design was run with.
    """

    base: Prepared
    narrow: Narrow
    goal: Goal
    seed: int
    workers: Workers
    say: Say
    next_trial: int = 0

    def design(self, values: Mapping[str, Any]) -> "Tried":
        """Return a design, ready to be tried.

        Raises
        ------
        ScenarioError
            If no such trial can be simulated.
        """
        ordered = [word for word in CHOICES if word in values]
        ordered += [key for key in values if key not in CHOICES]
        steps = [_step(word, values[word]) for word in ordered]
        prepared = variant(self.base, steps, "choose", self.say, self.narrow)
        return Tried(dict(values), replace(prepared, goal=self.goal))

    def fresh(self, trials: int) -> int:
        """Return the first of so many trials that no design was run with."""
        first, self.next_trial = self.next_trial, self.next_trial + trials
        return first

    def run(self, tried: "Tried", trials: int, first_trial: int, what: str) -> None:
        """Judge a design by some trials, and by these alone."""
        self.say(f"{what}: {tried.name}, {trials:,} trials")
        tried.run = run_trials(
            tried.prepared, trials, self.seed, self.workers, lambda _: None, first_trial
        )


def _step(word: str, value: Any) -> Step:
    if word not in CHOICES:
        return {word: value}
    return lambda scenario: CHOICES[word].values(scenario, value)


@dataclass
class Tried:
    """A design and the trials that it is judged by."""

    values: dict[str, Any]
    prepared: Prepared
    run: PairedTrials | None = field(default=None, repr=False)
    confirmed: bool = False

    @property
    def name(self) -> str:
        """Its values in short."""
        return ", ".join(f"{key} = {value}" for key, value in self.values.items())

    @property
    def patients(self) -> int:
        """Planned."""
        return self.prepared.params.trial.target_randomised

    @property
    def trials(self) -> PairedTrials:
        """Its trials, which are run."""
        assert self.run is not None
        return self.run

    @property
    def rejections(self) -> int:
        """Trials that reject."""
        return int(self.trials.rejected[:, 0].sum())

    def estimate(self, constraint: Constraint) -> Estimate:
        """Return what a constraint is on; a cost of nothing where none is counted."""
        run, count = self.trials, len(self.trials.rejected)
        if constraint is Constraint.POWER:
            return Estimate(self.rejections / count, standard_error(self.rejections, count))
        if constraint is Constraint.DAYS:
            return run.totals.mean("trial_days")
        return Estimate(0.0, 0.0) if run.cost is None else run.cost

    def excess(self, constraint: Constraint, limit: float) -> float:
        """By how much a limit is missed; below 0 where it is met."""
        mean = self.estimate(constraint).mean
        return limit - mean if constraint is Constraint.POWER else mean - limit

    def judged(self, constraint: Constraint, limit: float) -> Feasibility:
        """Whether a limit is met, by the 95 % interval."""
        excess = self.excess(constraint, limit)
        if constraint is Constraint.POWER:
            low, high = interval(self.rejections, len(self.trials.rejected))
            if low <= limit <= high:
                return Feasibility.UNDECIDED
        elif abs(excess) <= NORMAL_QUANTILE_975 * _error(self.estimate(constraint)) and excess:
            return Feasibility.UNDECIDED
        return Feasibility.INFEASIBLE if excess > 0 else Feasibility.FEASIBLE

    def misses(self, limits: Limits) -> dict[Constraint, Feasibility]:
        """Return the constraints that the design cannot be said to meet."""
        found: dict[Constraint, Feasibility] = {}
        for constraint in limits.asked:
            limit = limits.of(constraint)
            judged = self.judged(constraint, math.nan if limit is None else limit)
            if judged is not Feasibility.FEASIBLE:
                found[constraint] = judged
        return found

    def feasibility(self, limits: Limits) -> Feasibility:
        """Whether it meets all of them."""
        judged = self.misses(limits).values()
        if Feasibility.INFEASIBLE in judged:
            return Feasibility.INFEASIBLE
        return Feasibility.UNDECIDED if judged else Feasibility.FEASIBLE

    @property
    def merits(self) -> Merits:
        """What designs are compared in."""
        days, cost = (self.estimate(one) for one in (Constraint.DAYS, Constraint.BUDGET))
        patients = Estimate(float(self.patients), 0.0)
        return Merits((days, cost, patients), (self.estimate(Constraint.POWER),))

    def answer(self, limits: Limits, *, on_front: bool) -> Design:
        """Return it as it is told."""
        run = self.trials
        trials = len(run.rejected)
        return Design(
            values=self.values,
            patients=self.patients,
            power=self.estimate(Constraint.POWER),
            **dict(zip(("ci_low", "ci_high"), interval(self.rejections, trials), strict=True)),
            randomised=run.totals.mean("randomised"),
            target_reached=reached_of(run),
            enrolment_days=run.totals.mean("enrolment_days"),
            trial_days=run.totals.mean("trial_days"),
            cost=run.cost,
            trials=trials,
            confirmed=self.confirmed,
            feasibility=self.feasibility(limits),
            misses=tuple(self.misses(limits)),
            on_front=on_front,
        )


def _mean(values: "np.ndarray[Any, np.dtype[np.float64]]") -> Estimate:
    error = float(values.std(ddof=1)) / math.sqrt(values.size) if values.size > 1 else math.nan
    return Estimate(float(values.mean()), error)


def _error(estimate: Estimate) -> float:
    return estimate.mcse if math.isfinite(estimate.mcse) else 0.0
