"""When the nominal levels of looks can be enumerated."""

from collections.abc import Iterator

from simulator.declarations.analyses import Analysis as Declared
from simulator.scenario.analyses import Analysis
from simulator.scenario.errors import RuleError
from simulator.scenario.monitored_family_rules import planned_information
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.schema import Scenario

MOST_PATIENTS = 400  # of both arms: beyond, the enumeration takes seconds
_KEY = "monitoring.efficacy.exact"


def exact_rules(
    asked: Monitoring, analysis: Analysis, declared: Declared, scenario: Scenario
) -> Iterator[RuleError]:
    """Yield every rule that exact levels break, of a scenario that asks for them."""
    if asked.efficacy is None or not asked.efficacy.exact:
        return
    remedy = "leave exact out: the levels are then those of the normal boundary"
    if not declared.table:
        rule = f"{analysis.test} has no table of p values by the deaths of each arm to enumerate"
        yield RuleError(rule, f"{remedy}; or monitor fisher or boschloo", _KEY)
        return
    if analysis.margin is not None:
        rule = "exact levels are of no difference, where both arms have one mortality, and this "
        rule += "analysis has a margin"
        yield RuleError(rule, remedy, _KEY)
    if asked.efficacy.lower_spending is not None:
        rule = "exact levels spend alpha in both directions together, and lower_spending apart"
        yield RuleError(rule, "leave one of them out", _KEY)
    for key in ("blinded_reestimation", "promising_zone", "slow_recruitment"):
        if getattr(asked, key) is not None:
            rule = f"{key} changes the sizes at the end, and exact levels are enumerated at sizes "
            rule += "that do not follow from what is seen"
            yield RuleError(rule, remedy, _KEY)
            return
    for place, look in enumerate(asked.looks):
        if look.at.completed is None and look.at.information is None:
            rule = f"the size of look {place + 1} is not known before it is taken, and exact "
            rule += "levels are enumerated at planned sizes"
            other = "look at a number completed or a share of information, or leave exact out"
            yield RuleError(rule, other, _KEY)
            return
    yield from _size_rules(asked, scenario)


def _size_rules(asked: Monitoring, scenario: Scenario) -> Iterator[RuleError]:
    """Neither too many patients, nor a look that has none in an arm."""
    most = planned_information(scenario)
    if most > MOST_PATIENTS:
        rule = f"enumerates tables of at most {MOST_PATIENTS} patients, not {most:g}"
        yield RuleError(rule, "leave exact out: at such sizes the normal boundary serves", _KEY)
    first = asked.looks[0].at
    patients = first.completed or (first.information or 1.0) * most
    least = min(scenario.allocation.ratio) / sum(scenario.allocation.ratio)
    if patients * least < 1:
        rule = f"the first look has {patients:g} patients, too few for one in each arm"
        yield RuleError(rule, "look later, or leave exact out", _KEY)
