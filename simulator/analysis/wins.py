"""Pairs of patients compared by death and then by the change of MELD: win ratio and its kin."""

import math

import numpy as np

from simulator.analysis.data import Block
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import (
    EMPTY_ARM,
    NOT_ESTIMABLE,
    AnalysisTable,
    normal_interval,
    two_sided,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats

WIN_RATIO, NET_BENEFIT, WIN_ODDS = range(3)


def win_ratio(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Win ratio (Pocock 2012), on the log scale."""
    _compare(WIN_RATIO, block, plan, table, column)


def net_benefit(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Net benefit (Buyse 2010)."""
    _compare(NET_BENEFIT, block, plan, table, column)


def win_odds(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Win odds (Brunner 2021), on the log scale."""
    _compare(WIN_ODDS, block, plan, table, column)


def _compare(
    summary: int, block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int
) -> None:
    """Normal test of a summary of all pairs.

    Of a pair whoever dies first loses; if neither dies, whoever has the smaller change of MELD by
    more than the margin wins. Variance of the U statistics (Bebu and Lachin 2016), by the delta
    method for the logarithm of a ratio.
    """
    changes = block.changes(plan)
    most = int(np.diff(changes.first_row).max(initial=0))
    work, sums = np.empty((2, 2, most)), np.empty((2, 2, most))
    _wins(changes, summary, float(plan.options["margin_points"]), work, sums, table, column)
    normal_interval(table, column, plan.alpha)


@inlined
def _gather(changes, trial, work):  # type: ignore[no-untyped-def]
    """Put time of death and change of MELD of each arm into `work`; return the arms' sizes."""
    first, second = 0, 0
    for i in range(changes.first_row[trial], changes.first_row[trial + 1]):
        dead = changes.death_days[i] < math.inf
        if not (dead or changes.alive[i]):
            continue
        arm = changes.arm[i]
        place = second if arm == 1 else first
        work[arm, 0, place] = changes.death_days[i]
        work[arm, 1, place] = changes.change[i] if changes.seen[i] else math.nan
        second += arm
        first += 1 - arm
    return first, second


@kernel
def _wins(changes, summary, margin, work, sums, table, column):  # type: ignore[no-untyped-def]
    for k in range(changes.first_row.size - 1):
        n0, n1 = _gather(changes, k, work)
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if n0 == 1 or n1 == 1:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        _compare_pairs(work, n0, n1, margin, sums)
        won, lost = sums[1, 0, :n1].sum() / (n0 * n1), sums[1, 1, :n1].sum() / (n0 * n1)
        win_win, loss_loss, win_loss = 0.0, 0.0, 0.0
        for arm in range(2):
            size, pairs = (n1, n0) if arm == 1 else (n0, n1)
            a, b, c = 0.0, 0.0, 0.0
            for i in range(size):
                w, v = sums[arm, 0, i] / pairs - won, sums[arm, 1, i] / pairs - lost
                a, b, c = a + w * w, b + v * v, c + w * v
            scale = 1.0 / (size * (size - 1.0))
            win_win, loss_loss = win_win + a * scale, loss_loss + b * scale
            win_loss += c * scale
        estimate, variance = _summarised(summary, won, lost, win_win, loss_loss, win_loss)
        if variance > 0.0:
            error = math.sqrt(variance)
            write_result(table, k, column, two_sided(estimate / error), estimate, error, -estimate)
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE)


@inlined
def _compare_pairs(work: Floats, n0: int, n1: int, margin: float, sums: Floats) -> None:
    """Fill in wins and losses of the second arm by patient of either arm."""
    sums[:] = 0.0
    for i in range(n1):
        death, change = work[1, 0, i], work[1, 1, i]
        for j in range(n0):
            other_death, other_change = work[0, 0, j], work[0, 1, j]
            both_alive = (death == math.inf) & (other_death == math.inf)
            # Comparisons with a change that was not seen are false: a tie.
            win = (death > other_death) | (both_alive & (other_change - change > margin))
            loss = (death < other_death) | (both_alive & (change - other_change > margin))
            sums[1, 0, i] += win
            sums[1, 1, i] += loss
            sums[0, 0, j] += win
            sums[0, 1, j] += loss


@inlined
def _summarised(
    summary: int, won: float, lost: float, win_win: float, loss_loss: float, win_loss: float
) -> tuple[float, float]:
    """Estimate and variance; variance 0 where there is none."""
    if summary == NET_BENEFIT:
        return won - lost, win_win + loss_loss - 2.0 * win_loss
    if summary == WIN_RATIO:
        if won == 0.0 or lost == 0.0:
            return 0.0, 0.0
        spread = win_win / (won * won) + loss_loss / (lost * lost)
        return math.log(won / lost), spread - 2.0 * win_loss / (won * lost)
    benefit = won - lost
    if abs(benefit) >= 1.0:
        return 0.0, 0.0
    # Odds (1 + b) / (1 - b) of the net benefit b.
    slope = 2.0 / (1.0 - benefit * benefit)
    spread = win_win + loss_loss - 2.0 * win_loss
    return math.log((1.0 + benefit) / (1.0 - benefit)), slope * slope * spread
