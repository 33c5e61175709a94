"""What is known of the outcome at a cut with arms pooled: for re-estimation that stays blinded."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import rows_of
from simulator.analysis.data import Block, Changes
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.types import Design
from simulator.records import Floats, Ints, TrialRecords


class Pooled(NamedTuple):
    """Of the patients whose follow-up is due to have ended, one row per trial.

    Attributes
    ----------
    due
        How many there are.
    known
        Those among them who have an outcome in the analysis.
    value
        Proportion of these who died or, of an analysis of means, the variance of their values:
        around their mean or, where the analysis adjusts for baseline, around their regression on
        it. NaN where it does not exist.
    """

    due: Ints
    known: Ints
    value: Floats


def pooled_at(
    records: TrialRecords, plan: AnalysisPlan, design: Design, cut_day: Floats, *, of_mean: bool
) -> Pooled:
    """Pool what is known at the cut of each trial."""
    everybody = rows_of(records)
    rows = handled(records, everybody, handling_of(plan), design.arm_modality, cut_day)
    block = Block(rows, cut_day, design.follow_up_days)
    limit = np.repeat(cut_day, np.diff(everybody.first_row))
    trial = np.repeat(np.arange(cut_day.size), np.diff(everybody.first_row))
    ended = everybody.entry_day + design.follow_up_days <= limit
    due = np.bincount(trial[ended], minlength=cut_day.size)
    if of_mean:
        return _of_values(due, block.changes(plan), plan)
    dead, known = np.moveaxis(block.counts(plan).sum(axis=1), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Pooled(due, known, dead / known)


def _of_values(due: Ints, changes: Changes, plan: AnalysisPlan) -> Pooled:
    trials = due.size
    trial = np.repeat(np.arange(trials), np.diff(changes.first_row))[changes.seen]
    known = np.bincount(trial, minlength=trials)

    def away(values: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(values - (np.bincount(trial, values, trials) / known)[trial])

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(trial, values, trials))

    change, freedom = away(changes.change[changes.seen]), known - 1.0
    squares = total(change**2)
    if plan.test == "meld_ancova":
        baseline = away(changes.baseline[changes.seen])
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = squares - total(change * baseline) ** 2 / total(baseline**2)
        freedom = freedom - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(freedom > 0.0, squares / freedom, math.nan)
    return Pooled(due, known, value)
