"""Weighted log-rank tests, and the largest of several (MaxCombo)."""

import math

import numpy as np

from simulator.analysis.data import Block
from simulator.analysis.kernel import ZERO, kernel
from simulator.analysis.multinormal import beyond
from simulator.analysis.sort_keys import CENSORED, SECOND
from simulator.analysis.survival import BOTH_ARMS, counts_of, curve_until, tied
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    AnalysisTable,
    normal_interval,
    tested_by,
    write_no_result,
    write_one_step,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import ABOVE, AWAY, Tested
from simulator.records import Floats, Ints
from simulator.rules.elementary import library_power


def fleming_harrington(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Weights S(t-)^rho (1 - S(t-))^gamma, S of both arms (Fleming and Harrington 1991)."""
    exponents = np.array([[plan.options["rho"], plan.options["gamma"]]])
    _weighted(block.times(plan), exponents, -1.0, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


def modestly_weighted(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Weights 1 / max(S(t-), S(t*)), S of both arms (Magirr and Burman 2019)."""
    t_star = plan.options["t_star_days"]
    _weighted(block.times(plan), np.zeros((1, 2)), t_star, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


def max_combo(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Largest of several weighted statistics, by their joint normal distribution.

    The estimate is that of the log-rank test (Karrison 2016).
    """
    exponents = np.array(plan.options["weights"], dtype=np.float64)
    _weighted(block.times(plan), exponents, -1.0, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _weighted(
    ordered: Ints,
    exponents: Floats,
    t_star: float,
    tested: Tested,
    table: AnalysisTable,
    column: int,
) -> None:
    """One test, or the largest of several; `t_star` below 0 for weights by exponents."""
    tests = exponents.shape[0]
    excess, information, covariance = np.empty(tests), np.empty(tests), np.empty((tests, tests))
    weight, correlation = np.empty(tests), np.empty((tests, tests))
    for k in range(ordered.shape[0]):
        patients, second, deaths = counts_of(ordered[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        keys = ordered[k, :patients]
        floor = curve_until(keys, patients, BOTH_ARMS, t_star)[0] if t_star >= 0.0 else 0.0
        excess[:], information[:], covariance[:] = 0.0, 0.0, 0.0
        plain_excess, plain_variance = 0.0, 0.0
        at_risk, at_risk_second, survival, place = patients, second, 1.0, ZERO
        left = deaths
        while left > 0:
            if keys[place] & CENSORED:
                at_risk -= 1
                at_risk_second -= keys[place] & SECOND
                place += 1
                continue
            dead, dead_second = tied(keys, place)
            share = at_risk_second / at_risk
            own = dead_second - dead * share
            variance = 0.0
            if at_risk > 1:
                variance = dead * share * (1.0 - share) * (at_risk - dead) / (at_risk - 1.0)
            plain_excess += own
            plain_variance += variance
            for j in range(tests):
                weight[j] = (
                    1.0 / max(survival, floor)
                    if t_star >= 0.0
                    else library_power(survival, exponents[j, 0])
                    * library_power(1.0 - survival, exponents[j, 1])
                )
                excess[j] += weight[j] * own
                information[j] += weight[j] * variance
            for i in range(tests):
                for j in range(tests):
                    covariance[i, j] += weight[i] * weight[j] * variance
            survival *= (at_risk - dead) / at_risk
            at_risk -= dead
            at_risk_second -= dead_second
            left -= dead
            place += dead
        if not (np.diag(covariance) > 0.0).all():
            write_no_result(table, k, column, NOT_ESTIMABLE if deaths > 0 else NO_EVENT)
            continue
        if tests == 1:
            write_one_step(
                table, k, column, excess[0], information[0], covariance[0, 0], deaths, tested
            )
            continue
        largest, of_largest, farthest = -1.0, 0.0, -math.inf
        for i in range(tests):
            z = excess[i] / math.sqrt(covariance[i, i])
            if abs(z) > largest:
                largest, of_largest = abs(z), z
            farthest = max(farthest, z if tested.side == ABOVE else -z)
            for j in range(tests):
                both = math.sqrt(covariance[i, i] * covariance[j, j])
                correlation[i, j] = covariance[i, j] / both
        if tested.side == AWAY:
            p_value = beyond(largest, -largest, correlation)
        else:
            p_value = beyond(farthest, -math.inf, correlation)
        estimate, error = plain_excess / plain_variance, 1.0 / math.sqrt(plain_variance)
        write_result(table, k, column, p_value, estimate, error, of_largest)
