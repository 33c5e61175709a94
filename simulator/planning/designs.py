"""Feasible designs over named choices: screened on few trials, the front confirmed on fresh ones.

Every design is screened by the same trials. What is surely not feasible goes; of the rest those
that no other one beats are run again, on trials that no design was chosen by, and are told by these
alone: so that a design's power is not the largest of many by chance. One that is found wanting
leaves, and what it had beaten is looked at in its place.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.declarations.analyses import MOST_PATIENTS
from simulator.montecarlo.workers import Workers
from simulator.planning.choices import CHOICES, FOLLOW_UP
from simulator.planning.effects import null_in_effect
from simulator.planning.goals import Narrow, goal_named
from simulator.planning.needed import SCREENED, Needed, screened
from simulator.planning.pareto import front
from simulator.planning.prepared import Goal, Prepared, prepare
from simulator.planning.size import guess_of
from simulator.planning.size_question import MOST_PATIENTS_SOUGHT
from simulator.planning.tried import Bench, Limits, Say, Tried
from simulator.results.design import (
    Constraint,
    DesignSearch,
    FailedDesign,
    Feasibility,
    NearMiss,
)
from simulator.results.measures import NullHypothesis
from simulator.results.size import PATIENTS
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.version import program_version

DESIGN_TRIALS = 4_000  # by which a design of the front is judged: an error of .6 points at 80 %
MOST_DESIGNS = 1_000
_SURELY = 4.0  # standard errors by which a screened design misses a limit that it cannot meet
_ABOVE = 2.5  # standard errors by which a power that is looked for lies above the target
_MOST_RAISES = 4


class DesignQuestion(NamedTuple):
    """What is asked.

    Attributes
    ----------
    base, alone
        The scenario with all analyses, and with the goal alone.
    chosen
        Values by choice; where `n` is not among them it is looked for.
    """

    base: Prepared
    alone: Prepared
    narrow: Narrow
    goal: Goal
    chosen: dict[str, tuple[Any, ...]]
    own: dict[str, Any]
    limits: Limits


def design_question(
    prepared: Prepared,
    limits: Limits,
    choose: Mapping[str, Sequence[Any]] | None,
    analysis: str | None,
) -> DesignQuestion:
    """Check what is asked.

    Parameters
    ----------
    choose
        Values by choice, a word as `n` or `sites` or a key of the scenario; None: the number of
        sites, once, twice, four and eight times as many, and the number of patients.

    Raises
    ------
    ScenarioError
        If the question is none that the scenario can answer.
    """
    narrow, goal = goal_named(prepared, analysis)
    if not goal.alpha < limits.power < 1:
        rule = f"must be between alpha ({goal.alpha:g}) and 1"
        raise _problem("power", f"{limits.power:g}", rule, "as 0.8")
    for option, limit in (("within_days", limits.days), ("budget", limits.budget)):
        if limit is not None and not math.isfinite(limit):
            raise _problem(option, f"{limit}", "must be a number", "leave it out for no limit")
    null = null_in_effect(prepared.asked, prepared.solved)
    if null is not NullHypothesis.NONE:
        rule = "no design has a power where the scenario has no effect"
        raise _problem("power", f"{limits.power:g}", rule, "ask a scenario with an effect")
    if limits.budget is not None and prepared.asked.costs is None:
        rule = "the scenario counts no costs, so that no design can be held to a budget"
        raise _problem("budget", f"{limits.budget:g}", rule, "give its costs, as per_patient")
    scenario = prepared.asked
    if choose is None:
        own = CHOICES["sites"].own(scenario)
        choose = {} if own is None else {"sites": [own * k for k in (1, 2, 4, 8)]}
    chosen, values = {}, {}
    for word, listed in choose.items():
        name, value = _choice(prepared, word)
        if name in chosen:
            raise _problem("choose", word, f"is chosen from already, as {name}", "give it once")
        chosen[name], values[name] = tuple(listed), value
        if not chosen[name]:
            raise _problem("choose", word, "has no values", "as n=60:180:60")
    if "n" not in chosen:
        values["n"] = scenario.trial.target_randomised
    count = math.prod(map(len, chosen.values()))
    if count > MOST_DESIGNS:
        rule = f"makes {count:,} designs"
        raise _problem("choose", ", ".join(chosen), rule, f"at most {MOST_DESIGNS:,}")
    alone = prepare(narrow(prepared.loaded), lambda _: None)
    return DesignQuestion(prepared, alone, narrow, goal, chosen, values, limits)


def _choice(prepared: Prepared, word: str) -> tuple[str, Any]:
    """Return a choice by its word, or its key, and the scenario's own value of it."""
    key = {PATIENTS: "n", FOLLOW_UP: "follow_up"}.get(word, word)
    if key in CHOICES:
        own = CHOICES[key].own(prepared.asked)
        if own is None:
            rule = "is no choice of this scenario, which has no such thing or several values of it"
            raise _problem("choose", key, rule, f"use {', '.join(_words(prepared))}, or a key")
        return key, own
    if "." not in key and "[" not in key:
        near = nearest(key, CHOICES)
        remedy = f"did you mean {near}?" if near else f"use {', '.join(_words(prepared))}, or a key"
        raise _problem("choose", key, "is no choice and no key", remedy)
    path = prepared.loaded.key(key, "choose", (None,))
    return path, prepared.loaded.value(path)


def _words(prepared: Prepared) -> list[str]:
    return [word for word, one in CHOICES.items() if one.own(prepared.asked) is not None]


def _problem(option: str, value: str, rule: str, remedy: str) -> ScenarioError:
    return ScenarioError(Problem("", 0, option, value, rule, remedy))


def find_designs(
    asked: DesignQuestion, trials: int, seed: int, workers: Workers, say: Say
) -> DesignSearch:
    """Find the feasible designs that no other one beats, or what comes nearest.

    Parameters
    ----------
    trials
        By which a design of the front is judged: fresh ones.

    Raises
    ------
    ScenarioError
        If no trial can be simulated with any of the values; of the first, why.
    KeyboardInterrupt
        If stopped.
    """
    bench = Bench(asked.base, asked.narrow, asked.goal, seed, workers, say, SCREENED)
    search = _Search(asked, bench, trials)
    search.screen()
    if not search.designs:
        raise search.errors[0]
    places = search.confirm_front()
    misses = () if places else tuple(search.nearest())
    order = sorted(
        range(len(search.designs)),
        key=lambda i: (i not in places, search.designs[i].estimate(Constraint.DAYS).mean),
    )
    costs = asked.base.asked.costs
    return DesignSearch(
        scenario=asked.base.solved.name,
        title=asked.base.solved.title,
        seed=seed,
        trials=trials,
        version=program_version(),
        analysis=asked.goal.name,
        test_name=asked.goal.test_name,
        target_power=asked.limits.power,
        within_days=asked.limits.days,
        budget=asked.limits.budget,
        currency=None if costs is None else costs.currency,
        chosen=asked.chosen,
        own=asked.own,
        designs=tuple(search.designs[i].answer(asked.limits, on_front=i in places) for i in order),
        nearest=misses,
        failed=tuple(search.failed),
    )


class _Search:
    """Designs of a search so far."""

    def __init__(self, asked: DesignQuestion, bench: Bench, trials: int) -> None:
        self.asked, self.bench, self.trials = asked, bench, trials
        self.limits = asked.limits
        self.designs: list[Tried] = []
        self.failed: list[FailedDesign] = []
        self.errors: list[ScenarioError] = []  # why, of each
        self.cells: dict[int, Needed] = {}  # of a design whose number of patients was looked for

    def screen(self) -> None:
        """Run every design by the same trials; look for numbers of patients that are not given."""
        chosen = self.asked.chosen
        for values in itertools.product(*chosen.values()):
            cell = dict(zip(chosen, values, strict=True))
            try:
                if "n" in cell:
                    design = self.bench.design(cell)
                    self.bench.run(design, screened(design.patients), 0, "screening")
                    self.designs.append(design)
                else:
                    self._look(cell)
            except ScenarioError as error:
                problem = error.problems[0]
                why = f"{problem.key}: {problem.rule}" if problem.key else problem.rule
                self.failed.append(FailedDesign(cell, why))
                self.errors.append(error)

    def _look(self, cell: Mapping[str, Any]) -> None:
        goal, limits = self.asked.goal, self.limits
        tests = [plan.test for plan in self.asked.alone.plans]
        most = min(MOST_PATIENTS.get(test, MOST_PATIENTS_SOUGHT) for test in tests)
        needed = Needed(self.bench, cell, goal.alpha, float(most))
        found = needed.with_power(self._aim, self._guess)
        self.cells[len(self.designs)] = needed
        self.designs.append(found)
        if {Constraint.DAYS, Constraint.BUDGET} & set(found.misses(limits)):
            smaller = needed.within(found, limits.days, limits.budget)
            if smaller is not None and smaller is not found:
                self.designs.append(smaller)

    @property
    def _aim(self) -> float:
        """A power far enough above the target for the trials to tell the two apart."""
        power = self.limits.power
        return min(power + _ABOVE * math.sqrt(power * (1 - power) / self.trials), (1 + power) / 2)

    @property
    def _guess(self) -> float:
        """Where to look first: what the last cell needed or, at first, what a formula says."""
        if self.designs:
            return float(self.designs[-1].patients)
        bench = self.bench
        guess = guess_of(self.asked.alone, self.limits.power, bench.seed, bench.say)
        return guess or float(self.asked.base.asked.trial.target_randomised)

    def confirm_front(self) -> set[int]:
        """Confirm designs until all on the front are; return their places."""
        first = self.bench.fresh(self.trials)
        raises: dict[int, int] = {}
        while True:
            left = [i for i, design in enumerate(self.designs) if self._may_do(design)]
            places = {left[k] for k in front([self.designs[i].merits for i in left])}
            waiting = sorted(i for i in places if not self.designs[i].confirmed)
            if not waiting:
                return places
            for i in waiting:
                self.bench.run(self.designs[i], self.trials, first, "confirming")
                self.designs[i].confirmed = True
                short = set(self.designs[i].misses(self.limits)) == {Constraint.POWER}
                if short and i in self.cells and raises.get(i, 0) < _MOST_RAISES:
                    raises[i] = raises.get(i, 0) + 1
                    self._raise(i)
                    first = self.bench.fresh(self.trials)

    def _raise(self, place: int) -> None:
        """Give a design that falls short of the power more patients, and have it judged anew."""
        before, cell = self.designs[place], self.cells[place]
        n = max(cell.predicted(before, self._aim), before.patients * 1.01 + 1)
        if cell.rounded(n) > before.patients:
            self.designs[place] = cell.at(n)

    def _may_do(self, design: Tried) -> bool:
        """Whether a design is feasible, or may be: by few trials, unless it is surely not."""
        if design.confirmed:
            return design.feasibility(self.limits) is not Feasibility.INFEASIBLE
        for constraint in self.limits.asked:
            limit = self.limits.of(constraint)
            found = design.estimate(constraint)
            error = found.mcse if math.isfinite(found.mcse) else 0.0
            if limit is not None and design.excess(constraint, limit) > _SURELY * error:
                return False
        return True

    def nearest(self) -> list[NearMiss]:
        """Return for each constraint the design that misses it by least and meets all others.

        Where none meets all others, of a limit on days or cost the design that has the power; where
        none has it, the largest power.
        """
        found = []
        for constraint in self.limits.asked:
            others = [one for one in self.limits.asked if one is not constraint]
            rest = [d for d in self.designs if not self._refused(d, others)]
            if not rest and constraint is not Constraint.POWER:
                rest = [d for d in self.designs if Constraint.POWER not in d.misses(self.limits)]
            if rest:
                found.append(self._miss(constraint, self._least(rest, [constraint])))
        if not found and self.designs:
            design = self._least(self.designs, [Constraint.POWER])
            found = [self._miss(Constraint.POWER, design)]
        return sorted(found, key=lambda miss: miss.missed_by / abs(miss.limit))

    def _refused(self, design: Tried, constraints: Sequence[Constraint]) -> bool:
        misses = design.misses(self.limits)
        return any(misses.get(one) is Feasibility.INFEASIBLE for one in constraints)

    def _least(self, designs: Sequence[Tried], constraints: Sequence[Constraint]) -> Tried:
        """Return the design whose largest relative miss is the least, confirmed."""
        best = min(designs, key=lambda design: self._relative(design, constraints))
        if not best.confirmed:
            self.bench.run(best, self.trials, self.bench.fresh(self.trials), "confirming")
            best.confirmed = True
        return best

    def _relative(self, design: Tried, constraints: Sequence[Constraint]) -> float:
        limits = ((one, self.limits.of(one)) for one in constraints)
        return max(design.excess(one, v) / abs(v) for one, v in limits if v)

    def _miss(self, constraint: Constraint, design: Tried) -> NearMiss:
        limit = self.limits.of(constraint) or 0.0
        others = [one for one in design.misses(self.limits) if one is not constraint]
        return NearMiss(
            constraint=constraint,
            limit=limit,
            reached=design.estimate(constraint),
            missed_by=design.excess(constraint, limit),
            others=tuple(others),
            design=design.answer(self.limits, on_front=False),
        )
