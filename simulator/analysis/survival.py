"""Tests on the time to death: log-rank, and the difference of Kaplan-Meier curves at a day.

Both walk through the sorted keys of each trial (see `order`), from death to death.
"""

import math

from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.order import CENSORED, SECOND, UNUSED, time_bits
from simulator.analysis.types import (
    AnalysisTable,
    Reason,
    two_sided,
    write_no_result,
    write_result,
)
from simulator.records import Ints

_EMPTY_ARM, _NO_EVENT = int(Reason.EMPTY_ARM), int(Reason.NO_EVENT)
_NOT_ESTIMABLE, _NOT_FOLLOWED = int(Reason.NOT_ESTIMABLE), int(Reason.NOT_FOLLOWED)


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
        if second in (0, patients):
            write_no_result(table, k, column, _EMPTY_ARM)
            continue
        excess, variance = _log_rank(ordered[k], patients, second, deaths)
        if variance > 0.0:
            root = math.sqrt(variance)
            p_value = two_sided(excess / root)
            write_result(table, k, column, p_value, excess / variance, 1.0 / root, excess)
        else:
            write_no_result(table, k, column, _NOT_ESTIMABLE if deaths > 0 else _NO_EVENT)


@inlined
def _log_rank(keys: Ints, at_risk: int, at_risk_second: int, deaths: int) -> tuple[float, float]:
    """Observed minus expected deaths in the second arm, and its hypergeometric variance."""
    excess, variance = 0.0, 0.0
    k = 0
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
    for k in range(ordered.shape[0]):
        keys = ordered[k]
        patients, second, _ = _counts(keys)
        if second in (0, patients):
            write_no_result(table, k, column, _EMPTY_ARM)
            continue
        s0, v0 = _kaplan_meier(keys, patients - second, 0)
        s1, v1 = _kaplan_meier(keys, second, 1)
        difference, error = s0 - s1, math.sqrt(v0 + v1)
        if error == 0.0:
            write_no_result(table, k, column, _NO_EVENT if difference == 0.0 else _NOT_ESTIMABLE)
        elif _reaches(keys, s0, 0, until_day) and _reaches(keys, s1, 1, until_day):
            p_value = two_sided(difference / error)
            write_result(table, k, column, p_value, difference, error, difference)
        else:
            write_no_result(table, k, column, _NOT_FOLLOWED)


@inlined
def _kaplan_meier(keys: Ints, at_risk: int, arm: int) -> tuple[float, float]:
    """Kaplan-Meier survival of an arm after all its times, and Greenwood's variance of it."""
    survival, terms = 1.0, 0.0
    k = 0
    while at_risk > 0:
        if keys[k] & CENSORED:
            at_risk -= (keys[k] & SECOND) == arm
            k += 1
            continue
        dead, dead_second = _tied(keys, k)
        k += dead
        dead = dead_second if arm == 1 else dead - dead_second
        if dead > 0:
            survival *= (at_risk - dead) / at_risk
            if at_risk > dead:
                terms += dead / (at_risk * (at_risk - dead))
            at_risk -= dead
    return survival, survival * survival * terms


@inlined
def _reaches(keys: Ints, survival: float, arm: int, until_day: float) -> bool:
    """Whether a Kaplan-Meier curve reaches a day."""
    if survival == 0.0:
        return True
    last = time_bits(until_day) << 2
    reached = False
    for key in keys:
        reached |= (key & ~(CENSORED | SECOND) == last) & (key & SECOND == arm)
    return reached
