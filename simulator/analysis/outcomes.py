"""What a patient counts as: transplant and loss treated as an analysis declares."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.cut import Rows, by_the_cut, followed_by_the_cut
from simulator.analysis.kernel import inlined, kernel, maximum, minimum
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats, Ints

EVENT, COMPLETE, LOST, PENDING, NOT_ENTERED = range(5)


class Treatment(NamedTuple):
    """What transplant and loss count as: 0 for yes, infinity for no.

    The later of such a number and the time of a transplant (a loss) is the time of the death or
    loss that it counts as, or infinity, never. Counting as neither is to be alive without event for
    as long as the trial could have looked. A loss that counts as a loss is left out or censored by
    the test.
    """

    transplant_is_death: float
    transplant_is_loss: float
    loss_is_death: float
    loss_is_loss: float


class Outcome(NamedTuple):
    """What each patient counts as, one row per patient.

    status is EVENT, COMPLETE (followed to the end without event), LOST, PENDING (still followed at
    the cut) or NOT_ENTERED; `time_days` is when it was reached, in the patient's own time, NaN for
    those not entered.
    """

    status: npt.NDArray[np.int8]
    time_days: Floats


def treatment_of(plan: AnalysisPlan) -> Treatment:
    """Return what an analysis declares; "excluded" and "censored" differ only in the test."""
    return Treatment(
        transplant_is_death=0.0 if plan.transplant == "event" else math.inf,
        transplant_is_loss=0.0 if plan.transplant == "censored" else math.inf,
        loss_is_death=0.0 if plan.lost == "worst_case" else math.inf,
        loss_is_loss=0.0 if plan.lost in ("excluded", "censored") else math.inf,
    )


@inlined
def counted_as(
    death: float, loss: float, transplant: float, follow_up_days: float, treatment: Treatment
) -> tuple[float, float]:
    """When a patient counts as dead and when as lost, infinity for never; not both are finite.

    Takes the times known by the cut. First transplant is treated, then loss, by which a transplant
    that counts as a loss may be a death after all. Who dies on the day of transplant is dead.
    Selections only, so that several patients can be taken at once.
    """
    horizon = minimum(loss, follow_up_days)
    dead = death if death <= horizon else math.inf
    lost = loss if loss < minimum(death, follow_up_days) else math.inf
    transplanted = (transplant <= horizon) & (transplant < death)
    dead = maximum(transplant, treatment.transplant_is_death) if transplanted else dead
    last_day = transplant if transplant < follow_up_days else math.inf
    lost = maximum(last_day, treatment.transplant_is_loss) if transplanted else lost
    dead = minimum(dead, maximum(lost, treatment.loss_is_death))
    return dead, maximum(lost, treatment.loss_is_loss)


def outcome(rows: Rows, cut_day: Floats, follow_up_days: int, treatment: Treatment) -> Outcome:
    """Return what each patient counts as, with what was known at a cut."""
    size = rows.arm.size
    result = Outcome(np.empty(size, np.int8), np.empty(size))
    _outcomes(rows, cut_day, float(follow_up_days), treatment, *result)
    return result


@kernel
def _outcomes(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: float,
    treatment: Treatment,
    status: npt.NDArray[np.int8],
    time_days: Floats,
) -> None:
    for k in range(cut_day.size):
        # Slices and selections only, so that several patients are taken at once.
        low, high, limit = rows.first_row[k], rows.first_row[k + 1], cut_day[k]
        entry, death = rows.entry_day[low:high], rows.death_after_days[low:high]
        loss, transplant = rows.loss_after_days[low:high], rows.transplant_after_days[low:high]
        ours, days = status[low:high], time_days[low:high]
        for i in range(ours.size):
            dead, lost = counted_as(
                by_the_cut(entry[i], death[i], limit),
                by_the_cut(entry[i], loss[i], limit),
                by_the_cut(entry[i], transplant[i], limit),
                follow_up_days,
                treatment,
            )
            entered = entry[i] <= limit
            last = followed_by_the_cut(entry[i], limit, follow_up_days)
            still = COMPLETE if entry[i] + follow_up_days <= limit else PENDING
            still = still if entered else NOT_ENTERED
            last = last if entered else math.nan
            still = LOST if lost < math.inf else still
            ours[i] = EVENT if dead < math.inf else still
            ended = minimum(dead, lost)
            days[i] = ended if ended < math.inf else last


@kernel
def count(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: float,
    status: npt.NDArray[np.int8],
    tables: Ints,
) -> None:
    """Fill in the dead and all, shape (trials, arms, 2), whose follow-up was due by the cut.

    Of patients who entered late the dead are known before the living, so that counting what is
    known of them would exaggerate mortality.
    """
    for k in range(cut_day.size):
        # Slices have no negative index, and sums of their own are taken several patients at once.
        low, high, limit = rows.first_row[k], rows.first_row[k + 1], cut_day[k]
        entry, arm, ours = rows.entry_day[low:high], rows.arm[low:high], status[low:high]
        dead, used, second_dead, second_used = 0, 0, 0, 0
        for i in range(ours.size):
            due = np.int64(entry[i] + follow_up_days <= limit)
            died = due * (ours[i] == EVENT)
            known = died + due * (ours[i] == COMPLETE)
            dead += died
            used += known
            second_dead += died * arm[i]
            second_used += known * arm[i]
        tables[k, 0, 0], tables[k, 0, 1] = dead - second_dead, used - second_used
        tables[k, 1, 0], tables[k, 1, 1] = second_dead, second_used
