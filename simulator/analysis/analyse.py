"""Records -> AnalysisTable."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analysis import meld, proportions, survival
from simulator.analysis.cut import Cut, Rows, cut_days, meld_seen, part_of, rows_of
from simulator.analysis.order import in_order, time_keys
from simulator.analysis.outcomes import COMPLETE, EVENT, Outcome, Treatment, outcome, treatment_of
from simulator.analysis.types import (
    MELD_TESTS,
    PROPORTION_TESTS,
    TIME_TESTS,
    AnalysisPlan,
    AnalysisTable,
    new_table,
    trials_of,
)
from simulator.records import Floats, Ints, TrialRecords

_ARMS = 2
_PATIENTS_A_BLOCK = 60_000  # what is made of them on the way stays in the processor's cache

# Plans with their columns in the table.
_Plans = Sequence[tuple[int, AnalysisPlan]]


def analyse(
    records: TrialRecords, plans: Sequence[AnalysisPlan], follow_up_days: int, at: Cut
) -> AnalysisTable:
    """Analyse every trial by every plan, with the data known at a cut.

    Tests on time censor patients still followed at the cut. The others use only those whose
    follow-up was due by then. A trial's results do not depend on the others.
    """
    rows = rows_of(records)
    table = new_table(rows.first_row.size - 1, len(plans))
    by_treatment: dict[Treatment, list[tuple[int, AnalysisPlan]]] = {}
    for column, plan in enumerate(plans):
        by_treatment.setdefault(treatment_of(plan), []).append((column, plan))
    for first, end in _blocks(rows.first_row):
        some = part_of(rows, first, end)
        cut_day, _ = cut_days(some, follow_up_days, at)
        results = trials_of(table, first, end)
        for treatment, alike in by_treatment.items():
            _compare_times(some, cut_day, follow_up_days, treatment, alike, results)
            _compare_ends(some, cut_day, follow_up_days, treatment, alike, results)
    return table


def _blocks(first_row: Ints) -> Iterator[tuple[int, int]]:
    """First trial and end of each block of trials."""
    trials = first_row.size - 1
    step = max(1, _PATIENTS_A_BLOCK // int(np.diff(first_row).max(initial=1)))
    for first in range(0, trials, step):
        yield first, min(first + step, trials)


def _compare_times(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: int,
    treatment: Treatment,
    plans: _Plans,
    table: AnalysisTable,
) -> None:
    """Apply the tests on time among analyses that treat loss and transplant alike."""
    for left_out in (False, True):
        asked = [
            (column, plan.test)
            for column, plan in plans
            if plan.test in TIME_TESTS and (plan.lost == "excluded") == left_out
        ]
        if not asked:
            continue
        bounds, limits = _stretches(rows.first_row, cut_day)
        keys = np.empty(rows.arm.size, np.uint64)
        left_out_before = math.inf if left_out else 0.0
        time_keys(rows, bounds, limits, float(follow_up_days), treatment, left_out_before, keys)
        ordered = in_order(rows.first_row, keys)
        for column, test in asked:
            if test == "log_rank":
                survival.log_rank(ordered, table, column)
            else:
                survival.km_difference(ordered, float(follow_up_days), table, column)


def _stretches(first_row: Ints, cut_day: Floats) -> tuple[Ints, Floats]:
    """Rows that are cut on the same day, and that day: a stretch for all trials or one for each."""
    if (cut_day == cut_day[0]).all():
        return first_row[[0, -1]], cut_day[:1]
    return first_row.copy(), cut_day


def _compare_ends(
    rows: Rows,
    cut_day: Floats,
    follow_up_days: int,
    treatment: Treatment,
    plans: _Plans,
    table: AnalysisTable,
) -> None:
    """Apply the tests on what patients came to by the last day."""
    on_deaths = [(column, plan.test) for column, plan in plans if plan.test in PROPORTION_TESTS]
    on_meld = [(column, plan.test) for column, plan in plans if plan.test in MELD_TESTS]
    if not (on_deaths or on_meld):
        return
    known = outcome(rows, cut_day, follow_up_days, treatment)
    if on_deaths:
        tables = np.zeros((cut_day.size, _ARMS, 2), np.int64)
        proportions.count(rows, cut_day, float(follow_up_days), known.status, tables)
        for column, test in on_deaths:
            if test == "chi_square":
                proportions.chi_square(tables, table, column)
            else:
                proportions.exact(test, tables, table, column)
    if on_meld:
        changes = _changes(rows, cut_day, follow_up_days, known)
        for column, test in on_meld:
            compare = meld.ancova if test == "meld_ancova" else meld.worst_rank
            compare(changes, table, column)


def _changes(rows: Rows, cut_day: Floats, follow_up_days: int, known: Outcome) -> meld.Changes:
    """Return MELD of those alive at the end and seen, and when the others died."""
    seen_meld = np.empty((2, rows.arm.size))
    meld_seen(
        rows.first_row, rows.entry_day, rows.visit_after_days, rows.visit_meld, cut_day, seen_meld
    )
    change = seen_meld[1] - seen_meld[0]
    due = rows.entry_day + follow_up_days <= np.repeat(cut_day, np.diff(rows.first_row))
    dead = due & (known.status == EVENT)
    return meld.Changes(
        first_row=rows.first_row,
        arm=rows.arm,
        seen=(known.status == COMPLETE) & ~np.isnan(change),
        baseline=seen_meld[0],
        change=change,
        death_days=np.where(dead, known.time_days, math.inf),
    )
