"""What was known of each patient at a cut (model page, section 10)."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.records import Floats, Ints, TrialRecords

Bools = npt.NDArray[np.bool_]


class Cut(NamedTuple):
    """When the data are cut: at the end, on a trial day, or at a number of patients.

    `value` is a trial day, or a number of patients from 1 on; it is not read at the end. Deaths
    count if known and within follow-up. A patient has completed when dead, lost, or at the end of
    follow-up, and is due when follow-up would have ended, whatever became of them. A number that a
    trial never reaches means its end.
    """

    kind: Literal["end", "day", "deaths", "completed", "randomised", "due"]
    value: float


END = Cut("end", 0.0)


class Rows(NamedTuple):
    """What analyses read of some trials, one row per patient; see `records.Patients`.

    The columns are contiguous and read-only whichever engine wrote them, so that every kernel is
    compiled for one kind of array. `first_row` has the first row of each trial and, last, the
    number of rows.
    """

    first_row: Ints
    site: Ints
    stratum: Ints
    arm: Ints
    entry_day: Floats
    death_after_days: Floats
    death_cause: Ints
    loss_after_days: Floats
    transplant_after_days: Floats
    visit_after_days: Floats
    visit_meld: Floats


class Data(NamedTuple):
    """What was known at the cut; nothing in it is of later.

    Attributes
    ----------
    trial_of_row
        Index of the trial within these records, one row per patient.
    cut_day, reached
        One row per trial: trial day of the cut, infinity for the end; False if the trial never
        reached the number asked for, so that its cut is the end.
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


def rows_of(records: TrialRecords) -> Rows:
    """Return the columns that analyses read, without copying those that are contiguous."""
    first_row = np.zeros(records.trials.randomised.size + 1, np.int64)
    np.cumsum(records.trials.randomised, out=first_row[1:])
    columns = (getattr(records.patients, name) for name in Rows._fields[1:])
    return Rows._make(map(read_only, (first_row, *columns)))


def part_of(rows: Rows, first: int, end: int) -> Rows:
    """Return the rows of trials `first` to `end` - 1."""
    if (first, end) == (0, rows.first_row.size - 1):
        return rows
    low, high = rows.first_row[first], rows.first_row[end]
    first_row = read_only(rows.first_row[first : end + 1] - low)
    return Rows._make((first_row, *(column[low:high] for column in rows[1:])))


def read_only(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a column as every kernel takes it: contiguous and not to be written."""
    if column.flags.c_contiguous and not column.flags.writeable:
        return column
    view = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view


@inlined
def by_the_cut(entry_day: float, after_days: float, cut_day: float) -> float:
    """Return a patient's time of an event, or infinity (never) if it was not known at the cut.

    Whether something was known is judged on entry + time, the expression that also made the cut:
    subtracting the entry from the cut could lose the very event that made it.
    """
    return after_days if entry_day + after_days <= cut_day else math.inf


@inlined
def followed_by_the_cut(entry_day: float, cut_day: float, follow_up_days: float) -> float:
    """Return how long a patient who never died nor left was followed by the cut."""
    if entry_day + follow_up_days <= cut_day:
        return follow_up_days
    return minimum(cut_day - entry_day, follow_up_days)


@kernel
def meld_seen(
    first_row: Ints,
    entry_day: Floats,
    visit_after_days: Floats,
    visit_meld: Floats,
    cut_day: Floats,
    meld: Floats,
) -> None:
    """Fill in MELD at the first and the last visit, shape (2, rows); NaN if not seen by the cut."""
    last = visit_meld.shape[1] - 1
    for k in range(cut_day.size):
        for i in range(first_row[k], first_row[k + 1]):
            for which in range(2):
                visit = last * which
                meld[which, i] = math.nan
                if last >= 0 and entry_day[i] + visit_after_days[i, visit] <= cut_day[k]:
                    meld[which, i] = visit_meld[i, visit]


def cut_days(rows: Rows, follow_up_days: int, at: Cut) -> tuple[Floats, Bools]:
    """Trial day of the cut in each trial, and whether it came to what the cut asks for."""
    trials = rows.first_row.size - 1
    if at.kind in ("end", "day"):
        day = math.inf if at.kind == "end" else float(at.value)
        return np.full(trials, day), np.ones(trials, dtype=bool)
    number, most = int(at.value), int(np.diff(rows.first_row).max(initial=0))
    days = np.full(trials, math.inf)
    if at.kind in ("randomised", "due"):  # patients are in the order of their entry
        row = rows.first_row[:-1] + number - 1
        enough = row < rows.first_row[1:]
        entry = rows.entry_day[row[enough]]
        days[enough] = entry if at.kind == "randomised" else entry + follow_up_days
    elif number <= most:
        when = np.full((trials, most), math.inf)
        _events(
            rows.first_row,
            rows.entry_day,
            rows.death_after_days,
            rows.loss_after_days,
            float(follow_up_days),
            at.kind == "deaths",
            when,
        )
        days = np.partition(when, number - 1, axis=1)[:, number - 1].copy()
    return days, np.isfinite(days)


@kernel
def _events(
    first_row: Ints,
    entry_day: Floats,
    death_after_days: Floats,
    loss_after_days: Floats,
    follow_up_days: float,
    deaths_alone: bool,
    when: Floats,
) -> None:
    """Trial days of known deaths, or of completions, one row per trial, then infinity."""
    for k in range(when.shape[0]):
        for i in range(first_row[k], first_row[k + 1]):
            death, left = death_after_days[i], minimum(loss_after_days[i], follow_up_days)
            ends = minimum(death, left)
            if deaths_alone and death > left:
                ends = math.inf
            when[k, i - first_row[k]] = entry_day[i] + ends


def cut(records: TrialRecords, follow_up_days: int, at: Cut | Floats) -> Data:
    """Return what was known of each patient at a cut, or at the cut of each trial."""
    rows = rows_of(records)
    if isinstance(at, Cut):
        cut_day, reached = cut_days(rows, follow_up_days, at)
    else:
        cut_day, reached = at, np.isfinite(at)
    size = rows.arm.size
    entered, due, died, lost = (np.empty(size, np.bool_) for _ in range(4))
    followed_days, transplant = np.empty(size), np.empty(size)
    _cut(rows, cut_day, float(follow_up_days), entered, due, followed_days, died, lost, transplant)
    meld = np.empty((2, size))
    meld_seen(rows.first_row, rows.entry_day, rows.visit_after_days, rows.visit_meld, cut_day, meld)
    return Data(
        trial_of_row=np.repeat(np.arange(cut_day.size), np.diff(rows.first_row)),
        cut_day=cut_day,
        reached=reached,
        arm=rows.arm,
        entry_day=rows.entry_day,
        entered=entered,
        due=due,
        followed_days=followed_days,
        died=died,
        lost=lost,
        transplant_after_days=transplant,
        baseline_meld=meld[0],
        last_meld=meld[1],
    )


@kernel
def _cut(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: float,
    entered: Bools,
    due: Bools,
    followed_days: Floats,
    died: Bools,
    lost: Bools,
    transplant_after_days: Floats,
) -> None:
    """Fill in what `Data` says of each patient."""
    for k in range(cut_day.size):
        limit = cut_day[k]
        for i in range(rows.first_row[k], rows.first_row[k + 1]):
            entry = rows.entry_day[i]
            death = by_the_cut(entry, rows.death_after_days[i], limit)
            loss = by_the_cut(entry, rows.loss_after_days[i], limit)
            transplant = by_the_cut(entry, rows.transplant_after_days[i], limit)
            entered[i] = entry <= limit
            due[i] = entry + follow_up_days <= limit
            died[i] = death <= minimum(loss, follow_up_days)
            lost[i] = loss < minimum(death, follow_up_days)
            followed_days[i] = math.nan
            if entered[i]:
                followed_days[i] = followed_by_the_cut(entry, limit, follow_up_days)
            if died[i] or lost[i]:
                followed_days[i] = minimum(death, loss)
            known = transplant <= minimum(minimum(death, loss), follow_up_days)
            transplant_after_days[i] = transplant if known else math.inf
