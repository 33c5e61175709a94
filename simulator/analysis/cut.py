"""What was known of each patient at a cut (model page, section 10)."""

from typing import Literal, NamedTuple

import numpy as np

from simulator.analysis.types import AnalysisPlan
from simulator.records import Floats, Ints, TrialRecords

EVENT, COMPLETE, LOST, PENDING, NOT_ENTERED = range(5)


class Cut(NamedTuple):
    """When the data are cut: at the end, on a trial day, or at a number of deaths or completions.

    A patient has completed when dead, lost, or at the end of follow-up. A number that a trial never
    reaches means its end.
    """

    kind: Literal["end", "day", "deaths", "completed"]
    value: float


END = Cut("end", 0.0)


class Outcome(NamedTuple):
    """What was known at the cut, a row a patient.

    status is EVENT, COMPLETE (followed to the end without event), LOST, PENDING (still followed at
    the cut) or NOT_ENTERED; `time_days` is when it was reached, in the patient's own time.
    """

    status: Ints
    time_days: Floats


def cut_days(records: TrialRecords, follow_up_days: int, at: Cut) -> Floats:
    """Trial day of the cut in each trial, infinity for the end."""
    trials = records.trials
    if at.kind == "end":
        return np.full(trials.trial.size, np.inf)
    if at.kind == "day":
        return np.full(trials.trial.size, at.value)
    p = records.patients
    known_death = (p.death_after_days <= follow_up_days) & (p.death_after_days <= p.loss_after_days)
    if at.kind == "deaths":
        when = np.where(known_death, p.entry_day + p.death_after_days, np.inf)
    else:
        ends = np.minimum(np.minimum(p.death_after_days, p.loss_after_days), follow_up_days)
        when = p.entry_day + ends
    days = np.full(trials.trial.size, np.inf)
    nth = int(at.value)
    for row, (first, size) in enumerate(zip(trials.first_row, trials.randomised, strict=True)):
        if nth <= size:
            days[row] = np.sort(when[first : first + size])[nth - 1]
    return days


def outcome(
    records: TrialRecords, follow_up_days: int, days: Floats, plan: AnalysisPlan
) -> Outcome:
    """Return what was known of death by the end of follow-up, transplant treated as planned.

    Whether something was known at the cut is judged on entry + time, the expression that also made
    the cut: subtracting the entry from the cut could lose the very event that made it.
    """
    p = records.patients
    cut = np.repeat(days, records.trials.randomised)
    death, loss, transplant = p.death_after_days, p.loss_after_days, p.transplant_after_days
    if plan.transplant == "event":
        death = np.minimum(death, transplant)
    elif plan.transplant == "censored":
        loss = np.minimum(loss, transplant)
    else:  # competing: alive to the end, whatever is known of them afterwards
        loss = np.where(transplant <= loss, np.inf, loss)
    event = (death <= follow_up_days) & (death <= loss) & (p.entry_day + death <= cut)
    lost = ~event & (loss < follow_up_days) & (p.entry_day + loss <= cut)
    complete = ~event & ~lost & (p.entry_day + follow_up_days <= cut)
    status = np.select(
        [p.entry_day > cut, event, lost, complete], [NOT_ENTERED, EVENT, LOST, COMPLETE], PENDING
    )
    time = np.select(
        [event, lost, complete],
        [death, loss, np.full(death.size, float(follow_up_days))],
        cut - p.entry_day,
    )
    return Outcome(status, time)


def with_lost(known: Outcome, follow_up_days: int, lost: str) -> Outcome:
    """Treat those lost as the analysis declares: worst case dead when lost, best case alive.

    Left out and censored need no change: the tests know LOST.
    """
    is_lost = known.status == LOST
    if lost == "worst_case":
        return Outcome(np.where(is_lost, EVENT, known.status), known.time_days)
    if lost == "best_case":
        return Outcome(
            np.where(is_lost, COMPLETE, known.status),
            np.where(is_lost, float(follow_up_days), known.time_days),
        )
    return known
