"""Trials of several scenarios under the same random numbers, and what they tell of each other."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simulator.montecarlo.costs import Prices, cost_of, prices_of, trial_costs
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import Stop, monte_carlo
from simulator.montecarlo.multiplicity import Family, families_of
from simulator.montecarlo.sums import Verdicts, joined
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.units import Engine, Evaluation, UnitResult
from simulator.params.types import Bools, Ints
from simulator.planning.prepared import Goal, Prepared
from simulator.records import Floats
from simulator.results.measures import Estimate, PairedEstimate
from simulator.truth import Truth

UNKNOWN = Truth(math.nan, math.nan, math.nan, math.nan)


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
    """

    rejected: Bools
    analysable: Bools
    favouring: Ints
    families: tuple[FamilyTrials, ...]
    totals: Totals
    cost: Estimate | None
    taken: Taken | None


def run_trials(
    prepared: Prepared,
    trials: int,
    seed: int,
    jobs: int,
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
    families = families_of(prepared.asked, prepared.plans)
    prices = prices_of(prepared.solved)
    wanted = dict.fromkeys(("enrolment_days", "trial_days", *(prices.by_column if prices else ())))
    units: list[UnitResult] = []

    def keep(_first: int, unit: UnitResult) -> None:
        units.append(unit)

    asked = Evaluation(
        prepared.plans,
        (UNKNOWN,) * len(prepared.plans),
        families,
        columns=tuple(wanted) if with_taken else (),
    )
    run = monte_carlo(
        prepared.params,
        asked,
        seed,
        Stop(trials, None),
        jobs,
        Engine.COMPILED,
        lambda done, _: watch(done),
        keep,
        first_trial,
    )
    if run.interrupted:
        raise KeyboardInterrupt
    verdicts = joined([unit.verdicts for unit in units])
    cost = cost_of(prices, run.totals)
    whole = PairedTrials(
        rejected=verdicts.rejected,
        analysable=verdicts.analysable,
        favouring=run.favouring,
        families=_families(families, verdicts),
        totals=run.totals,
        cost=None if cost is None else Estimate(cost.mean, cost.mcse),
        taken=_taken(asked, prices, units),
    )
    return whole if prepared.goal is None else _of_goal(whole, prepared.goal)


def _families(families: tuple[Family, ...], verdicts: Verdicts) -> tuple[FamilyTrials, ...]:
    ends = np.cumsum([len(family.columns) for family in families])[:-1]
    together = np.split(verdicts.together, ends, axis=1) if families else ()
    analysable = verdicts.analysable
    return tuple(
        FamilyTrials(family, rejected, analysable[:, family.columns].max(axis=1))
        for family, rejected in zip(families, together, strict=True)
    )


def _taken(asked: Evaluation, prices: Prices | None, units: list[UnitResult]) -> Taken | None:
    if not asked.columns:
        return None
    columns = {name: np.concatenate([u.columns[name] for u in units]) for name in asked.columns}
    days = columns["enrolment_days"], columns["trial_days"]
    costs = None if prices is None else trial_costs(prices, columns, days[0].size)
    return Taken(*days, costs)


def _of_goal(run: PairedTrials, goal: Goal) -> PairedTrials:
    """Leave what a goal counts: the first analysis, or any hypothesis of the one family."""
    if not goal.is_family:
        return run._replace(
            rejected=run.rejected[:, :1],
            analysable=run.analysable[:, :1],
            favouring=run.favouring[:1],
        )
    (family,) = run.families
    return run._replace(
        rejected=family.any_of[:, None],
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
