"""The analyses, one declaration each.

A new one is declared in a file here and has its place in `ALL`; the scenario's schema, estimands,
true values, exact power and documents read the declaration.
"""

from simulator.declarations.analyses import (
    adjusted,
    bayes,
    causes,
    cox,
    intervals,
    kaplan_meier,
    log_rank,
    meld,
    randomisation,
    strata,
    tables,
    wins,
)
from simulator.declarations.analyses.analysis import (
    Analysis,
    Beside,
    Declaration,
    Information,
    Options,
    RandomisationTest,
    SizeFormula,
)
from simulator.declarations.analyses.measure import Measure
from simulator.declarations.analyses.plan import AnalysisPlan
from simulator.declarations.analyses.variable import Need, Variable

ALL: tuple[Declaration, ...] = (
    tables.CHI_SQUARE,
    tables.YATES,
    tables.FISHER,
    tables.MID_P,
    tables.Z_POOLED,
    tables.Z_POOLED_BERGER_BOOS,
    tables.BARNARD,
    tables.BOSCHLOO,
    tables.BOSCHLOO_MINLIKE,
    tables.BOSCHLOO_BERGER_BOOS,
    intervals.RISK_DIFFERENCE_INTERVAL,
    intervals.RISK_RATIO,
    intervals.ODDS_RATIO,
    strata.CMH,
    strata.STRATIFIED_MIETTINEN_NURMINEN,
    adjusted.FIRTH_LOGISTIC,
    adjusted.STANDARDISED_RISK_DIFFERENCE,
    log_rank.LOG_RANK,
    strata.STRATIFIED_LOG_RANK,
    log_rank.FLEMING_HARRINGTON,
    log_rank.MODESTLY_WEIGHTED,
    log_rank.MAX_COMBO,
    cox.COX,
    kaplan_meier.KM_DIFFERENCE,
    kaplan_meier.KM_MILESTONE,
    kaplan_meier.RMST_DIFFERENCE_TEST,
    causes.CAUSE_SPECIFIC,
    causes.CUMULATIVE_INCIDENCE,
    causes.GRAY,
    meld.WELCH,
    meld.ANCOVA,
    meld.WORST_RANK_TEST,
    wins.WIN_RATIO,
    wins.NET_BENEFIT_TEST,
    wins.WIN_ODDS,
    bayes.BETA_BINOMIAL,
    randomisation.RERANDOMISATION,
    randomisation.PERMUTATION,
)
ANALYSES: dict[str, Declaration] = {declared.word: declared for declared in ALL}
# Those with a statistic of their own, and those that test the statistic of another.
STATISTICS: dict[str, Analysis] = {d.word: d for d in ALL if isinstance(d, Analysis)}
RANDOMISATION_TESTS: dict[str, RandomisationTest] = {
    d.word: d for d in ALL if isinstance(d, RandomisationTest)
}
MOST_PATIENTS: dict[str, int] = {
    d.word: d.most_patients for d in ALL if d.most_patients is not None
}

__all__ = [
    "ALL",
    "ANALYSES",
    "MOST_PATIENTS",
    "RANDOMISATION_TESTS",
    "STATISTICS",
    "Analysis",
    "AnalysisPlan",
    "Beside",
    "Declaration",
    "Information",
    "Measure",
    "Need",
    "Options",
    "RandomisationTest",
    "SizeFormula",
    "Variable",
]
