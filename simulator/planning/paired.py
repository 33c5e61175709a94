"""Trials of several scenarios under the same random numbers, and what they tell of each other."""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np

from simulator.montecarlo.costs import cost_of, prices_of, trial_costs
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import MonteCarlo, Run, Stop, monte_carlo_runs
from simulator.montecarlo.multiplicity import Family, families_of
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.sums import Verdicts, joined
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.workers import Workers
from simulator.params.types import Bools, Ints
from simulator.planning.prepared import Goal, Prepared
from simulator.records import Floats
from simulator.results.measures import Estimate, PairedEstimate
from simulator.truth import Truth

UNKNOWN = Truth(math.nan, math.nan, math.nan, math.nan)
_DAYS = "enrolment_days", "trial_days"


class FamilyTrials(NamedTuple):
    """Analyses judged together: (trials, m) rejected or not, (trials,) whether any has a result."""

    family: Family
    rejected: Bools
    analysable: Bools

    @property
    def any_of(self) -> Bools:
        """(trials,): whether at least one hypothesis is rejected."""
        found: Bools = self.rejected.max(axis=1)
        return found

    @property
    def all_of(self) -> Bools:
        """(trials,): whether all are."""
        found: Bools = self.rejected.min(axis=1)
        return found


class Taken(NamedTuple):
    """What each trial takes, (trials,); costs are None where the scenario counts none."""

    enrolment_days: Floats
    trial_days: Floats
    costs: Floats | None


class PairedTrials(NamedTuple):
    """Trials of a scenario, a row each, and what they took.

    Attributes
    ----------
    rejected, analysable
        (trials, analyses): whether each rejects, and whether it has a result. For a goal, of the
        goal alone, (trials, 1).
    favouring
        (analyses, arms): trials in which each rejects in favour of each arm; a family favours none.
    families
        Of each that is judged together.
    cost
        Mean of the trials; None where the scenario counts none.
    taken
        By trial, if it was asked for.
    recruited
        Mean of the patients randomised, as it is where no look stops the trial.
    """

    rejected: Bools
    analysable: Bools
    favouring: Ints
    families: tuple[FamilyTrials, ...]
    totals: Totals
    cost: Estimate | None
    taken: Taken | None
    recruited: Estimate


def run_trials(
    prepared: Prepared,
    trials: int,
    seed: int,
    workers: Workers,
    watch: Callable[[int], None],
    first_trial: int = 0,
    *,
    with_taken: bool = False,
) -> PairedTrials:
    """Simulate and analyse so many trials from `first_trial` on.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last.
    """
    one = [(prepared, watch)]
    with closing(
        paired_runs(one, trials, seed, workers, first_trial, with_taken=with_taken)
    ) as runs:
        return next(runs)


def paired_runs(
    scenarios: Iterable[tuple[Prepared, Callable[[int], None]]],
    trials: int,
    seed: int,
    workers: Workers,
    first_trial: int = 0,
    *,
    with_taken: bool = False,
) -> Generator[PairedTrials, None, None]:
    """Simulate and analyse the same trials of each scenario, and yield them as they are done.

    Each comes with who is told how many of its trials are done. A scenario is fetched while the
    trials of the one before it are still worked at.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last trial of a scenario.
    """
    begun: deque[_Asked] = deque()

    def runs() -> Iterator[Run]:
        for prepared, watch in scenarios:
            begun.append(_Asked(prepared, with_taken=with_taken))
            yield begun[-1].run(trials, seed, watch, first_trial)

    for run in monte_carlo_runs(runs(), workers, Engine.COMPILED):
        if run.interrupted:
            raise KeyboardInterrupt
        yield begun.popleft().trials(run)


class _Asked:
    """What is asked of the trials of a scenario, and the units of work so far."""

    def __init__(self, prepared: Prepared, *, with_taken: bool) -> None:
        self.prepared, self.units = prepared, list[UnitResult]()
        self.prices = prices_of(prepared.solved)
        priced = self.prices.by_column if self.prices else ()
        self.asked = Evaluation(
            prepared.plans,
            (UNKNOWN,) * len(prepared.plans),
            families_of(prepared.asked, prepared.plans),
            columns=tuple(dict.fromkeys((*_DAYS, *priced))) if with_taken else (),
            monitoring=prepared.monitoring,
        )

    def run(self, trials: int, seed: int, watch: Callable[[int], None], first_trial: int) -> Run:
        """Return the run that gives the trials."""
        return Run(
            self.prepared.params,
            self.asked,
            seed,
            Stop(trials, None),
            lambda done, _: watch(done),
            lambda _, unit: self.units.append(unit),
            first_trial,
        )

    def trials(self, run: MonteCarlo) -> PairedTrials:
        """Return the trials of a run that is over."""
        verdicts = joined([unit.verdicts for unit in self.units])
        cost = cost_of(self.prices, run.totals)
        whole = PairedTrials(
            rejected=verdicts.rejected,
            analysable=verdicts.analysable,
            favouring=run.favouring,
            families=_families(self.asked.families, verdicts),
            totals=run.totals,
            cost=None if cost is None else Estimate(cost.mean, cost.mcse),
            taken=self._taken(),
            recruited=_recruited(run),
        )
        goal = self.prepared.goal
        return whole if goal is None else _of_goal(whole, goal)

    def _taken(self) -> Taken | None:
        if not self.asked.columns:
            return None
        columns = {
            name: np.concatenate([unit.columns[name] for unit in self.units])
            for name in self.asked.columns
        }
        enrolment_days, trial_days = (columns[name] for name in _DAYS)
        costs = None
        if self.prices is not None:
            costs = trial_costs(self.prices, columns, enrolment_days.size)
        return Taken(enrolment_days, trial_days, costs)


def _recruited(run: MonteCarlo) -> Estimate:
    if run.sums.looks is None:
        return run.totals.mean("randomised")
    return run.sums.looks.compared_means("randomised", run.trials)[1]


def _families(families: tuple[Family, ...], verdicts: Verdicts) -> tuple[FamilyTrials, ...]:
    ends = np.cumsum([len(family.columns) for family in families])[:-1]
    together = np.split(verdicts.together, ends, axis=1) if families else ()
    analysable = verdicts.analysable
    return tuple(
        FamilyTrials(family, rejected, analysable[:, family.columns].max(axis=1))
        for family, rejected in zip(families, together, strict=True)
    )


def _of_goal(run: PairedTrials, goal: Goal) -> PairedTrials:
    """Leave what a goal counts: the first analysis, or any or all of the one family."""
    if not goal.is_family:
        return run._replace(
            rejected=run.rejected[:, :1],
            analysable=run.analysable[:, :1],
            favouring=run.favouring[:1],
        )
    family = run.families[0]  # another that is looked at may stand beside it
    return run._replace(
        rejected=(family.all_of if goal.of_all else family.any_of)[:, None],
        analysable=family.analysable[:, None],
        favouring=np.zeros_like(run.favouring[:1]),
    )


class Rate(NamedTuple):
    """How often an analysis rejects, beside the same trials of the base scenario.

    Attributes
    ----------
    power, mcse, ci_low, ci_high
        Share of trials, its Monte Carlo standard error, 95 % interval by Wilson's score.
    difference, paired_mcse
        To the base, trial by trial: with the error that common random numbers leave.
    not_analysable
        Trials without a result, which count as no rejection.
    """

    power: float
    mcse: float
    ci_low: float
    ci_high: float
    difference: float
    paired_mcse: float
    not_analysable: int


def rate_beside(rejected: Bools, base: Bools, analysable: Bools) -> Rate:
    """Compare the rejections of one analysis, a trial a row, with those of the base's trials."""
    trials, count = rejected.size, int(rejected.sum())
    apart = rejected.astype(np.float64) - base
    return Rate(
        count / trials,
        standard_error(count, trials),
        *interval(count, trials),
        float(apart.mean()),
        paired_error(apart),
        trials - int(analysable.sum()),
    )


def mean_beside(values: Floats, base: Floats) -> PairedEstimate:
    """Compare a mean over trials with that of the base's trials."""
    apart = values - base
    errors = [float(v.std(ddof=1)) / math.sqrt(v.size) if v.size > 1 else math.nan
              for v in (values, apart)]  # fmt: skip
    return PairedEstimate(float(values.mean()), errors[0], float(apart.mean()), errors[1])


def paired_error(differences: Floats) -> float:
    """Monte Carlo standard error of a mean of differences, each -1, 0 or 1.

    With two trials that differ, one in either direction, added to it in four: so that few trials
    without a difference are not taken for certainty.
    """
    trials = differences.size
    squares = float((differences**2).sum()) + 2.0
    mean = float(differences.sum()) / (trials + 4)
    return math.sqrt((squares / (trials + 4) - mean**2) / (trials + 4))
