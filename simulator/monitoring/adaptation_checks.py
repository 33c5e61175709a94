"""Whether a zone that is called promising leaves the final test its level."""

import math

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.boundaries import boundaries_at, next_look
from simulator.monitoring.decisions import Sides, Stage, sides_of
from simulator.monitoring.declared import BoundaryError
from simulator.monitoring.reestimation import least_promising

ZONE = "promising_zone"  # name of what is refused


def final_critical(sides: Sides, stage: Stage) -> float:
    """Return the critical value at the planned end of trials with these looks."""
    return next_look(sides.second, stage.second, 1.0, True).efficacy_z


def least_power(asked: MonitoringPlan) -> float | None:
    """Return the conditional power from which on the usual final test keeps the level.

    None where the final test has the planned weights, or nothing is promising.

    Raises
    ------
    BoundaryError
        If the zone begins below it, or it is not known beforehand.
    """
    plan = asked.adaptation
    if plan is None or plan.zone is None or plan.zone.weighted:
        return None
    zone, information = plan.zone, asked.fractions[-2]
    if math.isnan(information):
        rule = (
            "the information of the last look is not known beforehand, and the usual test needs it"
        )
        raise BoundaryError(ZONE, zone.low, rule, "use final_test: cui_hung_wang")
    second = sides_of(asked).second
    looks = boundaries_at(second, second.information[:-1], final=False)
    critical = next_look(second, looks, 1.0, True).efficacy_z
    least = least_promising(information, critical, zone.most / plan.target, zone.power)
    if not zone.low >= least:
        raise BoundaryError(
            ZONE,
            zone.low,
            "with the usual final test the level is exceeded where a target is raised at a "
            f"conditional power below {least:.4f} (Mehta and Pocock 2011)",
            f"give {math.ceil(least * 100) / 100:g} or more, or final_test: cui_hung_wang",
        )
    return least
