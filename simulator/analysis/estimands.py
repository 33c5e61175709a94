"""Each analysis in words, by the five attributes of ICH E9(R1)."""

from collections.abc import Sequence

from simulator.analysis.catalogue import TESTS, Summary
from simulator.analysis.types import AnalysisPlan
from simulator.scenario.analysis_rules import (
    CAUSE_TESTS,
    MELD_TESTS,
    RANDOMISATION_TESTS,
    TIME_TESTS,
)

_POPULATION = {
    "randomised": "all randomised",
    "treated": "those with a session, whom treatment selects",
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
_STRATEGY = {
    "ignored": "treatment policy",
    "event": "composite: counts as death",
    "censored": "hypothetical: as if it had not happened",
    "competing": "composite: counts as alive to the end",
}
_OTHER = {"rescue": "rescue or another modality", "withdrawal": "withdrawal from treatment"}
_COUNTS = {"event": "counts as death", "censored": "counts as loss"}
_UNSEEN_AFTER_TRANSPLANT = " without a last visit"  # nothing is measured after a transplant


def statistic_of(plan: AnalysisPlan, plans: Sequence[AnalysisPlan]) -> AnalysisPlan:
    """The analysis whose statistic a randomisation test compares; any other plan is its own."""
    if plan.test not in RANDOMISATION_TESTS:
        return plan
    return next(p for p in plans if p.name == plan.options["of"])


def summary_in_words(plan: AnalysisPlan, follow_up_days: int) -> str:
    """Population-level summary of an analysis that is no randomisation test."""
    return TESTS[plan.test].summary.format(
        day=follow_up_days,
        own_day=plan.options.get("day", follow_up_days),
        cause=plan.options.get("cause", ""),
    )


def estimand(
    plan: AnalysisPlan,
    follow_up_days: int,
    arms: Sequence[str],
    plans: Sequence[AnalysisPlan] = (),
) -> str:
    """Estimand of an analysis in words, to be set in a sentence or a table.

    Parameters
    ----------
    arms
        Names of the arms, the control arm first.
    plans
        All of the scenario: a randomisation test has the estimand of another.
    """
    inner = statistic_of(plan, plans)
    how = TESTS[inner.test].words.format(**inner.options)
    if plan is not inner:
        kind = {"rerandomisation": "re-randomisation", "permutation": "permutation"}[plan.test]
        how = f"{kind} test of {inner.name}, {plan.options['draws']} draws: {how}"
    whom = _POPULATION[plan.population]
    lost, transplant = _LOST[plan.lost], _TRANSPLANT[plan.transplant]
    if inner.test in ("meld_welch", "meld_ancova"):
        whom += ": survivors seen at the last visit, which is not a causal contrast"
    elif inner.test == "meld_worst_rank":
        lost += ", as are survivors not seen at the last visit"
    elif inner.test in MELD_TESTS:
        lost += ", survivors not seen at the last visit tie with other survivors"
    if plan.transplant == "competing" and inner.test in CAUSE_TESTS:
        transplant = "transplant competes"
    elif plan.transplant == "competing" and inner.test in MELD_TESTS:
        transplant += _UNSEEN_AFTER_TRANSPLANT
    others = [
        f"{_OTHER[name]} {_COUNTS[word]}"
        for name in _OTHER
        if (word := getattr(plan, name)) != "ignored"
    ]
    parts = "; ".join([lost, transplant, *others])
    measure = f"{summary_in_words(inner, follow_up_days)} ({how})"
    return f"{measure}, {arms[1]} against {arms[0]}, of {whom}; {parts}"


def estimand_attributes(
    plan: AnalysisPlan,
    follow_up_days: int,
    arms: Sequence[str],
    plans: Sequence[AnalysisPlan] = (),
) -> dict[str, str]:
    """The attributes of ICH E9(R1): population, treatment, variable, events, summary.

    `loss` says how missing outcomes are treated, which is no part of the estimand itself.
    """
    inner = statistic_of(plan, plans)
    attributes = {
        "population": _POPULATION[plan.population],
        "treatment": f"{arms[1]} against {arms[0]}",
        "variable": _variable(inner, follow_up_days),
    }
    for name in ("transplant", "rescue", "withdrawal"):
        word = getattr(plan, name)
        competes = inner.test in CAUSE_TESTS and word == "competing"
        attributes[name] = "competing event" if competes else _STRATEGY[word]
    if inner.test in ("meld_welch", "meld_ancova"):
        attributes["death"] = "survivors only: no causal contrast; see the survivor average effect"
    elif inner.test in MELD_TESTS:
        attributes["death"] = "composite: worse than any survivor, the earlier the worse"
    attributes["loss"] = _LOST[plan.lost]
    attributes["summary"] = summary_in_words(inner, follow_up_days)
    return attributes


def _variable(plan: AnalysisPlan, follow_up_days: int) -> str:
    if plan.test in CAUSE_TESTS:
        return f"time to {plan.options['cause']} death within {follow_up_days} days"
    if plan.test in TIME_TESTS and TESTS[plan.test].summary is not Summary.RISK_DIFFERENCE:
        return f"time to death within {follow_up_days} days"
    if plan.test in ("meld_welch", "meld_ancova"):
        return "change of MELD from the first visit to the last"
    if plan.test in MELD_TESTS:
        return f"death within {follow_up_days} days, then change of MELD to the last visit"
    return f"death by day {follow_up_days}"
