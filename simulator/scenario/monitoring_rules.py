"""The rules that tie looks to the rest of a scenario."""

import itertools
import math
from collections.abc import Iterator

from simulator.declarations.analyses import ANALYSES, Analysis, Information
from simulator.scenario.adaptation_rules import adaptation_rules
from simulator.scenario.analyses import Analysis as AskedAnalysis
from simulator.scenario.errors import RuleError, nearest
from simulator.scenario.exact_rules import exact_rules
from simulator.scenario.look_days import day_rules, look_day_rules
from simulator.scenario.monitored_family_rules import (
    family_rules,
    information_key,
    looked_at,
    max_information_of,
    planned_information,
)
from simulator.scenario.monitoring import Moment, Monitoring
from simulator.scenario.predictive_rules import predictive_rules
from simulator.scenario.schema import Scenario

_ROUNDING = 1e-9
_ORDERED = "deaths", "randomised", "completed", "information"


def monitoring_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule that the looks of a scenario break."""
    asked = scenario.monitoring
    if asked is None:
        return
    names = [analysis.name for analysis in scenario.analyses]
    of_family = list(family_rules(scenario))
    if of_family:
        yield from of_family
        return
    if asked.analysis is not None and asked.analysis not in names:
        rule = f"unknown analysis '{asked.analysis}'; known: {', '.join(names)}"
        near = nearest(asked.analysis, names)
        remedy = f"did you mean {near}?" if near else "use a known name"
        yield RuleError(rule, remedy, "monitoring.analysis")
        return
    if asked.family is not None and looked_at(scenario) not in names:
        return  # which is refused as such
    place = names.index(looked_at(scenario))
    test = scenario.analyses[place].test
    declared = ANALYSES[test]
    information = declared.information if isinstance(declared, Analysis) else Information.NONE
    if information is Information.NONE:
        yield RuleError(
            f"{test} cannot be monitored: its statistics at successive looks do not have the joint "
            "normal law that boundaries rest on",
            "monitor log_rank, cox, fisher or another test with an estimate of its own",
            "monitoring.analysis" if asked.analysis else f"analyses[{place}].test",
        )
        return
    if scenario.analyses[place].equivalence is not None:
        yield RuleError(
            "equivalence is two tests, and looks have one boundary",
            "monitor an analysis with a margin on one side",
            f"analyses[{place}].equivalence",
        )
        return
    yield from _lower_rules(asked, scenario.analyses[place])
    if isinstance(declared, Analysis):
        yield from exact_rules(asked, scenario.analyses[place], declared, scenario)
        yield from predictive_rules(asked, scenario.analyses[place], declared, scenario)
    yield from _information_rules(asked, information, scenario)
    yield from _order_rules(asked)
    yield from look_day_rules(asked, scenario.trial)
    yield from _planned_rules(asked, information, scenario)
    for index, look in enumerate(asked.looks):
        yield from _moment_rules(look.at, f"monitoring.looks[{index}].at", information, scenario)
    yield from adaptation_rules(scenario, test, information)


def _lower_rules(asked: Monitoring, analysis: AskedAnalysis) -> Iterator[RuleError]:
    """A boundary of its own in favour of the first arm."""
    lower = None if asked.efficacy is None else asked.efficacy.lower_alpha
    if lower is None:
        return
    if analysis.alternative != "two_sided":
        rule = f"{analysis.name} is one-sided: it has one boundary"
        remedy = "leave lower_spending and lower_alpha out, or make the analysis two-sided"
        yield RuleError(rule, remedy, "monitoring.efficacy.lower_spending")
    elif lower >= analysis.alpha:
        rule = f"leaves nothing of alpha, {analysis.alpha:g}, in favour of the second arm"
        remedy = f"give less than {analysis.alpha:g}, as {analysis.alpha / 5:g}"
        yield RuleError(rule, remedy, "monitoring.efficacy.lower_alpha")


def _information_rules(
    asked: Monitoring, information: Information, scenario: Scenario
) -> Iterator[RuleError]:
    """What information there can be."""
    target = scenario.trial.target_randomised
    most = max_information_of(scenario, looked_at(scenario))
    if most is None:
        if information is not Information.COMPLETED:
            of = "deaths" if information is Information.DEATHS else "1 / standard error^2"
            rule = f"is not given, and information is {of}"
            remedy = "give what is expected at the end, as 30, or max_information_per_patient: 0.45"
            yield RuleError(rule, remedy, "monitoring.max_information")
    elif information is not Information.INVERSE_VARIANCE and most > target:
        unit = information.value
        rule = f"{most:g} {unit} are more than the {target} patients to be randomised"
        remedy = "lower it, or give max_information_per_patient, which goes with the number"
        yield RuleError(rule, remedy, information_key(asked))


def _order_rules(asked: Monitoring) -> Iterator[RuleError]:
    """Looks at numbers of one kind climb."""
    for kind in _ORDERED:
        given = [(k, getattr(look.at, kind)) for k, look in enumerate(asked.looks)]
        numbers = [(k, value) for k, value in given if value is not None]
        for (_, before), (k, value) in itertools.pairwise(numbers):
            if value <= before:
                rule = f"comes no later than the look before it, at {before:g}"
                remedy = "put looks in the order in which they are taken"
                yield RuleError(rule, remedy, f"monitoring.looks[{k}].at.{kind}")


def _planned_rules(
    asked: Monitoring, information: Information, scenario: Scenario
) -> Iterator[RuleError]:
    """Looks at numbers that are information, in whichever words, climb and come before the end."""
    counted = {Information.DEATHS: "deaths", Information.COMPLETED: "completed"}.get(information)
    most = planned_information(scenario)
    if counted is None:
        return
    before, kind_before, share_before = 0.0, "", 0.0
    for k, look in enumerate(asked.looks):
        share, number = look.at.information, getattr(look.at, counted)
        if share is None and number is None:
            continue
        kind = counted if share is None else "information"
        now = number if share is None else math.ceil(share * most - _ROUNDING)
        if now > scenario.trial.target_randomised:
            return  # which is refused as such
        if now >= most:
            given = asked.max_information or asked.max_information_per_patient
            by = f", by {information_key(asked)}" if given else ""
            rule = f"is the final analysis: information is whole at {most:g}{by}"
            yield RuleError(rule, "look earlier", f"monitoring.looks[{k}].at.{kind}")
        elif now <= before and (kind != kind_before or (share or 0.0) > share_before):
            rule = f"is a look at {now:g} of {most:g}, and the look before it is at {before:g}"
            remedy = "put looks in the order in which they are taken"
            yield RuleError(rule, remedy, f"monitoring.looks[{k}].at.{kind}")
        before, kind_before, share_before = now, kind, share or 0.0


def _moment_rules(
    at: Moment, key: str, information: Information, scenario: Scenario
) -> Iterator[RuleError]:
    """What a trial of this size can reach."""
    target = scenario.trial.target_randomised
    for name in ("deaths", "randomised", "completed"):
        number = getattr(at, name)
        if number is not None and number > target:
            rule = f"can never be reached: {target} patients are to be randomised"
            remedy = "lower it, or look at a share of the plan, as information: 0.5"
            yield RuleError(rule, remedy, f"{key}.{name}")
    if at.information is not None and information is Information.INVERSE_VARIANCE:
        rule = "is known only once the estimate is: a cut cannot wait for it"
        remedy = "cut at a number of patients completed, or on a day"
        yield RuleError(rule, remedy, f"{key}.information")
    yield from day_rules(at, key, scenario.trial)
    for name in ("earlier", "later"):
        for index, inner in enumerate(getattr(at, name) or []):
            if inner.every_months is not None:
                rule = "is a rule for many looks, not one moment"
                remedy = "give it as a look of its own"
                yield RuleError(rule, remedy, f"{key}.{name}[{index}].every_months")
            yield from _moment_rules(inner, f"{key}.{name}[{index}]", information, scenario)
