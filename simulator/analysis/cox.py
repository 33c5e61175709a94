"""Proportional hazards regression on the arm alone (Cox 1972)."""

import math

import numpy as np

from simulator.analysis.data import Block
from simulator.analysis.kernel import ZERO, inlined, kernel
from simulator.analysis.sort_keys import CENSORED, SECOND
from simulator.analysis.survival import counts_of, tied
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    AnalysisTable,
    normal_interval,
    p_value_of,
    tested_by,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import Tested
from simulator.records import Floats, Ints

SCORE, WALD, LIKELIHOOD_RATIO = range(3)
_STATISTICS = {"score": SCORE, "wald": WALD, "likelihood_ratio": LIKELIHOOD_RATIO}
_MOST_STEPS = 50
_TOLERANCE = 1e-11
_INFINITE = 25.0  # beyond this the likelihood of a log hazard ratio has no slope left


def cox(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log hazard ratio by partial likelihood; score, Wald or likelihood ratio test.

    Ties by Efron (1977) or Breslow (1974). Where all deaths that tell are in one arm the estimate
    is infinite: the score and likelihood ratio tests still exist, Wald's does not.
    """
    statistic = _STATISTICS[plan.options["statistic"]]
    ordered = block.times(plan)
    work = np.empty((4, ordered.shape[1]))
    efron = plan.options["ties"] == "efron"
    _cox(ordered, efron, statistic, tested_by(plan), work, table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _cox(
    ordered: Ints,
    efron: bool,
    statistic: int,
    tested: Tested,
    work: Floats,
    table: AnalysisTable,
    column: int,
) -> None:
    for k in range(ordered.shape[0]):
        patients, second, deaths = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        terms, up, down = _risk_sets(ordered[k], patients, second, deaths, efron, work)
        sets = work[:, :terms]
        at_null, slope, curvature = _likelihood(sets, tested.null)
        if terms == 0 or curvature <= 0.0:
            write_no_result(table, k, column, NOT_ESTIMABLE if deaths > 0 else NO_EVENT)
            continue
        if up and down:
            beta, highest, information = _maximum(sets)
            estimate, error = beta, 1.0 / math.sqrt(information)
        elif statistic == WALD:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        else:
            estimate = error = math.nan
            highest = _likelihood(sets, 2.0 * _INFINITE if up else -2.0 * _INFINITE)[0]
        if statistic == SCORE:
            z = slope / math.sqrt(curvature)
        elif statistic == WALD:
            z = (estimate - tested.null) / error
        else:
            z = math.copysign(math.sqrt(max(2.0 * (highest - at_null), 0.0)), slope)
        worse = slope if tested.null == 0.0 else _likelihood(sets, 0.0)[1]
        write_result(table, k, column, p_value_of(z, tested), estimate, error, worse)


@inlined
def _risk_sets(
    keys: Ints, at_risk: int, at_risk_second: int, deaths: int, efron: bool, sets: Floats
) -> tuple[int, bool, bool]:
    """Put each term of the likelihood into `sets`: weights at risk by arm, deaths, in the second.

    Efron's method has a term for each of d tied deaths, with l/d of those who died out of the risk
    set; each term counts one death, and the second arm's share of d. Breslow's has one term.

    Returns
    -------
    tuple
        Number of terms; whether a death in the second arm, and one in the first, keep the
        likelihood from climbing towards minus and plus infinity: with both it has a maximum.
    """
    terms, k = 0, ZERO
    rises_down, rises_up = False, False
    while deaths > 0:
        if keys[k] & CENSORED:
            at_risk -= 1
            at_risk_second -= keys[k] & SECOND
            k += 1
            continue
        dead, dead_second = tied(keys, k)
        first = at_risk - at_risk_second
        if first > 0 and at_risk_second > 0:
            # A death in the second arm keeps the ratio from falling for ever, one in the first
            # from climbing.
            rises_up |= dead_second > 0
            rises_down |= dead_second < dead
        repeats = dead if efron else 1
        for part in range(repeats):
            gone = part / dead if efron else 0.0
            sets[0, terms] = first - gone * (dead - dead_second)
            sets[1, terms] = at_risk_second - gone * dead_second
            sets[2, terms] = dead / repeats
            sets[3, terms] = dead_second / repeats
            terms += 1
        at_risk -= dead
        at_risk_second -= dead_second
        deaths -= dead
        k += dead
    return terms, rises_up, rises_down


@inlined
def _likelihood(sets: Floats, beta: float) -> tuple[float, float, float]:
    """Log partial likelihood at a log hazard ratio, its slope and its information."""
    ratio = math.exp(beta)
    value, slope, information = 0.0, 0.0, 0.0
    for j in range(sets.shape[1]):
        second = sets[1, j] * ratio
        total = sets[0, j] + second
        share = second / total
        value += sets[3, j] * beta - sets[2, j] * math.log(total)
        slope += sets[3, j] - sets[2, j] * share
        information += sets[2, j] * share * (1.0 - share)
    return value, slope, information


@inlined
def _maximum(sets: Floats) -> tuple[float, float, float]:
    """Log hazard ratio of the highest likelihood, its logarithm and the information there.

    Newton's method within a bracket that halves where a step would leave it.
    """
    low, high, beta = -_INFINITE, _INFINITE, 0.0
    value, slope, information = _likelihood(sets, beta)
    for _ in range(_MOST_STEPS):
        if slope > 0.0:
            low = beta
        else:
            high = beta
        following = beta + slope / information if information > 0.0 else low - 1.0
        if not low < following < high:
            following = 0.5 * (low + high)
        done = abs(following - beta) < _TOLERANCE
        beta = following
        value, slope, information = _likelihood(sets, beta)
        if done:
            break
    return beta, value, information
