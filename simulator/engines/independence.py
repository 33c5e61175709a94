"""Scenarios whose patients do not touch each other (model page, sections 3 to 8)."""

from typing import NamedTuple

import numpy as np

from simulator.declarations.schemes import SCHEMES
from simulator.params.types import HazardParams, Params
from simulator.records import Floats
from simulator.rules import hazard as rule
from simulator.rules import selection


class Course(NamedTuple):
    """The liver's hazard, as `HazardParams` has it, and what multiplies it in each of two arms."""

    kind: int
    day: Floats
    cumulative: Floats
    shape: float
    factor: Floats


def are_independent(params: Params) -> bool:
    """Whether a scenario's patients are so simple that whole rows can be worked out at once.

    Nobody is screened, treated by a unit or measured, and no factor of the hazard depends on the
    day: a trial is its entries, its arms, and one inversion of the hazard a patient.
    """
    return (
        params.accrual.uniform
        and params.candidate.kind.size == 0
        and params.eligibility.first.size == 1
        and params.eligibility.consent_probability >= 1.0
        and params.max_sessions == 0
        and not params.unit.limited.any()
        and not params.lab.modelled
        and not params.hazard.varies_by_day
        and params.hazard.frailty_log_sd == 0.0
        and params.hazard.drift.size == 0
        and params.selection.kind == selection.NOBODY
        and len(params.allocation.factor_levels) == 0
        and not SCHEMES[params.allocation.scheme].adaptive
    )


def course_of(hazard: HazardParams) -> Course:
    """Return the course of the liver where no factor of its hazard depends on the day."""
    factor = np.empty(2)
    for arm in range(2):
        effect = 0.0
        if arm == hazard.direct_arm and hazard.direct_log_hazard_ratio != 0.0:
            effect = rule.direct_log_hazard_ratio(
                hazard.direct_log_hazard_ratio, hazard.delay_days, hazard.waning_rate_per_day, 0.0
            )
        factor[arm] = rule.hazard_multiplier(0.0, 0.0, 0.0, 0.0, effect, 0.0)
    return Course(hazard.kind, hazard.day, hazard.cumulative, hazard.shape, factor)
