"""Deaths of one cause where others, and transplants, compete."""

import math

import numpy as np
import numpy.typing as npt

from simulator.analysis.causes import COMPETING, OF_INTEREST
from simulator.analysis.data import Block
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    NOT_FOLLOWED,
    AnalysisPlan,
    AnalysisTable,
    normal_interval,
    two_sided,
    write_no_result,
    write_result,
)
from simulator.records import Floats, Ints

Codes = npt.NDArray[np.int8]


def cause_specific(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test of deaths of the cause, those that compete being censored."""
    _cause_specific(*block.causes(plan), table, column)
    normal_interval(table, column, plan.alpha)


def cumulative_incidence(
    block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int
) -> None:
    """Difference of cumulative incidence at the end (Aalen and Johansen 1978), normal test.

    Variance by the delta method (Marubini and Valsecchi 1995).
    """
    _incidence(*block.causes(plan), float(block.follow_up_days), table, column)
    normal_interval(table, column, plan.alpha)


@inlined
def sizes(time: Floats, arm: Codes) -> tuple[int, int]:
    """Patients used, and those of them in the second arm."""
    patients, second = 0, 0
    while patients < time.size and time[patients] < math.inf:
        second += arm[patients]
        patients += 1
    return patients, second


@inlined
def at(time: Floats, ended_by: Codes, arm: Codes, first: int, patients: int, counts: Ints) -> int:
    """Count those who end at one time by arm and by what; return the place after them."""
    counts[:] = 0
    k = first
    while k < patients and time[k] == time[first]:
        counts[arm[k], ended_by[k]] += 1
        k += 1
    return k


@kernel
def _cause_specific(
    times: Floats, ended_by: Codes, arms: Codes, table: AnalysisTable, column: int
) -> None:
    counts = np.empty((2, 3), np.int64)
    for k in range(times.shape[0]):
        patients, second = sizes(times[k], arms[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        place, at_risk, at_risk_second, deaths = 0, patients, second, 0
        excess, variance = 0.0, 0.0
        while place < patients:
            after = at(times[k], ended_by[k], arms[k], place, patients, counts)
            dead_second = counts[1, OF_INTEREST]
            dead = counts[0, OF_INTEREST] + dead_second
            if dead > 0:
                share = at_risk_second / at_risk
                excess += dead_second - dead * share
                if at_risk > 1:
                    left = (at_risk - dead) / (at_risk - 1.0)
                    variance += dead * share * (1.0 - share) * left
                deaths += dead
            at_risk -= after - place
            at_risk_second -= counts[1].sum()
            place = after
        if variance > 0.0:
            root = math.sqrt(variance)
            p_value = two_sided(excess / root)
            write_result(table, k, column, p_value, excess / variance, 1.0 / root, excess)
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE if deaths > 0 else NO_EVENT)


@kernel
def _incidence(
    times: Floats,
    ended_by: Codes,
    arms: Codes,
    day: float,
    table: AnalysisTable,
    column: int,
) -> None:
    counts = np.empty((2, 3), np.int64)
    for k in range(times.shape[0]):
        patients, second = sizes(times[k], arms[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        difference, variance, followed, deaths = 0.0, 0.0, True, 0
        for arm in range(2):
            size = second if arm == 1 else patients - second
            own, spread, dead, reached = _aalen_johansen(
                times[k, :patients], ended_by[k], arms[k], arm, size, day, counts
            )
            difference += own if arm == 1 else -own
            variance += spread
            deaths += dead
            followed &= reached
        if not followed:
            write_no_result(table, k, column, NOT_FOLLOWED)
        elif variance > 0.0:
            error = math.sqrt(variance)
            p_value = two_sided(difference / error)
            write_result(table, k, column, p_value, difference, error, difference)
        else:
            write_no_result(table, k, column, NO_EVENT if deaths == 0 else NOT_ESTIMABLE)


@inlined
def _aalen_johansen(
    time: Floats, ended_by: Codes, arm_of: Codes, arm: int, at_risk: int, day: float, counts: Ints
) -> tuple[float, float, int, bool]:
    """Cumulative incidence of an arm at a day, its variance, the deaths, whether it comes so far.

    With F the incidence at the day and F_j that at the j-th time, the variance sums
    (F - F_j)^2 g_j + h_j - 2 (F - F_j) c_j, which is a polynomial in F: its sums are kept.
    """
    incidence, survival, deaths, reached = 0.0, 1.0, 0, False
    g_sum, fg_sum, ffg_sum, h_sum, c_sum, fc_sum = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    place = 0
    while place < time.size:
        after = at(time, ended_by, arm_of, place, time.size, counts)
        dead, others = counts[arm, OF_INTEREST], counts[arm, COMPETING]
        reached |= time[place] >= day and at_risk > 0
        if dead + others > 0:
            incidence += survival * dead / at_risk
            ended = dead + others
            if at_risk > ended:
                g = ended / (float(at_risk) * (at_risk - ended))
                g_sum += g
                fg_sum += incidence * g
                ffg_sum += incidence * incidence * g
            elif ended > 0:
                reached = True  # nobody is left who could be followed
            squared = float(at_risk) * at_risk
            h_sum += survival * survival * dead * (at_risk - dead) / (squared * at_risk)
            c = survival * dead / squared
            c_sum += c
            fc_sum += incidence * c
            survival *= (at_risk - ended) / at_risk
            deaths += dead
        at_risk -= counts[arm].sum()
        place = after
    f = incidence
    variance = f * f * g_sum - 2.0 * f * fg_sum + ffg_sum + h_sum - 2.0 * (f * c_sum - fc_sum)
    return incidence, max(variance, 0.0), deaths, reached
