"""What is asked of an analysis and what it answers."""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator import allocation
from simulator.analysis.kernel import inlined
from simulator.declarations.analyses import STATISTICS, AnalysisPlan, Need
from simulator.declarations.analyses.hypothesis import ABOVE, BELOW, Tested
from simulator.records import Floats, Ints
from simulator.rules.normal import normal_cdf

_ROUNDING = 1e-9  # of a p value, relative: far above what arithmetic leaves


class Design(NamedTuple):
    """What analyses know of the trial beyond its patients.

    Attributes
    ----------
    follow_up_days
        From randomisation, the horizon of mortality by the end and of MELD.
    max_follow_up_days
        For which patients are followed at the longest: what tests on time use.
    has_common_end
        Whether the trial ends for all at once, which is then the cut of the final analysis.
    arm_modality
        (A,): index of each arm's own modality, -1 for none.
    allocation
        The scheme by which randomisation tests allocate anew.
    seed
        Of the run; randomisation tests draw from addresses of their own under it.
    """

    follow_up_days: int
    max_follow_up_days: int
    has_common_end: bool
    arm_modality: Ints
    allocation: allocation.Plan
    seed: int

    def horizon_of(self, plan: AnalysisPlan) -> int:
        """Return the patient day until which an analysis counts what happens."""
        if Need.TIMES in STATISTICS[plan.test].variable.needs:
            return self.max_follow_up_days
        return self.follow_up_days


class Reason(IntEnum):
    """Why a trial has no result."""

    ANALYSED = 0
    EMPTY_ARM = 1
    NO_EVENT = 2
    TOO_FEW_SEEN = 3
    NOT_ESTIMABLE = 4
    NOT_FOLLOWED = 5


REASONS = {
    Reason.ANALYSED: "analysed",
    Reason.EMPTY_ARM: "an arm has no patient to compare",
    Reason.NO_EVENT: "nobody, or everybody, died: the statistic does not exist",
    Reason.TOO_FEW_SEEN: "too few survivors were seen",
    Reason.NOT_ESTIMABLE: "the data leave the statistic without a variance",
    Reason.NOT_FOLLOWED: "nobody of an arm was followed to the day of the estimate",
}


class AnalysisTable(NamedTuple):
    """Results of all analyses of all trials; each column has shape (trials, analyses).

    Without a result all numbers are NaN and `reason` is not 0. An estimate compares the second arm
    with the first; it is NaN too where a test has a result but its estimate does not exist, as the
    hazard ratio where all deaths are in one arm. The p value is that of the hypothesis of the plan;
    `low` and `high` hold the interval of confidence 1 - alpha, of a one-sided hypothesis and of
    equivalence 1 - 2 alpha, which may be unbounded, or NaN where the analysis gives none. `favours`
    is the arm that fared better, whatever the hypothesis.
    """

    p_value: Floats
    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    favours: Ints
    reason: Ints


def reaches(p_value: Floats, alpha: Floats | float) -> npt.NDArray[np.bool_]:
    """Whether p <= alpha; a p value that equals alpha but for rounding does, NaN does not.

    Exact p values are fractions, some of which are those of a level, as 1/20.
    """
    low_enough: npt.NDArray[np.bool_] = p_value <= alpha * (1.0 + _ROUNDING)
    return low_enough


def rejects(table: AnalysisTable, alpha: Floats) -> npt.NDArray[np.bool_]:
    """Which analyses reject, (trials, analyses), each at its level.

    A trial that is not analysable does not reject.
    """
    return reaches(table.p_value, alpha)


# The reasons as compiled code writes them. Plain numbers, which are types of their own to Numba,
# would have what they are handed to compiled for each.
ANALYSED, EMPTY_ARM, NO_EVENT, TOO_FEW_SEEN, NOT_ESTIMABLE, NOT_FOLLOWED = map(np.int64, Reason)


def new_table(trials: int, analyses: int) -> AnalysisTable:
    """Return a table of which every cell is to be written."""
    shape = trials, analyses
    numbers = [np.full(shape, math.nan) for _ in range(5)]
    words = [np.empty(shape, np.int64) for _ in range(2)]
    return AnalysisTable._make([*numbers, *words])


def two_sided_quantile(alpha: float) -> float:
    """Standard normal quantile that a two-sided test of level `alpha` must pass."""
    return float(special.ndtri(1.0 - alpha / 2.0))


def tested_by(plan: AnalysisPlan) -> Tested:
    """Return the one test of a plan, whose hypothesis is not equivalence."""
    return plan.hypothesis.tested(STATISTICS[plan.test].measure.scale)


def normal_interval(table: AnalysisTable, column: int, alpha: float) -> None:
    """Write the interval of the estimate and its standard error by the normal distribution."""
    half = two_sided_quantile(alpha) * table.standard_error[:, column]
    table.low[:, column] = table.estimate[:, column] - half
    table.high[:, column] = table.estimate[:, column] + half


def trials_of(table: AnalysisTable, first: int, end: int) -> AnalysisTable:
    """Return the part of a table, to be filled in, that is of trials `first` to `end` - 1."""
    return AnalysisTable._make(column[first:end] for column in table)


@inlined
def write_result(
    table: AnalysisTable,
    trial: int,
    analysis: int,
    p_value: float,
    estimate: float,
    standard_error: float,
    worse: float,
) -> None:
    """Write a result; `worse` is above 0 if the second arm fared worse, below if better."""
    table.p_value[trial, analysis] = p_value
    table.estimate[trial, analysis] = estimate
    table.standard_error[trial, analysis] = standard_error
    table.favours[trial, analysis] = -1 if worse == 0.0 else int(worse < 0.0)
    table.reason[trial, analysis] = ANALYSED


@inlined
def write_one_step(
    table: AnalysisTable,
    trial: int,
    analysis: int,
    excess: float,
    information: float,
    variance: float,
    deaths: int,
    tested: Tested,
) -> None:
    """Write a score test and the log hazard ratio that one step from no effect gives.

    `excess` deaths in the second arm have the `variance`; `information` is the slope of the score,
    which takes a log hazard ratio supposed from the excess.
    """
    if variance > 0.0 and information > 0.0:
        root = math.sqrt(variance)
        estimate, error = excess / information, root / information
        p_value = p_value_of((excess - tested.null * information) / root, tested)
        write_result(table, trial, analysis, p_value, estimate, error, excess)
    else:
        write_no_result(table, trial, analysis, NOT_ESTIMABLE if deaths > 0 else NO_EVENT)


@inlined
def write_no_result(table: AnalysisTable, trial: int, analysis: int, reason: np.int64) -> None:
    """Write why a trial has no result."""
    table.p_value[trial, analysis] = math.nan
    table.estimate[trial, analysis] = math.nan
    table.standard_error[trial, analysis] = math.nan
    table.favours[trial, analysis] = -1
    table.reason[trial, analysis] = reason


@inlined
def p_value_of(z: float, tested: Tested) -> float:
    """P value of a standard normal statistic of the estimate less its null value.

    The one place in which a signed statistic becomes the p value of a hypothesis.
    """
    if tested.side == BELOW:
        return normal_cdf(z)
    if tested.side == ABOVE:
        return normal_cdf(-z)
    return 2.0 * normal_cdf(-abs(z))
