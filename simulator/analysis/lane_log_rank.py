"""The log-rank test of trials in lanes: one walk through the patients of a whole block."""

import numpy as np

from simulator.analysis.kernel import kernel
from simulator.analysis.lanes import LaneBlock
from simulator.analysis.survival import walk_log_rank
from simulator.analysis.types import (
    EMPTY_ARM,
    AnalysisTable,
    normal_interval,
    write_no_result,
    write_one_step,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.lanes.records import CENSORED, NOBODY, SECOND, key_of
from simulator.records import Floats, Ints

_PATIENTS, _SECOND, _DEATHS, _TIED = range(4)
_EXCESS, _VARIANCE, _AT_RISK, _AT_RISK_SECOND = range(4)


def log_rank(block: LaneBlock, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Log-rank test, as `survival.log_rank` has it."""
    ordered = block.ordered(plan)
    lanes = ordered.shape[2]
    numbers, sums = np.empty((4, lanes), np.int64), np.empty((4, lanes))
    one = np.empty(ordered.shape[1], np.int64)
    _log_ranks(ordered, float(block.follow_up_days), numbers, sums, one, table, column)
    normal_interval(table, column, plan.alpha)


@kernel
def _log_ranks(
    ordered: Ints,
    follow_up_days: float,
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
            if second == 0 or second == patients:
                write_no_result(table, k, column, EMPTY_ARM)
                continue
            excess, variance, deaths = sums[_EXCESS, t], sums[_VARIANCE, t], numbers[_DEATHS, t]
            if numbers[_TIED, t]:
                for p in range(one.size):
                    one[p] = rows[p, t]
                excess, variance = walk_log_rank(one, patients, second, deaths)
            write_one_step(table, k, column, excess, variance, variance, deaths)


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
    deaths, tied = numbers[_DEATHS], numbers[_TIED]
    excess, variance = sums[_EXCESS], sums[_VARIANCE]
    at_risk, at_risk_second = sums[_AT_RISK], sums[_AT_RISK_SECOND]
    for t in range(deaths.size):
        excess[t], variance[t] = 0.0, 0.0
        at_risk[t], at_risk_second[t] = numbers[_PATIENTS, t], numbers[_SECOND, t]
    for p in range(rows.shape[0]):
        mine, before, still = rows[p], rows[max(p - 1, 0)], 0
        for t in range(mine.size):
            dead, second = (mine[t] & CENSORED) == 0, np.float64(mine[t] & SECOND)
            share = at_risk_second[t] / at_risk[t]
            more = excess[t] + (second - share)
            wider = variance[t] + share * (1.0 - share)
            excess[t] = more if dead else excess[t]
            variance[t] = wider if dead else variance[t]
            deaths[t] += np.int64(dead)
            at_risk[t] -= 1.0
            at_risk_second[t] -= second
            still += mine[t] < end
        if p > 0:
            for t in range(mine.size):
                # The last bit apart, the keys of two deaths at one time are the same.
                same = (mine[t] | SECOND) == (before[t] | SECOND)
                tied[t] |= np.int64(same and (mine[t] & CENSORED) == 0)
        if still == 0:
            break
