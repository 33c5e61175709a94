"""Labs, hazard, other exits and visits as numbers."""

import math

import numpy as np
import numpy.typing as npt

from simulator.declarations.exits import DRAWN
from simulator.named import named
from simulator.params.types import (
    AssessmentParams,
    CandidateParams,
    ExitParams,
    HazardParams,
    LabParams,
    PlanParams,
)
from simulator.rules.hazard import cumulative_baseline
from simulator.scenario.bias import Drift
from simulator.scenario.disease import Assessment, Exits, Hazard, Labs
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario, Trial

Floats = npt.NDArray[np.float64]

MELD_LABS = ("bilirubin", "inr", "creatinine")
_IN_UNITS = ("bilirubin_umol_per_l", "inr", "creatinine_umol_per_l")


def lower_labs(labs: Labs | None, candidates: CandidateParams) -> LabParams:
    """Turn the labs' native course into arrays; raise RuleError if the correlations contradict."""
    if labs is None:
        zero = np.zeros(3)
        return LabParams(False, zero, zero, zero, zero, 0.0, np.eye(3), False)
    return LabParams(
        modelled=True,
        log_normal=np.array([math.log(getattr(labs.normal, name)) for name in _IN_UNITS]),
        log_ceiling=np.array([math.log(getattr(labs.ceiling, name)) for name in _IN_UNITS]),
        slope_mean=np.array([getattr(labs.slope_mean_per_day, name) for name in MELD_LABS]),
        slope_sd=np.array([getattr(labs.slope_sd_per_day, name) for name in MELD_LABS]),
        slope_on_baseline=labs.slope_correlation_with_baseline,
        slope_cholesky=_slope_cholesky(labs, candidates),
        meld_bounded=labs.meld == "bounded",
    )


def _slope_cholesky(labs: Labs, candidates: CandidateParams) -> Floats:
    """Cholesky factor of what the baseline leaves of the correlation between slopes.

    A slope is r * (its lab's latent baseline) + rest; with R the baselines' latent correlation and
    S the slopes', the rest has covariance S - r^2 R.
    """
    r = labs.slope_correlation_with_baseline
    between = np.full((3, 3), labs.slope_correlation_between_labs)
    np.fill_diagonal(between, 1.0)
    rows = candidates.cholesky[candidates.lab_variable[:3]]
    rest = between - r * r * (rows @ rows.T)
    smallest = float(np.linalg.eigvalsh(rest)[0])
    if smallest <= 1e-10:
        raise RuleError(
            "the correlations of the slopes between labs and with the baseline contradict each "
            f"other: smallest eigenvalue {smallest:.4g}",
            "bring one of the two nearer to 0",
            "labs.slope_correlation_between_labs",
        )
    return np.linalg.cholesky(rest).astype(np.float64)


def lower_hazard(scenario: Scenario, plan: PlanParams, log_hazard_ratio: Floats) -> HazardParams:
    """Turn the hazard of death from the liver into numbers.

    `log_hazard_ratio` is that of a full course of each modality. Raises TypeError if the word
    solved is still in the scenario: a door solves the targets first.
    """
    hazard, exits, effect = scenario.hazard, scenario.exits, scenario.hazard.effect
    kind, day, cumulative, shape = baseline_points(hazard)
    covariates = hazard.covariates or []
    names = scenario.variable_names()
    direct = delay = waning = 0.0
    if effect.kind == "direct":
        if isinstance(effect.hazard_ratio, str):
            raise TypeError("mortality targets must be solved before a scenario is lowered")
        direct, delay = math.log(effect.hazard_ratio), effect.delay_days
        if effect.waning_half_life_days is not None:
            waning = math.log(2.0) / effect.waning_half_life_days
    infection = math.log(exits.infection.hazard_ratio) if exits else 0.0
    serious = math.log(exits.serious_adverse_event_hazard_ratio) if exits else 0.0
    meld_acts = hazard.log_hazard_ratio_per_meld_point != 0.0
    by_session = effect.kind == "by_session"
    days = range(scenario.trial.longest_follow_up_days + 1)
    return HazardParams(
        kind=kind,
        day=day,
        cumulative=cumulative,
        shape=shape,
        at_opening=np.array(
            [cumulative_baseline(kind, day, cumulative, shape, float(d)) for d in days]
        ),
        varies_by_day=bool(
            meld_acts
            or (by_session and plan.sessions.any() and log_hazard_ratio.any())
            or (direct != 0.0 and (delay > 0.0 or waning > 0.0))
            or infection != 0.0
            or serious != 0.0
        ),
        meld_coefficient=hazard.log_hazard_ratio_per_meld_point,
        meld_reference=hazard.meld_reference,
        sees_sessions=effect.kind == "by_labs" or effect.combined_with_labs,
        covariate_variable=np.array([names.index(c.variable) for c in covariates], np.int64),
        covariate_coefficient=np.array([c.log_hazard_ratio for c in covariates], np.float64),
        covariate_centre=np.array([c.centre for c in covariates], np.float64),
        frailty_log_sd=hazard.frailty_log_sd,
        drift=drift_log_factors(hazard.drift, scenario.trial.target_randomised),
        by_session=by_session,
        direct_log_hazard_ratio=direct,
        direct_arm=1,
        delay_days=delay,
        waning_rate_per_day=waning,
        infection_log_hazard_ratio=infection,
        serious_event_log_hazard_ratio=serious,
    )


def drift_log_factors(drift: Drift | None, patients: int) -> Floats:
    """Log of what each patient's hazard is multiplied by, by order of randomisation.

    Between the first patient and the last lies the log of the hazard ratio; the mean is 0.
    """
    if drift is None:
        return np.empty(0)
    number = np.arange(patients)
    if drift.kind == "step":
        before = math.ceil(drift.after_share * patients - 1e-9)  # .07 x 100 is a little over 7
        shape = (number >= before).astype(np.float64)
        if before >= patients:
            raise RuleError(
                f"no patient of {patients} comes after the step",
                "lower it",
                "hazard.drift.after_share",
            )
    elif drift.kind == "linear":
        shape = number / max(patients - 1, 1)
    else:
        shape = np.log1p(number) / math.log(max(patients, 2))
    centred: Floats = math.log(drift.hazard_ratio) * (shape - shape.mean())
    return centred


def baseline_points(hazard: Hazard) -> tuple[int, Floats, Floats, float]:
    """Rule, points (day, cumulative hazard) and shape of the baseline hazard."""
    baseline = hazard.baseline
    if isinstance(baseline.mortality_at_horizon, str):
        raise TypeError("mortality targets must be solved before a scenario is lowered")
    course = baseline.course()
    cumulative = -math.log1p(-baseline.mortality_at_horizon)
    day, shares = np.array([0.0, *course.days]), np.cumsum([0.0, *course.shares])
    return named(course.rule), day, cumulative * shares, course.shape


def lower_exits(exits: Exits | None, trial: Trial) -> ExitParams:
    """Turn net probabilities by a day into constant hazards until that day, or for good."""
    if exits is None:
        return ExitParams(np.zeros(len(DRAWN)), np.zeros(len(DRAWN)))
    parts = [getattr(exits, exit_.key) for exit_ in DRAWN]
    longest = float(trial.longest_follow_up_days)
    lasting = [p.lasts(trial.follow_up_days, trial.longest_follow_up_days) for p in parts]
    return ExitParams(
        rate_per_day=np.array([-math.log1p(-p.net_probability) / p.by_day for p in parts]),
        until_day=np.array(
            [
                max(p.by_day, longest) if goes_on else p.by_day
                for p, goes_on in zip(parts, lasting, strict=True)
            ],
            dtype=np.float64,
        ),
    )


def lower_assessment(assessment: Assessment | None) -> AssessmentParams:
    """Turn visits into arrays."""
    visits = assessment.visits if assessment else []
    spread = assessment.measurement_error_log_sd if assessment else None
    return AssessmentParams(
        day=np.array([visit.day for visit in visits], dtype=np.float64),
        window_days=np.array([visit.window_days for visit in visits], dtype=np.float64),
        missed_probability=np.array([v.missed_probability for v in visits], dtype=np.float64),
        error_log_sd=np.array([getattr(spread, n) if spread else 0.0 for n in MELD_LABS]),
    )
