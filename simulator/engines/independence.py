"""Scenarios whose patients do not touch each other (model page, sections 3 to 8)."""

from simulator.declarations.schemes import SCHEMES
from simulator.params.types import Params
from simulator.rules import selection


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
