"""Tests of mortality adjusted for MELD at the first visit."""

from simulator.declarations.analyses.analysis import Analysis, Information
from simulator.declarations.analyses.measure import ADJUSTED_LOG_ODDS_RATIO, RISK_DIFFERENCE
from simulator.declarations.analyses.variable import DEATH_BY_DAY, Need

FIRTH_LOGISTIC = Analysis(
    word="firth_logistic",
    full_name="logistic regression with Firth's penalty",
    short_name="Firth logistic",
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=ADJUSTED_LOG_ODDS_RATIO,
    needs_too=frozenset({Need.FIRST_MELD}),
    kernel="simulator.analysis.logistic:firth_logistic",
)
STANDARDISED_RISK_DIFFERENCE = Analysis(
    word="standardised_risk_difference",
    full_name="standardised logistic regression on MELD",
    short_name="Standardised logistic",
    details="robust variance",
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=RISK_DIFFERENCE,
    needs_too=frozenset({Need.FIRST_MELD}),
    kernel="simulator.analysis.logistic:standardised_difference",
)
