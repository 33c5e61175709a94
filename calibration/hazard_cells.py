"""What a source says of a hazard, cell by cell: deaths, and how long how many were at risk."""

import math
from dataclasses import dataclass

import numpy as np

from calibration.kaplan_meier import Floats, Patients, as_shares
from simulator.scenario.errors import RuleError


@dataclass(frozen=True)
class SurvivalPoints:
    """Survival at given days of patients of whom none was censored before.

    Attributes
    ----------
    days, survival
        Days after 0, which climb, and survival at each, as shares or in per cent.
    patients
        How many on day 0; NaN where it is not known, so that there are no standard errors. Of a
        pooled survival with an interval, the number that would give its standard error.
    """

    name: str
    days: Floats
    survival: Floats
    patients: float = math.nan

    @property
    def size(self) -> float:
        """Patients on day 0."""
        return self.patients


@dataclass(frozen=True)
class PatientTimes:
    """Patients one by one."""

    name: str
    patients: Patients

    @property
    def size(self) -> float:
        """Patients on day 0."""
        return float(self.patients.time_days.size)


@dataclass(frozen=True)
class CurveReadings:
    """A Kaplan-Meier curve read at some days, between which it is not known when patients died.

    Attributes
    ----------
    days, survival
        Days after 0, which climb, and survival at each, which does not.
    patients
        As reconstructed from the curve; what is used of them is how many were at risk.
    """

    name: str
    days: Floats
    survival: Floats
    patients: Patients

    @property
    def size(self) -> float:
        """Patients on day 0."""
        return float(self.patients.time_days.size)

    def at_risk(self) -> Floats:
        """How many are at risk up to each day, those censored on the way counted half.

        The actuarial estimate (Cutler and Ederer 1958, *Journal of Chronic Diseases* 8, 699-712).
        """
        time, starts = self.patients.time_days, np.append(0.0, self.days[:-1])
        to_the_end = self.patients.time_days.size - np.searchsorted(time, self.days, side="left")
        censored = time[~self.patients.event]
        on_the_way = np.searchsorted(censored, self.days, side="left") - np.searchsorted(
            censored, starts, side="left"
        )
        return to_the_end + on_the_way / 2


HazardSource = SurvivalPoints | PatientTimes | CurveReadings


@dataclass(frozen=True)
class Cells:
    """What a source says, with one row for each stretch of time that it tells of.

    Attributes
    ----------
    covered
        Cells x intervals: the part of each interval that lies in the cell.
    deaths
        In the cell.
    remain
        Survivors of the cell; of patients one by one, the time at risk over the cell's length.
    grouped
        Whether only the number of deaths in the cell is known, not when.
    """

    covered: Floats
    deaths: Floats
    remain: Floats
    grouped: bool

    def log_likelihood(self, hazard: Floats) -> float:
        """Log likelihood of the cumulative hazards of the cells."""
        with np.errstate(divide="ignore", invalid="ignore"):
            dying = np.log(-np.expm1(-hazard)) if self.grouped else np.log(hazard)
            of_deaths = np.where(self.deaths > 0, self.deaths * dying, 0.0)
        return float((of_deaths - self.remain * hazard).sum())

    def score(self, hazard: Floats) -> Floats:
        """Derivative of the log likelihood by the cumulative hazard of each cell."""
        with np.errstate(over="ignore"):
            per_death = 1 / np.expm1(hazard) if self.grouped else 1 / hazard
        return self.deaths * per_death - self.remain

    def information(self, hazard: Floats) -> Floats:
        """Expected information about the cumulative hazard of each cell."""
        if self.grouped:
            with np.errstate(over="ignore"):
                return (self.deaths + self.remain) / np.expm1(hazard)
        return self.remain / hazard

    def time_at_risk(self, widths: Floats) -> float:
        """Patient-days at risk, about."""
        dying = self.deaths / 2 if self.grouped else 0.0
        return float((self.covered @ widths) @ (self.remain + dying))


def cells_of(source: HazardSource, ends: Floats) -> Cells:
    """Return what a source says of the intervals that end on some days.

    Raises
    ------
    RuleError
        If the source's days or survival cannot be.
    """
    if isinstance(source, PatientTimes):
        return _of_patients(source.patients, ends)
    if isinstance(source, CurveReadings):
        return _of_readings(source, ends)
    return _of_points(source, ends)


def _of_patients(patients: Patients, ends: Floats) -> Cells:
    starts = np.append(0.0, ends[:-1])
    time = patients.time_days[:, None]
    at_risk = np.clip(np.minimum(time, ends) - starts, 0.0, None).sum(axis=0)
    # A death on day 0 belongs to the first interval.
    inside = (time <= ends) & ((time > starts) | (starts == 0))
    deaths = (inside & patients.event[:, None]).sum(axis=0).astype(float)
    seen = at_risk > 0
    remain = at_risk[seen] / (ends - starts)[seen]
    return Cells(np.eye(ends.size)[seen], deaths[seen], remain, grouped=False)


def _of_readings(source: CurveReadings, ends: Floats) -> Cells:
    """From reading to reading: those at risk, and the share of them that the curve says die."""
    used = np.append(True, source.days[:-1] < ends[-1])
    days, alive, at_risk = source.days[used], source.survival[used], source.at_risk()[used]
    before = np.append(1.0, alive[:-1])
    left = np.divide(alive, before, out=np.ones_like(alive), where=before > 0)
    # Of a curve that comes to 0 half a patient is taken to be left: its hazard would be infinite.
    left = np.where((alive <= 0) & (before > 0), 0.5 / np.maximum(at_risk, 1.0), left)
    seen = at_risk > 0
    remain = (at_risk * left)[seen]
    return Cells(_covered(days, ends)[seen], at_risk[seen] - remain, remain, grouped=True)


def _of_points(source: SurvivalPoints, ends: Floats) -> Cells:
    days, alive = np.asarray(source.days, dtype=float), as_shares(source.survival)
    if days.size == 0 or days.size != alive.size:
        raise RuleError("needs a survival for each day, and one at least", "add it", "survival")
    if not (np.isfinite(days).all() and (np.diff(days, prepend=0.0) > 0).all()):
        raise RuleError("must climb, the first above 0", "order the days", "day")
    if alive[-1] <= 0:
        raise RuleError("must be above 0", "leave the point out", "survival")
    if (np.diff(alive, prepend=1.0) > 0).any():
        raise RuleError("must not climb", "correct the point that does", "survival")
    size = source.patients
    if size <= 0 or math.isinf(size):
        raise RuleError("must be above 0", "give the number of patients on day 0", "n")
    used = np.append(True, days[:-1] < ends[-1])
    days, alive = days[used], alive[used]
    number = 1.0 if math.isnan(size) else size
    deaths = -number * np.diff(alive, prepend=1.0)
    return Cells(_covered(days, ends), deaths, number * alive, grouped=True)


def _covered(days: Floats, ends: Floats) -> Floats:
    """Part of each interval between neighbouring days; the last interval goes on."""
    starts, widths = np.append(0.0, ends[:-1]), np.diff(ends, prepend=0.0)
    upper = ends.copy()
    upper[-1] = max(ends[-1], days[-1])
    before = np.clip(np.minimum(days[:, None], upper) - starts, 0.0, None) / widths
    return np.diff(before, axis=0, prepend=np.zeros((1, ends.size)))
