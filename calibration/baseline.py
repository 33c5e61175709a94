"""A piecewise constant baseline hazard from published survival (model page, section 7.4)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from calibration.hazard_cells import CurveReadings, PatientTimes, SurvivalPoints, cells_of
from calibration.hazard_shape import HazardShape, hazard_shape
from calibration.kaplan_meier import Floats, as_shares
from calibration.survival_files import SurvivalSource
from simulator.results.baseline import (
    BaselineHazard,
    BaselineInterval,
    BaselinePoint,
    BaselineSource,
    Heterogeneity,
)
from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.version import program_version

_Z = 1.959963984540054  # normal quantile of .975


@dataclass(frozen=True)
class Piecewise:
    """A hazard as `hazard.baseline` of kind piecewise takes it.

    Attributes
    ----------
    days
        Ends of the pieces, the last being the horizon.
    shares
        Share of the cumulative hazard at the horizon that each piece adds; they sum to 1.
    mortality_at_horizon
        Probability of death by the horizon.
    """

    days: tuple[float, ...]
    shares: tuple[float, ...]
    mortality_at_horizon: float


def piecewise_from_survival(
    days: Sequence[float] | Floats, survival: Sequence[float] | Floats, horizon_days: float
) -> Piecewise:
    """Return the piecewise constant hazard that goes through survival at some days exactly.

    Parameters
    ----------
    days, survival
        Days after 0 and survival at each, as shares or in per cent.
    horizon_days
        Later than the last day, its hazard goes on; earlier, the rest is left out.

    Raises
    ------
    RuleError
        If the days do not climb, survival is not above 0 or climbs, or nobody dies on the last
        piece: its hazard goes on after the horizon.
    """
    ends, alive = np.asarray(days, dtype=float), as_shares(survival)
    if ends.size == 0 or ends.size != alive.size:
        raise RuleError("needs a survival for each day, and one at least", "add it", "survival")
    if not (np.isfinite(ends).all() and ends[0] > 0 and (np.diff(ends) > 0).all()):
        raise RuleError("must climb, the first above 0", "order the days", "days")
    if not (np.isfinite(horizon_days) and horizon_days > 0):
        raise RuleError("must be > 0", "give the day that mortality refers to", "horizon_days")
    if alive[-1] <= 0:
        raise RuleError("must be above 0", "leave the point out", "survival")
    if (np.diff(np.append(1.0, alive)) > 0).any():
        raise RuleError("must not climb", "correct the point that does", "survival")
    ends, cumulative = np.append(0.0, ends), np.append(0.0, -np.log(alive))
    at_horizon = cumulative_hazard_at(ends, cumulative, horizon_days)
    inner = (ends > 0) & (ends < horizon_days) & (ends < ends[-1])
    pieces = np.append(ends[inner], horizon_days)
    added = np.diff(np.concatenate([[0.0], cumulative[inner], [at_horizon]]))
    if added[-1] <= 0:
        raise RuleError(
            "must fall on the last piece: its hazard goes on",
            "leave the last point out, or give a later one",
            "survival",
        )
    return Piecewise(
        tuple(map(float, pieces)),
        tuple(map(float, added / at_horizon)),
        float(-np.expm1(-at_horizon)),
    )


def cumulative_hazard_at(ends: Floats, cumulative: Floats, day: float) -> float:
    """Return the cumulative hazard at a day, straight between the ends and going on after them.

    `ends` and `cumulative` begin with 0.
    """
    if day <= ends[-1]:
        return float(np.interp(day, ends, cumulative))
    rate = (cumulative[-1] - cumulative[-2]) / (ends[-1] - ends[-2])
    return float(cumulative[-1] + rate * (day - ends[-1]))


def baseline_hazard(
    sources: Sequence[SurvivalSource], days: Sequence[float] | Floats
) -> BaselineHazard:
    """Return the piecewise constant hazard that is most likely in view of all sources.

    Parameters
    ----------
    days
        Ends of the pieces; the last is the horizon.

    Raises
    ------
    ScenarioError
        If no source has deaths in a piece, the sources cannot tell pieces apart, or one of several
        does not say of how many patients.
    """
    try:
        found = hazard_shape([one.source for one in sources], days)
    except RuleError as error:
        raise ScenarioError(_problem(error, sources, days)) from None
    level = _pooled_level(found)
    hazard = math.exp(level.log_level)
    return BaselineHazard(
        horizon_days=float(found.days[-1]),
        sources=tuple(_told(one, found, number) for number, one in enumerate(sources)),
        intervals=_intervals(found, hazard),
        mortality_at_horizon=-math.expm1(-hazard),
        mortality_se=math.exp(-hazard) * hazard * level.error,
        shape=Heterogeneity(
            found.chi_square,
            found.degrees_of_freedom,
            found.p_value,
            math.sqrt(found.dispersion),
        ),
        level=level.heterogeneity,
        version=program_version(),
        points=tuple(
            point for number, one in enumerate(sources) for point in _points(one, found, number)
        ),
    )


def _problem(
    error: RuleError, sources: Sequence[SurvivalSource], days: Sequence[float] | Floats
) -> Problem:
    """Say what is wrong and, of days that cannot be told apart, which could be."""
    if error.key != "days":
        return Problem("", 0, error.key, "", error.rule, error.remedy)
    value, remedy = ",".join(f"{day:g}" for day in days), error.remedy
    reported = {day for one in sources for day in one.days.tolist() if day > 0}
    kept = [day for day in days[:-1] if day in reported]
    if not kept and any(isinstance(one.source, CurveReadings) for one in sources):
        kept = _next_readings(days[:-1], reported, float(days[-1]))
    reaches = max(reported) > (kept[-1] if kept else 0)
    told = [*kept, days[-1]] if reaches else kept
    points = all(not isinstance(one.source, PatientTimes) for one in sources)
    if points and told and told != list(days):
        days_told = ",".join(f"{day:g}" for day in told)
        remedy = f"use {days_told}, or add a source that reports survival there"
    return Problem("", 0, error.key, value, error.rule, remedy)


def _next_readings(days: Sequence[float] | Floats, reported: set[float], end: float) -> list[float]:
    """The first day of a reading from each day on, before the end."""
    later = (min((read for read in reported if read >= day), default=end) for day in days)
    return sorted({read for read in later if read < end})


@dataclass(frozen=True)
class _Level:
    log_level: float
    error: float
    heterogeneity: Heterogeneity


def _pooled_level(found: HazardShape) -> _Level:
    """Mean log cumulative hazard of the sources, weighted by their information."""
    if not np.isfinite(found.log_level_covariance).all():
        return _Level(float(found.log_levels[0]), math.nan, Heterogeneity(0.0, 0, math.nan, 1.0))
    ones = np.ones(found.log_levels.size)
    weights = np.linalg.solve(found.log_level_covariance, ones)
    mean = float(weights @ found.log_levels / weights.sum())
    apart = found.log_levels - mean
    freedom = ones.size - 1
    chi_square = float(apart @ np.linalg.solve(found.log_level_covariance, apart)) * (freedom > 0)
    factor = math.sqrt(max(1.0, chi_square / max(freedom, 1)))
    p_value = float(special.chdtrc(freedom, chi_square)) if freedom else math.nan
    error = factor / math.sqrt(float(weights.sum()))
    return _Level(mean, error, Heterogeneity(chi_square, freedom, p_value, factor))


def _intervals(found: HazardShape, hazard: float) -> tuple[BaselineInterval, ...]:
    starts, pieces = np.append(0.0, found.days[:-1]), []
    for place, (start, end, share) in enumerate(zip(starts, found.days, found.shares, strict=True)):
        alone, before = np.zeros(found.days.size), np.zeros(found.days.size)
        alone[place], before[: place + 1] = 1.0, 1.0
        error = found.error_of(alone)
        low, high = _logit_interval(float(share), error)
        pieces.append(
            BaselineInterval(
                start_day=float(start),
                end_day=float(end),
                share=float(share),
                share_se=error,
                share_low=low,
                share_high=high,
                share_by_end=float(found.shares @ before),
                share_by_end_se=found.error_of(before),
                hazard_per_day=float(share) * hazard / float(end - start),
            )
        )
    return tuple(pieces)


def _logit_interval(share: float, error: float) -> tuple[float, float]:
    """95 % interval of a share, on the logit scale; of a share of 1 itself."""
    if share >= 1:
        return 1.0, 1.0
    logit, half = math.log(share / (1 - share)), _Z * error / (share * (1 - share))
    return 1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit))


def _told(one: SurvivalSource, found: HazardShape, number: int) -> BaselineSource:
    source, hazard = one.source, math.exp(float(found.log_levels[number]))
    cells = cells_of(source, found.days)
    error = math.sqrt(found.log_level_covariance[number, number])
    horizon, gap, censored = float(found.days[-1]), math.nan, 0.0
    if isinstance(source, SurvivalPoints):
        last = float(min(source.days[source.days >= horizon], default=source.days[-1]))
    else:
        patients = source.patients
        read = one.days <= horizon
        gap = float(np.abs(patients.survival(one.days) - one.survival)[read].max(initial=0.0))
        censored = float((~patients.event & (patients.time_days < horizon)).sum())
        last = min(horizon, float(patients.time_days.max()))
    mean_fit_gap, largest_fit_gap = _fit_gaps(one, found, number)
    return BaselineSource(
        name=source.name,
        kind="points" if isinstance(source, SurvivalPoints) else "curve",
        patients=source.size,
        deaths=float(cells.deaths.sum()) if math.isfinite(source.size) else math.nan,
        censored=censored,
        last_day=last,
        mortality_at_horizon=-math.expm1(-hazard),
        mortality_se=math.exp(-hazard) * hazard * error,
        largest_gap=gap,
        mean_fit_gap=mean_fit_gap,
        largest_fit_gap=largest_fit_gap,
    )


def _fit_gaps(one: SurvivalSource, found: HazardShape, number: int) -> tuple[float, float]:
    """Fitted less read survival up to the horizon: the mean, and the one farthest from 0."""
    read = (one.days > 0) & (one.days <= found.days[-1])
    if not read.any():
        return math.nan, math.nan
    gaps = _fitted(found, number, one.days[read]) - one.survival[read]
    return float(gaps.mean()), float(gaps[np.abs(gaps).argmax()])


def _fitted(found: HazardShape, number: int, days: Floats) -> Floats:
    """Survival under the shape of all sources and the level of one."""
    ends, shape = np.append(0.0, found.days), np.append(0.0, np.cumsum(found.shares))
    level = math.exp(float(found.log_levels[number]))
    reached = np.array([cumulative_hazard_at(ends, shape, float(day)) for day in days])
    return np.exp(-level * reached)


def _points(one: SurvivalSource, found: HazardShape, number: int) -> list[BaselinePoint]:
    ends = np.append(0.0, found.days)
    source = one.source
    published = dict(zip(one.days.tolist(), one.survival.tolist(), strict=True))
    between = np.interp(np.arange(0, ends.size - 0.75, 0.25), np.arange(ends.size), ends)
    days = np.unique(np.append(one.days, between[between <= one.days.max()]))
    again = np.full(days.size, math.nan)
    if not isinstance(source, SurvivalPoints):
        again = source.patients.survival(days)
    return [
        BaselinePoint(
            source=source.name,
            day=float(day),
            survival=published.get(float(day), math.nan),
            reconstructed=float(made),
            fitted=float(fitted),
        )
        for day, made, fitted in zip(days, again, _fitted(found, number, days), strict=True)
    ]
