"""Records -> AnalysisTable."""

from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analysis.cut import Cut, cut_days, part_of, rows_of
from simulator.analysis.data import Block
from simulator.analysis.hypotheses import run
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.randomisation_tests import randomisation_test
from simulator.analysis.types import AnalysisTable, Design, new_table, trials_of
from simulator.declarations.analyses import RANDOMISATION_TESTS, STATISTICS, AnalysisPlan
from simulator.named import named
from simulator.records import Floats, Ints, TrialRecords

_PATIENTS_A_BLOCK = 60_000  # what is made of them on the way stays in the processor's cache


def analyse(
    records: TrialRecords, plans: Sequence[AnalysisPlan], design: Design, at: Cut | Floats
) -> AnalysisTable:
    """Analyse every trial by every plan, with the data known at a cut.

    Tests on time censor patients still followed at the cut. The others use only those whose
    follow-up was due by then. A trial's results do not depend on the others.

    Parameters
    ----------
    at
        A cut of all trials, or the trial day of the cut of each.
    """
    everybody = rows_of(records)
    trials = everybody.first_row.size - 1
    table = new_table(trials, len(plans))
    days = cut_days(everybody, followed_for(design, at), at)[0] if isinstance(at, Cut) else at
    known_by = days if np.isfinite(days).any() else None
    looks = {
        handling: handled(records, everybody, handling, design.arm_modality, known_by)
        for handling in dict.fromkeys(map(handling_of, plans))
    }
    by_name = {plan.name: plan for plan in plans}
    for first, end in _blocks(everybody.first_row):
        results = trials_of(table, first, end)
        blocks = {
            handling: Block(
                part_of(rows, first, end),
                days[first:end],
                design.follow_up_days,
                design.max_follow_up_days,
            )
            for handling, rows in looks.items()
        }
        for column, plan in enumerate(plans):
            block = blocks[handling_of(plan)]
            if plan.test in RANDOMISATION_TESTS:
                inner = by_name[plan.options["of"]]
                indices = records.trials.trial[first:end]
                rows = part_of(everybody, first, end)
                randomisation_test(block, indices, plan, inner, design, rows, results, column)
            else:
                run(named(STATISTICS[plan.test].kernel), block, plan, results, column)
    return table


def followed_for(design: Design, at: Cut) -> int:
    """Return the patient day until which a cut counts what happens: deaths to the longest."""
    return design.max_follow_up_days if at.kind == "deaths" else design.follow_up_days


def _blocks(first_row: Ints) -> Iterator[tuple[int, int]]:
    """First trial and end of each block of trials."""
    trials = first_row.size - 1
    step = max(1, _PATIENTS_A_BLOCK // int(np.diff(first_row).max(initial=1)))
    for first in range(0, trials, step):
        yield first, min(first + step, trials)
