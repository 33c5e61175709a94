"""The rules that tie looks at a family of analyses to the rest of a scenario."""

from collections.abc import Iterator

from simulator.declarations.analyses import ANALYSES, Analysis, Information
from simulator.scenario.analyses import GraphicalMultiplicity, Procedure
from simulator.scenario.errors import RuleError, nearest
from simulator.scenario.monitored_family import MOST_TOGETHER, HypothesisLooks, MonitoredFamily
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.planned_numbers import deaths_at_end, information_given
from simulator.scenario.schema import Scenario

_KEY = "monitoring.family"


def looked_at(scenario: Scenario) -> str:
    """Return the name of the analysis that looks are of: that of a family which leads.

    It is asked of a scenario that is good as far as the names of its families go.
    """
    asked = scenario.monitoring
    assert asked is not None
    if asked.analysis is not None:
        return asked.analysis
    family = family_of(scenario)
    return scenario.analyses[0].name if family is None else family.analyses[0]


def family_of(scenario: Scenario) -> Procedure | None:
    """Return the family that is looked at; None: none, or none of that name."""
    asked = scenario.monitoring
    if asked is None or asked.family is None:
        return None
    wanted = asked.family.name
    return next((f for f in scenario.multiplicity or [] if f.name == wanted), None)


def hypotheses_of(asked: Monitoring) -> list[HypothesisLooks]:
    """Return what is said of some analyses of the family alone."""
    return [] if asked.family is None else asked.family.hypotheses or []


def spending_key(asked: Monitoring, name: str) -> str:
    """Return the key by which it is said how the level of an analysis is spent."""
    for place, own in enumerate(hypotheses_of(asked)):
        if own.analysis == name and own.spending is not None:
            return f"{_KEY}.hypotheses[{place}].spending"
    return "monitoring.efficacy.spending"


def first_weight(family: Procedure, name: str) -> float:
    """Return the share of alpha that an analysis of a family has before any is rejected."""
    place = family.analyses.index(name)
    if isinstance(family, GraphicalMultiplicity):
        return family.weights[place]
    if family.method == "fixed_sequence":
        return float(place == 0)
    return 1 / len(family.analyses)


def max_information_of(scenario: Scenario, name: str) -> float | None:
    """Return the information of an analysis at the planned end; None: it is not known."""
    asked = scenario.monitoring
    assert asked is not None
    information, lead = _information(scenario, name), looked_at(scenario)
    target = scenario.trial.target_randomised
    alike = name == lead or information is _information(scenario, lead)
    given = [
        (own.max_information, own.max_information_per_patient)
        for own in hypotheses_of(asked)
        if own.analysis == name
    ]
    if alike:
        given.append((asked.max_information, asked.max_information_per_patient))
    for whole, per_patient in given:
        counted = information is not Information.INVERSE_VARIANCE
        found = information_given(whole, per_patient, target, counted=counted)
        if found is not None:
            return found
    if information is Information.COMPLETED:
        return float(target)
    deaths = deaths_at_end(scenario.trial) if information is Information.DEATHS else None
    return None if deaths is None else float(deaths)


def planned_information(scenario: Scenario) -> float:
    """Return the information at the planned end of the analysis that is looked at.

    As many patients as are to be randomised where it is not known, which is refused.
    """
    found = max_information_of(scenario, looked_at(scenario))
    return float(scenario.trial.target_randomised) if found is None else found


def information_key(asked: Monitoring) -> str:
    """Return the key by which the information at the planned end is given."""
    per_patient = asked.max_information_per_patient is not None
    return f"monitoring.max_information{'_per_patient' * per_patient}"


def family_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule that looks at a family break; none of what holds of one analysis too."""
    asked = scenario.monitoring
    if asked is None or asked.family is None:
        return
    family = family_of(scenario)
    if family is None:
        yield _unknown(asked.family, [f.name for f in scenario.multiplicity or []])
        return
    names = [analysis.name for analysis in scenario.analyses]
    if not all(name in names for name in family.analyses):
        return  # which is refused as such
    yield from _procedure_rules(scenario, family)
    lead = looked_at(scenario)
    if lead not in family.analyses:
        rule = f"is not of the family {family.name}: {', '.join(family.analyses)}"
        yield RuleError(rule, "name one of them, or null for the first", "monitoring.analysis")
        return
    if _is_whole(family) and first_weight(family, lead) == 0.0:
        rule = f"{lead} has no level before another is rejected"
        key = "monitoring.analysis" if asked.analysis else f"{_KEY}.name"
        yield RuleError(rule, "name one that has, or give it a weight", key)
    for name in family.analyses:
        yield from _analysis_rules(scenario, name)
    yield from _own_rules(asked, family, lead)
    yield from _boundary_rules(asked)


def _unknown(asked: MonitoredFamily, known: list[str]) -> RuleError:
    rule = f"unknown family '{asked.name}'; known: {', '.join(known) or 'none'}"
    near = nearest(asked.name, known)
    remedy = f"did you mean {near}?" if near else "name a family of multiplicity"
    return RuleError(rule, remedy, f"{_KEY}.name")


def _is_whole(family: Procedure) -> bool:
    """Whether there is a weight for each analysis; if not that is refused as such."""
    if not isinstance(family, GraphicalMultiplicity):
        return True
    return len(family.weights) == len(family.analyses)


def _procedure_rules(scenario: Scenario, family: Procedure) -> Iterator[RuleError]:
    if family.method == "hochberg":
        rule = "hochberg passes no level on, which looks at a family rest on"
        yield RuleError(rule, "use holm, fixed_sequence or graphical", f"{_KEY}.name")
    for other in scenario.multiplicity or []:
        graph = isinstance(other, GraphicalMultiplicity) or other is family
        shares = set(other.analyses) & set(family.analyses)
        if graph and shares and len(other.analyses) > MOST_TOGETHER:
            rule = f"{other.name} has {len(other.analyses)} analyses, at most {MOST_TOGETHER}"
            remedy = "look at fewer, or judge the others in a family apart"
            yield RuleError(f"{rule} where some are looked at together", remedy, f"{_KEY}.name")


def _analysis_rules(scenario: Scenario, name: str) -> Iterator[RuleError]:
    """What each analysis of the family must be."""
    place = [analysis.name for analysis in scenario.analyses].index(name)
    analysis, key = scenario.analyses[place], f"analyses[{place}]"
    information = _information(scenario, name)
    if information is Information.NONE:
        yield RuleError(
            f"{analysis.test} cannot be monitored, and {name} is of the family that is looked at",
            "leave it out of that family: it is then tested once, at the actual end",
            f"{key}.test",
        )
        return
    if analysis.equivalence is not None:
        yield RuleError(
            "equivalence is two tests, and looks have one boundary",
            "leave it out of the family that is looked at",
            f"{key}.equivalence",
        )
    if name == looked_at(scenario):
        return
    target, most = scenario.trial.target_randomised, max_information_of(scenario, name)
    if most is None:
        unit = "deaths" if information is Information.DEATHS else "1 / standard error^2"
        yield RuleError(
            f"the information of {name} is {unit}, and what is expected at the end is not given",
            f"add {{analysis: {name}, max_information: 30}}",
            f"{_KEY}.hypotheses",
        )
    elif information is not Information.INVERSE_VARIANCE and most > target:
        rule = f"{most:g} {information.value} are more than the {target} patients to be randomised"
        yield RuleError(f"{rule}, for {name}", "lower it", f"{_KEY}.hypotheses")


def _own_rules(asked: Monitoring, family: Procedure, lead: str) -> Iterator[RuleError]:
    """What is said of some analyses alone."""
    said: list[str] = []
    for place, own in enumerate(hypotheses_of(asked)):
        key = f"{_KEY}.hypotheses[{place}]"
        if own.analysis not in family.analyses:
            rule = f"is not of the family {family.name}: {', '.join(family.analyses)}"
            yield RuleError(rule, "name one of them", f"{key}.analysis")
        if own.analysis in said:
            yield RuleError("is named twice", "name it once", f"{key}.analysis")
        said.append(own.analysis)
        for word in ("max_information", "max_information_per_patient"):
            if own.analysis == lead and getattr(own, word) is not None:
                rule = "is of the analysis by whose information looks are taken"
                yield RuleError(rule, f"give monitoring.{word}", f"{key}.{word}")
        if own.spending is not None and own.spending.strip().startswith("table"):
            yield _no_table(f"{key}.spending")
        if own.spending is not None and asked.efficacy is None:
            rule = "no look stops for efficacy"
            yield RuleError(rule, "give monitoring.efficacy", f"{key}.spending")


def _boundary_rules(asked: Monitoring) -> Iterator[RuleError]:
    """What boundaries of a level that grows cannot be."""
    if asked.efficacy is not None and asked.efficacy.spending.strip().startswith("table"):
        yield _no_table("monitoring.efficacy.spending")
    for key, is_asked in _of_one_alone(asked):
        if is_asked:
            rule = "is of one analysis that is looked at alone, and a family is looked at"
            remedy = "leave it out, or look at one analysis"
            yield RuleError(rule, remedy, f"monitoring.{key}")
    if asked.futility is not None and asked.futility.binding:
        rule = "a boundary that counts on futility is not one of a family, whose level can grow"
        yield RuleError(rule, "set it to false", "monitoring.futility.binding")


def _of_one_alone(asked: Monitoring) -> Iterator[tuple[str, bool]]:
    """What boundaries of a family do not have, and whether it is asked for."""
    efficacy, futility = asked.efficacy, asked.futility
    yield "efficacy.exact", efficacy is not None and efficacy.exact
    yield "efficacy.lower_spending", efficacy is not None and efficacy.lower_spending is not None
    of_tables = futility is not None and futility.rule.strip().startswith("predictive")
    yield "futility.rule", of_tables
    for key in ("blinded_reestimation", "promising_zone", "slow_recruitment"):
        yield key, getattr(asked, key) is not None


def _no_table(key: str) -> RuleError:
    rule = "a table spends one level, and that of an analysis in a family grows"
    return RuleError(rule, "use a spending function, as lan_demets_obrien_fleming", key)


def _information(scenario: Scenario, name: str) -> Information:
    test = next(analysis.test for analysis in scenario.analyses if analysis.name == name)
    declared = ANALYSES[test]
    return declared.information if isinstance(declared, Analysis) else Information.NONE
