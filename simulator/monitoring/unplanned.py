"""Rules that need to know how many looks come."""

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.declared import BoundaryError, Rule
from simulator.monitoring.futility import read_futility


def refuse_unplanned(asked: MonitoringPlan, efficacy: Rule, name: str = "spending") -> None:
    """Refuse a rule that needs to know how many looks come, where that is not known.

    Parameters
    ----------
    name
        What messages call the rule for efficacy.

    Raises
    ------
    BoundaryError
        If it, or the rule for futility, does.
    """
    if not any(look.repeats for look in asked.looks):
        return
    is_fixed = efficacy.family.value is not None and efficacy.family.has_constant
    if is_fixed or efficacy.is_table:
        rule = f"{efficacy.word} needs the looks as planned, and how many every_months comes to is "
        rule += "known only at the end"
        remedy = "use a spending function, as lan_demets_pocock"
        raise BoundaryError(name, efficacy.text, rule, remedy)
    rule = asked.futility.rule if asked.futility is not None else ""
    if rule and len(read_futility(rule).values) > 1:
        told = "gives a threshold for each look, and how many every_months comes to is not known"
        raise BoundaryError("futility", rule, told, "give one for all, as z(0)")
