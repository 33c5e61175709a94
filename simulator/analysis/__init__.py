"""From records to p values, estimates and intervals (model page, section 10)."""

from simulator.analysis.analyse import analyse
from simulator.analysis.analysed import Use
from simulator.analysis.cut import END, Cut, Data, cut
from simulator.analysis.plans import design_of, plans_of
from simulator.analysis.types import REASONS, AnalysisTable, Design, Reason, rejects
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.estimands import estimand, estimand_attributes

__all__ = [
    "END",
    "REASONS",
    "AnalysisPlan",
    "AnalysisTable",
    "Cut",
    "Data",
    "Design",
    "Reason",
    "Use",
    "analyse",
    "cut",
    "design_of",
    "estimand",
    "estimand_attributes",
    "plans_of",
    "rejects",
]
