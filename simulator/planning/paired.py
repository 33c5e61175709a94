"""Trials of several scenarios under the same random numbers, and what they tell of each other."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simulator.analysis import Reason, rejects
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import Engine, Evaluation, Stop, UnitResult, monte_carlo
from simulator.montecarlo.totals import Totals
from simulator.params.types import Bools, Ints
from simulator.planning.prepared import Prepared
from simulator.records import Floats
from simulator.truth import Truth

UNKNOWN = Truth(math.nan, math.nan, math.nan, math.nan)


class PairedTrials(NamedTuple):
    """Trials of a scenario.

    Attributes
    ----------
    rejected, analysed, favours
        (trials, analyses): whether it rejects, whether it has a result, and the arm that it
        favours, -1 for none.
    totals
        What the trials took.
    """

    rejected: Bools
    totals: Totals
    analysed: Bools
    favours: Ints


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
    rejected, analysed, favours = [], [], []

    def keep(_first: int, unit: UnitResult) -> None:
        rejected.append(rejects(unit.table, alpha))
        analysed.append(unit.table.reason == Reason.ANALYSED)
        favours.append(unit.table.favours)

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
    return PairedTrials(
        np.concatenate(rejected), run.totals, np.concatenate(analysed), np.concatenate(favours)
    )


class Rate(NamedTuple):
    """How often an analysis rejects, beside the same trials of the base scenario.

    Attributes
    ----------
    power, mcse, ci_low, ci_high
        Share of trials, its Monte Carlo standard error, 95 % interval by Wilson's score.
    difference, paired_mcse
        To the base, trial by trial: with the error that common random numbers leave.
    """

    power: float
    mcse: float
    ci_low: float
    ci_high: float
    difference: float
    paired_mcse: float


def rate_beside(rejected: Bools, base: Bools) -> Rate:
    """Compare the rejections of one analysis, a trial a row, with those of the base's trials."""
    trials, count = rejected.size, int(rejected.sum())
    apart = rejected.astype(np.float64) - base
    return Rate(
        count / trials,
        standard_error(count, trials),
        *interval(count, trials),
        float(apart.mean()),
        paired_error(apart),
    )


def paired_error(differences: Floats) -> float:
    """Monte Carlo standard error of a mean of differences, each -1, 0 or 1.

    With two trials that differ, one in either direction, added to it in four: so that few trials
    without a difference are not taken for certainty.
    """
    trials = differences.size
    squares = float((differences**2).sum()) + 2.0
    mean = float(differences.sum()) / (trials + 4)
    return math.sqrt((squares / (trials + 4) - mean**2) / (trials + 4))
