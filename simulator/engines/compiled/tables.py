"""The parameters of treatment and disease as records: one per arm, modality or site."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from simulator.constants import DAYS_PER_WEEK
from simulator.engines.compiled.structures import Floats, Records, dtype_of
from simulator.params.types import HazardParams, LabParams, Params
from simulator.records import ADVERSE_EVENTS

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
    labs_modelled: bool
    meld_bounded: bool
    normal_bilirubin: float
    normal_inr: float
    normal_creatinine: float
    ceiling_bilirubin: float
    ceiling_inr: float
    ceiling_creatinine: float


class Baseline(NamedTuple):
    """Cumulative baseline hazard: points, and its value at each patient-day opening."""

    day: Floats
    cumulative: Floats
    at_opening: Floats


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
        disease=_disease(h, params.lab),
        background=params.unit.background_cumulative,
        baseline=Baseline(h.day, h.cumulative, h.at_opening),
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


def _disease(h: HazardParams, lab: LabParams) -> Any:
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
        lab.modelled,
        lab.meld_bounded,
        *(float(x) for x in (*lab.log_normal, *lab.log_ceiling)),
    )
    return made
