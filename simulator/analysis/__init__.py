"""From records to p values, estimates and standard errors (model page, section 10)."""

from simulator.analysis.analyse import analyse
from simulator.analysis.cut import END, Cut
from simulator.analysis.estimands import estimand
from simulator.analysis.types import REASONS, AnalysisPlan, AnalysisTable, Reason, Result

__all__ = [
    "END",
    "REASONS",
    "AnalysisPlan",
    "AnalysisTable",
    "Cut",
    "Reason",
    "Result",
    "analyse",
    "estimand",
]
