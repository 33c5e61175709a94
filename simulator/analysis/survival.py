"""Tests on the time to death: log-rank, weighted and stratified, and Kaplan-Meier curves.

All walk through the sorted keys of each trial (see `order`), from death to death.
"""

import math

from simulator.analysis.data import Block
from simulator.analysis.kernel import ZERO, inlined, kernel
from simulator.analysis.sort_keys import CENSORED, SECOND, UNUSED, time_of
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    NOT_FOLLOWED,
    AnalysisTable,
    normal_interval,
    p_value_of,
    tested_by,
    write_no_result,
    write_one_step,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import Tested
from simulator.records import Ints

BOTH_ARMS = -1  # in place of an arm


@inlined
def counts_of(keys: Ints) -> tuple[int, int, int]:
    """Patients used, those of them in the second arm, and deaths."""
    patients = keys.size
    while patients > 0 and keys[patients - 1] == UNUSED:
        patients -= 1
    second, censored = 0, 0  # in units of their bits
    for i in range(keys.size):
        second += keys[i] & SECOND
        censored += keys[i] & CENSORED
    return patients, second // SECOND, keys.size - censored // CENSORED


@inlined
def tied(keys: Ints, first: int) -> tuple[int, int]:
    """Number of deaths at the time of a death, and of those in the second arm."""
    key = keys[first]
    dead, dead_second = 1, key & SECOND
    while first + dead < keys.size and keys[first + dead] >> 1 == key >> 1:
        dead_second += keys[first + dead] & SECOND
        dead += 1
    return dead, dead_second


def log_rank(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test (Mantel 1966; Peto and Peto 1972), normal approximation.

    The estimate is the log hazard ratio of the second arm against the first by one step from no
    effect, (O - E)/V, with standard error sqrt(V)/V.
    """
    log_rank_of(block.times(plan), plan, table, column)


def log_rank_of(ordered: Ints, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test of sorted keys, a row a trial."""
    _log_ranks(ordered, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _log_ranks(ordered: Ints, tested: Tested, table: AnalysisTable, column: int) -> None:
    for k in range(ordered.shape[0]):
        patients, second, deaths = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        excess, variance = _log_rank(ordered[k], patients, second, deaths)
        write_one_step(table, k, column, excess, variance, variance, deaths, tested)


@inlined
def _log_rank(keys: Ints, at_risk: int, at_risk_second: int, deaths: int) -> tuple[float, float]:
    """Observed minus expected deaths in the second arm, and its hypergeometric variance."""
    excess, variance = 0.0, 0.0
    k = ZERO
    while deaths > 0:
        key = keys[k]
        if key & CENSORED:
            at_risk -= 1
            at_risk_second -= key & SECOND
            k += 1
            continue
        dead, dead_second = tied(keys, k)
        share = at_risk_second / at_risk
        excess += dead_second - dead * share
        if dead == 1:
            variance += share * (1.0 - share)
        else:
            variance += dead * share * (1.0 - share) * (at_risk - dead) / (at_risk - 1.0)
        at_risk -= dead
        at_risk_second -= dead_second
        deaths -= dead
        k += dead
    return excess, variance


def stratified_log_rank(
    block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int
) -> None:
    """Log-rank test with observed, expected and variance added up over strata."""
    cells = block.cells(plan)
    _stratified(cells.first_cell, cells.block.times(plan), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _stratified(
    first_cell: Ints, ordered: Ints, tested: Tested, table: AnalysisTable, column: int
) -> None:
    for k in range(first_cell.size - 1):
        all_patients, all_second, all_deaths, excess, variance = 0, 0, 0, 0.0, 0.0
        for cell in range(first_cell[k], first_cell[k + 1]):
            patients, second, deaths = counts_of(ordered[cell])
            own_excess, own_variance = 0.0, 0.0
            if deaths > 0:
                own_excess, own_variance = _log_rank(ordered[cell], patients, second, deaths)
            all_patients, all_second = all_patients + patients, all_second + second
            all_deaths += deaths
            excess += own_excess
            variance += own_variance
        if all_second == 0 or all_second == all_patients:
            write_no_result(table, k, column, EMPTY_ARM)
        else:
            write_one_step(table, k, column, excess, variance, variance, all_deaths, tested)


def km_difference(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Difference of Kaplan-Meier mortality at the end, second arm minus first, normal test.

    Greenwood's variances (1926), no transformation. A curve is not carried on beyond the last
    patient followed unless all are dead.
    """
    _km_difference(block.times(plan), float(block.follow_up_days), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _km_difference(
    ordered: Ints, end: float, tested: Tested, table: AnalysisTable, column: int
) -> None:
    for k in range(ordered.shape[0]):
        patients, second, _ = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        difference, variance, followed = 0.0, 0.0, True
        for arm in range(2):
            size = second if arm == 1 else patients - second
            survival, terms, _, _, reached = curve_until(ordered[k, :patients], size, arm, end)
            difference += -survival if arm == 1 else survival
            variance += survival * survival * terms
            followed &= reached
        error = math.sqrt(variance)
        if error == 0.0:
            write_no_result(table, k, column, NO_EVENT if difference == 0.0 else NOT_ESTIMABLE)
        elif followed:
            p_value = p_value_of((difference - tested.null) / error, tested)
            write_result(table, k, column, p_value, difference, error, difference)
        else:
            write_no_result(table, k, column, NOT_FOLLOWED)


def km_milestone(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log ratio of cumulative hazards at a day, from Kaplan-Meier curves, normal test.

    ln(-ln S) of each arm with Greenwood's variance over (ln S)^2 (Klein, Logan, Harhoff and
    Andersen 2007).
    """
    _milestone(block.times(plan), plan.options["day"], tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _milestone(
    ordered: Ints, day: float, tested: Tested, table: AnalysisTable, column: int
) -> None:
    for k in range(ordered.shape[0]):
        patients, second, deaths = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        difference, variance, followed, inside = 0.0, 0.0, True, True
        for arm in range(2):
            size = second if arm == 1 else patients - second
            survival, terms, _, _, reached = curve_until(ordered[k, :patients], size, arm, day)
            followed &= reached
            inside &= 0.0 < survival < 1.0
            if 0.0 < survival < 1.0:
                logarithm = math.log(survival)
                difference += math.log(-logarithm) * (1.0 if arm == 1 else -1.0)
                variance += terms / (logarithm * logarithm)
        if not followed:
            write_no_result(table, k, column, NOT_FOLLOWED)
        elif not inside:
            write_no_result(table, k, column, NO_EVENT if deaths == 0 else NOT_ESTIMABLE)
        else:
            error = math.sqrt(variance)
            p_value = p_value_of((difference - tested.null) / error, tested)
            write_result(table, k, column, p_value, difference, error, difference)


def rmst_difference(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Difference of restricted mean survival time, days, second arm minus first, normal test.

    Area under the Kaplan-Meier curve up to a day, with its variance by Greenwood's terms
    (Royston and Parmar 2013).
    """
    _rmst(block.times(plan), plan.options["day"], tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _rmst(ordered: Ints, day: float, tested: Tested, table: AnalysisTable, column: int) -> None:
    for k in range(ordered.shape[0]):
        patients, second, deaths = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        difference, variance, followed = 0.0, 0.0, True
        for arm in range(2):
            size = second if arm == 1 else patients - second
            _, _, area, spread, reached = curve_until(ordered[k, :patients], size, arm, day)
            followed &= reached
            difference += area if arm == 1 else -area
            variance += spread
        error = math.sqrt(variance)
        if not followed:
            write_no_result(table, k, column, NOT_FOLLOWED)
        elif error == 0.0:
            write_no_result(table, k, column, NO_EVENT if deaths == 0 else NOT_ESTIMABLE)
        else:
            p_value = p_value_of((difference - tested.null) / error, tested)
            write_result(table, k, column, p_value, difference, error, -difference)


@inlined
def curve_until(
    keys: Ints, at_risk: int, arm: int, day: float
) -> tuple[float, float, float, float, bool]:
    """Kaplan-Meier curve of an arm, or of `BOTH_ARMS` together, up to a day.

    Returns
    -------
    tuple
        Survival at the day; Greenwood's sum; the area up to the day and its variance; whether the
        curve comes to the day: an arm's last patient is followed so far, or dead.
    """
    survival, terms, area, before = 1.0, 0.0, 0.0, 0.0
    # The variance of the area is sum A_j^2 g_j, A_j the area from the j-th death on, which is the
    # whole area less that until then: the three sums are of g, area g and area^2 g.
    first_sum, second_sum = 0.0, 0.0
    reached = False
    k = ZERO
    while k < keys.size:
        time = time_of(keys[k])
        if time > day:
            reached |= at_risk > 0
            break
        here, dead = 0, 0
        same = keys[k] >> 2
        while k < keys.size and keys[k] >> 2 == same:
            if arm == BOTH_ARMS or (keys[k] & SECOND) == arm:
                here += 1
                dead += (keys[k] & CENSORED) == 0
            k += 1
        reached |= time == day and at_risk > 0
        if dead > 0:
            area += survival * (time - before)
            before = time
            survival *= (at_risk - dead) / at_risk
            if at_risk > dead:
                part = dead / (float(at_risk) * (at_risk - dead))
                terms += part
                first_sum += area * part
                second_sum += area * area * part
        at_risk -= here
    area += survival * (day - before)
    variance = max(area * area * terms - 2.0 * area * first_sum + second_sum, 0.0)
    return survival, terms, area, variance, reached or survival == 0.0
