"""Removal and rebound of a lab around a session, and MELD and death, from evidence.

Errors are by the delta method. How a patient's changes at two times hang together is not published:
they are taken as independent, which makes the errors of what rests on their contrast (the fast
share, the slow half-life) larger than a positive correlation would.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy import special

from calibration.evidence import EvidenceRow
from calibration.kaplan_meier import Floats
from simulator.params.treatment import kinetics_of
from simulator.results.kinetics import KineticEstimate, SessionKinetics, SlowHalfLife
from simulator.scenario.errors import RuleError
from simulator.scenario.treatment import Shift

YAO_PE = "D01", "D02", "D03"  # bilirubin at once, after 24 and 72 h (Yao 2019)
YAO_DPMAS = "D04", "D05", "D06"  # the same with DPMAS and half-dose PE
_DAYS = 0.0, 1.0, 3.0
_LONGEST = 1e4  # days: a half-life as good as infinite
_SHORTEST = 0.5
_LIMIT = float(special.chdtri(1, 0.05))
_STEP = 1e-6  # relative, of a numerical derivative


@dataclass(frozen=True)
class Changes:
    """What remains of a lab at once, after 24 h and after 72 h, as a mean over patients.

    Attributes
    ----------
    remains, sd
        Shares of the value before the session, and their standard deviation between patients.
    native_slope_per_day
        Of the log lab, without the session: taken off before the session's shift is looked at.
    """

    modality: str
    lab: str
    rows: tuple[str, ...]
    patients: int
    remains: tuple[float, float, float]
    sd: tuple[float, float, float]
    native_slope_per_day: float = 0.0

    @property
    def errors(self) -> Floats:
        """Standard errors of what remains."""
        return np.array(self.sd) / math.sqrt(self.patients)

    @property
    def log_shifts(self) -> Floats:
        """Log of what remains, the native course taken off."""
        logs: Floats = np.log(self.remains) - self.native_slope_per_day * np.array(_DAYS)
        return logs

    @property
    def log_errors(self) -> Floats:
        """Standard errors of `log_shifts`."""
        errors: Floats = self.errors / np.array(self.remains)
        return errors


def changes_of(
    rows: Mapping[str, EvidenceRow],
    ids: Sequence[str],
    modality: str,
    *,
    native_slope_per_day: float = 0.0,
) -> Changes:
    """Return mean changes of bilirubin from three rows, at once, after 24 h and after 72 h.

    Raises
    ------
    RuleError
        If a row is not of such a change, or gives no standard deviation or number of patients.
    """
    found = [rows[one] for one in ids]
    for row, day in zip(found, _DAYS, strict=True):
        known = row.n is not None and math.isfinite(row.value) and math.isfinite(row.sd)
        if row.unit != "% change" or row.time_days != day or not known:
            rule = f"must be a mean change on day {day:g} with its SD and n"
            raise RuleError(rule, "name another row", row.id)
    remains = [1 + row.value / 100 for row in found]
    return Changes(
        modality=modality,
        lab="bilirubin",
        rows=tuple(ids),
        patients=min(row.n for row in found if row.n is not None),
        remains=(remains[0], remains[1], remains[2]),
        sd=(found[0].sd / 100, found[1].sd / 100, found[2].sd / 100),
        native_slope_per_day=native_slope_per_day,
    )


def session_kinetics(changes: Changes, slow_half_life_days: float) -> SessionKinetics:
    """Return the parameters of removal and rebound, with their errors and a check at 72 h.

    Parameters
    ----------
    slow_half_life_days
        Assumed: the first two points leave it open, and the third limits it from one side.
    """
    at = changes.log_shifts[:2]
    variance = np.diag(changes.log_errors[:2] ** 2)

    def told(value: Callable[[Floats], float]) -> KineticEstimate:
        slope = _gradient(value, at)
        return KineticEstimate(value(at), math.sqrt(float(slope @ variance @ slope)))

    def fast_half_life(logs: Floats) -> float:
        return 24 * math.log(2) / _parts(logs, slow_half_life_days)[2]

    def after_72h(logs: Floats) -> float:
        native = changes.native_slope_per_day * _DAYS[2]
        return math.exp(log_shift(logs, slow_half_life_days, _DAYS[2]) + native)

    remains = [
        KineticEstimate(share, float(error))
        for share, error in zip(changes.remains, changes.errors, strict=True)
    ]
    spread = np.array(changes.sd) / np.array(changes.remains)
    geometric = np.array(changes.remains) / np.sqrt(1 + spread**2)
    return SessionKinetics(
        modality=changes.modality,
        lab=changes.lab,
        rows=changes.rows,
        patients=changes.patients,
        remains_at_once=remains[0],
        remains_at_24h=remains[1],
        remains_at_72h=remains[2],
        geometric_at_once=float(geometric[0]),
        geometric_at_24h=float(geometric[1]),
        log_shift=told(lambda logs: -float(logs[0])),
        fast_share=told(lambda logs: float(1 - logs[1] / logs[0])),
        fast_half_life_hours=told(fast_half_life),
        fraction_lost_by_24h=told(lambda logs: 1 - math.expm1(logs[1]) / math.expm1(logs[0])),
        modelled_at_72h=told(after_72h),
        slow_half_life=slow_half_life([changes], slow_half_life_days),
    )


def _gradient(value: Callable[[Floats], float], at: Floats) -> Floats:
    slope = np.empty(at.size)
    for place in range(at.size):
        step = _STEP * abs(at[place])
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        slope[place] = (value(up) - value(down)) / (2 * step)
    return slope


def _parts(logs: Floats, half_life_days: float) -> tuple[float, float, float, float]:
    """Fast and slow shift and their rates, as a scenario has them of the same numbers."""
    shift = Shift.model_construct(  # unchecked: it is asked for thousands of times
        remains_at_once=math.exp(logs[0]),
        remains_at_24h=math.exp(logs[1]),
        slow_half_life_days=half_life_days,
    )
    return kinetics_of(shift, "shifts")


def log_shift(logs: Floats, half_life_days: float, day: float) -> float:
    """Shift of a log lab some days after a session (model page, section 7.2).

    Parameters
    ----------
    logs
        Log of what remains at once and after 24 h.
    """
    fast, slow, fast_rate, slow_rate = _parts(logs, half_life_days)
    return fast * math.exp(-fast_rate * day) + slow * math.exp(-slow_rate * day)


def slow_half_life(sources: Sequence[Changes], assumed_days: float) -> SlowHalfLife:
    """Return what the means at three times say of a slow half-life that sources share.

    Under a half-life the first two means say what the third is. How far it is off, over the error
    of that contrast (delta method), is the profile: chi-square with one degree for each source.
    """

    def misfit(half_life_days: float) -> float:
        return sum(_misfit(source, half_life_days) for source in sources)

    found = scipy.optimize.minimize_scalar(
        lambda x: misfit(math.exp(x)),
        bounds=(math.log(_SHORTEST), math.log(_LONGEST)),
        method="bounded",
    )
    most_likely = math.exp(found.x)
    least = min(float(found.fun), misfit(_LONGEST))
    if misfit(_LONGEST) <= least + 1e-6:
        most_likely = math.inf

    def beyond(log_days: float) -> float:
        return misfit(math.exp(log_days)) - least - _LIMIT

    best = math.log(min(most_likely, _LONGEST))
    low, high = _SHORTEST, math.inf
    if beyond(math.log(_SHORTEST)) > 0:
        low = math.exp(scipy.optimize.brentq(beyond, math.log(_SHORTEST), best))
    if beyond(math.log(_LONGEST)) > 0:
        high = math.exp(scipy.optimize.brentq(beyond, best, math.log(_LONGEST)))
    chi_square = max(misfit(assumed_days) - least, 0.0)
    return SlowHalfLife(
        assumed=assumed_days,
        most_likely=most_likely,
        low=low,
        high=high,
        chi_square=chi_square,
        degrees_of_freedom=1,
        p_value=float(special.chdtrc(1, chi_square)),
    )


def _misfit(source: Changes, half_life_days: float) -> float:
    """Square of what a source's third mean is off under a half-life, in standard errors."""
    logs, variance = source.log_shifts, source.log_errors**2

    def late(two: Floats) -> float:
        return log_shift(two, half_life_days, _DAYS[2])

    try:
        slope = _gradient(late, logs[:2])
        off = float(logs[2]) - late(logs[:2])
    except RuleError:  # the slow part alone would lose more by 24 h than was lost
        return math.inf
    return off**2 / float(variance[2] + slope**2 @ variance[:2])


def slope_between(first: EvidenceRow, second: EvidenceRow) -> float:
    """Mean slope per day of a log lab between two rows that give its fall in per cent.

    Of those who lived to tell, and with whatever treatment did in between: no native slope by
    itself, but what one must be held against.
    """
    logs = [math.log1p(-row.value / 100) for row in (first, second)]
    return (logs[1] - logs[0]) / (second.time_days - first.time_days)


def largest_measurement_error(changes: Changes) -> float:
    """Upper limit of the SD of a log lab's measurement error: what it would be if nothing else.

    The spread of a change at once between patients holds the error of two measurements; patients
    differ as well, so the error is smaller.
    """
    return changes.sd[0] / changes.remains[0] / math.sqrt(2)


def mean_of_groups(first: EvidenceRow, second: EvidenceRow) -> tuple[float, float]:
    """Unweighted mean and half the range of two groups whose sizes are not published."""
    return (first.value + second.value) / 2, abs(first.value - second.value) / 2
