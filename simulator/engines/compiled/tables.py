"""The parameters as a kernel takes them: tables with named columns, and single numbers.

An array that is handed to a compiled function costs as much as ten numbers, and a structure of a
hundred arrays costs more than what is done with it. So the parameters of arms, modalities and units
are one table each, one row per arm, modality or site.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.constants import DAYS_PER_WEEK
from simulator.params.types import (
    HazardParams,
    LabParams,
    ModalityParams,
    Params,
    PlanParams,
    UnitParams,
)
from simulator.records import ADVERSE_EVENTS

Floats = npt.NDArray[np.float64]

# Columns of an arm's plan
(
    GIVES,  # modality
    SESSIONS,
    FIRST_AFTER,
    INTERVAL,
    WINDOW,
    STOP_BELOW,  # log bilirubin
    POSTPONE_BELOW,  # log platelets
    RESCUES,
    RESCUE_ABOVE,  # log bilirubin
    SWITCHES_TO,  # modality
) = range(10)

# Columns of a modality; the last three have one for each adverse event
HOURS, LOG_SD, LITRES_EACH, LOG_RATIO = range(4)
PROBABILITY = 4
CONSEQUENCE = PROBABILITY + ADVERSE_EVENTS
SERIOUS_EVENT = CONSEQUENCE + ADVERSE_EVENTS

# Columns of a site's unit; the last four have one for each weekday
(
    LIMITED,
    MACHINES,
    NURSE_SLOTS,
    PLASMA_LIMITED,
    CAPACITY,
    INITIAL,
    DELIVERY_SD,
    BACKGROUND_HOURS_EACH,
    BACKGROUND_LITRES_EACH,
    BACKGROUND_AFTER,
    QUEUE,
) = range(11)
OPEN_HOUR = 11
CLOSE_HOUR = OPEN_HOUR + DAYS_PER_WEEK
UNTIL_HOUR = CLOSE_HOUR + DAYS_PER_WEEK
DELIVERY_MEAN = UNTIL_HOUR + DAYS_PER_WEEK


class Disease(NamedTuple):
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

    plans: Floats  # (A, 10)
    modalities: Floats  # (M, 16)
    units: Floats  # (C, 39)
    background: Floats  # (C, n): cumulative probabilities of 0, 1, ... background sessions
    disease: Disease
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
        plans=_plans(params.plan),
        modalities=_modalities(m),
        units=_units(params.unit),
        background=params.unit.background_cumulative,
        disease=_disease(h, params.lab),
        baseline=Baseline(h.day, h.cumulative, h.at_opening),
        kinetics=np.stack(kinetics).reshape(2, m.fast_shift.shape[0], -1),
        left=np.stack((m.fast_left, m.slow_left), axis=-1).ravel(),
        error_log_sd=params.assessment.error_log_sd,
    )


def _table(*columns: npt.NDArray[np.generic]) -> Floats:
    """Put columns side by side; one of two axes is several."""
    return np.column_stack([np.asarray(column, np.float64) for column in columns]).copy()


def _plans(p: PlanParams) -> Floats:
    return _table(
        p.modality,
        p.sessions,
        p.first_after_days,
        p.least_interval_days,
        p.window_days,
        p.stop_log_bilirubin,
        p.postpone_log_platelets,
        p.rescue_sessions,
        p.rescue_log_bilirubin,
        p.switch_to,
    )


def _modalities(m: ModalityParams) -> Floats:
    return _table(
        m.hours,
        m.log_sd,
        m.plasma_litres,
        m.log_hazard_ratio,
        m.event_probability,
        m.event_consequence,
        m.event_serious,
    )


def _units(u: UnitParams) -> Floats:
    return _table(
        u.limited,
        u.machines,
        u.nurse_slots,
        u.plasma_limited,
        u.capacity_litres,
        u.initial_litres,
        u.delivery_sd,
        u.background_hours,
        u.background_litres,
        u.background_after,
        u.queue,
        u.open_hour,
        u.close_hour,
        u.until_hour,
        u.delivery_mean,
    )


def _disease(h: HazardParams, lab: LabParams) -> Disease:
    return Disease(
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
