"""Boundaries of the looks that a scenario plans."""

import math
from dataclasses import replace

import numpy as np

from simulator.analysis import plans_of
from simulator.declarations.analyses import Information
from simulator.errors import RuleError
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.decisions import sides_of
from simulator.monitoring.plan import Plan
from simulator.montecarlo import exact_stages
from simulator.planning.attained import attained_at
from simulator.planning.boundaries import boundaries_answer
from simulator.planning.refused_looks import refuse_boundaries
from simulator.results.boundaries import Boundaries, WhoseLooks
from simulator.scenario.schema import Scenario


def boundaries_of(scenario: Scenario, power: float | None = None) -> Boundaries:
    """Boundaries of the looks of a scenario as planned, in favour of the second arm.

    Those of the first are beside them where they have a rule of their own.

    Parameters
    ----------
    power
        For drift, inflation and when trials stop; None: that of the futility rule, if there is one.

    Raises
    ------
    RuleError
        If the scenario has no looks, the information of one is not known before it is taken, or
        boundaries cannot be made.
    """
    asked = exact_stages.monitoring_of(scenario, plans_of(scenario))
    if asked is None:
        remedy = "add monitoring, or give --information and --spending"
        raise RuleError("the scenario has no looks", remedy, "monitoring")
    for place, fraction in enumerate(asked.fractions):
        if math.isnan(fraction):
            rule = "the information at this look is not known before it is taken"
            remedy = "trialsim power tells what looks come to; or plan it at a share of information"
            raise RuleError(rule, remedy, f"monitoring.looks[{place}].at")
    refuse_boundaries(scenario)
    if power is None and asked.futility is not None and not asked.futility.is_of_tables:
        power = asked.futility.power
    sides = sides_of(asked)
    found = boundaries_answer(replace(sides.second, drift=None, beta=None), power)
    if not sides.shows_early:
        found = _at_the_end_alone(found)
    found = replace(found, plan=_whose(scenario, asked))
    if asked.exact:
        plan = plans_of(scenario)[asked.column]
        at_sizes = attained_at(plan, asked, asked.sizes, range(len(asked.sizes)))
        return replace(found, attained=at_sizes)
    return _with_lower(found, sides.first) if asked.lower_spending and sides.first else found


def _whose(scenario: Scenario, asked: MonitoringPlan) -> WhoseLooks:
    """Whose looks these are, and in what their information is counted."""
    names = [plan.name for plan in plans_of(scenario)]
    return WhoseLooks(
        scenario=scenario.name,
        analysis=names[asked.column],
        alpha=asked.alpha,
        sides=asked.sides,
        arm=scenario.arms[-1].name,
        information=Information(asked.information).value,
        max_information=asked.max_information,
        together=tuple(names[column] for column in asked.columns if column != asked.column),
        target_changes=asked.adaptation is not None and asked.adaptation.reestimates,
    )


def _at_the_end_alone(found: Boundaries) -> Boundaries:
    """Boundaries of looks that cannot show efficacy, for which a boundary out of reach stands in.

    It spends less than 1e-80 of alpha, so that the numbers of the last look are what they are.
    """
    *early, last = found.looks
    looks = [
        replace(
            look,
            efficacy_z=None,
            smallest_effect=None,
            nominal_p=0.0,
            alpha_spent=0.0,
            under_null=replace(look.under_null, efficacy=0.0),
            under_design=look.under_design and replace(look.under_design, efficacy=0.0),
        )
        for look in early
    ]
    return replace(found, spending=None, spending_title="", looks=(*looks, last))


def _with_lower(found: Boundaries, first: Plan) -> Boundaries:
    """Set beside the boundaries of the second arm those of the first, which have their own rule."""
    lower = planned_looks(first)
    spent = np.diff([look.upper_spent for look in lower], prepend=0.0).tolist()
    return replace(
        found,
        lower_spending=first.efficacy.text,
        lower_alpha=first.alpha,
        looks=tuple(
            replace(
                look,
                lower_z=-its.efficacy_z if math.isfinite(its.efficacy_z) else None,
                under_null=replace(look.under_null, lower=crosses),
            )
            for look, its, crosses in zip(found.looks, lower, spent, strict=True)
        ),
    )
