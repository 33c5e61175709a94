"""What is known of a trial at a look, beside its analysis (model page, section 12)."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import Bools, rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.outcomes import EVENT, outcome, treatment_of
from simulator.analysis.types import Design
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats, Ints, SessionStatus, TrialRecords


class Known(NamedTuple):
    """What is known at a cut, one row per trial.

    Attributes
    ----------
    randomised
        Patients.
    events
        Of the analysis, in all whom it looks at.
    completed
        Patients whose follow-up was due by the cut, and who count as dead or as alive; -1 where
        nobody asks.
    """

    randomised: Ints
    events: Ints
    completed: Ints


def event_days(records: TrialRecords, plan: AnalysisPlan, design: Design, number: int) -> Floats:
    """Trial day of the event of an analysis that is its `number`-th, infinity if it never comes."""
    rows = handled(records, rows_of(records), handling_of(plan), design.arm_modality)
    trials = rows.first_row.size - 1
    at_end = np.full(trials, math.inf)
    found = outcome(rows, at_end, design.follow_up_days, treatment_of(plan))
    patients = np.diff(rows.first_row)
    when = np.full((trials, max(number, int(patients.max(initial=0)))), math.inf)
    place = np.arange(rows.arm.size) - np.repeat(rows.first_row[:-1], patients)
    days = np.where(found.status == EVENT, rows.entry_day + found.time_days, math.inf)
    when[np.repeat(np.arange(trials), patients), place] = days
    return np.partition(when, number - 1, axis=1)[:, number - 1].copy()


def known_at(records: TrialRecords, plan: AnalysisPlan, design: Design, cut_day: Floats) -> Known:
    """Count patients and events by the cut of each trial."""
    everybody = rows_of(records)
    rows = handled(records, everybody, handling_of(plan), design.arm_modality, cut_day)
    block = Block(rows, cut_day, design.follow_up_days)
    events = _by_trial(block.outcome(plan).status == EVENT, rows.first_row)
    completed = block.counts(plan)[:, :, 1].sum(axis=1)
    entered = everybody.entry_day <= np.repeat(cut_day, np.diff(everybody.first_row))
    return Known(_by_trial(entered, everybody.first_row), events, completed)


def under_treatment(records: TrialRecords, day: Floats) -> Ints:
    """Count the patients of each trial who have a session on a day, wait for one, or are to.

    As it would have gone on: by the sessions that came later.
    """
    p, s = records.patients, records.sessions
    first_row = rows_of(records).first_row
    limit = np.repeat(day, np.diff(first_row))
    later = np.zeros(limit.size, np.bool_)
    for k in range(s.status.shape[1]):
        fell_due = s.status[:, k] != SessionStatus.NOT_DUE
        ends = np.where(np.isnan(s.end_day[:, k]), s.due_day[:, k], s.end_day[:, k])
        later |= fell_due & (ends > limit)
    return _by_trial(later & (p.entry_day <= limit), first_row)


def _by_trial(which: Bools, first_row: Ints) -> Ints:
    """Count by trial; a trial may have no patient."""
    total = np.zeros(which.size + 1, np.int64)
    np.cumsum(which, out=total[1:])
    return np.asarray(total[first_row[1:]] - total[first_row[:-1]])
