"""From records to p values, estimates and standard errors (model page, section 10)."""

from simulator.analysis.analyse import analyse, analyse_data
from simulator.analysis.cut import END, Cut, Data, cut
from simulator.analysis.estimands import estimand
from simulator.analysis.types import REASONS, AnalysisPlan, AnalysisTable, Reason, Result

__all__ = [
    "END",
    "REASONS",
    "AnalysisPlan",
    "AnalysisTable",
    "Cut",
    "Data",
    "Reason",
    "Result",
    "analyse",
    "analyse_data",
    "cut",
    "estimand",
]
