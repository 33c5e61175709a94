"""The parameters of treatment and disease as records: one per arm, modality or site."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from simulator.constants import DAYS_PER_WEEK
from simulator.engines.compiled.structures import Floats, Ints, Records, dtype_of
from simulator.params.types import HazardParams, Params
from simulator.records import ADVERSE_EVENTS

_WINDOWS = 8  # as many as numbers in the longest vector of a processor

_OfEvents = Annotated[Floats, ADVERSE_EVENTS]
_OfWeekdays = Annotated[Floats, DAYS_PER_WEEK]


class ArmPlan:
    """Session plan of an arm (see `PlanParams`)."""

    modality: int
    sessions: int
    first_after_days: float
    least_interval_days: float
    window_days: float
    stop_log_bilirubin: float
    postpone_log_platelets: float
    rescue_sessions: int
    rescue_log_bilirubin: float
    switch_to: int


class Modality:
    """What a session takes and does (see `ModalityParams`)."""

    hours: float
    log_sd: float
    plasma_litres: float
    log_hazard_ratio: float
    event_probability: _OfEvents
    event_consequence: _OfEvents
    event_serious: _OfEvents


class UnitPlan:
    """A site's unit (see `UnitParams`)."""

    limited: bool
    plasma_limited: bool
    background_after: bool
    machines: int
    nurse_slots: int
    queue: int
    capacity_litres: float
    initial_litres: float
    delivery_sd: float
    background_hours: float
    background_litres: float
    open_hour: _OfWeekdays
    close_hour: _OfWeekdays
    until_hour: _OfWeekdays
    delivery_mean: _OfWeekdays


class Disease:
    """Hazard and labs: single numbers (see `HazardParams` and `LabParams`)."""

    kind: int
    shape: float
    varies_by_day: bool
    meld_coefficient: float
    meld_reference: float
    sees_sessions: bool
    by_session: bool
    frailty_log_sd: float
    direct_log_hazard_ratio: float
    direct_arm: int
    delay_days: float
    waning_rate_per_day: float
    infection_log_ratio: float
    serious_log_ratio: float
    has_ceiling: bool  # whether the multiplier of a patient's hazard has one (see `safety`)
    largest_effect: float  # log of the most that treatment and its events can multiply it by
    labs_modelled: bool
    meld_bounded: bool
    normal_bilirubin: float
    normal_inr: float
    normal_creatinine: float
    ceiling_bilirubin: float
    ceiling_inr: float
    ceiling_creatinine: float


class Baseline(NamedTuple):
    """Cumulative baseline hazard: points, its value at each patient-day opening, its windows."""

    day: Floats
    cumulative: Floats
    at_opening: Floats
    first: Ints  # (W,): first patient-day of each window of days
    last: Ints  # (W,)
    rise: Floats  # (W,): cumulative baseline hazard of the window


class Tables(NamedTuple):
    """What treatment and disease read."""

    plans: Records[ArmPlan]  # (A,)
    modalities: Records[Modality]  # (M,)
    units: Records[UnitPlan]  # (C,)
    disease: Records[Disease]  # (1,)
    background: Floats  # (C, n): cumulative probabilities of 0, 1, ... background sessions
    baseline: Baseline
    kinetics: Floats  # (2, M, L * 2): shift of a whole session, and the rate at which it is lost
    left: Floats  # (M * L * 2,): share of it left after a day
    error_log_sd: Floats  # (3,): of labs as measured


def tables_of(params: Params) -> Tables:
    """Make the tables."""
    m = params.modality
    kinetics = [
        np.stack(parts, axis=-1)
        for parts in (
            (m.fast_shift, m.slow_shift),
            (m.fast_rate, m.slow_rate),
        )
    ]
    h = params.hazard
    return Tables(
        plans=_records(ArmPlan, params.plan, params.plan.modality.size),
        modalities=_records(Modality, m, m.hours.size),
        units=_records(UnitPlan, params.unit, params.unit.limited.size),
        disease=_disease(params),
        background=params.unit.background_cumulative,
        baseline=_baseline(h),
        kinetics=np.stack(kinetics).reshape(2, m.fast_shift.shape[0], -1),
        left=np.stack((m.fast_left, m.slow_left), axis=-1).ravel(),
        error_log_sd=params.assessment.error_log_sd,
    )


def _records(record: type[Any], columns: Any, size: int) -> Any:
    """Make records of the columns that have the names of their fields."""
    made = np.zeros(size, dtype_of(record))
    for name in dtype_of(record).names or ():
        made[name] = getattr(columns, name)
    return made


def _baseline(h: HazardParams) -> Baseline:
    days = h.at_opening.size - 1
    first = np.unique(np.arange(_WINDOWS) * days // _WINDOWS)
    # Day by day, as patients live through them, and no fall that is rounding's alone counted.
    rise = np.add.reduceat(np.maximum(np.diff(h.at_opening), 0.0), first)
    last = np.append(first[1:], days) - 1
    return Baseline(h.day, h.cumulative, h.at_opening, first, last, rise)


def _largest_effect(params: Params) -> float:
    h = params.hazard
    direct = max(0.0, h.direct_log_hazard_ratio)
    if params.max_sessions == 0:
        return direct
    serious = max(0.0, h.serious_event_log_hazard_ratio)
    return max(direct, *params.modality.log_hazard_ratio.tolist()) + serious


def _disease(params: Params) -> Any:
    h, lab = params.hazard, params.lab
    made = np.zeros(1, dtype_of(Disease))
    made[0] = (
        h.kind,
        h.shape,
        h.varies_by_day,
        h.meld_coefficient,
        h.meld_reference,
        h.sees_sessions and h.meld_coefficient != 0.0,
        h.by_session,
        h.frailty_log_sd,
        h.direct_log_hazard_ratio,
        h.direct_arm,
        h.delay_days,
        h.waning_rate_per_day,
        h.infection_log_hazard_ratio,
        h.serious_event_log_hazard_ratio,
        h.varies_by_day and not h.sees_sessions and h.meld_coefficient >= 0.0,
        _largest_effect(params),
        lab.modelled,
        lab.meld_bounded,
        *(float(x) for x in (*lab.log_normal, *lab.log_ceiling)),
    )
    return made
