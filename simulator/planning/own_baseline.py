"""A baseline hazard and a hazard ratio as lines of a scenario file."""

import math
from dataclasses import dataclass

import numpy as np

from calibration.baseline import piecewise_from_survival
from simulator.scenario.errors import RuleError
from simulator.scenario.writing import OF_ALL, Block, Line

_RATIOS = 1e-3, 1e3  # between which the program looks for a hazard ratio
_SHARE_DIGITS = 6

Points = tuple[tuple[float, float], ...]  # day, survival


@dataclass(frozen=True)
class KnownBaseline:
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


def constant(mortality: float, day: float, words: str) -> KnownBaseline:
    """Return the constant hazard of a mortality by a day, which words tell of."""
    source = f"assumption: constant hazard; {words}, the designer's figure"
    return KnownBaseline(mortality, (day,), (1.0,), source)


def through(points: Points, source: str, option: str = "survival") -> KnownBaseline:
    """Return the hazard that goes through survival at some days."""
    days, alive = [day for day, _ in points], [share for _, share in points]
    try:
        found = piecewise_from_survival(days, alive, days[-1])
    except RuleError as error:
        raise RuleError(error.rule, error.remedy, option) from None
    shares = [round(share, _SHARE_DIGITS) for share in found.shares[:-1]]
    shares.append(round(1 - math.fsum(shares), _SHARE_DIGITS))
    mortality = round(found.mortality_at_horizon, 12)
    return KnownBaseline(mortality, found.days, tuple(shares), source)


def _plain(day: float) -> float:
    return int(day) if float(day).is_integer() else day


def direct(ratio: float, source: str) -> Line:
    """Return the key `effect` of a hazard ratio between the arms."""
    return Line({"kind": "direct", "hazard_ratio": ratio}, source)


def refuse_ratio(ratio: float, key: str) -> None:
    """Raise RuleError, at an option, for a hazard ratio that the program cannot solve for."""
    low, high = _RATIOS
    if not low < ratio < high:
        raise RuleError(
            f"would be a hazard ratio of {ratio:.3g}, which must be between {low:g} and {high:g}",
            "bring the arms nearer to one another",
            key,
        )
