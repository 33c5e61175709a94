"""Looks of a scenario whose boundaries cannot be made: refused before anything is worked out."""

from simulator.analysis import plans_of
from simulator.errors import RuleError
from simulator.monitoring.adaptation_checks import ZONE, least_power
from simulator.monitoring.decisions import sides_of
from simulator.monitoring.declared import BoundaryError
from simulator.montecarlo import exact_stages
from simulator.montecarlo.family_levels import levels_of
from simulator.montecarlo.multiplicity import families_of
from simulator.scenario.monitored_family_rules import spending_key
from simulator.scenario.schema import Scenario


def refuse_boundaries(asked: Scenario) -> None:
    """Refuse looks whose boundaries cannot be made, at any level that an analysis can have.

    Raises
    ------
    RuleError
        Of the key that is why.
    """
    if asked.monitoring is None:
        return
    plans = plans_of(asked)
    name, of = plans[0].name, ""
    try:
        plan = exact_stages.monitoring_of(asked, plans)
        assert plan is not None
        every = [plan]
        for one in () if plan.family is None else plan.family.hypotheses:
            levels = levels_of(one.column, plans[one.column].alpha, families_of(asked, plans))
            every += [one._replace(alpha=level) for level in levels]
        for one in every:
            name = plans[one.column].name
            of = f"{name} at level {one.alpha:g}: " if plan.family else ""
            sides_of(one)
        least_power(plan)
    except BoundaryError as error:
        keys = {
            "spending": spending_key(asked.monitoring, name),
            "lower_spending": "monitoring.efficacy.lower_spending",
            "lower_alpha": "monitoring.efficacy.lower_alpha",
            "futility": "monitoring.futility.rule",
            ZONE: "monitoring.promising_zone.from_conditional_power",
        }
        key = keys.get(error.name, "monitoring.looks")
        raise RuleError(f"{of}{error.rule}", error.remedy, key) from None
