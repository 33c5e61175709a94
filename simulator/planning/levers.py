"""What matters most: every assumption and every choice moved, on the trials of the base."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from scipy import special

from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.workers import Workers
from simulator.planning.effects import null_in_effect
from simulator.planning.goals import Narrow, goal_named
from simulator.planning.held import variant
from simulator.planning.moves import Move, MovedLever, levers_of
from simulator.planning.paired import PairedTrials, mean_beside, rate_beside, run_trials
from simulator.planning.prepared import Goal, Prepared, prepare
from simulator.results.levers import (
    BaseTrial,
    FailedMove,
    LeftOutLever,
    Lever,
    LeverMove,
    Levers,
)
from simulator.results.measures import Estimate, PairedEstimate, Share
from simulator.scenario.errors import ScenarioError
from simulator.version import program_version

LEVER_TRIALS = 5_000  # of each move: a paired error of some .2 points, a second on two cores
_LEVEL = 0.05  # of all moves together
_ORIGIN = "levers"

Watch = Callable[[int, int, str], None]


def _silent(_: str) -> None:
    """Say nothing."""


class PlannedLevers(NamedTuple):
    """Levers that can be tried.

    Attributes
    ----------
    base
        With the analyses that are asked for alone.
    whole
        With all of them.
    """

    base: Prepared
    whole: Prepared
    narrow: Narrow
    goal: Goal
    levers: list[MovedLever]
    left_out: list[LeftOutLever]

    @property
    def moves(self) -> int:
        """How many moves there are."""
        return sum(len(lever.moves) for lever in self.levers)


def plan_levers(
    prepared: Prepared, analysis: str | None, say: Callable[[str], None]
) -> PlannedLevers:
    """Find the levers of a scenario.

    Parameters
    ----------
    analysis
        Name of the analysis, or family of those judged together, whose power it is of; None: the
        first analysis.

    Raises
    ------
    ScenarioError
        If the scenario has none of that name.
    """
    narrow, goal = goal_named(prepared, analysis)
    base = replace(prepare(narrow(prepared.loaded), say), goal=goal)
    levers, left_out = levers_of(prepared.loaded, "" if goal.is_family else goal.name)
    return PlannedLevers(base, prepared, narrow, goal, levers, left_out)


def run_levers(
    planned: PlannedLevers, trials: int, seed: int, workers: Workers, watch: Watch
) -> Levers:
    """Run the same trials of the base and of every move.

    Parameters
    ----------
    watch
        Called with the number of the move, 0 for the base, how many of its trials are done, and
        the lever's name.

    Raises
    ------
    ScenarioError
        If no move can be simulated; of the first, why.
    KeyboardInterrupt
        If stopped before the base is done; later, the levers that are done are returned.
    """
    trying = _Trying(planned, trials, seed, workers, watch)
    base = trying.run(planned.base, "the scenario as it is")
    found: list[Lever] = []
    failed: list[FailedMove] = []
    for lever in planned.levers:
        try:
            moves = [trying.moved(lever, move, base, failed) for move in lever.moves]
        except KeyboardInterrupt:
            break
        done = tuple(move for move in moves if move is not None)
        if done:
            found.append(Lever(lever.name, lever.kind, lever.keys, lever.own, done))
    if trying.errors and not found:
        raise trying.errors[0]
    own, goal = planned.base, planned.goal
    costs = own.solved.costs
    return Levers(
        scenario=own.solved.name,
        title=own.solved.title,
        seed=seed,
        trials=trials,
        version=program_version(),
        null_hypothesis=null_in_effect(own.asked, own.solved),
        analysis=goal.name,
        test_name=goal.test_name,
        currency=None if costs is None else costs.currency,
        base=_base(base),
        levers=tuple(sorted(found, key=lambda lever: -lever.swing)),
        failed=tuple(failed),
        left_out=tuple(planned.left_out),
        interrupted=trying.number < planned.moves,
    )


class _Trying:
    """Runs moves one after another, and counts them."""

    def __init__(
        self, planned: PlannedLevers, trials: int, seed: int, workers: Workers, watch: Watch
    ) -> None:
        self.planned, self.trials, self.seed, self.workers = planned, trials, seed, workers
        self.watch, self.number = watch, 0
        self.critical = -float(special.ndtri(_LEVEL / 2 / max(planned.moves, 1)))
        self.analyses: PairedTrials | None = None
        self.errors: list[ScenarioError] = []  # of moves that cannot be simulated

    def run(self, prepared: Prepared, name: str) -> PairedTrials:
        def done(trials: int) -> None:
            self.watch(self.number, trials, name)

        return run_trials(prepared, self.trials, self.seed, self.workers, done, with_taken=True)

    def moved(
        self, lever: MovedLever, move: Move, base: PairedTrials, failed: list[FailedMove]
    ) -> LeverMove | None:
        """Run a move beside the base; None, and a failure more, where there is no such trial."""
        planned = self.planned
        try:
            if move.analysis is not None:
                run = self._of_analysis(move.analysis)
            else:
                one = variant(planned.whole, [move.values], _ORIGIN, _silent, planned.narrow)
                run = self.run(replace(one, goal=planned.goal), lever.name)
        except ScenarioError as error:
            problem = error.problems[0]
            why = f"{problem.key}: {problem.rule}" if problem.key else problem.rule
            failed.append(FailedMove(lever.name, lever.kind, move.to, why))
            self.errors.append(error)
            self.number += 1
            return None
        self.number += 1
        return _move(move, run, base, self.critical)

    def _of_analysis(self, name: str) -> PairedTrials:
        """The base's trials, judged by another analysis; all of them are analysed at once."""
        if self.analyses is None:
            self.analyses = self.run(self.planned.whole, "the other analyses")
        places = [plan.name for plan in self.planned.whole.plans]
        column = slice(places.index(name), places.index(name) + 1)
        whole = self.analyses
        return whole._replace(
            rejected=whole.rejected[:, column], analysable=whole.analysable[:, column]
        )


def _move(move: Move, run: PairedTrials, base: PairedTrials, critical: float) -> LeverMove:
    rate = rate_beside(run.rejected[:, 0], base.rejected[:, 0], run.analysable[:, 0])
    power = PairedEstimate(rate.power, rate.mcse, rate.difference, rate.paired_mcse)
    ours, theirs = run.taken, base.taken
    assert ours is not None  # `_Trying.run` asks for it
    assert theirs is not None
    cost = None
    if ours.costs is not None and theirs.costs is not None:
        cost = mean_beside(ours.costs, theirs.costs)
    return LeverMove(
        to=move.to,
        power=power,
        told_apart=abs(power.difference) > critical * power.paired_mcse,
        enrolment_days=mean_beside(ours.enrolment_days, theirs.enrolment_days),
        trial_days=mean_beside(ours.trial_days, theirs.trial_days),
        cost=cost,
        randomised=run.totals.mean("randomised"),
        target_reached=reached_of(run),
    )


def reached_of(run: PairedTrials) -> Share:
    """Return the share of trials that randomise the target."""
    reached, trials = run.totals.count("target_reached"), run.totals.trials
    return Share(reached / trials, *interval(reached, trials))


def estimate_of(values: PairedTrials) -> Estimate:
    """Return the power of the goal of some trials."""
    count, trials = int(values.rejected[:, 0].sum()), len(values.rejected)
    return Estimate(count / trials, standard_error(count, trials))


def _base(run: PairedTrials) -> BaseTrial:
    return BaseTrial(
        power=estimate_of(run),
        enrolment_days=run.totals.mean("enrolment_days"),
        trial_days=run.totals.mean("trial_days"),
        cost=run.cost,
        randomised=run.totals.mean("randomised"),
        target_reached=reached_of(run),
    )
