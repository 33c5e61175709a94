"""Records of which only what an analysis reads is set, and single trials analysed."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis import END, AnalysisPlan, Cut, analyse, proportions
from simulator.analysis.cut import cut_days, rows_of
from simulator.analysis.outcomes import Outcome, outcome, treatment_of
from simulator.analysis.types import AnalysisTable, new_table
from simulator.records import Patients, Sessions, TrialRecords, Trials

NEVER = math.inf


class Result(NamedTuple):
    """One analysis of one trial."""

    p_value: float
    estimate: float
    standard_error: float
    favours: int
    reason: int


def result(table: AnalysisTable) -> Result:
    """Return the one result in a table."""
    return Result(*(column[0, 0].item() for column in table))


def records_of_columns(sizes: np.ndarray, columns: dict[str, np.ndarray]) -> TrialRecords:
    """Return records of trials of these sizes with these columns of patients, and zeros."""
    n, k = int(sizes.sum()), sizes.size
    patients = {name: np.zeros(n) for name in Patients._fields} | columns
    trials = {name: np.zeros(k) for name in Trials._fields}
    trials |= {
        "trial": np.arange(k), "randomised": sizes, "first_row": np.cumsum(sizes) - sizes
    }  # fmt: skip
    sessions = Sessions(*(np.zeros((n, 0)) for _ in Sessions._fields))
    return TrialRecords(Trials(**trials), Patients(**patients), sessions)


def one_trial(arm: np.ndarray, **columns: np.ndarray) -> TrialRecords:
    """Return a trial of patients who neither die nor leave, but for the columns given."""
    never = np.full(len(arm), NEVER)
    no_visit = np.full((len(arm), 0), math.nan)
    patients = {
        "arm": np.asarray(arm, np.int64),
        "death_after_days": never,
        "loss_after_days": never,
        "transplant_after_days": never,
        "visit_after_days": no_visit,
        "visit_meld": no_visit,
    }
    return records_of_columns(np.array([len(arm)]), patients | columns)


def outcome_at(records: TrialRecords, follow_up_days: int, at: Cut, plan: AnalysisPlan) -> Outcome:
    """Return what patients count as at a cut."""
    rows = rows_of(records)
    return outcome(rows, cut_days(rows, follow_up_days, at)[0], follow_up_days, treatment_of(plan))


def time_test(
    test: str, time: np.ndarray, event: np.ndarray, arm: np.ndarray, until: int = 1000
) -> Result:
    """Return a test on times of death (event) or of censoring up to a day."""
    died = np.asarray(event, bool)
    records = one_trial(
        arm,
        death_after_days=np.where(died, time, NEVER),
        loss_after_days=np.where(died, NEVER, time),
    )
    plan = AnalysisPlan(test, test, 0.05, "censored", "event")
    return result(analyse(records, [plan], until, END))


def meld_test(
    test: str, change: np.ndarray, baseline: np.ndarray, death: np.ndarray, arm: np.ndarray
) -> Result:
    """Return a test on the change of MELD of survivors (death infinite) and times of death."""
    records = one_trial(
        arm,
        death_after_days=death,
        visit_after_days=np.tile([0.0, 84.0], (len(arm), 1)),
        visit_meld=np.column_stack([baseline, baseline + change]),
    )
    plan = AnalysisPlan(test, test, 0.05, "excluded", "event")
    return result(analyse(records, [plan], 1000, END))


def proportion_test(test: str, x0: int, n0: int, x1: int, n1: int) -> Result:
    """Return a test of x0 dead among n0 against x1 among n1."""
    counts, table = np.array([[[x0, n0], [x1, n1]]]), new_table(1, 1)
    if test == "chi_square":
        proportions.chi_square(counts, table, 0)
    else:
        proportions.exact(test, counts, table, 0)
    return result(table)
