"""Every test once: what it is called in words, what it estimates, and what computes it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from simulator.analysis import (
    bayes,
    competing,
    cox,
    gray,
    logistic,
    meld,
    proportions,
    survival,
    weighted,
    wins,
)
from simulator.analysis.types import AnalysisPlan, AnalysisTable


class Summary(StrEnum):
    """What an estimate is an estimate of: the population-level summary of ICH E9(R1)."""

    RISK_DIFFERENCE = "difference of {day}-day mortality"
    LOG_RISK_RATIO = "log ratio of {day}-day mortality"
    LOG_ODDS_RATIO = "log odds ratio of {day}-day death"
    ADJUSTED_LOG_ODDS_RATIO = "log odds ratio of {day}-day death at the same MELD"
    STRATIFIED_RISK_DIFFERENCE = "difference of {day}-day mortality within strata"
    LOG_HAZARD_RATIO = "log hazard ratio of death within {day} days"
    STRATIFIED_LOG_HAZARD_RATIO = "log hazard ratio of death within {day} days, within strata"
    WEIGHTED_LOG_HAZARD_RATIO = "weighted log hazard ratio of death within {day} days"
    RMST_DIFFERENCE = "difference of mean survival time within {own_day:g} days"
    LOG_CUMULATIVE_HAZARD_RATIO = "log ratio of cumulative hazards at day {own_day:g}"
    CAUSE_LOG_HAZARD_RATIO = "log cause-specific hazard ratio of {cause} death within {day} days"
    SUBDISTRIBUTION_LOG_HAZARD_RATIO = (
        "log subdistribution hazard ratio of {cause} death within {day} days"
    )
    INCIDENCE_DIFFERENCE = "difference of cumulative incidence of {cause} death at day {day}"
    MEAN_CHANGE = "difference of the mean change of MELD to the last visit"
    ADJUSTED_CHANGE = "difference of the change of MELD to the last visit, adjusted for baseline"
    WORST_RANK = (
        "probability of faring better minus worse, by change of MELD, the dead ranked worst by "
        "time of death"
    )
    LOG_WIN_RATIO = "log win ratio by death, then change of MELD"
    NET_BENEFIT = "net benefit by death, then change of MELD"
    LOG_WIN_ODDS = "log win odds by death, then change of MELD"


class Test(NamedTuple):
    """A test: `compare` fills a column of the table from a `Block` or `ReallocatedTrial`."""

    words: str
    summary: Summary
    compare: Callable[[Any, AnalysisPlan, AnalysisTable, int], None]


_S = Summary

TESTS = {
    "chi_square": Test(
        "Pearson's chi-square test, asymptotic", _S.RISK_DIFFERENCE, proportions.chi_square
    ),
    "yates": Test(
        "chi-square test with Yates's correction", _S.RISK_DIFFERENCE, proportions.chi_square
    ),
    "fisher": Test("Fisher's exact test", _S.RISK_DIFFERENCE, proportions.exact),
    "mid_p": Test("Fisher's test with mid-p values", _S.RISK_DIFFERENCE, proportions.exact),
    "z_pooled": Test(
        "Suissa and Shuster's unconditional exact test", _S.RISK_DIFFERENCE, proportions.exact
    ),
    "z_pooled_berger_boos": Test(
        "Suissa and Shuster's exact test, Berger and Boos's gamma {gamma:g}",
        _S.RISK_DIFFERENCE,
        proportions.exact,
    ),
    "barnard": Test("Barnard's exact CSM test", _S.RISK_DIFFERENCE, proportions.exact),
    "boschloo": Test("Boschloo's exact test, central", _S.RISK_DIFFERENCE, proportions.exact),
    "boschloo_minlike": Test(
        "Boschloo's exact test, minimum likelihood", _S.RISK_DIFFERENCE, proportions.exact
    ),
    "boschloo_berger_boos": Test(
        "Boschloo's exact test, central, Berger and Boos's gamma {gamma:g}",
        _S.RISK_DIFFERENCE,
        proportions.exact,
    ),
    "risk_difference": Test(
        "interval: {interval}", _S.RISK_DIFFERENCE, proportions.risk_difference
    ),
    "risk_ratio": Test("interval: {interval}", _S.LOG_RISK_RATIO, proportions.ratio),
    "odds_ratio": Test("interval: {interval}", _S.LOG_ODDS_RATIO, proportions.ratio),
    "cmh": Test(
        "Cochran-Mantel-Haenszel test, strata: {strata}",
        _S.STRATIFIED_RISK_DIFFERENCE,
        proportions.cmh,
    ),
    "stratified_miettinen_nurminen": Test(
        "Miettinen and Nurminen's score test, strata: {strata}",
        _S.STRATIFIED_RISK_DIFFERENCE,
        proportions.stratified_score,
    ),
    "firth_logistic": Test(
        "logistic regression with Firth's penalty",
        _S.ADJUSTED_LOG_ODDS_RATIO,
        logistic.firth_logistic,
    ),
    "standardised_risk_difference": Test(
        "standardised logistic regression on MELD, robust variance",
        _S.RISK_DIFFERENCE,
        logistic.standardised_difference,
    ),
    "log_rank": Test("log-rank test", _S.LOG_HAZARD_RATIO, survival.log_rank),
    "stratified_log_rank": Test(
        "log-rank test, strata: {strata}",
        _S.STRATIFIED_LOG_HAZARD_RATIO,
        survival.stratified_log_rank,
    ),
    "fleming_harrington": Test(
        "Fleming and Harrington's log-rank test, rho {rho:g}, gamma {gamma:g}",
        _S.WEIGHTED_LOG_HAZARD_RATIO,
        weighted.fleming_harrington,
    ),
    "modestly_weighted": Test(
        "modestly weighted log-rank test, t* day {t_star_days:g}",
        _S.WEIGHTED_LOG_HAZARD_RATIO,
        weighted.modestly_weighted,
    ),
    "max_combo": Test("MaxCombo test of {weights}", _S.LOG_HAZARD_RATIO, weighted.max_combo),
    "cox": Test("Cox regression, {ties}, {statistic} test", _S.LOG_HAZARD_RATIO, cox.cox),
    "km_difference": Test(
        "Kaplan-Meier curves, normal test, Greenwood", _S.RISK_DIFFERENCE, survival.km_difference
    ),
    "km_milestone": Test(
        "Kaplan-Meier curves, log-log", _S.LOG_CUMULATIVE_HAZARD_RATIO, survival.km_milestone
    ),
    "rmst_difference": Test(
        "Kaplan-Meier areas, normal test", _S.RMST_DIFFERENCE, survival.rmst_difference
    ),
    "cause_specific": Test(
        "log-rank test, other ends censored",
        _S.CAUSE_LOG_HAZARD_RATIO,
        competing.cause_specific,
    ),
    "cumulative_incidence": Test(
        "Aalen-Johansen curves, normal test",
        _S.INCIDENCE_DIFFERENCE,
        competing.cumulative_incidence,
    ),
    "gray": Test("Gray's test", _S.SUBDISTRIBUTION_LOG_HAZARD_RATIO, gray.gray),
    "meld_welch": Test("Welch's t test", _S.MEAN_CHANGE, meld.welch),
    "meld_ancova": Test("ANCOVA", _S.ADJUSTED_CHANGE, meld.ancova),
    "meld_worst_rank": Test("Mann-Whitney test", _S.WORST_RANK, meld.worst_rank),
    "win_ratio": Test("margin {margin_points:g} points", _S.LOG_WIN_RATIO, wins.wins),
    "net_benefit": Test("margin {margin_points:g} points", _S.NET_BENEFIT, wins.wins),
    "win_odds": Test("margin {margin_points:g} points", _S.LOG_WIN_ODDS, wins.wins),
    "beta_binomial": Test(
        "Bayesian, beta priors {prior_control} and {prior_experimental}",
        _S.RISK_DIFFERENCE,
        bayes.beta_binomial,
    ),
}
