"""Scenarios in which what an estimand supposes has come true: nobody lost, no visit missed."""

from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.declarations.exits import Exit
from simulator.params.types import Params, PlanParams


class World(NamedTuple):
    """Which events do not happen, since an analysis treats them as if they had not."""

    without_transplant: bool
    without_withdrawal: bool
    without_rescue: bool


def world_of(plan: AnalysisPlan) -> World:
    """Return the world that an analysis supposes: events that count as loss do not happen."""
    return World(
        without_transplant=plan.transplant == "censored",
        without_withdrawal=plan.withdrawal == "censored",
        without_rescue=plan.rescue == "censored",
    )


def in_world(params: Params, world: World) -> Params:
    """Return a scenario in which nobody is lost, no visit is missed and some events are absent."""
    rate = params.exits.rate_per_day.copy()
    rate[Exit.LOSS] = 0.0
    if world.without_transplant:
        rate[Exit.TRANSPLANT] = 0.0
    if world.without_withdrawal:
        rate[Exit.WITHDRAWAL] = 0.0
    plan = params.plan
    if world.without_rescue:
        none = np.zeros_like(plan.rescue_sessions)
        plan = plan._replace(rescue_sessions=none, switch_to=np.full_like(plan.switch_to, -1))
    seen = np.zeros_like(params.assessment.missed_probability)
    return params._replace(
        exits=params.exits._replace(rate_per_day=rate),
        plan=plan,
        assessment=params.assessment._replace(missed_probability=seen),
    )


def exchanged(params: Params) -> Params:
    """Return the scenario in which each arm is treated as the other was; labels stay.

    A patient of it shows what the other treatment would have done to them.
    """
    plan = PlanParams._make(column[::-1].copy() for column in params.plan)
    hazard = params.hazard._replace(direct_arm=1 - params.hazard.direct_arm)
    return params._replace(plan=plan, hazard=hazard)
