"""From records to p values, estimates and standard errors (model page, section 10)."""

from simulator.analysis.analyse import analyse
from simulator.analysis.cut import END, Cut, Data, cut
from simulator.analysis.estimands import estimand
from simulator.analysis.types import REASONS, AnalysisPlan, AnalysisTable, Reason

__all__ = [
    "END",
    "REASONS",
    "AnalysisPlan",
    "AnalysisTable",
    "Cut",
    "Data",
    "Reason",
    "analyse",
    "cut",
    "estimand",
]
