"""Tests on the time to death: log-rank, and the difference of Kaplan-Meier curves at a day.

Both walk through the sorted keys of each trial (see `order`), from death to death.
"""

import math

from simulator.analysis.kernel import ZERO, inlined, kernel
from simulator.analysis.order import CENSORED, SECOND, UNUSED, time_bits
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    NOT_FOLLOWED,
    AnalysisTable,
    two_sided,
    write_no_result,
    write_result,
)
from simulator.records import Ints


@inlined
def _counts(keys: Ints) -> tuple[int, int, int]:
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
def _tied(keys: Ints, first: int) -> tuple[int, int]:
    """Number of deaths at the time of a death, and of those in the second arm."""
    key = keys[first]
    dead, dead_second = 1, key & SECOND
    while first + dead < keys.size and keys[first + dead] >> 1 == key >> 1:
        dead_second += keys[first + dead] & SECOND
        dead += 1
    return dead, dead_second


@kernel
def log_rank(ordered: Ints, table: AnalysisTable, column: int) -> None:
    """Log-rank test (Mantel 1966; Peto and Peto 1972), normal approximation.

    The estimate is the log hazard ratio of the second arm against the first by one step from no
    effect, (O - E)/V, with standard error 1/sqrt(V).
    """
    for k in range(ordered.shape[0]):
        patients, second, deaths = _counts(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        excess, variance = _log_rank(ordered[k], patients, second, deaths)
        if variance > 0.0:
            root = math.sqrt(variance)
            p_value = two_sided(excess / root)
            write_result(table, k, column, p_value, excess / variance, 1.0 / root, excess)
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE if deaths > 0 else NO_EVENT)


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
        dead, dead_second = _tied(keys, k)
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


@kernel
def km_difference(ordered: Ints, until_day: float, table: AnalysisTable, column: int) -> None:
    """Difference of Kaplan-Meier mortality at a day, second arm minus first, normal approximation.

    Greenwood's variances (1926), no transformation. A curve is not carried on beyond the last
    patient followed unless all are dead. No time is later than the day.
    """
    until = time_bits(until_day) << 2
    for k in range(ordered.shape[0]):
        patients, second, _ = _counts(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        difference, variance, followed = 0.0, 0.0, True
        for arm in range(2):
            size = second if arm == 1 else patients - second
            survival, own_variance, last = _kaplan_meier(ordered[k], size, arm)
            difference += -survival if arm == 1 else survival
            variance += own_variance
            followed &= survival == 0.0 or last >> 2 << 2 == until
        error = math.sqrt(variance)
        if error == 0.0:
            write_no_result(table, k, column, NO_EVENT if difference == 0.0 else NOT_ESTIMABLE)
        elif followed:
            p_value = two_sided(difference / error)
            write_result(table, k, column, p_value, difference, error, difference)
        else:
            write_no_result(table, k, column, NOT_FOLLOWED)


@inlined
def _kaplan_meier(keys: Ints, at_risk: int, arm: int) -> tuple[float, float, int]:
    """Kaplan-Meier survival of an arm after all its times, Greenwood's variance, the last key."""
    survival, terms = 1.0, 0.0
    k = ZERO
    while True:
        key = keys[k]
        if key & CENSORED:
            dead, gone = 0, int(key & SECOND == arm)
            k += 1
        else:
            dead, dead_second = _tied(keys, k)
            k += dead
            dead = dead_second if arm == 1 else dead - dead_second
            gone = dead
        if dead > 0:
            survival *= (at_risk - dead) / at_risk
            if at_risk > dead:
                terms += dead / (at_risk * (at_risk - dead))
        at_risk -= gone
        if at_risk == 0:
            return survival, survival * survival * terms, key
