"""Scenarios in which what an estimand supposes has come true: nobody lost, nothing biased."""

from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.declarations.exits import Exit
from simulator.declarations.schemes import SCHEMES
from simulator.params.recruitment import NOBODY_GUESSES
from simulator.params.types import AllocationParams, Params, PlanParams


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
    """Return a scenario in which nobody is lost, no visit is missed and some events are absent.

    Nothing makes the arms differ but their treatment: nobody guesses the next arm, and no scheme
    follows outcomes, which under a drift gives an arm other patients than the other.
    """
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
        allocation=_regardless_of_outcomes(params.allocation),
        selection=NOBODY_GUESSES,
        exits=params.exits._replace(rate_per_day=rate),
        plan=plan,
        assessment=params.assessment._replace(missed_probability=seen),
    )


def _regardless_of_outcomes(allocation: AllocationParams) -> AllocationParams:
    if not SCHEMES[allocation.scheme].adaptive:
        return allocation
    return allocation._replace(scheme="complete", options={})


def arms_alike(params: Params) -> bool:
    """Whether nothing differs between the arms but the label, so that no treatment has an effect.

    An effect that begins after the end of follow-up is none.
    """
    hazard = params.hazard
    nowhere = hazard.delay_days >= params.trial.max_follow_up_days
    same_plan = all((column == column[0]).all() for column in params.plan)
    return same_plan and (nowhere or hazard.direct_log_hazard_ratio == 0.0)


def exchanged(params: Params) -> Params:
    """Return the scenario in which each arm is treated as the other was; labels stay.

    A patient of it shows what the other treatment would have done to them.
    """
    plan = PlanParams._make(column[::-1].copy() for column in params.plan)
    hazard = params.hazard._replace(direct_arm=1 - params.hazard.direct_arm)
    return params._replace(plan=plan, hazard=hazard)
