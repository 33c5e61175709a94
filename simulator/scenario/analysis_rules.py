"""The rules that tie an analysis to the rest of a scenario."""

from collections.abc import Iterator

from simulator.declarations.analyses import (
    ANALYSES,
    RANDOMISATION_TESTS,
    STATISTICS,
    Beside,
    Need,
)
from simulator.declarations.analyses import Analysis as Declared
from simulator.declarations.analyses.randomisation import Replay
from simulator.scenario.analyses import Analysis, GraphicalMultiplicity, Procedure
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario

_CENSORING = [word for word, declared in STATISTICS.items() if "censored" in declared.variable.lost]
_DECLARED = ("alternative", "population", "transplant", "rescue", "withdrawal", "lost")


def analysis_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule on analyses, and on those judged together, that a scenario breaks."""
    for index, analysis in enumerate(scenario.analyses):
        key = f"analyses[{index}]"
        yield from _handling_rules(key, analysis)
        yield from _hypothesis_rules(key, analysis)
        yield from _data_rules(key, analysis, scenario)
        yield from _option_rules(key, analysis, scenario)
    for index, family in enumerate(scenario.multiplicity or []):
        yield from _family_rules(f"multiplicity[{index}]", family, scenario)


def _handling_rules(key: str, analysis: Analysis) -> Iterator[RuleError]:
    """What a test can do with those lost and with the events that come between."""
    declared = STATISTICS.get(analysis.test)
    if declared is None:
        return  # a randomisation test is held to the analysis that it is of
    variable = declared.variable
    if analysis.lost not in variable.lost:
        remedy = variable.lost_remedy.format(tests=", ".join(_CENSORING))
        yield RuleError(variable.lost_rule, remedy, f"{key}.lost")
    if not variable.events_may_count:
        for name in ("transplant", "rescue", "withdrawal"):
            if getattr(analysis, name) == "event":
                remedy = "use competing or censored" if name == "transplant" else "use censored"
                yield RuleError("is not a death of a cause", remedy, f"{key}.{name}")


def _hypothesis_rules(key: str, analysis: Analysis) -> Iterator[RuleError]:
    """What a test can be asked to show."""
    declared, asked = STATISTICS.get(analysis.test), analysis.hypothesis
    margin = "margin" if asked.equivalence is None else "equivalence"
    if declared is None:
        if asked.has_margin:
            yield RuleError(
                "a randomisation test is of no effect on anybody",
                f"leave {margin} out",
                f"{key}.{margin}",
            )
        return
    for error in declared.hypothesis_rules(asked, analysis.alpha):
        yield RuleError(error.rule, error.remedy, f"{key}.{error.key}")
    if asked.has_margin and analysis.lost in ("worst_case", "best_case"):
        yield RuleError(
            f"{analysis.lost} bounds what was not seen: the margin would be met, or not, by it",
            f"use another word, or leave {margin} out",
            f"{key}.lost",
        )


def _data_rules(key: str, analysis: Analysis, scenario: Scenario) -> Iterator[RuleError]:
    """What a test needs the scenario to have."""
    declared, size = ANALYSES[analysis.test], scenario.trial.target_randomised
    needs = analysis.also_needs()
    if isinstance(declared, Declared):
        needs |= declared.needs
    if needs & {Need.FIRST_MELD, Need.LAST_MELD}:
        if scenario.labs is None:
            yield RuleError("needs labs, which are not modelled", "remove it", f"{key}.test")
        if scenario.assessment is None:
            yield RuleError("needs visits", "give assessment", f"{key}.test")
    most = declared.most_patients
    if most is not None and size > most:
        yield RuleError(
            f"its table of p values is made for {most} patients at most, and "
            f"trial.target_randomised is {size}",
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
    beside = Beside(
        alpha=analysis.alpha,
        follow_up_days=scenario.trial.longest_follow_up_days,
        has_factors=bool(scenario.allocation.factors),
    )
    for error in analysis.broken_rules(beside):
        yield RuleError(error.rule, error.remedy, f"{key}.{error.key}")
    if isinstance(analysis, Replay):
        yield from _replay_rules(key, analysis, analysis, scenario)


def _replay_rules(
    key: str, analysis: Analysis, own: Replay, scenario: Scenario
) -> Iterator[RuleError]:
    """What a randomisation test, `own` its own keys, needs of the analysis that it is of."""
    if analysis.population not in ANALYSES[analysis.test].populations:
        yield RuleError(
            "patients are allocated anew whether or not they had a session",
            "use population: randomised",
            f"{key}.population",
        )
    known = {a.name: a for a in scenario.analyses if a.test not in RANDOMISATION_TESTS}
    inner = known.get(own.of)
    if inner is None:
        rule = f"no such analysis, or itself a randomisation test; known: {', '.join(known)}"
        yield RuleError(rule, "name another analysis of this scenario", f"{key}.of")
        return
    for name in _DECLARED:
        if getattr(analysis, name) != getattr(inner, name):
            yield RuleError(
                f"{own.of} has {getattr(inner, name)}, and this is a test of its statistic",
                "make the two the same",
                f"{key}.{name}",
            )
    if inner.hypothesis.has_margin:
        yield RuleError(
            f"{own.of} has a margin, and a randomisation test is of no effect on anybody",
            "name an analysis without one",
            f"{key}.of",
        )
    if 1.0 / (own.draws + 1) > analysis.alpha:
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
        yield RuleError(
            f"needs {size} weights, one per analysis", "add or remove some", f"{key}.weights"
        )
    elif not any(family.weights):
        yield RuleError(
            "all are 0, so that nothing is ever rejected", "raise one", f"{key}.weights"
        )
    elif sum(family.weights) > 1 + 1e-9:
        yield RuleError("must sum to at most 1", "lower them", f"{key}.weights")
    if len(family.transitions) != size:
        yield RuleError(
            f"needs {size} rows, one per analysis", "add or remove some", f"{key}.transitions"
        )
    for row, shares in enumerate(family.transitions):
        where = f"{key}.transitions[{row}]"
        if len(shares) != size:
            yield RuleError(f"needs {size} shares, one per analysis", "add or remove some", where)
        elif row < size and shares[row] != 0:
            yield RuleError("its own share must be 0", "set it to 0", f"{where}[{row}]")
        elif sum(shares) > 1 + 1e-9:
            yield RuleError("must sum to at most 1", "lower them", where)
