"""Scenario -> Params: everything that an engine needs, as plain numbers."""

import math

import numpy as np

from simulator.constants import DAYS_PER_MONTH
from simulator.params.disease import lower_assessment, lower_exits, lower_hazard, lower_labs
from simulator.params.null import under_null
from simulator.params.population import lower_candidates
from simulator.params.recruitment import (
    lower_accrual,
    lower_allocation,
    lower_eligibility,
    lower_selection,
)
from simulator.params.treatment import lower_modalities, lower_plans, lower_units
from simulator.params.types import ModalityParams, Params, PlanParams, TrialParams, UnitParams
from simulator.scenario.errors import RuleError
from simulator.scenario.planned_numbers import deaths_at_end
from simulator.scenario.population import LAB_VARIABLES
from simulator.scenario.schema import Scenario

_MOST_SCREENED = 1_000_000
_MOST_WAITING = 10_000  # at one unit: every serving of its queue looks at each of them
_MOST_PATIENT_DAYS = 20_000_000  # of a trial, each with its hazard: 320 MB a worker


def lower(scenario: Scenario) -> Params:
    """Turn a scenario, its mortality targets solved, into what the engines read.

    Parameters
    ----------
    scenario
        A scenario without the word solved; its null hypothesis is applied here.

    Raises
    ------
    RuleError
        If the eligibility criteria admit next to nobody, a session's kinetics contradict
        themselves, or the correlations of the labs' slopes do.
    TypeError
        If mortality targets are not solved yet (see `calibration.targets`).
    """
    scenario = under_null(scenario)
    candidate = lower_candidates(scenario.candidates, LAB_VARIABLES)
    eligibility = lower_eligibility(scenario.eligibility, scenario.variable_names(), candidate)
    plan = lower_plans(scenario.arms, scenario.modalities)
    modality = lower_modalities(scenario.modalities)
    unit = lower_units(scenario)
    _refuse_sessions_that_never_fit(plan, modality, unit)
    randomised_share = eligibility.randomised_share
    _refuse_endless_screening(scenario, randomised_share)
    _refuse_a_crowd(scenario, randomised_share, unit, plan)
    _refuse_too_many_days(scenario, plan)
    return Params(
        trial=_trial(scenario),
        accrual=lower_accrual(scenario.accrual, randomised_share),
        candidate=candidate,
        eligibility=eligibility,
        allocation=lower_allocation(scenario),
        selection=lower_selection(scenario),
        plan=plan,
        modality=modality,
        unit=unit,
        lab=lower_labs(scenario.labs, candidate),
        hazard=lower_hazard(scenario, plan, modality.log_hazard_ratio),
        exits=lower_exits(scenario.exits, scenario.trial),
        assessment=lower_assessment(scenario.assessment),
    )


def randomised_share(scenario: Scenario) -> float:
    """Probability that a candidate is eligible and consents (model page, section 1).

    Raises
    ------
    RuleError
        If the eligibility criteria admit next to nobody.
    """
    candidate = lower_candidates(scenario.candidates, LAB_VARIABLES)
    names = scenario.variable_names()
    return lower_eligibility(scenario.eligibility, names, candidate).randomised_share


def _refuse_sessions_that_never_fit(
    plan: PlanParams, modality: ModalityParams, unit: UnitParams
) -> None:
    """Refuse a modality whose expected length no opening of a site's unit can hold."""
    for site in np.flatnonzero(unit.limited):
        longest = np.nanmax(unit.until_hour[site] - unit.open_hour[site])
        for m in set(plan.modality.tolist()) - {-1}:
            if modality.hours[m] > longest:
                raise RuleError(
                    f"no opening is long enough: the longest is {longest:g} h, so that no session "
                    "would ever start",
                    "shorten the session or lengthen the opening hours",
                    f"modalities[{m}].machine_hours",
                )


def _refuse_endless_screening(scenario: Scenario, randomised_share: float) -> None:
    screened = scenario.trial.target_randomised / randomised_share
    if screened > _MOST_SCREENED:
        raise RuleError(
            f"{screened:,.0f} candidates would be screened for a trial, over {_MOST_SCREENED:,}",
            "loosen the criteria, or raise the probability",
            "eligibility.consent_probability",
        )


def _refuse_a_crowd(
    scenario: Scenario, randomised_share: float, unit: UnitParams, plan: PlanParams
) -> None:
    """Refuse a unit to which patients come by the thousand while one session's window is open."""
    accrual = scenario.accrual
    if accrual.kind == "poisson":
        rates = [site.randomised(randomised_share) / DAYS_PER_MONTH for site in accrual.sites]
        keys = [f"accrual.sites[{i}].{site.rate_key}" for i, site in enumerate(accrual.sites)]
    else:
        rates = [min(accrual.candidates, scenario.trial.target_randomised) / accrual.over_days]
        keys = ["accrual.over_days"]
    stays = max(plan.window_days.max(initial=0.0), 0.0)
    for site in np.flatnonzero(unit.limited):
        waiting = min(rates[site] * stays, float(scenario.trial.target_randomised))
        if waiting > _MOST_WAITING:
            raise RuleError(
                f"brings {waiting:,.0f} patients to one ALSS unit within the {stays:g} days of a "
                f"session's window, over {_MOST_WAITING:,}",
                "check the rate, spread the patients over more sites, or set unit to null",
                keys[site],
            )


def _refuse_too_many_days(scenario: Scenario, plan: PlanParams) -> None:
    """Refuse a trial whose patients' days do not fit into memory, where each day counts."""
    patients, days = scenario.trial.target_randomised, scenario.trial.longest_follow_up_days
    by_day = scenario.labs is not None or bool((plan.sessions > 0).any())
    if by_day and patients * days > _MOST_PATIENT_DAYS:
        raise RuleError(
            f"{patients:,} patients over {days:,} days are {patients * days:,} patient-days a "
            f"trial, over {_MOST_PATIENT_DAYS:,}",
            "lower the one or the other",
            f"trial.{'max_' if scenario.trial.max_follow_up_days else ''}follow_up_days",
        )


def _trial(scenario: Scenario) -> TrialParams:
    trial = scenario.trial
    planned = trial.planned_completion_date
    return TrialParams(
        target_randomised=trial.target_randomised,
        max_recruitment_days=trial.max_recruitment_days,
        follow_up_days=trial.follow_up_days,
        max_follow_up_days=trial.longest_follow_up_days,
        ends_at_deaths=deaths_at_end(trial) or 0,
        min_follow_up_days=(trial.end and trial.end.min_follow_up_days) or 0,
        start_weekday=trial.start_date.weekday(),
        planned_completion_day=float((planned - trial.start_date).days) if planned else math.nan,
    )
