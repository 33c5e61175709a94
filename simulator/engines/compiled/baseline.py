"""What a patient is when they are randomised, and what is drawn of them then (sections 4 to 8)."""

import math

from simulator import draws
from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import Patient, Run
from simulator.engines.compiled.structures import Floats, Ints, Records
from simulator.params.types import HazardParams, LabParams
from simulator.records import LABS, MELD_LABS
from simulator.rules import hazard as hazard_rule
from simulator.rules import labs as lab_rule
from simulator.rules.normal import normal_quantile

_FRAILTY = draws.code_of(draws.Purpose.FRAILTY)


@kernel
def begin_patients(patient: Records[Patient], patients: int) -> None:
    """Set what changes with time to what it is before the first opening."""
    for p in range(patients):
        one = patient[p]
        one.constant, one.frailty, one.death = 0.0, 1.0, math.inf
        one.log_bilirubin = one.log_inr = one.log_creatinine = one.log_platelets = 0.0
        one.slope_bilirubin = one.slope_inr = one.slope_creatinine = 0.0
        one.earned = one.effect = one.acute = one.due_at = one.window_end_at = 0.0
        one.seen_meld = one.seen_bilirubin = one.seen_platelets = 0.0
        one.opened = -1
        one.sessions_applied = one.seen = one.sessions_shifted = one.visit = one.session = 0
        one.phase = one.first_fit = 0
        one.window_scheduled = one.postponed = one.serious = one.infected = False
        one.known = one.is_safe = False


@kernel
def draw_multipliers(h: HazardParams, run: Run, profile: Floats, patient: Records[Patient]) -> None:
    """Work out what multiplies each patient's hazard for good: covariates, frailty, biases."""
    for p in range(run.patients):
        one = patient[p]
        constant = hazard_rule.covariate_log_factor(
            profile[p], h.covariate_variable, h.covariate_coefficient, h.covariate_centre
        )
        if h.frailty_log_sd > 0.0:
            z = normal_quantile(draws.uniform(run.seed, run.trial, _FRAILTY, one.candidate, 0))
            log_frailty = hazard_rule.log_frailty(h.frailty_log_sd, z)
            constant += log_frailty
            one.frailty = hazard_rule.frailty(log_frailty)
        if h.drift.size > 0:
            constant += h.drift[min(p, h.drift.size - 1)]
        one.constant = constant + one.chosen


@kernel
def slope_of(lab: LabParams, j: int, latent: float, own: Floats) -> float:
    """Slope of a lab from its latent normal and a patient's own normals."""
    return lab_rule.slope(
        lab.slope_mean[j],
        lab.slope_sd[j],
        lab.slope_on_baseline,
        latent,
        lab.slope_cholesky[j],
        own,
    )


@kernel
def note_labs(
    lab: LabParams,
    variable: Ints,
    patients: int,
    profile: Floats,
    latent: Floats,
    patient: Records[Patient],
    normals: Floats,
    baseline_lab: Floats,
    baseline_meld: Floats,
    own: Floats,
) -> None:
    """Note each patient's labs at randomisation, and their slopes, from `normals`.

    `own` is work space for as many numbers as there are labs.
    """
    for p in range(patients):
        for j in range(LABS):
            baseline_lab[p, j] = math.nan if variable[j] < 0 else profile[p, variable[j]]
        baseline_meld[p] = math.nan
        if not lab.modelled:
            continue
        one = patient[p]
        one.log_bilirubin = lab_rule.log_of(baseline_lab[p, 0])
        one.log_inr = lab_rule.log_of(baseline_lab[p, 1])
        one.log_creatinine = lab_rule.log_of(baseline_lab[p, 2])
        one.log_platelets = lab_rule.log_of(baseline_lab[p, 3])
        baseline_meld[p] = lab_rule.meld_of(
            one.log_bilirubin, one.log_inr, one.log_creatinine, lab.meld_bounded
        )
        for j in range(MELD_LABS):
            own[j] = normals[j, p]
        one.slope_bilirubin = slope_of(lab, 0, latent[p, variable[0]], own)
        one.slope_inr = slope_of(lab, 1, latent[p, variable[1]], own)
        one.slope_creatinine = slope_of(lab, 2, latent[p, variable[2]], own)
