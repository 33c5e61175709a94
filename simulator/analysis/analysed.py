"""Which patients an analysis uses at the end of a trial, and why it leaves the others out."""

from enum import IntEnum

import numpy as np

from simulator.analysis.cut import rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.records import Ints, TrialRecords


class Use(IntEnum):
    """Whether a patient is analysed, or the first reason why not."""

    ANALYSED = 0
    NO_SESSION = 1  # and the population is of those treated
    LOST = 2  # to follow-up
    COUNTED_AS_LOST = 3  # transplanted, rescued or withdrawn, which counts as a loss
    DIED = 4  # and survivors alone are compared
    NOT_SEEN = 5  # alive, without MELD at both visits


def uses(
    records: TrialRecords,
    plan: AnalysisPlan,
    statistic: AnalysisPlan,
    follow_up_days: int,
    arm_modality: Ints,
) -> Ints:
    """Return a `Use` for each patient of the records, by the data at the end.

    Parameters
    ----------
    statistic
        The analysis whose statistic a randomisation test compares; else the plan itself.
    arm_modality
        (A,): index of each arm's own modality, -1 for none.
    """
    variable = STATISTICS[statistic.test].variable
    found = np.full(records.patients.arm.size, Use.ANALYSED, np.int64)
    may_leave_out = statistic.lost == "excluded" or variable.seen_only
    if may_leave_out:
        everybody = rows_of(records)
        # Those without a session are taken out below, so that the reason is known.
        handling = handling_of(plan)._replace(population="randomised")
        rows = handled(records, everybody, handling, arm_modality)
        block = Block(rows, np.full(records.trials.trial.size, np.inf), follow_up_days)
        status = block.outcome(statistic).status
        if variable.seen_only:
            seen = ~np.isnan(block.meld()).any(axis=0)
            found[(status == COMPLETE) & ~seen] = Use.NOT_SEEN
        if variable.survivors_only:
            found[status == EVENT] = Use.DIED
        # What counts as a loss comes before the patient's own, which is then no longer looked at.
        own = (rows.loss_after_days == everybody.loss_after_days) & np.isfinite(
            everybody.loss_after_days
        )
        lost = status == LOST
        found[lost] = np.where(own[lost], Use.LOST, Use.COUNTED_AS_LOST)
    if plan.population == "treated":
        found[records.patients.sessions_delivered == 0] = Use.NO_SESSION
    return found
