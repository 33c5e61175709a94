"""The rules that tie an analysis to the rest of a scenario."""

from collections.abc import Iterator
from itertools import pairwise

from simulator.scenario.analyses import (
    Analysis,
    BergerBoosAnalysis,
    CauseAnalysis,
    GraphicalMultiplicity,
    ModestlyWeightedAnalysis,
    Procedure,
    RandomisationTestAnalysis,
    StratifiedAnalysis,
    UntilDayAnalysis,
)
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario

TIME_TESTS = (
    "log_rank",
    "stratified_log_rank",
    "fleming_harrington",
    "modestly_weighted",
    "max_combo",
    "cox",
    "km_difference",
    "km_milestone",
    "rmst_difference",
)
CAUSE_TESTS = ("cause_specific", "cumulative_incidence", "gray")
MELD_TESTS = (
    "meld_welch",
    "meld_ancova",
    "meld_worst_rank",
    "win_ratio",
    "net_benefit",
    "win_odds",
)
RANDOMISATION_TESTS = ("rerandomisation", "permutation")
_ADJUSTED = ("firth_logistic", "standardised_risk_difference")
# A table for n patients takes a time that grows as n^3 (Fisher) or n^4, and each margin that losses
# leave needs its own: seconds each at these numbers.
MOST_PATIENTS = {
    "fisher": 5_000,
    "mid_p": 5_000,
    "boschloo": 500,
    "boschloo_minlike": 500,
    "boschloo_berger_boos": 500,
    "z_pooled": 500,
    "z_pooled_berger_boos": 500,
    "barnard": 150,
}
_DECLARED = ("population", "transplant", "rescue", "withdrawal", "lost")


def analysis_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule on analyses, and on those judged together, that a scenario breaks."""
    for index, analysis in enumerate(scenario.analyses):
        key = f"analyses[{index}]"
        yield from _handling_rules(key, analysis)
        yield from _data_rules(key, analysis, scenario)
        yield from _option_rules(key, analysis, scenario)
    families = [family.name for family in scenario.multiplicity or []]
    for index, name in enumerate(families):
        if name in families[:index]:
            yield RuleError("is used twice", "give another", f"multiplicity[{index}].name")
    for index, family in enumerate(scenario.multiplicity or []):
        yield from _family_rules(f"multiplicity[{index}]", family, scenario)


def _handling_rules(key: str, analysis: Analysis) -> Iterator[RuleError]:
    """What a test can do with those lost and with the events that come between."""
    test = analysis.test
    if test in MELD_TESTS and analysis.lost != "excluded":
        yield RuleError(
            "who is lost has no MELD at the last visit", "use lost: excluded", f"{key}.lost"
        )
    elif test in CAUSE_TESTS and analysis.lost not in ("excluded", "censored"):
        yield RuleError(
            "a death that is only assumed has no cause", "use excluded or censored", f"{key}.lost"
        )
    elif analysis.lost == "censored" and test not in (
        *TIME_TESTS,
        *CAUSE_TESTS,
        *RANDOMISATION_TESTS,
    ):
        yield RuleError(
            "a proportion cannot be censored",
            "use excluded, worst_case or best_case, or one of the tests "
            f"{', '.join((*TIME_TESTS, *CAUSE_TESTS))}",
            f"{key}.lost",
        )
    if isinstance(analysis, CauseAnalysis):
        for name in ("transplant", "rescue", "withdrawal"):
            if getattr(analysis, name) == "event":
                remedy = "use competing or censored" if name == "transplant" else "use censored"
                yield RuleError("is not a death of a cause", remedy, f"{key}.{name}")


def _data_rules(key: str, analysis: Analysis, scenario: Scenario) -> Iterator[RuleError]:
    """What a test needs the scenario to have."""
    test, size = analysis.test, scenario.trial.target_randomised
    cuts = isinstance(analysis, StratifiedAnalysis) and isinstance(analysis.strata, list)
    if test in (*MELD_TESTS, *_ADJUSTED) or cuts:
        if scenario.labs is None:
            yield RuleError("needs labs, which are not modelled", "remove it", f"{key}.test")
        if scenario.assessment is None:
            yield RuleError("needs visits", "give assessment", f"{key}.test")
    most = MOST_PATIENTS.get(test)
    if most is not None and size > most:
        yield RuleError(
            f"its table of p values is made for {most} patients at most",
            "use chi_square, or fisher, for a large trial",
            f"{key}.test",
        )
    if analysis.population == "treated":
        for arm in scenario.arms:
            if arm.plan is None:
                yield RuleError(
                    f"nobody of arm {arm.name} has a session",
                    "use population: randomised",
                    f"{key}.population",
                )


def _option_rules(key: str, analysis: Analysis, scenario: Scenario) -> Iterator[RuleError]:
    """What a test's own numbers and words must be."""
    follow_up = scenario.trial.follow_up_days
    if isinstance(analysis, StratifiedAnalysis):
        strata = analysis.strata
        if strata == "randomisation" and not scenario.allocation.factors:
            yield RuleError(
                "the allocation has no factors, so that there is one stratum",
                "give allocation.factors, or cut points of MELD",
                f"{key}.strata",
            )
        if isinstance(strata, list) and any(a >= b for a, b in pairwise(strata)):
            yield RuleError("must climb", "order the cut points", f"{key}.strata")
    if isinstance(analysis, UntilDayAnalysis) and analysis.day > follow_up:
        yield RuleError(f"follow-up ends on day {follow_up}", "choose an earlier day", f"{key}.day")
    if isinstance(analysis, ModestlyWeightedAnalysis) and analysis.t_star_days > follow_up:
        yield RuleError(
            f"follow-up ends on day {follow_up}", "choose an earlier day", f"{key}.t_star_days"
        )
    if isinstance(analysis, BergerBoosAnalysis) and analysis.gamma >= analysis.alpha:
        yield RuleError(
            "is added to every p value: at alpha or above no trial could reject",
            "use a small part of alpha, as 0.001",
            f"{key}.gamma",
        )
    if isinstance(analysis, RandomisationTestAnalysis):
        yield from _randomisation_test_rules(key, analysis, scenario)


def _randomisation_test_rules(
    key: str, analysis: RandomisationTestAnalysis, scenario: Scenario
) -> Iterator[RuleError]:
    if analysis.population != "randomised":
        yield RuleError(
            "patients are allocated anew whether or not they had a session",
            "use population: randomised",
            f"{key}.population",
        )
    known = {a.name: a for a in scenario.analyses if a.test not in RANDOMISATION_TESTS}
    inner = known.get(analysis.of)
    if inner is None:
        rule = f"no such analysis, or itself a randomisation test; known: {', '.join(known)}"
        yield RuleError(rule, "name another analysis of this scenario", f"{key}.of")
        return
    for name in _DECLARED:
        if getattr(analysis, name) != getattr(inner, name):
            yield RuleError(
                f"{analysis.of} has {getattr(inner, name)}, and this is a test of its statistic",
                "make the two the same",
                f"{key}.{name}",
            )
    if 1.0 / (analysis.draws + 1) > analysis.alpha:
        yield RuleError(
            "too few: the smallest p value is above alpha", "use 999 or more", f"{key}.draws"
        )


def _family_rules(key: str, family: Procedure, scenario: Scenario) -> Iterator[RuleError]:
    known = [a.name for a in scenario.analyses]
    listed = family.analyses
    for place, name in enumerate(listed):
        if name in listed[:place]:
            yield RuleError("is named twice", "name it once", f"{key}.analyses[{place}]")
        if name not in known:
            rule = f"unknown name '{name}'; known: {', '.join(known)}"
            yield RuleError(rule, "use a known name", f"{key}.analyses[{place}]")
    if not isinstance(family, GraphicalMultiplicity):
        return
    size = len(listed)
    if len(family.weights) != size:
        yield RuleError(f"needs {size} weights, one per analysis", "", f"{key}.weights")
    elif not any(family.weights):
        yield RuleError(
            "all are 0, so that nothing is ever rejected", "raise one", f"{key}.weights"
        )
    elif sum(family.weights) > 1 + 1e-9:
        yield RuleError("must sum to at most 1", "lower them", f"{key}.weights")
    if len(family.transitions) != size:
        yield RuleError(f"needs {size} rows, one per analysis", "", f"{key}.transitions")
    for row, shares in enumerate(family.transitions):
        where = f"{key}.transitions[{row}]"
        if len(shares) != size:
            yield RuleError(f"needs {size} shares, one per analysis", "", where)
        elif row < size and shares[row] != 0:
            yield RuleError("its own share must be 0", "", f"{where}[{row}]")
        elif sum(shares) > 1 + 1e-9:
            yield RuleError("must sum to at most 1", "lower them", where)
