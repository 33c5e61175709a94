"""Patients reconstructed from a published Kaplan-Meier curve (Guyot 2012).

Guyot P, Ades AE, Ouwens MJNM, Welton NJ (2012). Enhanced secondary analysis of survival data:
reconstructing the data from published Kaplan-Meier survival curves. *BMC Medical Research
Methodology* 12, 9. The product-limit equations are solved backwards: at each point of the curve the
number of deaths is the one that takes the curve there, and between two published numbers at risk
the number censored, spread evenly in time, is the one that leads from the first to the second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from simulator.scenario.errors import RuleError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LARGEST_SHARE = 1.05  # what reading a curve's top off a picture can give; more is per cent
_TRIES = 200  # of the number censored between two numbers at risk


@dataclass(frozen=True)
class Patients:
    """Patients as a survival analysis takes them, in the order of time.

    Attributes
    ----------
    time_days
        End of observation of each patient.
    event
        Whether they died then; otherwise they are censored.
    """

    time_days: Floats
    event: Bools

    def at_risk(self, day: float) -> int:
        """How many are alive and observed just before a day."""
        return int((self.time_days >= day).sum())

    def survival(self, days: Sequence[float] | Floats) -> Floats:
        """Return the Kaplan-Meier estimate at each of some days."""
        deaths_at, deaths = np.unique(self.time_days[self.event], return_counts=True)
        at_risk = self.time_days.size - np.searchsorted(self.time_days, deaths_at, side="left")
        curve = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
        return curve[np.searchsorted(deaths_at, np.asarray(days, dtype=float), side="right")]


@dataclass(frozen=True)
class _Curve:
    """A cleaned curve: days that climb from 0, survival that falls from 1."""

    days: Floats
    survival: Floats


def as_shares(survival: Sequence[float] | Floats) -> Floats:
    """Return survival as shares from 0 to 1, whether it is given so or in per cent.

    Raises
    ------
    RuleError
        If a value is no number, below 0, or above what per cent can be.
    """
    values = np.asarray(survival, dtype=float)
    if not np.isfinite(values).all():
        raise RuleError("must be a number", "correct it, or leave the point out", "survival")
    highest = values.max(initial=0.0)
    if values.min(initial=0.0) < -(LARGEST_SHARE - 1) * max(1.0, highest):
        raise RuleError("must not be below 0", "correct it", "survival")
    if highest > 100 * LARGEST_SHARE:
        raise RuleError("must be a share up to 1, or per cent", "correct it", "survival")
    if highest > LARGEST_SHARE and ((values > 0) & (values <= 1)).any():
        rule = "mixes per cent with values up to 1, which may be shares"
        raise RuleError(rule, "write every value as a share", "survival")
    return np.clip(values / 100 if highest > LARGEST_SHARE else values, 0.0, 1.0)


def reconstruct(
    days: Sequence[float] | Floats,
    survival: Sequence[float] | Floats,
    risk_days: Sequence[float] | Floats,
    at_risk: Sequence[float] | Floats,
    total_events: int | None = None,
) -> Patients:
    """Return patients whose Kaplan-Meier curve is the one given (Guyot 2012).

    Parameters
    ----------
    days, survival
        Points read off the curve, in any order: the steps, or a dense grid. Shares or per cent.
        Where the readings climb they are replaced by the nearest falling ones (least squares).
    risk_days, at_risk
        The table of numbers at risk: day 0 at least. Without later numbers nobody is taken as
        censored before the curve's end, unless `total_events` says that fewer died.
    total_events
        Deaths in all, where it is published: it decides how many are censored after the last
        number at risk. Without it they are censored there at the rate of before.

    Raises
    ------
    RuleError
        If a point or a number at risk cannot be, or there is no number at risk on day 0.
    """
    table_days, table = _risk_table(risk_days, at_risk)
    curve = _cleaned(days, survival, float(table_days[-1]))
    if total_events is not None and not 0 <= total_events <= table[0]:
        raise RuleError(
            "must be from 0 to the number at risk on day 0", "correct it", "total_events"
        )
    return _walk_all(curve, table_days, table, total_events)


def _risk_table(
    risk_days: Sequence[float] | Floats, at_risk: Sequence[float] | Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    days, table = np.asarray(risk_days, dtype=float), np.asarray(at_risk, dtype=float)
    if days.size == 0 or days[0] != 0:
        raise RuleError("needs the number at risk on day 0", "add it, as the first", "at_risk")
    if days.size != table.size:
        raise RuleError("needs as many numbers at risk as days", "add or remove some", "at_risk")
    if not (np.isfinite(days).all() and (np.diff(days) > 0).all()):
        raise RuleError("days of the numbers at risk must climb", "order them", "day")
    whole = np.isfinite(table) & (table == np.floor(table)) & (table >= 0)
    if not whole.all() or table[0] < 1:
        raise RuleError("must be whole numbers, at least 1 on day 0", "correct them", "at_risk")
    if (np.diff(table) > 0).any():
        raise RuleError("numbers at risk must not climb", "correct them", "at_risk")
    return days, table.astype(np.int64)


def _cleaned(
    days: Sequence[float] | Floats, survival: Sequence[float] | Floats, last_day: float
) -> _Curve:
    """Put points in order, from (0, 1) on, and let survival fall."""
    time, share = np.asarray(days, dtype=float), as_shares(survival)
    if time.size != share.size or time.size == 0:
        raise RuleError("needs a day for each survival, and one point at least", "add it", "day")
    if not np.isfinite(time).all() or (time < 0).any():
        raise RuleError("must be a number of at least 0", "correct it", "day")
    time, share = falling(time, share)
    time, share = np.append(0.0, time), np.append(1.0, share)
    if last_day > time[-1]:
        time, share = np.append(time, last_day), np.append(share, share[-1])
    return _Curve(time, share)


def falling(days: Floats, survival: Floats) -> tuple[Floats, Floats]:
    """Return the days after 0 of a curve in order, and the nearest survival that does not climb.

    Least squares; of the two ends of a vertical step the lower one is the curve's value.
    """
    order = np.lexsort((-survival, days))
    time, share = np.append(0.0, days[order]), np.append(1.0, survival[order])
    nearest = scipy.optimize.isotonic_regression(share, increasing=False).x
    chosen = np.append(np.diff(time) > 0, True) & (time > 0)
    return time[chosen], np.asarray(nearest[chosen])


class _Walk:
    """Where the reconstruction has come to: how many are left, and its own curve so far."""

    def __init__(self, left: int) -> None:
        self.left, self.estimate = left, 1.0
        self.deaths: list[tuple[float, int]] = []
        self.censored: list[float] = []

    def on(
        self, days: Floats, survival: Floats, start: float, end: float, censored: int
    ) -> "_Walk":
        """Return the walk on through the points of an interval, some being censored in it."""
        after = _Walk(self.left)
        after.estimate = self.estimate
        times = start + (end - start) * np.arange(1, censored + 1) / (censored + 1)
        place = 0
        for day, target in zip(days, survival, strict=True):
            by_now = int(np.searchsorted(times, day, side="left"))
            after._censor(times[place:by_now])
            place = by_now
            deaths = math.floor(after.left * (1 - target / after.estimate) + 0.5)
            if deaths > 0:
                after.deaths.append((float(day), deaths))
                after.estimate *= 1 - deaths / after.left
                after.left -= deaths
            if after.left == 0:
                break
        after._censor(times[place:])
        return after

    def _censor(self, times: Floats) -> None:
        """Let those leave who are to be censored at these times, as far as there are any."""
        leaving = times[: self.left]
        self.left -= leaving.size
        self.censored += [float(time) for time in leaving]

    @property
    def died(self) -> int:
        """Deaths in the interval."""
        return sum(deaths for _, deaths in self.deaths)


def _walk_all(
    curve: _Curve, table_days: Floats, table: npt.NDArray[np.int64], total_events: int | None
) -> Patients:
    walk, end = _Walk(int(table[0])), float(curve.days[-1])
    times: list[float] = []
    died: list[bool] = []
    events = censored = 0
    for place, start in enumerate(table_days):
        last = place == table_days.size - 1
        until = end if last else float(table_days[place + 1])
        # A number at risk counts those who die on that very day: the day is the next interval's.
        inside = (curve.days >= start) & ((curve.days < until) | last)
        points = curve.days[inside], curve.survival[inside], float(start), until
        if not last:
            walk = _to_number(walk, points, int(table[place + 1]))
        elif total_events is not None:
            walk = _to_events(walk, points, total_events - events)
        else:
            # Censored at the rate of the intervals before (Guyot 2012, step 7).
            rate = censored / start if start > 0 else 0.0
            walk = walk.on(*points, min(round(rate * (until - start)), walk.left))
        for day, deaths in walk.deaths:
            times += [day] * deaths
            died += [True] * deaths
        times += walk.censored
        died += [False] * len(walk.censored)
        events, censored = events + walk.died, censored + len(walk.censored)
    times += [end] * walk.left
    died += [False] * walk.left
    order = np.argsort(np.asarray(times), kind="stable")
    return Patients(np.asarray(times)[order], np.asarray(died)[order])


_Points = tuple[Floats, Floats, float, float]


def _to_number(walk: _Walk, points: _Points, number: int) -> _Walk:
    """Walk through an interval with as many censored as leave a number at risk at its end.

    Where the curve itself leaves fewer, nobody is censored and that number is not met.
    """
    censored, tried = 0, set[int]()
    best = walk.on(*points, 0)
    for _ in range(_TRIES):
        after = walk.on(*points, censored)
        if abs(after.left - number) < abs(best.left - number):
            best = after
        tried.add(censored)
        censored = max(0, censored + after.left - number)
        if after.left == number or censored in tried:
            break
    return best


def _to_events(walk: _Walk, points: _Points, events: int) -> _Walk:
    """Walk through the last interval with as many censored as leave a number of deaths."""
    low, high = 0, walk.left
    while low < high:  # the more are censored, the fewer die
        middle = (low + high) // 2
        if walk.on(*points, middle).died > events:
            low = middle + 1
        else:
            high = middle
    fewer = walk.on(*points, low)
    more = walk.on(*points, max(low - 1, 0))
    return fewer if events - fewer.died <= more.died - events else more
