"""Each analysis in words: what it estimates, of whom, and what it does with those lost."""

from collections.abc import Sequence

from simulator.analysis.types import MELD_TESTS, AnalysisPlan

_MEASURES = {
    "chi_square": "difference of {day}-day mortality (Pearson's chi-square test, asymptotic)",
    "fisher": "difference of {day}-day mortality (Fisher's exact test)",
    "boschloo": "difference of {day}-day mortality (Boschloo's exact test, central)",
    "boschloo_minlike": "difference of {day}-day mortality (Boschloo's exact test, minimum "
    "likelihood)",
    "log_rank": "log hazard ratio of death within {day} days (log-rank test)",
    "km_difference": "difference of Kaplan-Meier mortality at day {day} (normal test, Greenwood)",
    "meld_ancova": "difference of the change of MELD to the last visit, adjusted for baseline "
    "(ANCOVA)",
    "meld_worst_rank": "probability of faring better minus worse, by change of MELD, the dead "
    "ranked worst by time of death (Mann-Whitney test)",
}
_LOST = {
    "excluded": "those lost before are left out",
    "worst_case": "those lost before count as dead",
    "best_case": "those lost before count as alive",
    "censored": "those lost before are censored",
}
_TRANSPLANT = {
    "event": "transplant counts as death",
    "censored": "transplant counts as loss",
    "competing": "transplant counts as survival",
}
_UNSEEN_AFTER_TRANSPLANT = " without a last visit"  # nothing is measured after a transplant


def estimand(plan: AnalysisPlan, follow_up_days: int, arms: Sequence[str]) -> str:
    """Estimand of an analysis in words, to be set in a sentence or a table.

    Parameters
    ----------
    arms
        Names of the arms, the control arm first.
    """
    measure = _MEASURES[plan.test].format(day=follow_up_days)
    whom = "all randomised"
    lost, transplant = _LOST[plan.lost], _TRANSPLANT[plan.transplant]
    if plan.test == "meld_ancova":
        whom = "survivors seen at the last visit, which is not a causal contrast"
    elif plan.test == "meld_worst_rank":
        lost += ", as are survivors not seen at the last visit"
    if plan.test in MELD_TESTS and plan.transplant == "competing":
        transplant += _UNSEEN_AFTER_TRANSPLANT
    return f"{measure}, {arms[1]} against {arms[0]}, of {whom}; {lost}; {transplant}"
