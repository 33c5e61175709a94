"""Trials of several scenarios under the same random numbers, and what they tell of each other."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simulator.analysis import Reason, rejects
from simulator.montecarlo.costs import prices_of, trial_costs
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import Engine, Evaluation, Stop, UnitResult, monte_carlo
from simulator.montecarlo.multiplicity import Family, families_of
from simulator.montecarlo.multiplicity import rejected as family_rejects
from simulator.montecarlo.totals import Totals
from simulator.params.types import Bools, Ints
from simulator.planning.prepared import Goal, Prepared
from simulator.records import Floats
from simulator.results.measures import PairedEstimate
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


class PairedTrials(NamedTuple):
    """Trials of a scenario, a row each, and what they took.

    Attributes
    ----------
    rejected, analysable, favours
        (trials, analyses): whether each rejects, whether it has a result, and the arm that it
        favours, -1 for none. For a goal, of the goal alone, (trials, 1); a family favours none.
    families
        Of each that is judged together.
    enrolment_days, trial_days, costs
        (trials,): what each trial takes; costs are None where the scenario counts none.
    """

    rejected: Bools
    analysable: Bools
    favours: Ints
    families: tuple[FamilyTrials, ...]
    totals: Totals
    enrolment_days: Floats
    trial_days: Floats
    costs: Floats | None


def run_trials(
    prepared: Prepared,
    trials: int,
    seed: int,
    jobs: int,
    watch: Callable[[int], None],
    first_trial: int = 0,
) -> PairedTrials:
    """Simulate and analyse so many trials from `first_trial` on.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last.
    """
    alpha = np.array([plan.alpha for plan in prepared.plans])
    families = families_of(prepared.asked, prepared.plans)
    alone: list[Bools] = []
    known: list[Bools] = []
    favours: list[Ints] = []
    together: list[list[Bools]] = [[] for _ in families]
    prices = prices_of(prepared.solved)
    days: list[Floats] = []
    costs: list[Floats] = []

    def keep(_first: int, unit: UnitResult) -> None:
        p_values = unit.table.p_value
        alone.append(rejects(unit.table, alpha))
        known.append(unit.table.reason == Reason.ANALYSED)
        favours.append(unit.table.favours)
        days.append(np.column_stack([unit.metrics.enrolment_days, unit.metrics.trial_days]))
        if prices is not None:
            costs.append(trial_costs(prices, unit.metrics))
        for rows, family in zip(together, families, strict=True):
            rows.append(family_rejects(p_values[:, family.columns], family))

    asked = Evaluation(prepared.plans, (UNKNOWN,) * len(prepared.plans), ())
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
    analysable = np.concatenate(known)
    of_families = tuple(
        FamilyTrials(family, np.concatenate(rows), analysable[:, family.columns].max(axis=1))
        for rows, family in zip(together, families, strict=True)
    )
    found = np.concatenate(alone), analysable, np.concatenate(favours)
    taken = *np.concatenate(days).T, np.concatenate(costs) if costs else None
    whole = PairedTrials(*found, of_families, run.totals, *taken)
    return whole if prepared.goal is None else _of_goal(whole, prepared.goal)


def _of_goal(run: PairedTrials, goal: Goal) -> PairedTrials:
    """Leave what a goal counts: the first analysis, or any hypothesis of the one family."""
    if not goal.is_family:
        return run._replace(
            rejected=run.rejected[:, :1],
            analysable=run.analysable[:, :1],
            favours=run.favours[:, :1],
        )
    (family,) = run.families
    return run._replace(
        rejected=family.any_of[:, None],
        analysable=family.analysable[:, None],
        favours=np.full_like(run.favours[:, :1], -1),
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
