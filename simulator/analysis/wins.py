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
    p_value_of,
    tested_by,
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
    more than the margin wins. A censored patient is compared as long as seen: a pair of which
    nobody was seen to lose is tied, or has its chance of being seen made up for by the weights of
    others (Dong et al. 2020). Variance of the U statistics (Bebu and Lachin 2016), weights taken as
    known, by the delta method for the logarithm of a ratio.
    """
    changes, options = block.changes(plan), plan.options
    most = int(np.diff(changes.first_row).max(initial=0))
    work, sums = np.empty((2, _COLUMNS, most)), np.empty((2, 2, most))
    censored = plan.lost == "censored"
    weighted = censored and options.get("censored_pairs") == "weighted"
    margin = float(options["margin_points"])
    _wins(changes, summary, margin, censored, weighted, work, sums, tested_by(plan), table, column)
    normal_interval(table, column, plan.interval_alpha)


# Columns of `work`: when a patient died, was lost (infinity: never), the change of MELD, and the
# weight of a pair that the patient's death decides.
_DEATH, _LOST, _CHANGE, _WEIGHT = range(4)
_COLUMNS = 4


@inlined
def _gather(changes, trial, censored, work):  # type: ignore[no-untyped-def]
    """Put what is known of the patients of each arm into `work`; return the arms' sizes."""
    first, second = 0, 0
    for i in range(changes.first_row[trial], changes.first_row[trial + 1]):
        dead, lost = changes.death_days[i] < math.inf, changes.lost_days[i] < math.inf
        if not (dead or changes.alive[i] or (censored and lost)):
            continue
        arm = changes.arm[i]
        place = second if arm == 1 else first
        work[arm, _DEATH, place] = changes.death_days[i]
        work[arm, _LOST, place] = changes.lost_days[i]
        work[arm, _CHANGE, place] = changes.change[i] if changes.seen[i] else math.nan
        work[arm, _WEIGHT, place] = 1.0
        second += arm
        first += 1 - arm
    return first, second


@inlined
def _uncensored(work: Floats, arm: int, size: int, day: float) -> float:
    """Kaplan-Meier estimate of the chance not to be lost before a day in an arm.

    Who dies on a day is not at risk of being lost on it. Those lost at once leave one by one.
    """
    chance = 1.0
    for k in range(size):
        lost = work[arm, _LOST, k]
        if lost >= day:
            continue
        at_risk = 0
        for m in range(size):
            death, other_lost = work[arm, _DEATH, m], work[arm, _LOST, m]
            last = min(death, other_lost)
            at_risk += (last > lost) | ((other_lost == lost) & (m >= k))
        chance *= (at_risk - 1.0) / at_risk
    return chance


@inlined
def _weigh(work: Floats, n0: int, n1: int) -> float:
    """Fill in the weights of the deaths; return that of a pair that MELD decides."""
    for arm in range(2):
        for i in range(n1 if arm == 1 else n0):
            day = work[arm, _DEATH, i]
            if day < math.inf:
                seen = _uncensored(work, 0, n0, day) * _uncensored(work, 1, n1, day)
                work[arm, _WEIGHT, i] = 1.0 / seen  # infinite only where no pair is decided
    return 1.0 / (_uncensored(work, 0, n0, math.inf) * _uncensored(work, 1, n1, math.inf))


@kernel
def _wins(  # type: ignore[no-untyped-def]
    changes, summary, margin, censored, weighted, work, sums, tested, table, column
):
    for k in range(changes.first_row.size - 1):
        n0, n1 = _gather(changes, k, censored, work)
        if n0 == 0 or n1 == 0:
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        if n0 == 1 or n1 == 1:
            write_no_result(table, k, column, NOT_ESTIMABLE)
            continue
        at_end = _weigh(work, n0, n1) if weighted else 1.0
        _compare_pairs(work, n0, n1, margin, at_end, sums)
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
            p_value = p_value_of((estimate - tested.null) / error, tested)
            write_result(table, k, column, p_value, estimate, error, -estimate)
        else:
            write_no_result(table, k, column, NOT_ESTIMABLE)


@inlined
def _compare_pairs(
    work: Floats, n0: int, n1: int, margin: float, at_end: float, sums: Floats
) -> None:
    """Fill in wins and losses of the second arm by patient of either arm, each by its weight."""
    sums[:] = 0.0
    for i in range(n1):
        death, lost, change = work[1, _DEATH, i], work[1, _LOST, i], work[1, _CHANGE, i]
        for j in range(n0):
            other_death, other_lost = work[0, _DEATH, j], work[0, _LOST, j]
            other_change = work[0, _CHANGE, j]
            if min(death, other_death) < math.inf:
                # Who is lost on the day of the other's death was seen to live until then.
                win = (death > other_death) & (lost >= other_death)
                loss = (death < other_death) & (other_lost >= death)
                weight = work[0, _WEIGHT, j] if win else work[1, _WEIGHT, i]
            else:  # comparisons with a change that was not seen are false: a tie
                win, loss = other_change - change > margin, change - other_change > margin
                weight = at_end
            if win:
                sums[1, 0, i] += weight
                sums[0, 0, j] += weight
            elif loss:
                sums[1, 1, i] += weight
                sums[0, 1, j] += weight


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
