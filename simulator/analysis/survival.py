"""Tests on the time to death: log-rank, and the difference of Kaplan-Meier curves at a day."""

import math

import numba
import numpy as np
import numpy.typing as npt

from simulator.analysis.types import Reason, Result, no_result
from simulator.records import Floats, Ints
from simulator.rules.normal import normal_cdf

Bools = npt.NDArray[np.bool_]


@numba.njit(cache=True, error_model="numpy")
def _log_rank(time: Floats, event: Bools, second: Bools) -> tuple[float, float]:
    """Observed minus expected deaths in the second arm, and its hypergeometric variance."""
    order = np.argsort(time)
    at_risk, at_risk_second = time.size, 0
    for k in range(time.size):
        at_risk_second += second[k]
    excess, variance = 0.0, 0.0
    k = 0
    while k < time.size:
        now = time[order[k]]
        dead, dead_second, gone, gone_second = 0, 0, 0, 0
        while k < time.size and time[order[k]] == now:
            i = order[k]
            gone += 1
            gone_second += second[i]
            dead += event[i]
            dead_second += event[i] and second[i]
            k += 1
        if dead > 0:
            share = at_risk_second / at_risk
            excess += dead_second - dead * share
            if at_risk > 1:
                variance += dead * share * (1.0 - share) * (at_risk - dead) / (at_risk - 1.0)
        at_risk -= gone
        at_risk_second -= gone_second
    return excess, variance


def log_rank(time_days: Floats, event: Bools, arm: Ints) -> Result:
    """Log-rank test (Mantel 1966; Peto and Peto 1972), normal approximation.

    The estimate is the log hazard ratio of the second arm against the first by one step from no
    effect, (O - E)/V, with standard error 1/sqrt(V).
    """
    second = arm == 1
    if second.all() or not second.any():
        return no_result(Reason.EMPTY_ARM)
    excess, variance = _log_rank(time_days, event, second)
    if variance <= 0.0:
        return no_result(Reason.NOT_ESTIMABLE if event.any() else Reason.NO_EVENT)
    p_value = 2.0 * normal_cdf(-abs(excess) / math.sqrt(variance))
    favours = -1 if excess == 0 else int(excess < 0)
    return Result(p_value, excess / variance, variance**-0.5, favours, int(Reason.ANALYSED))


@numba.njit(cache=True, error_model="numpy")
def kaplan_meier(time: Floats, event: Bools, until: float) -> tuple[float, float]:
    """Kaplan-Meier survival at a day and Greenwood's variance of it."""
    order = np.argsort(time)
    at_risk = time.size
    survival, terms = 1.0, 0.0
    k = 0
    while k < time.size and time[order[k]] <= until:
        now = time[order[k]]
        dead, gone = 0, 0
        while k < time.size and time[order[k]] == now:
            dead += event[order[k]]
            gone += 1
            k += 1
        if dead > 0:
            survival *= (at_risk - dead) / at_risk
            if at_risk > dead:
                terms += dead / (at_risk * (at_risk - dead))
        at_risk -= gone
    return survival, survival * survival * terms


def km_difference(time_days: Floats, event: Bools, arm: Ints, until_day: float) -> Result:
    """Difference of Kaplan-Meier mortality at a day, second arm minus first, normal approximation.

    Greenwood's variances (1926), no transformation. A curve is not carried on beyond the last
    patient followed unless all are dead.
    """
    second = arm == 1
    if second.all() or not second.any():
        return no_result(Reason.EMPTY_ARM)
    s0, v0 = kaplan_meier(time_days[~second], event[~second], until_day)
    s1, v1 = kaplan_meier(time_days[second], event[second], until_day)
    difference, error = s0 - s1, math.sqrt(v0 + v1)
    if error == 0.0:
        return no_result(Reason.NO_EVENT if difference == 0.0 else Reason.NOT_ESTIMABLE)
    arms = (s0, time_days[~second]), (s1, time_days[second])
    if not all(_known(survival, times, until_day) for survival, times in arms):
        return no_result(Reason.NOT_FOLLOWED)
    favours = -1 if difference == 0 else int(difference < 0)
    p_value = 2.0 * normal_cdf(-abs(difference) / error)
    return Result(p_value, difference, error, favours, int(Reason.ANALYSED))


def _known(survival: float, time_days: Floats, until_day: float) -> bool:
    """Whether a Kaplan-Meier curve reaches a day."""
    return survival == 0.0 or float(time_days.max()) >= until_day
