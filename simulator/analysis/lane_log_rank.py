"""The log-rank test of trials in lanes: one walk through the patients of a whole block."""

import numpy as np

from simulator.analysis.kernel import kernel
from simulator.analysis.lanes import LaneBlock
from simulator.analysis.survival import walk_log_rank
from simulator.analysis.types import (
    EMPTY_ARM,
    AnalysisTable,
    two_sided_quantile,
    write_no_result,
    write_one_step,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.lanes.records import CENSORED, NOBODY, SECOND, key_of
from simulator.records import Floats, Ints

_PATIENTS, _SECOND, _TIED = range(3)
_EXCESS, _VARIANCE, _AT_RISK, _AT_RISK_SECOND = range(4)


def log_rank(block: LaneBlock, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test, as `survival.log_rank` has it."""
    ordered = block.ordered(plan)
    lanes = ordered.shape[2]
    numbers, sums = np.empty((3, lanes), np.int64), np.empty((4, lanes))
    one, quantile = np.empty(ordered.shape[1], np.int64), two_sided_quantile(plan.alpha)
    _log_ranks(ordered, float(block.follow_up_days), quantile, numbers, sums, one, table, column)


@kernel
def _log_ranks(
    ordered: Ints,
    follow_up_days: float,
    quantile: float,
    numbers: Ints,
    sums: Floats,
    one: Ints,
    table: AnalysisTable,
    column: int,
) -> None:
    lanes, trials = ordered.shape[2], table.reason.shape[0]
    end = key_of(follow_up_days, CENSORED, 0)
    for block in range(ordered.shape[0]):
        rows = ordered[block]
        _count(rows, numbers)
        _walk(rows, end, numbers, sums)
        for t in range(min(lanes, trials - block * lanes)):
            k = block * lanes + t
            patients, second = numbers[_PATIENTS, t], numbers[_SECOND, t]
            excess, variance, deaths = sums[_EXCESS, t], sums[_VARIANCE, t], 1
            if second == 0 or second == patients:
                write_no_result(table, k, column, EMPTY_ARM)
            else:
                if numbers[_TIED, t] or not variance > 0.0:
                    deaths = 0
                    for p in range(one.size):
                        one[p] = rows[p, t]
                        deaths += (one[p] & CENSORED) == 0
                    excess, variance = walk_log_rank(one, patients, second, deaths)
                write_one_step(table, k, column, excess, variance, variance, deaths)
            half = quantile * table.standard_error[k, column]
            table.low[k, column] = table.estimate[k, column] - half
            table.high[k, column] = table.estimate[k, column] + half


@kernel
def _count(rows: Ints, numbers: Ints) -> None:
    """Count each lane's patients and those of the second arm."""
    patients, second = numbers[_PATIENTS], numbers[_SECOND]
    numbers[:] = 0
    for p in range(rows.shape[0]):
        mine = rows[p]
        for t in range(mine.size):
            patients[t] += np.int64(mine[t] != NOBODY)
            second[t] += mine[t] & SECOND


@kernel
def _walk(rows: Ints, end: int, numbers: Ints, sums: Floats) -> None:
    """Add up observed minus expected deaths, and their variance, as if no two died at one time.

    Where two did, which is noted, `walk_log_rank` knows better. All who are at risk after the last
    death of the block are at `end` or nobody.
    """
    tied, patients, at_risk_second = numbers[_TIED], sums[_AT_RISK], sums[_AT_RISK_SECOND]
    excess, variance = sums[_EXCESS], sums[_VARIANCE]
    for t in range(tied.size):
        excess[t], variance[t] = 0.0, 0.0
        patients[t], at_risk_second[t] = numbers[_PATIENTS, t], numbers[_SECOND, t]
    for p in range(rows.shape[0]):
        mine, before, gone = rows[p], rows[max(p - 1, 0)], float(p)
        first = np.int64(CENSORED if p == 0 else 0)  # who has nobody before them
        for t in range(mine.size):
            dead, second = (mine[t] & CENSORED) == 0, 1.0 if mine[t] & SECOND else 0.0
            share = at_risk_second[t] / (patients[t] - gone)
            more = excess[t] + (second - share)
            wider = variance[t] + share * (1.0 - share)
            excess[t] = more if dead else excess[t]
            variance[t] = wider if dead else variance[t]
            at_risk_second[t] -= second
            # The last bit apart, the keys of two deaths at one time are the same.
            differ = (mine[t] ^ before[t]) | (mine[t] & CENSORED) | first
            tied[t] |= np.int64(differ <= SECOND)
        least = mine[0]
        for t in range(mine.size):
            least = min(least, mine[t])
        if least >= end:
            break
