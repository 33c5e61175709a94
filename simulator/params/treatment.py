"""Session plans, modalities and ALSS units as numbers."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator.constants import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.params.types import ModalityParams, PlanParams, UnitParams
from simulator.rules.sessions import (
    CUTS_SHORT,
    FIRST_COME,
    SHORTEST_WINDOW,
    SICKEST_FIRST,
    STOPS_TREATMENT,
)
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario
from simulator.scenario.treatment import (
    WEEKDAYS,
    AdverseEvent,
    Arm,
    Background,
    Modality,
    PlasmaSupply,
    Shift,
    Unit,
)

Floats = npt.NDArray[np.float64]

SHIFTED_LABS = ("bilirubin", "inr", "creatinine", "platelets")
ADVERSE_EVENTS = ("allergy", "hypotension", "bleeding", "clotting")
_CONSEQUENCE = {"none": 0, "cut_short": CUTS_SHORT, "stop_treatment": STOPS_TREATMENT}
_QUEUE = {
    "first_come": FIRST_COME,
    "sickest_first": SICKEST_FIRST,
    "shortest_window": SHORTEST_WINDOW,
}


def lower_plans(arms: Sequence[Arm], modalities: Sequence[Modality]) -> PlanParams:
    """Turn the arms' session plans into arrays; an arm without a plan has no sessions."""
    names = [modality.name for modality in modalities]
    plans = [arm.plan for arm in arms]

    def numbers(attribute: str) -> Floats:
        return np.array([getattr(p, attribute) if p else 0.0 for p in plans], dtype=np.float64)

    def log_or(values: Sequence[float | None], without: float) -> Floats:
        return np.array([without if v is None else math.log(v) for v in values])

    def index(name: str | None) -> int:
        return -1 if name is None else names.index(name)

    stop = [p.stop_if_bilirubin_below_umol_per_l if p else None for p in plans]
    postpone = [p.postpone_if_platelets_below_1e9_per_l if p else None for p in plans]
    rescue = [p.rescue if p else None for p in plans]
    return PlanParams(
        modality=np.array([index(arm.modality) for arm in arms]),
        sessions=numbers("sessions").astype(np.int64),
        first_after_days=numbers("first_after_days"),
        least_interval_days=numbers("least_interval_days"),
        window_days=numbers("window_days"),
        stop_log_bilirubin=log_or(stop, -math.inf),
        postpone_log_platelets=log_or(postpone, -math.inf),
        rescue_sessions=np.array([r.max_sessions if r else 0 for r in rescue]),
        rescue_log_bilirubin=log_or(
            [r.bilirubin_above_umol_per_l if r else None for r in rescue], math.inf
        ),
        switch_to=np.array([index(p.switch_if_plasma_short_to if p else None) for p in plans]),
    )


def lower_modalities(modalities: Sequence[Modality]) -> ModalityParams:
    """Turn modalities into arrays; a scenario without any gets one that is never used."""
    rows = range(len(modalities))
    kinetics = np.zeros((max(len(modalities), 1), len(SHIFTED_LABS), 4))
    events = [[_event(modality, name) for name in ADVERSE_EVENTS] for modality in modalities]
    for m in rows:
        for lab, name in enumerate(SHIFTED_LABS):
            shifts = modalities[m].shifts
            if shifts is not None:
                key = f"modalities[{m}].shifts.{name}"
                kinetics[m, lab] = kinetics_of(getattr(shifts, name), key)
    return ModalityParams(
        hours=np.array([m.machine_hours for m in modalities], dtype=np.float64),
        log_sd=np.array([m.machine_hours_log_sd for m in modalities], dtype=np.float64),
        plasma_litres=np.array([m.plasma_litres for m in modalities], dtype=np.float64),
        log_hazard_ratio=np.array([_log_hazard_ratio(m) for m in modalities], dtype=np.float64),
        fast_shift=kinetics[:, :, 0].copy(),
        slow_shift=kinetics[:, :, 1].copy(),
        fast_rate=kinetics[:, :, 2].copy(),
        slow_rate=kinetics[:, :, 3].copy(),
        fast_left=np.exp(-kinetics[:, :, 2]),
        slow_left=np.exp(-kinetics[:, :, 3]),
        event_probability=np.array([[e[0] for e in row] for row in events]).reshape(-1, 4),
        event_consequence=np.array([[e[1] for e in row] for row in events], np.int64).reshape(
            -1, 4
        ),
        event_serious=np.array([[e[2] for e in row] for row in events], np.bool_).reshape(-1, 4),
    )


def _log_hazard_ratio(modality: Modality) -> float:
    ratio = modality.full_course_hazard_ratio
    if isinstance(ratio, str):
        raise TypeError("mortality targets must be solved before a scenario is lowered")
    return 0.0 if ratio is None else math.log(ratio)


def _event(modality: Modality, name: str) -> tuple[float, int, bool]:
    if modality.adverse_events is None:
        return 0.0, 0, False
    event: AdverseEvent = getattr(modality.adverse_events, name)
    return event.probability, _CONSEQUENCE[event.consequence], event.serious


def kinetics_of(shift: Shift, key: str) -> tuple[float, float, float, float]:
    """Fast and slow part of a session's shift of a log lab, and their rates of loss per day.

    With a and b the log shifts at once and after 24 h and r = b/a, a share 1 - r of the shift is
    the fast part (model page, section 7). The slow part's rate is that of its half-life; the fast
    part's follows from the requirement that the value after 24 h is the one observed.
    """
    at_once = math.log(shift.remains_at_once)
    if at_once == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    kept = math.log(shift.remains_at_24h) / at_once
    slow_rate = math.log(2.0) / shift.slow_half_life_days
    fast_share = 1.0 - kept
    lost_from_slow = kept * -math.expm1(-slow_rate)
    if kept == 0.0:
        raise RuleError(
            "must be below 1 where something is removed: a shift that is wholly lost within a day "
            "leaves no slow part",
            "give what remains of the drop after a day, as 0.99",
            f"{key}.remains_at_24h",
        )
    if lost_from_slow >= fast_share:
        raise RuleError(
            f"the log drop falls from {-at_once:.4g} to {-at_once * kept:.4g} within a day; "
            f"a half-life of {shift.slow_half_life_days:g} d alone would lose more",
            "lengthen slow_half_life_days, or raise remains_at_24h",
            f"{key}.slow_half_life_days",
        )
    fast_rate = -math.log(lost_from_slow / fast_share)
    return at_once * fast_share, at_once * kept, fast_rate, slow_rate


def lower_units(scenario: Scenario) -> UnitParams:
    """Turn the ALSS unit of each site into arrays, one row per site."""
    units: list[Unit | None] = [scenario.unit]
    if scenario.accrual.kind == "poisson":
        units = [site.unit or scenario.unit for site in scenario.accrual.sites]
    plasma = [unit.plasma if unit else None for unit in units]
    background = [unit.background if unit else None for unit in units]
    hours = np.array([_hours(unit) for unit in units], dtype=np.float64)
    return UnitParams(
        limited=np.array([unit is not None for unit in units]),
        machines=np.array([unit.machines if unit else 0 for unit in units]),
        nurse_slots=np.array([u.nurses * u.sessions_per_nurse if u else 0 for u in units]),
        open_hour=hours[:, :, 0].copy(),
        close_hour=hours[:, :, 1].copy(),
        until_hour=np.array([_until(row[:, 0].tolist(), row[:, 1].tolist()) for row in hours]),
        plasma_limited=np.array([p is not None for p in plasma]),
        capacity_litres=_of(plasma, "capacity_litres"),
        initial_litres=_of(plasma, "initial_litres"),
        delivery_mean=np.array([_deliveries(p) for p in plasma]),
        delivery_sd=_of(plasma, "delivery_litres_sd"),
        background_cumulative=poisson_tables(background),
        background_hours=_of(background, "hours_per_session"),
        background_litres=_of(background, "plasma_litres_per_session"),
        background_after=np.array([b is not None and b.served == "after" for b in background]),
        queue=np.array([_QUEUE[unit.queue] if unit else 0 for unit in units]),
    )


def _of(parts: Sequence[PlasmaSupply | Background | None], attribute: str) -> Floats:
    return np.array([getattr(p, attribute) if p else 0.0 for p in parts], dtype=np.float64)


def _hours(unit: Unit | None) -> list[tuple[float, float]]:
    closed = (math.nan, math.nan)
    if unit is None:
        return [closed] * 7
    spans = [getattr(unit.opening_hours, day) for day in WEEKDAYS]
    return [tuple(span) if span else closed for span in spans]


def _until(opens: list[float], closes: list[float]) -> list[float]:
    """Hour, from each weekday's midnight, at which the unit next closes.

    A unit open to 24:00 and again from 0:00 does not close at midnight; one that is open on all
    seven days around the clock never does.
    """

    def goes_on(day: int) -> bool:
        return (
            closes[day % DAYS_PER_WEEK] == HOURS_PER_DAY and opens[(day + 1) % DAYS_PER_WEEK] == 0.0
        )

    until = []
    for day in range(7):
        nights = 0
        while nights < DAYS_PER_WEEK and goes_on(day + nights):
            nights += 1
        hour = closes[(day + nights) % DAYS_PER_WEEK] + nights * HOURS_PER_DAY
        until.append(math.inf if nights == DAYS_PER_WEEK else hour)
    return until


def _deliveries(plasma: PlasmaSupply | None) -> list[float]:
    days = plasma.delivery_days if plasma else []
    mean = plasma.delivery_litres_mean if plasma else 0.0
    return [mean if day in days else math.nan for day in WEEKDAYS]


def poisson_tables(background: Sequence[Background | None]) -> Floats:
    """Cumulative Poisson probabilities of 0, 1, ... sessions; the last, beyond 1e-12, is 1."""
    means = [b.sessions_per_day if b else 0.0 for b in background]
    size = int(max(means) + 8 * math.sqrt(max(means)) + 30)
    tables = np.array([special.pdtr(np.arange(size), mean) for mean in means])
    tables[tables > 1 - 1e-12] = 1.0
    return tables
