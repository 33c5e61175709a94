"""Boundaries of the looks that a scenario plans."""

import math
from dataclasses import replace

from simulator.analysis import plans_of
from simulator.errors import RuleError
from simulator.monitoring.asked import monitoring_plan
from simulator.monitoring.decisions import sides_of
from simulator.planning.boundaries import boundaries_answer
from simulator.results.boundaries import Boundaries
from simulator.scenario.schema import Scenario


def boundaries_of(scenario: Scenario, power: float | None = None) -> Boundaries:
    """Boundaries of the looks of a scenario as planned, in favour of the second arm.

    Parameters
    ----------
    power
        For drift, inflation and when trials stop; None: that of the futility rule, if there is one.

    Raises
    ------
    RuleError
        If the scenario has no looks, or the information of one is not known before it is taken.
    """
    asked = monitoring_plan(scenario, plans_of(scenario))
    if asked is None:
        remedy = "add monitoring, or give --information and --spending"
        raise RuleError("the scenario has no looks", remedy, "monitoring")
    for place, fraction in enumerate(asked.fractions):
        if math.isnan(fraction):
            rule = "the information at this look is not known before it is taken"
            remedy = "trialsim power tells what looks come to; or plan it at a share of information"
            raise RuleError(rule, remedy, f"monitoring.looks[{place}].at")
    if power is None and asked.futility is not None:
        power = asked.futility.power
    return boundaries_answer(replace(sides_of(asked).second, drift=None, beta=None), power)
