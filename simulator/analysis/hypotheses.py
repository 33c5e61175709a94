"""Analyses of hypotheses: an analysis tests one null value, equivalence two."""

from collections.abc import Callable
from typing import Any

import numpy as np

from simulator.analysis.types import AnalysisTable, new_table
from simulator.declarations.analyses import AnalysisPlan

Kernel = Callable[[Any, AnalysisPlan, AnalysisTable, int], None]


def run(kernel: Kernel, block: Any, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Write the results of a plan, by the kernel of its analysis.

    Where two tests must both reject, the p value is the larger of theirs; all else is the same in
    both.
    """
    first, *others = plan.hypothesis.parts
    kernel(block, plan._replace(hypothesis=first), table, column)
    for part in others:
        beside = new_table(table.p_value.shape[0], 1)
        kernel(block, plan._replace(hypothesis=part), beside, 0)
        table.p_value[:, column] = np.maximum(table.p_value[:, column], beside.p_value[:, 0])
