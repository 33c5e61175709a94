"""The parameters of a simulation: plain numbers, integer codes and arrays, times in days.

C sites, V candidate variables, A arms, M modalities, L = 4 labs (bilirubin, INR, creatinine,
platelets), E = 4 adverse events, W visits. Index -1 means none.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class TrialParams(NamedTuple):
    """Size and limits of the trial."""

    target_randomised: int
    max_recruitment_days: float
    follow_up_days: int  # the horizon of mortality by the end and of MELD
    max_follow_up_days: int  # for which patients are simulated
    ends_at_deaths: int  # known deaths that end the trial; 0: none do
    min_follow_up_days: int  # after the last entry, when the trial ends; 0: no such day
    start_weekday: int  # 0 Monday
    planned_completion_day: float  # NaN: none


class AccrualParams(NamedTuple):
    """Referral: uniform over `over_days` for `candidates`, or a Poisson process a site."""

    uniform: bool
    candidates: int
    over_days: float
    opens_day: Floats  # (C,)
    first_knot: Ints  # (C + 1,): a site's knots are first_knot[c] .. first_knot[c + 1] - 1
    knot_day: Floats  # days since the site's opening
    knot_cumulative: Floats  # expected candidates by then
    knot_rate: Floats  # candidates a day from then on ...
    knot_slope: Floats  # ... and the change of that a day
    gamma_log_table: Floats  # log multiplier over the normal quantile; empty: rates are fixed


class CandidateParams(NamedTuple):
    """Marginal distributions and copula (see `rules.candidate`)."""

    kind: Ints  # (V,)
    a: Floats
    b: Floats
    u_low: Floats
    u_span: Floats
    correlated: Bools
    cholesky: Floats  # (V, V)
    table: Floats  # (V, widest)
    lab_variable: Ints  # (L,): which variables are the labs; -1: not modelled


class EligibilityParams(NamedTuple):
    """Criteria as groups of conditions (see `rules.eligibility`) and what they do to candidates."""

    first: Ints  # (criteria + 1,)
    group: Ints
    variable: Ints
    comparison: Ints
    threshold: Floats
    consent_probability: float
    eligible_share: float  # of candidates, from a fixed sample of `sample_size`
    fails_share: Floats  # (criteria,): share of candidates who fail each criterion at all
    sample_size: int

    @property
    def randomised_share(self) -> float:
        """Probability that a candidate is eligible and consents."""
        return self.eligible_share * self.consent_probability


class AllocationParams(NamedTuple):
    """The scheme and the factors it sees; `allocation.build_plan` makes its tables."""

    scheme: str
    ratio: tuple[int, ...]
    options: dict[str, object]
    factor_variable: Ints  # (F,): candidate variable, -1: the site
    factor_cut_points: tuple[Floats, ...]
    factor_levels: tuple[int, ...]


class SelectionParams(NamedTuple):
    """An investigator who guesses the next arm (see `rules.selection`)."""

    kind: int  # 0 nobody, 1 turns away, 2 defers, 3 shifts outcomes
    favoured: int  # arm
    variable: int  # candidate variable by which prognosis is judged, -1: none
    poor_above: float
    probability: float
    returns_after_days: float
    log_hazard_ratio: float


class PlanParams(NamedTuple):
    """Session plan of each arm, (A,) each."""

    modality: Ints
    sessions: Ints
    first_after_days: Floats
    least_interval_days: Floats
    window_days: Floats
    stop_log_bilirubin: Floats  # -inf: no such rule
    postpone_log_platelets: Floats  # -inf: no such rule
    rescue_sessions: Ints
    rescue_log_bilirubin: Floats
    switch_to: Ints


class ModalityParams(NamedTuple):
    """What a session of each modality takes and does."""

    hours: Floats  # (M,)
    log_sd: Floats
    plasma_litres: Floats
    log_hazard_ratio: Floats  # of a full course
    fast_shift: Floats  # (M, L): change of a log lab by a whole session, the part lost fast ...
    slow_shift: Floats  # ... and the part lost slowly
    fast_rate: Floats  # (M, L) per day
    slow_rate: Floats
    fast_left: Floats  # (M, L): share of the fast part left after a day
    slow_left: Floats
    event_probability: Floats  # (M, E)
    event_consequence: Ints  # (M, E): 0 none, 1 cut short, 2 treatment stopped
    event_serious: Bools  # (M, E)


class UnitParams(NamedTuple):
    """The ALSS unit of each site; a site without one has no scarce resource."""

    limited: Bools  # (C,)
    machines: Ints
    nurse_slots: Ints
    open_hour: Floats  # (C, 7), Monday first; NaN: closed
    close_hour: Floats
    until_hour: Floats  # when it next closes, after 24 where it stays open past midnight
    plasma_limited: Bools  # (C,)
    capacity_litres: Floats
    initial_litres: Floats
    delivery_mean: Floats  # (C, 7), litres; NaN: no delivery
    delivery_sd: Floats  # (C,)
    background_cumulative: Floats  # (C, n): cumulative probabilities of 0, 1, ... sessions
    background_hours: Floats  # (C,): each
    background_litres: Floats
    background_after: Bools
    queue: Ints  # 0 first come, 1 sickest first, 2 shortest window


class LabParams(NamedTuple):
    """Native course of the labs; arrays over bilirubin, INR, creatinine."""

    modelled: bool
    log_normal: Floats
    log_ceiling: Floats
    slope_mean: Floats
    slope_sd: Floats
    slope_on_baseline: float  # correlation of a slope with its lab's own baseline
    slope_cholesky: Floats  # (3, 3)
    meld_bounded: bool


class HazardParams(NamedTuple):
    """Hazard of death from the liver."""

    kind: int
    day: Floats  # points of the cumulative baseline, the first (0, 0)
    cumulative: Floats
    shape: float
    at_opening: Floats  # (max_follow_up_days + 1,): cumulative baseline at each patient-day opening
    varies_by_day: bool  # False: one inversion serves for the whole follow-up
    meld_coefficient: float
    meld_reference: float
    sees_sessions: bool  # whether sessions act through MELD
    covariate_variable: Ints
    covariate_coefficient: Floats
    covariate_centre: Floats
    frailty_log_sd: float
    drift: Floats  # (target,): log factor by order of randomisation; (0,): none
    by_session: bool
    direct_log_hazard_ratio: float  # of one arm against the other; 0 where the effect is another
    direct_arm: int  # the arm that has it: the second, unless the arms exchange treatments
    delay_days: float
    waning_rate_per_day: float
    infection_log_hazard_ratio: float
    serious_event_log_hazard_ratio: float


class ExitParams(NamedTuple):
    """Constant hazards until a day, of the exits that are drawn, in the order of `Exit`."""

    rate_per_day: Floats  # (exits,)
    until_day: Floats  # (exits,)


class AssessmentParams(NamedTuple):
    """Visits; W = 0 where none are planned."""

    day: Floats  # (W,)
    window_days: Floats
    missed_probability: Floats
    error_log_sd: Floats  # (3,)


class Params(NamedTuple):
    """Everything that an engine needs to know."""

    trial: TrialParams
    accrual: AccrualParams
    candidate: CandidateParams
    eligibility: EligibilityParams
    allocation: AllocationParams
    selection: SelectionParams
    plan: PlanParams
    modality: ModalityParams
    unit: UnitParams
    lab: LabParams
    hazard: HazardParams
    exits: ExitParams
    assessment: AssessmentParams

    @property
    def has_common_end(self) -> bool:
        """Whether the trial ends for all at once, and not for each patient after a while."""
        return self.trial.ends_at_deaths > 0 or self.trial.min_follow_up_days > 0

    @property
    def is_followed_longer(self) -> bool:
        """Whether follow-up differs from one of `follow_up_days` for each patient."""
        return self.has_common_end or self.trial.max_follow_up_days > self.trial.follow_up_days

    @property
    def max_sessions(self) -> int:
        """Most sessions that a patient can have, rescue included."""
        return int((self.plan.sessions + self.plan.rescue_sessions).max())
