"""Records -> AnalysisTable."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from simulator.analysis import meld, proportions, survival
from simulator.analysis.cut import Cut, Data, cut
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST, NOT_ENTERED, Outcome, outcome
from simulator.analysis.types import (
    PROPORTION_TESTS,
    TIME_TESTS,
    AnalysisPlan,
    AnalysisTable,
    Result,
)
from simulator.records import TrialRecords

ARMS = 2


def analyse(
    records: TrialRecords, plans: Sequence[AnalysisPlan], follow_up_days: int, at: Cut
) -> AnalysisTable:
    """Analyse every trial by every plan, with the data known at a cut."""
    return analyse_data(cut(records, follow_up_days, at), plans, follow_up_days)


def analyse_data(data: Data, plans: Sequence[AnalysisPlan], follow_up_days: int) -> AnalysisTable:
    """Analyse every trial by every plan, with data already cut.

    Tests on time censor patients still followed at the cut. The others use only those whose
    follow-up was due by then: of the patients who entered late the dead are known before the
    living, so that counting what is known of them would exaggerate mortality.
    """
    columns = [_analyse_trials(data, plan, follow_up_days) for plan in plans]
    cells = np.array(columns, dtype=np.float64).reshape(
        len(plans), data.cut_day.size, len(Result._fields)
    )
    cells = cells.transpose(1, 0, 2)
    return AnalysisTable(
        p_value=cells[:, :, 0].copy(),
        estimate=cells[:, :, 1].copy(),
        standard_error=cells[:, :, 2].copy(),
        favours=cells[:, :, 3].astype(np.int64),
        reason=cells[:, :, 4].astype(np.int64),
    )


def _analyse_trials(data: Data, plan: AnalysisPlan, follow_up_days: int) -> list[Result]:
    """Apply one analysis to every trial."""
    known = outcome(data, follow_up_days, plan)
    if plan.test in PROPORTION_TESTS:
        return _compare_proportions(data, plan, known)
    if plan.test in TIME_TESTS:
        return _compare_times(data, plan, known, float(follow_up_days))
    return _compare_meld(data, plan, known)


def _compare_proportions(data: Data, plan: AnalysisPlan, known: Outcome) -> list[Result]:
    counted = data.due & ((known.status == EVENT) | (known.status == COMPLETE))
    patients = _by_trial_and_arm(data, counted)
    deaths = _by_trial_and_arm(data, counted & (known.status == EVENT))
    tables = zip(deaths.tolist(), patients.tolist(), strict=True)
    if plan.test == "chi_square":
        return [proportions.chi_square(x0, n0, x1, n1) for (x0, x1), (n0, n1) in tables]
    return [proportions.exact(plan.test, x0, n0, x1, n1) for (x0, x1), (n0, n1) in tables]


def _by_trial_and_arm(data: Data, whom: survival.Bools) -> np.ndarray:
    """Count patients; shape (trials, arms)."""
    trials = data.cut_day.size
    cell = data.trial_of_row[whom] * ARMS + data.arm[whom]
    return np.bincount(cell, minlength=trials * ARMS).reshape(trials, ARMS)


def _compare_times(
    data: Data, plan: AnalysisPlan, known: Outcome, until_day: float
) -> list[Result]:
    use = known.status != NOT_ENTERED
    if plan.lost == "excluded":
        use &= known.status != LOST
    event = known.status == EVENT

    def compare(rows: np.ndarray) -> Result:
        if plan.test == "log_rank":
            return survival.log_rank(known.time_days[rows], event[rows], data.arm[rows])
        return survival.km_difference(known.time_days[rows], event[rows], data.arm[rows], until_day)

    return _trial_by_trial(data, use, compare)


def _compare_meld(data: Data, plan: AnalysisPlan, known: Outcome) -> list[Result]:
    change = data.last_meld - data.baseline_meld
    seen = (known.status == COMPLETE) & ~np.isnan(change)
    if plan.test == "meld_ancova":
        return _trial_by_trial(
            data, seen, lambda r: meld.ancova(change[r], data.baseline_meld[r], data.arm[r])
        )
    dead = data.due & (known.status == EVENT)
    death_days = np.where(dead, known.time_days, np.inf)
    return _trial_by_trial(
        data, seen | dead, lambda r: meld.worst_rank(change[r], death_days[r], data.arm[r])
    )


def _trial_by_trial(
    data: Data, use: survival.Bools, compare: Callable[[np.ndarray], Result]
) -> list[Result]:
    """Call `compare` with the rows of each trial that are used."""
    rows = np.flatnonzero(use)
    bounds = np.searchsorted(data.trial_of_row[rows], np.arange(data.cut_day.size + 1))
    return [compare(rows[a:b]) for a, b in pairwise(bounds)]
