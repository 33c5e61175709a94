"""The hazard of published Kaplan-Meier curves, as lines of a scenario file."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.hazard_cells import CurveReadings, PatientTimes, SurvivalPoints
from calibration.hazard_shape import hazard_shape
from calibration.kaplan_meier import Floats
from calibration.survival_files import SurvivalSource, read_survival
from simulator.planning.own_baseline import KnownBaseline, direct, refuse_ratio, through
from simulator.scenario.errors import RuleError
from simulator.scenario.writing import Block

_MOST_PIECES = 6  # of a hazard taken from a curve
_RATIO_DIGITS = 4
_Z = 1.959963984540054  # normal quantile of .975


def of_curve(path: Path, follow_up_days: int) -> KnownBaseline:
    """Return the hazard that goes through a curve at a few days.

    Raises
    ------
    ScenarioError
        If the file cannot be read.
    RuleError
        If no hazard goes through it.
    """
    source = read_survival(path)
    days = _pieces(source, float(follow_up_days))
    points = tuple(zip(days, _survival_of(source, days), strict=True))
    return through(points, f"published: curve of {_told(path)}, to be cited here", "curve")


def _told(path: Path) -> str:
    """Return a file's name as a comment can hold it."""
    return "".join(letter if letter.isprintable() else "?" for letter in path.name)


def of_two_curves(paths: Sequence[Path], follow_up_days: int) -> Block:
    """Return the hazard and the hazard ratio that are most likely in view of both curves."""
    sources = [read_survival(path) for path in paths]
    days = _pieces(sources[0], float(follow_up_days))
    try:
        found = hazard_shape([one.source for one in sources], days)
    except RuleError as wrong:
        raise RuleError(wrong.rule, wrong.remedy, "curve") from None
    steps = -math.exp(float(found.log_levels[0])) * np.cumsum(found.shares)
    points = tuple(zip(days, np.exp(steps).tolist(), strict=True))
    names = " and ".join(map(_told, paths))
    baseline = through(points, f"published: curves of {names}, to be cited here", "curve")
    log_ratio, error = _log_ratio(found.log_levels, found.log_level_covariance)
    low, high = (math.exp(log_ratio + z * error) for z in (-_Z, _Z))
    ratio = float(f"{math.exp(log_ratio):.{_RATIO_DIGITS}g}")
    refuse_ratio(ratio, "curve")
    source = f"derived: from both curves, 95 % interval {low:.2f} to {high:.2f}"
    return {"baseline": baseline.part(), "effect": direct(ratio, source)}


def _log_ratio(levels: Floats, covariance: Floats) -> tuple[float, float]:
    """Log hazard ratio of the second source against the first, and its standard error."""
    contrast = np.array([-1.0, 1.0])
    return float(levels[1] - levels[0]), math.sqrt(float(contrast @ covariance @ contrast))


def _pieces(source: SurvivalSource, follow_up_days: float) -> list[float]:
    """Ends of the pieces: the days read or, of a long curve, days with as many deaths each.

    The last is the last day read, or the end of follow-up where that is earlier.
    """
    inside = source.days[(source.days > 0) & (source.days <= follow_up_days)]
    last = float(inside[-1]) if inside.size else float(source.days[-1])
    if isinstance(source.source, SurvivalPoints) or inside.size <= _MOST_PIECES:
        return [*map(float, inside[:-1]), last]
    patients = source.source.patients
    died = patients.time_days[patients.event & (patients.time_days <= last)]
    quantiles = np.quantile(died, np.arange(1, _MOST_PIECES) / _MOST_PIECES)
    if isinstance(source.source, CurveReadings):
        read = source.source.days
        ends = np.unique(read[np.searchsorted(read, quantiles)])
    else:
        ends = np.unique(np.ceil(quantiles))
    return [*map(float, ends[(ends > 0) & (ends < last)]), last]


def _survival_of(source: SurvivalSource, days: list[float]) -> list[float]:
    if isinstance(source.source, PatientTimes):
        return [float(share) for share in source.source.patients.survival(days)]
    read = source.source
    at = dict(zip(read.days.tolist(), read.survival.tolist(), strict=True))
    return [float(at[day]) for day in days]
