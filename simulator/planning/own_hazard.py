"""From what a designer knows of mortality to a scenario's hazard.

What is known of the control arm: mortality by a day, median survival, survival at several days, or
a published Kaplan-Meier curve; of the other arm one of these, or a hazard ratio. The first two mean
a constant hazard; the others a hazard constant between days (model page, section 7.4).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration.baseline import piecewise_from_survival
from calibration.hazard_cells import PatientTimes
from calibration.hazard_shape import hazard_shape
from calibration.kaplan_meier import Floats
from calibration.survival_files import SurvivalSource, read_survival
from simulator.scenario.errors import RuleError
from simulator.scenario.writing import OF_ALL, Block, Line

_RATIOS = 1e-3, 1e3  # between which the program looks for a hazard ratio
_MOST_PIECES = 6  # of a hazard taken from a curve
_SHARE_DIGITS, _RATIO_DIGITS = 6, 4
_Z = 1.959963984540054  # normal quantile of .975

Points = tuple[tuple[float, float], ...]  # day, survival


@dataclass(frozen=True)
class Outcome:
    """What is known of mortality, each by arm with the control first.

    Attributes
    ----------
    mortality
        By `by_day`, of both arms; of the second alone where another key tells of the control.
    medians
        Median survival, days.
    survival
        Survival at some days.
    curves
        Files of `calibration.survival_files`.
    hazard_ratio
        Of the second arm against the control.
    """

    by_day: int
    mortality: tuple[float, ...] = ()
    medians: tuple[float, ...] = ()
    survival: tuple[Points, ...] = ()
    curves: tuple[Path, ...] = ()
    hazard_ratio: float | None = None


def hazard_of(known: Outcome, arms: tuple[str, str], follow_up_days: int) -> Block:
    """Return the part `hazard` of a scenario.

    Raises
    ------
    RuleError
        With the option that is at fault as its key: too little or too much is known, or no hazard
        ratio between 0.001 and 1000 leads from one arm to the other.
    ScenarioError
        If a file cannot be read.
    """
    _refuse_too_little_or_much(known)
    if known.medians:
        baseline = _constant(0.5, known.medians[0], "median survival in days")
    elif known.survival:
        baseline = _through(known.survival[0], "assumption: survival at days, typed by you")
    elif len(known.curves) == 1:
        baseline = _of_curve(known.curves[0], follow_up_days)
    elif known.curves:
        return _of_two_curves(known.curves, follow_up_days)
    elif len(known.mortality) > 1:
        return _of_targets(known, arms, follow_up_days)
    else:
        words = f"mortality by day {known.by_day}"
        baseline = _constant(known.mortality[0], float(known.by_day), words)
    return {"baseline": baseline.part()} | _effect(known, arms, baseline, follow_up_days)


@dataclass(frozen=True)
class _Baseline:
    """A hazard constant between days: its share of the cumulative hazard at the last of them."""

    mortality: float
    days: tuple[float, ...]
    shares: tuple[float, ...]
    source: str

    def part(self) -> Line | Block:
        """Return the key `baseline`: on one line where the hazard is constant throughout."""
        horizon = _plain(self.days[-1])
        values = {"mortality_at_horizon": self.mortality, "horizon_days": horizon}
        if len(self.days) == 1:
            return Line({"kind": "exponential", **values}, self.source)
        shares = Line(list(self.shares), "derived: of the cumulative hazard, from survival at days")
        return {
            OF_ALL: self.source,
            "kind": Line("piecewise"),
            **{key: Line(value) for key, value in values.items()},
            "days": Line([_plain(day) for day in self.days]),
            "shares": shares,
        }

    def log_survival(self, day: float) -> float:
        """Log of survival at a day; after the last one the hazard goes on."""
        ends, shares = [0.0, *self.days], np.cumsum([0.0, *self.shares])
        share = float(np.interp(day, ends, shares))
        if day > ends[-1]:
            share += (day - ends[-1]) * self.shares[-1] / (ends[-1] - ends[-2])
        return math.log1p(-self.mortality) * share


def _refuse_too_little_or_much(known: Outcome) -> None:
    ways = {
        "median": known.medians,
        "survival": known.survival,
        "curve": known.curves,
        "mortality": known.mortality,
    }
    control = [way for way, held in ways.items() if held and way != "mortality"]
    if len(control) > 1:
        raise RuleError(f"says the same as --{control[0]}", "give one of the two", control[1])
    if not control and not known.mortality:
        raise RuleError(
            "nothing tells of mortality",
            "as --mortality 35%,22%, --median 300,420, --survival 28=.8,90=.65 or --curve FILE",
            "mortality",
        )
    way = control[0] if control else "mortality"
    if control and len(known.mortality) > 1:
        rule = f"the first of the two is said by --{way} already"
        raise RuleError(rule, "give the second arm's alone", "mortality")
    others = {
        f"a second --{way}": len(ways[way]) > 1,
        "--mortality": bool(control and known.mortality),
        "--hazard-ratio": known.hazard_ratio is not None,
    }
    told = [name for name, is_told in others.items() if is_told]
    if not told:
        rule = "tells of the control arm alone"
        raise RuleError(rule, "add the other arm's, or --hazard-ratio", way)
    if len(told) > 1:
        rule = f"the other arm is told of twice: {' and '.join(told)}"
        raise RuleError(rule, "give one of the two", told[-1].split("--")[1])


def _constant(mortality: float, day: float, words: str) -> _Baseline:
    source = f"assumption: constant hazard; {words}, typed by you"
    return _Baseline(mortality, (day,), (1.0,), source)


def _through(points: Points, source: str) -> _Baseline:
    """Return the hazard that goes through survival at some days."""
    days, alive = [day for day, _ in points], [share for _, share in points]
    try:
        found = piecewise_from_survival(days, alive, days[-1])
    except RuleError as error:
        raise RuleError(error.rule, error.remedy, "survival") from None
    shares = [round(share, _SHARE_DIGITS) for share in found.shares[:-1]]
    shares.append(round(1 - math.fsum(shares), _SHARE_DIGITS))
    mortality = round(found.mortality_at_horizon, 12)
    return _Baseline(mortality, found.days, tuple(shares), source)


def _plain(day: float) -> float:
    return int(day) if float(day).is_integer() else day


def _of_targets(known: Outcome, arms: tuple[str, str], follow_up_days: int) -> Block:
    control, other = known.mortality
    _refuse_ratio(math.log1p(-other) / math.log1p(-control), "mortality")
    kind = {"kind": "exponential", "mortality_at_horizon": "solved"}
    return {
        "baseline": Line(kind, "derived: from mortality_targets"),
        **_targets({arms[0]: control, arms[1]: other}, known.by_day, follow_up_days),
    }


def _targets(targets: dict[str, float], by_day: int, follow_up_days: int) -> Block:
    source = f"assumption: death by day {by_day}, typed by you"
    day = {} if by_day == follow_up_days else {"mortality_target_day": Line(by_day, source)}
    effect = {"kind": "direct", "hazard_ratio": "solved"}
    return {
        "effect": Line(effect, "derived: from mortality_targets"),
        "mortality_targets": Line(targets, source),
        **day,
    }


def _effect(
    known: Outcome, arms: tuple[str, str], baseline: _Baseline, follow_up_days: int
) -> dict[str, Any]:
    """Return what tells the second arm from the control, whose hazard is known."""
    source = "assumption: typed by you"
    if known.hazard_ratio is not None:
        ratio = known.hazard_ratio
    elif len(known.medians) > 1:
        first, second = known.medians
        ratio = float(f"{first / second:.6g}")
        source = (
            f"derived: medians of {first:g} and {second:g} days, constant hazards, typed by you"
        )
    else:
        day, share = _only_point(known)
        _refuse_ratio(math.log(share) / baseline.log_survival(day), _way(known))
        return dict(_targets({arms[1]: round(1 - share, 12)}, day, follow_up_days))
    _refuse_ratio(ratio, "hazard-ratio" if known.hazard_ratio is not None else "median")
    return {"effect": _direct(ratio, source)}


def _direct(ratio: float, source: str) -> Line:
    return Line({"kind": "direct", "hazard_ratio": ratio}, source)


def _way(known: Outcome) -> str:
    return "mortality" if known.mortality else "survival"


def _only_point(known: Outcome) -> tuple[int, float]:
    """Day and survival of the second arm."""
    if known.mortality:
        return known.by_day, 1 - known.mortality[-1]
    points = known.survival[1]
    if len(points) > 1 or points[0][0] != int(points[0][0]):
        raise RuleError(
            "the second arm's survival is known at one whole day: between arms hazards are "
            "proportional",
            "as --survival 28=.8,90=.65 --survival 90=.78",
            "survival",
        )
    return int(points[0][0]), points[0][1]


def _refuse_ratio(ratio: float, key: str) -> None:
    low, high = _RATIOS
    if not low < ratio < high:
        raise RuleError(
            f"would be a hazard ratio of {ratio:.3g}, which must be between {low:g} and {high:g}",
            "bring the arms nearer to one another",
            key,
        )


# Published curves


def _of_curve(path: Path, follow_up_days: int) -> _Baseline:
    source = read_survival(path)
    days = _pieces(source, float(follow_up_days))
    points = tuple(zip(days, _survival_of(source, days), strict=True))
    return _through(points, f"published: curve of {path.name}, to be cited here")


def _of_two_curves(paths: Sequence[Path], follow_up_days: int) -> Block:
    """Return the hazard and the hazard ratio that are most likely in view of both curves."""
    sources = [read_survival(path) for path in paths]
    days = _pieces(sources[0], float(follow_up_days))
    found = hazard_shape([one.source for one in sources], days)
    steps = -math.exp(float(found.log_levels[0])) * np.cumsum(found.shares)
    points = tuple(zip(days, np.exp(steps).tolist(), strict=True))
    names = " and ".join(path.name for path in paths)
    baseline = _through(points, f"published: curves of {names}, to be cited here")
    log_ratio, error = _log_ratio(found.log_levels, found.log_level_covariance)
    low, high = (math.exp(log_ratio + z * error) for z in (-_Z, _Z))
    ratio = float(f"{math.exp(log_ratio):.{_RATIO_DIGITS}g}")
    _refuse_ratio(ratio, "curve")
    source = f"derived: from both curves, 95 % interval {low:.2f} to {high:.2f}"
    return {"baseline": baseline.part(), "effect": _direct(ratio, source)}


def _log_ratio(levels: Floats, covariance: Floats) -> tuple[float, float]:
    """Log hazard ratio of the second source against the first, and its standard error."""
    contrast = np.array([-1.0, 1.0])
    return float(levels[1] - levels[0]), math.sqrt(float(contrast @ covariance @ contrast))


def _pieces(source: SurvivalSource, follow_up_days: float) -> list[float]:
    """Ends of the pieces: the days read or, of a long curve, whole days with as many deaths each.

    The last is the last day read, or the end of follow-up where that is earlier.
    """
    inside = source.days[(source.days > 0) & (source.days <= follow_up_days)]
    last = float(inside[-1]) if inside.size else float(source.days[-1])
    if not isinstance(source.source, PatientTimes) or inside.size <= _MOST_PIECES:
        return [*map(float, inside[:-1]), last]
    patients = source.source.patients
    died = patients.time_days[patients.event & (patients.time_days <= last)]
    quantiles = np.quantile(died, np.arange(1, _MOST_PIECES) / _MOST_PIECES)
    ends = np.unique(np.ceil(quantiles))
    return [*map(float, ends[(ends > 0) & (ends < last)]), last]


def _survival_of(source: SurvivalSource, days: list[float]) -> list[float]:
    if isinstance(source.source, PatientTimes):
        return [float(share) for share in source.source.patients.survival(days)]
    at = dict(zip(source.days.tolist(), source.survival.tolist(), strict=True))
    return [at[day] for day in days]
