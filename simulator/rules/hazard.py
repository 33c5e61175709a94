"""Hazard of death and of the other exits (model page, sections 7 and 8)."""

import math

import numpy as np
import numpy.typing as npt

from simulator.rules.elementary import exp, library_power, log
from simulator.rules.kernel import inlined, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PIECEWISE, WEIBULL = range(2)
_LARGEST_LOG = 700.0  # exp(700) is finite; no scenario that means anything comes near


@inlined
def cumulative_baseline(
    kind: int, day: Floats, cumulative: Floats, shape: float, time_days: float
) -> float:
    """Cumulative baseline hazard at patient time `time_days`.

    PIECEWISE: linear between the points (day, cumulative), the first being (0, 0), and going on
    with the last piece's hazard. WEIBULL: cumulative[-1] * (time / day[-1]) ** shape.
    """
    last = day.size - 1
    if kind == WEIBULL:
        return cumulative[last] * library_power(time_days / day[last], shape)
    k = 1
    while k < last and time_days > day[k]:
        k += 1
    rate = (cumulative[k] - cumulative[k - 1]) / (day[k] - day[k - 1])
    return cumulative[k - 1] + rate * (time_days - day[k - 1])


@inlined
def inverse_baseline(
    kind: int, day: Floats, cumulative: Floats, shape: float, target: float
) -> float:
    """Patient time at which the cumulative baseline hazard reaches `target`."""
    last = day.size - 1
    if kind == WEIBULL:
        return day[last] * library_power(target / cumulative[last], 1.0 / shape)
    k = 1
    while k < last and target > cumulative[k]:
        k += 1
    rate = (cumulative[k] - cumulative[k - 1]) / (day[k] - day[k - 1])
    if rate == 0.0:
        return day[k - 1]
    return day[k - 1] + (target - cumulative[k - 1]) / rate


@inlined
def death_threshold(u: float) -> float:
    """Cumulative hazard at which a patient dies: -ln U."""
    return -log(u)


@kernel
def covariate_log_factor(
    values: Floats, variable: Ints, coefficient: Floats, centre: Floats
) -> float:
    """Log of what baseline covariates multiply the hazard by."""
    total = 0.0
    for k in range(variable.size):
        total += coefficient[k] * (values[variable[k]] - centre[k])
    return total


@inlined
def hazard_multiplier(
    constant: float,
    meld_coefficient: float,
    meld: float,
    meld_reference: float,
    effect: float,
    events: float,
) -> float:
    """All that multiplies the baseline hazard on a patient-day.

    `constant` is the log of what covariates and frailty do, `effect` of treatment, `events` of
    infection and serious adverse events. MELD may be NaN where its coefficient is 0.
    """
    log_factor = constant
    if meld_coefficient != 0.0:
        log_factor += meld_coefficient * (meld - meld_reference)
    log_factor += effect + events
    return exp(min(max(log_factor, -_LARGEST_LOG), _LARGEST_LOG))


@inlined
def events_log_factor(
    infected: int, infection_log_ratio: float, serious: int, serious_log_ratio: float
) -> float:
    """Log of what an infection and a serious adverse event multiply the hazard by, once each."""
    return infected * infection_log_ratio + serious * serious_log_ratio


@inlined
def after_day(
    cumulative: float, factor: float, baseline_open: float, baseline_close: float
) -> float:
    """Patient's cumulative hazard at the end of a day, the factor being held for that day."""
    return cumulative + factor * (baseline_close - baseline_open)


@kernel
def death_in_day(
    kind: int,
    day: Floats,
    cumulative_baseline_points: Floats,
    shape: float,
    opening: float,
    baseline_open: float,
    factor: float,
    missing: float,
) -> float:
    """Exact patient time of a death in the day that opens at `opening` (a whole number of days).

    `missing` is what the patient's cumulative hazard lacks to the threshold at the opening.
    """
    target = baseline_open + missing / factor
    time = inverse_baseline(kind, day, cumulative_baseline_points, shape, target)
    return min(max(time, opening), opening + 1.0)


@inlined
def death_at_constant_factor(
    kind: int, day: Floats, cumulative: Floats, shape: float, factor: float, threshold: float
) -> float:
    """Patient time of death where the factor never changes: one inversion."""
    return inverse_baseline(kind, day, cumulative, shape, threshold / factor)


@inlined
def log_frailty(sd: float, z: float) -> float:
    """Logarithm of a lognormal frailty of mean 1."""
    return sd * z - 0.5 * sd * sd


@inlined
def frailty(log_value: float) -> float:
    """Frailty itself."""
    return exp(log_value)


@kernel
def direct_log_hazard_ratio(
    log_hazard_ratio: float, delay_days: float, waning_rate_per_day: float, day: float
) -> float:
    """Log hazard ratio of the second arm on patient-day `day`: after a delay, waning if stated."""
    if day < delay_days:
        return 0.0
    if waning_rate_per_day == 0.0:
        return log_hazard_ratio
    return log_hazard_ratio * exp(-waning_rate_per_day * (day - delay_days))


@inlined
def share_earned(fraction: float, planned: float, earned: float) -> float:
    """Share of the full course that a session earns; all together never earn more than 1."""
    return min(fraction / planned, max(1.0 - earned, 0.0))


@inlined
def exit_time(rate_per_day: float, until_day: float, u: float) -> float:
    """Patient time of an exit with a constant hazard until a day, infinity if none by then."""
    time = -log(u) / rate_per_day  # infinity for a rate of 0
    return time if time <= until_day else math.inf
