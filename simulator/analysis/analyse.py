"""Records -> AnalysisTable."""

from collections.abc import Sequence

import numpy as np

from simulator.analysis import meld, proportions, survival
from simulator.analysis.cut import (
    COMPLETE,
    EVENT,
    LOST,
    NOT_ENTERED,
    Cut,
    Outcome,
    cut_days,
    outcome,
    with_lost,
)
from simulator.analysis.types import AnalysisPlan, AnalysisTable, Result
from simulator.records import TrialRecords


def analyse(
    records: TrialRecords, plans: Sequence[AnalysisPlan], follow_up_days: int, at: Cut
) -> AnalysisTable:
    """Analyse every trial by every plan, with the data known at a cut.

    Patients still followed at the cut are censored in tests on time and left out of the others.
    """
    days = cut_days(records, follow_up_days, at)
    known: dict[tuple[str, str], Outcome] = {}
    for plan in plans:
        treatment = plan.lost, plan.transplant
        if treatment not in known:
            at_cut = outcome(records, follow_up_days, days, plan)
            known[treatment] = with_lost(at_cut, follow_up_days, plan.lost)
    spans = [
        slice(first, first + size)
        for first, size in zip(records.trials.first_row, records.trials.randomised, strict=True)
    ]
    rows = [
        [
            _analyse_one(records, plan, known[plan.lost, plan.transplant], span, follow_up_days)
            for plan in plans
        ]
        for span in spans
    ]
    cells = np.array(rows, dtype=np.float64).reshape(len(spans), len(plans), len(Result._fields))
    return AnalysisTable(
        p_value=cells[:, :, 0].copy(),
        estimate=cells[:, :, 1].copy(),
        standard_error=cells[:, :, 2].copy(),
        favours=cells[:, :, 3].astype(np.int64),
        reason=cells[:, :, 4].astype(np.int64),
    )


def _analyse_one(
    records: TrialRecords, plan: AnalysisPlan, known: Outcome, span: slice, follow_up_days: int
) -> Result:
    """Apply a test to one trial."""
    arm, status, time = records.patients.arm[span], known.status[span], known.time_days[span]
    if plan.test in ("log_rank", "km_difference"):
        use = status != NOT_ENTERED
        if plan.lost == "excluded":
            use &= status != LOST
        event = status[use] == EVENT
        if plan.test == "log_rank":
            return survival.log_rank(time[use], event, arm[use])
        return survival.km_difference(time[use], event, arm[use], float(follow_up_days))
    if plan.test.startswith("meld"):
        first, last = (records.patients.visit_meld[span, visit] for visit in (0, -1))
        seen = (status == COMPLETE) & ~np.isnan(last)
        if plan.test == "meld_ancova":
            return meld.ancova((last - first)[seen], first[seen], arm[seen])
        use = seen | (status == EVENT)
        death = np.where(status == EVENT, time, np.inf)
        return meld.worst_rank((last - first)[use], death[use], arm[use])
    counted = (status == EVENT) | (status == COMPLETE)
    n0, n1 = (int((counted & (arm == a)).sum()) for a in (0, 1))
    x0, x1 = (int(((status == EVENT) & (arm == a)).sum()) for a in (0, 1))
    if plan.test == "chi_square":
        return proportions.chi_square(x0, n0, x1, n1)
    return proportions.exact(plan.test, x0, n0, x1, n1)
