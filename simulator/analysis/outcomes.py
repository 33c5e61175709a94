"""What a patient counts as: transplant and loss treated as an analysis declares."""

from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import Data
from simulator.analysis.types import AnalysisPlan
from simulator.records import Floats, Ints

EVENT, COMPLETE, LOST, PENDING, NOT_ENTERED = range(5)


class Outcome(NamedTuple):
    """What each patient counts as, a row a patient.

    status is EVENT, COMPLETE (followed to the end without event), LOST, PENDING (still followed at
    the cut) or NOT_ENTERED; `time_days` is when it was reached, in the patient's own time.
    """

    status: Ints
    time_days: Floats


def outcome(data: Data, follow_up_days: int, plan: AnalysisPlan) -> Outcome:
    """Treat transplant, then loss, as the analysis declares."""
    status = np.select(
        [~data.entered, data.died, data.lost, data.due],
        [NOT_ENTERED, EVENT, LOST, COMPLETE],
        PENDING,
    )
    known = _with_transplant(Outcome(status, data.followed_days), data, follow_up_days, plan)
    return _with_lost(known, data, follow_up_days, plan)


def _with_transplant(
    known: Outcome, data: Data, follow_up_days: int, plan: AnalysisPlan
) -> Outcome:
    """Let a transplant be a death, a loss, or the end of all risk of dying."""
    day = data.transplant_after_days
    dead_that_day = data.died & (data.followed_days == day)
    transplanted = np.isfinite(day) & ~dead_that_day
    if plan.transplant == "event":
        return _replaced(known, transplanted, EVENT, day)
    if plan.transplant == "censored":
        return _replaced(known, transplanted & (day < follow_up_days), LOST, day)
    # Competing: alive without event for as long as the trial could have looked, lost or not.
    return _without_event(known, transplanted, data, follow_up_days)


def _with_lost(known: Outcome, data: Data, follow_up_days: int, plan: AnalysisPlan) -> Outcome:
    """Let those lost be dead when lost (worst case) or alive (best case).

    Left out and censored need no change: the tests know LOST.
    """
    lost = known.status == LOST
    if plan.lost == "worst_case":
        return _replaced(known, lost, EVENT, known.time_days)
    if plan.lost == "best_case":
        return _without_event(known, lost, data, follow_up_days)
    return known


def _replaced(known: Outcome, whom: np.ndarray, status: int, time_days: Floats) -> Outcome:
    return Outcome(np.where(whom, status, known.status), np.where(whom, time_days, known.time_days))


def _without_event(known: Outcome, whom: np.ndarray, data: Data, follow_up_days: int) -> Outcome:
    """Count patients as alive to the end of follow-up or, if that is not yet due, to the cut."""
    limit = data.cut_day[data.trial_of_row]
    to_the_cut = np.minimum(np.where(data.entered, limit - data.entry_day, np.nan), follow_up_days)
    time = np.where(data.due, float(follow_up_days), to_the_cut)
    return Outcome(
        np.where(whom, np.where(data.due, COMPLETE, PENDING), known.status),
        np.where(whom, time, known.time_days),
    )
