"""What was known of each patient at a cut (model page, section 10)."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.records import Floats, Ints, TrialRecords

Bools = npt.NDArray[np.bool_]


class Cut(NamedTuple):
    """When the data are cut: at the end, on a trial day, or at a number of deaths or completions.

    `value` is a trial day, or a number of patients from 1 on; it is not read at the end. Deaths
    count if known and within follow-up. A patient has completed when dead, lost, or at the end of
    follow-up. A number that a trial never reaches means its end.
    """

    kind: Literal["end", "day", "deaths", "completed"]
    value: float


END = Cut("end", 0.0)


class Data(NamedTuple):
    """What was known at the cut; nothing in it is of later.

    Attributes
    ----------
    trial_of_row
        Index of the trial within these records, a row a patient.
    cut_day, reached
        A row a trial: trial day of the cut, infinity for the end; False if the trial never came to
        the number asked for, so that its cut is the end.
    entered
        The patient was randomised by the cut. Whoever was not has False and no times.
    due
        Follow-up would have ended by the cut, whatever became of the patient.
    followed_days
        Until death, loss, the end of follow-up or the cut, in the patient's own time.
    died, lost
        What ended it, if by the cut; a death on the last day counts, a loss on it does not.
    transplant_after_days
        Infinity if none was known, at the latest on the last day of follow-up.
    baseline_meld, last_meld
        MELD as measured at the first and the last visit, NaN if not seen by the cut.
    """

    trial_of_row: Ints
    cut_day: Floats
    reached: Bools
    arm: Ints
    entry_day: Floats
    entered: Bools
    due: Bools
    followed_days: Floats
    died: Bools
    lost: Bools
    transplant_after_days: Floats
    baseline_meld: Floats
    last_meld: Floats


def cut(records: TrialRecords, follow_up_days: int, at: Cut) -> Data:
    """Return what was known of each patient at a cut.

    Whether something was known is judged on entry + time, the expression that also made the cut:
    subtracting the entry from the cut could lose the very event that made it.
    """
    p = records.patients
    cut_day, reached = _days(records, follow_up_days, at)
    sizes = records.trials.randomised
    limit = np.repeat(cut_day, sizes)
    death, loss, entry = p.death_after_days, p.loss_after_days, p.entry_day
    died = (death <= follow_up_days) & (death <= loss) & (entry + death <= limit)
    lost = ~died & (loss < follow_up_days) & (entry + loss <= limit)
    due = entry + follow_up_days <= limit
    entered = entry <= limit
    still = np.minimum(np.where(entered, limit - entry, np.nan), float(follow_up_days))
    transplant = p.transplant_after_days
    transplanted = (transplant <= np.minimum(np.minimum(death, loss), follow_up_days)) & (
        entry + transplant <= limit
    )
    return Data(
        trial_of_row=np.repeat(np.arange(sizes.size), sizes),
        cut_day=cut_day,
        reached=reached,
        arm=p.arm,
        entry_day=entry,
        entered=entered,
        due=due,
        followed_days=np.select([died, lost, due], [death, loss, still], still),
        died=died,
        lost=lost,
        transplant_after_days=np.where(transplanted, transplant, np.inf),
        baseline_meld=_seen_meld(records, 0, limit),
        last_meld=_seen_meld(records, -1, limit),
    )


def _seen_meld(records: TrialRecords, visit: int, limit: Floats) -> Floats:
    """MELD of a visit that took place by the cut."""
    p = records.patients
    if p.visit_meld.shape[1] == 0:
        return np.full(limit.size, np.nan)
    by_the_cut = p.entry_day + p.visit_after_days[:, visit] <= limit
    return np.where(by_the_cut, p.visit_meld[:, visit], np.nan)


def _days(records: TrialRecords, follow_up_days: int, at: Cut) -> tuple[Floats, Bools]:
    """Trial day of the cut in each trial, and whether it came to what the cut asks for."""
    trials, p = records.trials, records.patients
    number_of_trials = trials.trial.size
    if at.kind in ("end", "day"):
        day = np.inf if at.kind == "end" else at.value
        return np.full(number_of_trials, day), np.ones(number_of_trials, dtype=bool)
    if at.kind == "deaths":
        known = (p.death_after_days <= follow_up_days) & (p.death_after_days <= p.loss_after_days)
        when = np.where(known, p.entry_day + p.death_after_days, np.inf)
    else:
        ends = np.minimum(np.minimum(p.death_after_days, p.loss_after_days), follow_up_days)
        when = p.entry_day + ends
    days = np.full(number_of_trials, np.inf)
    number = int(at.value)
    for row, (first, size) in enumerate(zip(trials.first_row, trials.randomised, strict=True)):
        if number <= size:
            days[row] = np.sort(when[first : first + size])[number - 1]
    return days, np.isfinite(days)
