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
from simulator.records import Floats, Ints

Codes = npt.NDArray[np.int8]


def cause_specific(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test of deaths of the cause, those that compete being censored."""
    _cause_specific(*block.causes(plan), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


def cumulative_incidence(
    block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int
) -> None:
    """Difference of cumulative incidence at the end (Aalen and Johansen 1978), normal test.

    Variance by the martingales of both kinds of end, as R's cmprsk has it (Gray 1988).
    """
    day = block.follow_up_days
    _incidence(*block.causes(plan, day), float(day), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


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
    times: Floats,
    ended_by: Codes,
    arms: Codes,
    tested: Tested,
    table: AnalysisTable,
    column: int,
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
        write_one_step(table, k, column, excess, variance, variance, deaths, tested)


@kernel
def _incidence(
    times: Floats,
    ended_by: Codes,
    arms: Codes,
    day: float,
    tested: Tested,
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
            p_value = p_value_of((difference - tested.null) / error, tested)
            write_result(table, k, column, p_value, difference, error, difference)
        else:
            write_no_result(table, k, column, NO_EVENT if deaths == 0 else NOT_ESTIMABLE)


@inlined
def _aalen_johansen(
    time: Floats, ended_by: Codes, arm_of: Codes, arm: int, at_risk: int, day: float, counts: Ints
) -> tuple[float, float, int, bool]:
    """Cumulative incidence of an arm at a day, its variance, the deaths, whether it comes so far.

    A death of the cause at the j-th time moves the incidence F at the day by 1 - (F - F_j)/S_j, a
    competing end by -(F - F_j)/S_j, in units of S_(j-1)/r_j (F_j and S_j after that time, the part
    with S_j left out where nobody survives). The variance sums their squares times how many so
    ended, with the correction for ties. It is a polynomial in F: its sums are kept.
    """
    incidence, survival, deaths, reached = 0.0, 1.0, 0, False
    constant, linear, square = 0.0, 0.0, 0.0
    place = 0
    while place < time.size:
        after = at(time, ended_by, arm_of, place, time.size, counts)
        dead, others = counts[arm, OF_INTEREST], counts[arm, COMPETING]
        reached |= time[place] >= day and at_risk > 0
        if dead + others > 0:
            unit = survival / at_risk
            incidence += unit * dead
            survival = unit * (at_risk - dead - others)
            inverse = 1.0 / survival if survival > 0.0 else 0.0
            reached |= survival == 0.0  # nobody is left who could be followed
            for direct in range(2):
                ended = dead if direct == 1 else others
                if ended > 0 and (direct == 1 or survival > 0.0):
                    ties = 1.0 - (ended - 1.0) / (at_risk - 1.0) if ended > 1 else 1.0
                    weight = unit * unit * ties * ended
                    fixed = direct + incidence * inverse
                    constant += weight * fixed * fixed
                    linear += weight * fixed * inverse
                    square += weight * inverse * inverse
            deaths += dead
        at_risk -= counts[arm].sum()
        place = after
    f = incidence
    variance = constant - 2.0 * f * linear + f * f * square
    return incidence, max(variance, 0.0), deaths, reached
