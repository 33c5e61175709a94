"""What ended each patient, and when, for tests of one cause of death."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.cut import Rows, by_the_cut, followed_by_the_cut
from simulator.analysis.kernel import kernel, minimum
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import DeathCause, Floats

CENSORED, OF_INTEREST, COMPETING = range(3)


class Causes(NamedTuple):
    """Patients of each trial in order of time, shape (trials, patients of the largest trial).

    `time_days` is infinity for patients left out; `ended_by` is CENSORED, OF_INTEREST or COMPETING.
    """

    time_days: Floats
    ended_by: npt.NDArray[np.int8]
    arm: npt.NDArray[np.int8]


def causes_of(rows: Rows, cut_day: Floats, follow_up_days: int, plan: AnalysisPlan) -> Causes:
    """Return what ended each patient: a death of the plan's cause, another end, or nothing.

    A transplant competes, or censors, as declared. Those lost are censored or left out.
    """
    cause = {"liver": DeathCause.LIVER, "tumour": DeathCause.TUMOUR}[plan.options["cause"]]
    trials = cut_day.size
    width = int(np.diff(rows.first_row).max(initial=0))
    time = np.full((trials, width), math.inf)
    ended_by, arm = (np.zeros((trials, width), np.int8) for _ in range(2))
    _fill(
        rows,
        cut_day,
        float(follow_up_days),
        int(cause),
        plan.transplant == "competing",
        plan.lost == "excluded",
        time,
        ended_by,
        arm,
    )
    order = np.argsort(time, axis=1, kind="stable")
    return Causes(*(np.take_along_axis(column, order, 1) for column in (time, ended_by, arm)))


@kernel
def _fill(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: float,
    cause: int,
    transplant_competes: bool,
    lost_are_left_out: bool,
    time: Floats,
    ended_by: npt.NDArray[np.int8],
    arm: npt.NDArray[np.int8],
) -> None:
    for k in range(cut_day.size):
        limit = cut_day[k]
        for i in range(rows.first_row[k], rows.first_row[k + 1]):
            entry, place = rows.entry_day[i], i - rows.first_row[k]
            if entry > limit:
                continue
            death = by_the_cut(entry, rows.death_after_days[i], limit)
            loss = by_the_cut(entry, rows.loss_after_days[i], limit)
            transplant = by_the_cut(entry, rows.transplant_after_days[i], limit)
            arm[k, place] = rows.arm[i]
            first = minimum(minimum(death, transplant), loss)
            # What is known by the cut is taken at its own time: the cut less the entry, rounded,
            # may be sooner than the death that made the cut.
            if first > follow_up_days:
                time[k, place] = followed_by_the_cut(entry, limit, follow_up_days)
                continue
            time[k, place] = first
            if death == first:
                of_interest = rows.death_cause[i] == cause
                ended_by[k, place] = OF_INTEREST if of_interest else COMPETING
            elif transplant == first and transplant_competes:
                ended_by[k, place] = COMPETING
            elif first < follow_up_days and lost_are_left_out:
                time[k, place] = math.inf
