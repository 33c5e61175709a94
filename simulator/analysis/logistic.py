"""Logistic regression of death on arm and MELD, with Firth's penalty (1993), and what it implies.

The penalised likelihood is the likelihood times the root of the determinant of the information: it
has a finite maximum where deaths and survivors are separated. Coefficients are of an intercept, the
arm, and MELD at the first visit, centred and in units of its standard deviation within the trial.
"""

import math
from typing import Any

import numpy as np

from simulator.analysis.data import Block
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import (
    EMPTY_ARM,
    NO_EVENT,
    NOT_ESTIMABLE,
    AnalysisTable,
    normal_interval,
    p_value_of,
    tested_by,
    two_sided_quantile,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats

_MOST_STEPS = 2_000
_LARGEST_STEP = 2.0
_TOLERANCE = 1e-10
_PROFILE_STEPS = 60
_PROFILE_TOLERANCE = 1e-8
_FARTHEST = 30.0  # a limit so far from the estimate, an odds ratio of 10^13, counts as none
_LEAST_LEFT = 1e-9  # share of the arm's variance that MELD must leave unexplained
_LEAST_ERROR = 1e-9  # of a difference of risks; rounding leaves less where all of an arm died
# Whether the arm's coefficient is fitted; a literal would be a type of its own to Numba.
_FREE: Any = np.int64(1)
_FIXED: Any = np.int64(0)


def firth_logistic(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log odds ratio adjusted for MELD; penalised likelihood ratio test and profile limits.

    Heinze and Schemper (2002).
    """
    drop = two_sided_quantile(plan.interval_alpha) ** 2 / 2.0
    ends = block.ends(plan)
    work = np.empty((3, int(np.diff(ends.first_row).max(initial=0))))
    _firth(ends, work, drop, tested_by(plan), table, column)


def standardised_difference(
    block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int
) -> None:
    """Marginal risk difference by standardisation of the same model, with a robust variance.

    Each arm's mean prediction over all patients is corrected by the arm's mean residual, so that a
    wrong model costs precision and no bias (after Ye, Bannick, Yi and Shao 2023).
    """
    ends = block.ends(plan)
    work = np.empty((3, int(np.diff(ends.first_row).max(initial=0))))
    _standardised(ends, work, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@inlined
def _gather(ends, trial, work):  # type: ignore[no-untyped-def]
    """Put arm, MELD and death of the patients used into `work`.

    Return how many they are, how many of the second arm, how many died, whether their MELD differs,
    and whether it leaves the arm to be told apart.
    """
    size, second, dead, total, squares, product = 0, 0, 0, 0.0, 0.0, 0.0
    for i in range(ends.first_row[trial], ends.first_row[trial + 1]):
        if ends.used[i]:
            work[0, size] = ends.arm[i]
            work[1, size] = ends.baseline[i]
            work[2, size] = 1.0 if ends.dead[i] else 0.0
            second += ends.arm[i]
            dead += 1 if ends.dead[i] else 0
            total += ends.baseline[i]
            size += 1
    if size == 0:
        return size, second, dead, False, False
    mean = total / size
    for i in range(size):
        work[1, i] -= mean
        squares += work[1, i] * work[1, i]
    spread = math.sqrt(squares / size)
    # Values that are all the same leave nothing to adjust for but rounding.
    adjusted = spread > 1e-9 * (1.0 + abs(mean))
    for i in range(size):
        work[1, i] = work[1, i] / spread if adjusted else 0.0
        product += work[0, i] * work[1, i]
    own = second * (size - second) / size
    return size, second, dead, adjusted, own - product * product / size > _LEAST_LEFT * own


@inlined
def _information(data: Floats, beta: Floats, info: Floats) -> float:
    """Fill in the information, upper triangle, at some coefficients; return the log likelihood."""
    info[:] = 0.0
    likelihood = 0.0
    for i in range(data.shape[1]):
        linear = beta[0] + beta[1] * data[0, i] + beta[2] * data[1, i]
        odds = math.exp(-abs(linear))
        weight = odds / ((1.0 + odds) * (1.0 + odds))
        info[0, 0] += weight
        info[0, 1] += weight * data[0, i]
        info[0, 2] += weight * data[1, i]
        info[1, 1] += weight * data[0, i] * data[0, i]
        info[1, 2] += weight * data[0, i] * data[1, i]
        info[2, 2] += weight * data[1, i] * data[1, i]
        signed = linear if data[2, i] > 0.5 else -linear
        likelihood -= math.log1p(odds) + max(-signed, 0.0)
    return likelihood


@inlined
def _invert(info: Floats, inverse: Floats) -> float:
    """Fill in the inverse of a symmetric matrix of three; return the determinant."""
    a, b, c = info[0, 0], info[0, 1], info[0, 2]
    d, e, f = info[1, 1], info[1, 2], info[2, 2]
    inverse[0, 0], inverse[0, 1], inverse[0, 2] = d * f - e * e, c * e - b * f, b * e - c * d
    inverse[1, 1], inverse[1, 2], inverse[2, 2] = a * f - c * c, b * c - a * e, a * d - b * b
    determinant = a * inverse[0, 0] + b * inverse[0, 1] + c * inverse[0, 2]
    for row in range(3):
        for column in range(row, 3):
            inverse[row, column] /= determinant
            inverse[column, row] = inverse[row, column]
    return determinant


@kernel
def _fit(data: Floats, adjusted: bool, arm_is_free: int, beta: Floats, inverse: Floats) -> float:
    """Maximise the penalised likelihood from `beta` on, in place; return its logarithm.

    Without `adjusted` MELD's column is all 0, and its coefficient stays 0 with unit information.
    The inverse information is that at the maximum.
    """
    info, score, step, tried = np.empty((3, 3)), np.empty(3), np.empty(3), np.empty(3)
    value = _penalised(data, adjusted, beta, info, inverse)
    for _ in range(_MOST_STEPS):
        score[:] = 0.0
        for i in range(data.shape[1]):
            a, m = data[0, i], data[1, i]
            p = 1.0 / (1.0 + math.exp(-(beta[0] + beta[1] * a + beta[2] * m)))
            leverage = inverse[0, 0] + 2.0 * (a * inverse[0, 1] + m * inverse[0, 2])
            leverage += a * a * inverse[1, 1] + 2.0 * a * m * inverse[1, 2]
            leverage += m * m * inverse[2, 2]
            residual = data[2, i] - p + p * (1.0 - p) * leverage * (0.5 - p)
            score[0] += residual
            score[1] += residual * a
            score[2] += residual * m
        if arm_is_free:
            for row in range(3):
                step[row] = inverse[row, 0] * score[0] + inverse[row, 1] * score[1]
                step[row] += inverse[row, 2] * score[2]
        else:
            determinant = info[0, 0] * info[2, 2] - info[0, 2] * info[0, 2]
            step[0] = (info[2, 2] * score[0] - info[0, 2] * score[2]) / determinant
            step[1] = 0.0
            step[2] = (info[0, 0] * score[2] - info[0, 2] * score[0]) / determinant
        longest = max(abs(step[0]), abs(step[1]), abs(step[2]))
        if longest < _TOLERANCE:
            break
        scale = min(1.0, _LARGEST_STEP / longest)
        for _ in range(30):
            for row in range(3):
                tried[row] = beta[row] + scale * step[row]
            there = _penalised(data, adjusted, tried, info, inverse)
            if there >= value - 1e-12:
                break
            scale *= 0.5
        beta[:] = tried
        value = there
    return value


@inlined
def _penalised(data: Floats, adjusted: bool, beta: Floats, info: Floats, inverse: Floats) -> float:
    likelihood = _information(data, beta, info)
    if not adjusted:
        info[0, 2], info[1, 2], info[2, 2] = 0.0, 0.0, 1.0
    determinant = _invert(info, inverse)
    return likelihood + 0.5 * math.log(determinant) if determinant > 0.0 else -math.inf


@kernel
def _firth(ends, work, drop, tested, table, column):  # type: ignore[no-untyped-def]
    beta, inverse = np.empty(3), np.empty((3, 3))
    other, other_inverse = np.empty(3), np.empty((3, 3))
    for k in range(ends.first_row.size - 1):
        size, second, dead, adjusted, separable = _gather(ends, k, work)
        if second == 0 or second == size:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if dead == 0 or dead == size:
            write_no_result(table, k, column, NO_EVENT)
            continue
        if not separable:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        data = work[:, :size]
        beta[:] = 0.0
        largest = _fit(data, adjusted, _FREE, beta, inverse)
        other[0], other[1], other[2] = beta[0], tested.null, beta[2]
        without = _fit(data, adjusted, _FIXED, other, other_inverse)
        error = math.sqrt(inverse[1, 1])
        root = math.sqrt(max(2.0 * (largest - without), 0.0))
        z = math.copysign(root, beta[1] - tested.null)
        write_result(table, k, column, p_value_of(z, tested), beta[1], error, beta[1])
        for side in range(2):
            away = _limit(data, adjusted, beta, largest, drop, error, side, other, other_inverse)
            if side == 0:
                table.low[k, column] = beta[1] - away
            else:
                table.high[k, column] = beta[1] + away


@inlined
def _limit(
    data: Floats,
    adjusted: bool,
    beta: Floats,
    largest: float,
    drop: float,
    error: float,
    side: int,
    other: Floats,
    inverse: Floats,
) -> float:
    """How far from its estimate the arm's coefficient lets the profile drop by `drop`.

    The root of the drop is nearly linear, so secants find where it is that of `drop`; a bracket
    keeps them from leaving. Infinity where it never drops so far.
    """
    sign, goal = -1.0 if side == 0 else 1.0, math.sqrt(drop)
    near, far, near_root, far_root = 0.0, math.inf, 0.0, math.inf
    away = error * math.sqrt(2.0) * goal
    for _ in range(_PROFILE_STEPS):
        other[0], other[1], other[2] = beta[0], beta[1] + sign * away, beta[2]
        value = _fit(data, adjusted, _FIXED, other, inverse)
        if away > _FARTHEST or not math.isfinite(value):
            return math.inf
        root = math.sqrt(max(largest - value, 0.0))
        if abs(root - goal) < _PROFILE_TOLERANCE:
            break
        if root < goal:
            near, near_root = away, root
        else:
            far, far_root = away, root
        if far == math.inf:
            away *= 1.5 if root < 0.5 * goal else 1.02 * goal / root
        else:
            away = near + (far - near) * (goal - near_root) / (far_root - near_root)
    return away


@kernel
def _standardised(ends, work, tested, table, column):  # type: ignore[no-untyped-def]
    beta, inverse = np.empty(3), np.empty((3, 3))
    for k in range(ends.first_row.size - 1):
        size, second, dead, adjusted, separable = _gather(ends, k, work)
        first = size - second
        if second == 0 or first == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if dead == 0 or dead == size:
            write_no_result(table, k, column, NO_EVENT)
            continue
        if size <= 3 or not separable:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        data = work[:, :size]
        beta[:] = 0.0
        _fit(data, adjusted, _FREE, beta, inverse)
        mean = 0.0
        for i in range(size):
            mean += _influence(data, i, beta, first, second)
        mean /= size
        variance = 0.0
        for i in range(size):
            variance += (_influence(data, i, beta, first, second) - mean) ** 2
        error = math.sqrt(variance / (size * (size - 3.0)))
        if error > _LEAST_ERROR:
            p_value = p_value_of((mean - tested.null) / error, tested)
            write_result(table, k, column, p_value, mean, error, mean)
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE)


@inlined
def _influence(data: Floats, i: int, beta: Floats, first: int, second: int) -> float:
    """What a patient adds to n times the estimate: predictions of both arms, weighted residual."""
    linear = beta[0] + beta[2] * data[1, i]
    p0 = 1.0 / (1.0 + math.exp(-linear))
    p1 = 1.0 / (1.0 + math.exp(-(linear + beta[1])))
    size = first + second
    if data[0, i] > 0.5:
        return p1 - p0 + size / second * (data[2, i] - p1)
    return p1 - p0 - size / first * (data[2, i] - p0)
