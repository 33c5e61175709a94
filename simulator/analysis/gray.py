"""Gray's test of equal cumulative incidence of deaths of one cause in two arms (1988, rho = 0)."""

import numpy as np

from simulator.analysis.causes import COMPETING, OF_INTEREST
from simulator.analysis.competing import Codes, at, sizes
from simulator.analysis.data import Block
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import (
    EMPTY_ARM,
    AnalysisTable,
    normal_interval,
    tested_by,
    write_no_result,
    write_one_step,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats


def gray(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Compare deaths of the cause with those expected from risk sets that keep competing ends.

    An arm's risk set is r (1 - F) / S, with r at risk, F its cumulative incidence and S its
    survival. The estimate is the log ratio of subdistribution hazards by one step from no effect.
    """
    _gray(*block.causes(plan), tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


@kernel
def _gray(times, ended_by, arms, tested, table, column):  # type: ignore[no-untyped-def]
    for k in range(times.shape[0]):
        patients, second = sizes(times[k], arms[k])
        if second == 0 or second == patients:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        excess, information, variance, deaths = _score(
            times[k, :patients], ended_by[k], arms[k], second
        )
        write_one_step(table, k, column, excess, information, variance, deaths, tested)


@inlined
def _score(
    time: Floats, ended_by: Codes, arm_of: Codes, second: int
) -> tuple[float, float, float, int]:
    """Observed minus expected deaths in the second arm, information, variance, deaths.

    The variance is that of the paper's limit, its integrals summed over the times of an end: the
    deaths of either kind in either arm add what they do to the score, directly (`direct`) and, for
    the rest of the trial, through the curves in the risk sets (`later`, the part of the integral
    that is not over yet). What is left of the integral at the end multiplies sums kept on the way.
    """
    at_risk, survival, incidence = np.empty(2), np.ones(2), np.zeros(2)
    at_risk[0], at_risk[1] = time.size - second, second
    direct, later = np.zeros(2), np.zeros(2)
    cross, square = np.zeros(2), np.zeros(2)
    counts = np.empty((2, 3), np.int64)
    pooled, excess, information, variance, deaths = 0.0, 0.0, 0.0, 0.0, 0
    place = 0
    while place < time.size:
        after = at(time, ended_by, arm_of, place, time.size, counts)
        dead = counts[0, OF_INTEREST] + counts[1, OF_INTEREST]
        before = survival.copy()
        weight, risk = np.zeros(2), np.zeros(2)
        for arm in range(2):
            if at_risk[arm] > 0.0:
                weight[arm] = at_risk[arm] / before[arm]
                risk[arm] = weight[arm] * (1.0 - incidence[arm])
        total, total_risk = weight.sum(), risk.sum()
        following = pooled + dead / total
        direct[1] = weight[1] * (1.0 - weight[1] / total)
        direct[0] = -weight[1] * weight[0] / total
        if dead > 0:
            deaths += dead
            for arm in range(2):
                later[arm] += direct[arm] * dead / (total * (1.0 - pooled))
            excess += counts[1, OF_INTEREST] - dead * risk[1] / total_risk
            information += dead * risk[0] * risk[1] / (total_risk * total_risk)
        for arm in range(2):
            if at_risk[arm] > 0.0:
                ended = counts[arm, OF_INTEREST] + counts[arm, COMPETING]
                incidence[arm] += before[arm] * counts[arm, OF_INTEREST] / at_risk[arm]
                survival[arm] = before[arm] * (at_risk[arm] - ended) / at_risk[arm]
        for arm in range(2):
            if at_risk[arm] == 0.0:
                continue
            if dead > 0:
                turned = 1.0 if survival[arm] <= 0.0 else 1.0 - (1.0 - following) / survival[arm]
                tied = 1.0
                if dead > 1:
                    tied = 1.0 - (dead - 1.0) / (total * before[arm] - 1.0)
                spread = tied * before[arm] * dead / (total * at_risk[arm])
                own = direct[arm] - turned * later[arm]
                variance += own * own * spread
                cross[arm] += own * turned * spread
                square[arm] += turned * turned * spread
            others = counts[arm, COMPETING]
            if others > 0 and survival[arm] > 0.0:
                turned = (1.0 - following) / survival[arm]
                tied = 1.0
                if others > 1:
                    tied = 1.0 - (others - 1.0) / (at_risk[arm] - 1.0)
                spread = tied * before[arm] * before[arm] * others / (at_risk[arm] * at_risk[arm])
                own = turned * later[arm]
                variance += own * own * spread
                cross[arm] -= own * turned * spread
                square[arm] += turned * turned * spread
        for arm in range(2):
            at_risk[arm] -= counts[arm].sum()
        pooled = following
        place = after
    for arm in range(2):
        variance += later[arm] * (later[arm] * square[arm] + 2.0 * cross[arm])
    return excess, information, variance, deaths
