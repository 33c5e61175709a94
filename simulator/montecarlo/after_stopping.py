"""How good estimates of trials with looks are: the usual ones, and those that allow for the looks.

The latter are made of the data at the stop. An estimate is moved by so many of its standard errors
there as the statistic, the normal quantile of the p value, is moved by the order of outcomes; and
limits by as many of those by which the usual ones lie apart from it.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from simulator.analysis import AnalysisPlan, AnalysisTable
from simulator.analysis.cut import Bools
from simulator.declarations.analyses import STATISTICS, Information
from simulator.kernels import njit
from simulator.monitoring.after_stopping import (
    Combined,
    Corrected,
    Tails,
    corrected,
    repeated_alone,
)
from simulator.monitoring.asked import MonitoringPlan, sign_of
from simulator.monitoring.decisions import Stage, sides_of
from simulator.monitoring.held import Decision
from simulator.montecarlo.performance import Estimation
from simulator.records import Floats, Ints
from simulator.results.measures import Estimate
from simulator.results.power import Performance
from simulator.truth import Truth

# What is compared: the usual estimate and interval, at the actual end and of the data at the stop;
# the median-unbiased estimate with the interval by the stage-wise ordering; the centre of the
# repeated interval with that: the usual estimate at the stop, unless stages have planned weights.
ALL_DATA, AT_STOP, MEDIAN_UNBIASED, REPEATED = KINDS = (
    *("all_data", "at_stop", "median_unbiased", "repeated"),
)
_BELOW, _AT, _ABOVE = range(3)


class AtTheStop(NamedTuple):
    """The usual result of the data at the stop, and how far from it the others are.

    Each column has shape (trials,), and is NaN where no look and no final analysis was judged.

    Attributes
    ----------
    estimate, standard_error, low, high
        The usual result.
    shifts
        In standard errors.
    """

    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    shifts: Corrected


class Stops:
    """Keeps the results of trials at the look with which they end."""

    def __init__(self, trials: int) -> None:
        self.place = np.full(trials, -1, dtype=np.int64)  # of the look
        self._usual = np.full((4, trials), math.nan)

    def note(self, place: int, ended: Bools, table: AnalysisTable) -> None:
        """Take the results of a look for those trials that have ended by it, not before."""
        now = ended & (self.place < 0)
        self.place = np.where(now, place, self.place)
        columns = table.estimate, table.standard_error, table.low, table.high
        for kept, column in zip(self._usual, columns, strict=True):
            kept[:] = np.where(now, column[:, 0], kept)

    def corrected(
        self,
        asked: MonitoringPlan,
        stages: list[Stage],
        history: Ints,
        z: Floats,
        decision: Ints,
        combined: Combined | None = None,
    ) -> AtTheStop:
        """Return what follows from the looks.

        Parameters
        ----------
        stages, history
            Histories of looks, and which of them each trial has had.
        z, decision
            (trials, looks).
        combined
            How the statistics of trials that adapt are combined: of these the repeated interval is
            all that is made.
        """
        found = np.full((len(Corrected._fields), self.place.size), math.nan)
        ended = np.flatnonzero(self.place >= 0)
        if ended.size:
            at = ended, self.place[ended]
            looked, which = stages[1:], history[ended] - 1  # the first is that of no look
            if combined is not None:
                of_ended = Combined(*(column[ended] for column in combined))
                found[-3:, ended] = repeated_alone(looked, which, of_ended)
                return self._with(found)
            futile = decision[at] == Decision.FUTILITY
            tails = Tails.of(sides_of(asked), asked.alpha / asked.sides)
            # Where every trial has an information of its own a table would be of a single trial.
            by_table = asked.information != Information.INVERSE_VARIANCE
            found[:, ended] = corrected(looked, which, z[at], futile, tails, by_table=by_table)
        return self._with(found)

    def _with(self, found: Floats) -> AtTheStop:
        estimate, error, low, high = self._usual
        return AtTheStop(estimate, error, low, high, Corrected(*found))


class EffectScale(NamedTuple):
    """How a statistic is told on the scale of the effect.

    Attributes
    ----------
    sign
        1 where a larger estimate has a larger statistic, else -1.
    quantile
        Normal quantile of the usual interval.
    """

    sign: int
    quantile: float

    @classmethod
    def of(cls, plan: AnalysisPlan) -> "EffectScale":
        """Return that of an analysis."""
        sign = sign_of(plan.hypothesis, STATISTICS[plan.test].measure)
        return cls(sign, float(-ndtri(plan.interval_alpha / 2.0)))


class AfterStopping:
    """Sums over the trials added so far: how good each kind of estimate is."""

    def __init__(self, plan: AnalysisPlan, truth: Truth) -> None:
        self._scale = EffectScale.of(plan)
        self._truth = truth.value
        self._estimation = Estimation((truth,) * len(KINDS))
        self.sides = np.zeros((len(KINDS), 3), np.int64)  # estimates below, at, above the truth

    def add(
        self, stop: AtTheStop, table: AnalysisTable, column: int, rejects: Bools, trials: int
    ) -> None:
        """Add the first so many trials, which come next.

        Parameters
        ----------
        table, column
            At the actual end, and where the analysis is in it.
        rejects
            (trials,), with looks.
        """
        end = table.estimate, table.standard_error, table.low, table.high
        found = np.empty((4, trials, len(KINDS)))
        at_end = tuple(values[:, column] for values in end)
        _results(at_end, stop[:4], tuple(stop.shifts), *self._scale, found)
        estimate, error, low, high = found
        result = table._replace(estimate=estimate, standard_error=error, low=low, high=high)
        self._estimation.add(result, np.tile(rejects[:trials], (len(KINDS), 1)), trials)
        _add_sides(estimate, self._truth, self.sides)

    def merge(self, later: "AfterStopping") -> None:
        """Take in the sums of the trials that come next."""
        self._estimation.merge(later._estimation)
        self.sides += later.sides

    def arrays(self) -> list[Any]:
        """All that is summed."""
        return [self.sides, *self._estimation.arrays()]

    def performance(self, kind: str) -> Performance:
        """Summarise a kind of estimate and its interval."""
        return self._estimation.performance(KINDS.index(kind))

    def above_truth(self, kind: str) -> Estimate:
        """Share of estimates above the truth, of those that are the truth half."""
        _, at, above = self.sides[KINDS.index(kind)].tolist()
        known = int(self.sides[KINDS.index(kind)].sum())
        if known < 2:
            return Estimate(math.nan, math.nan)
        share = (above + at / 2) / known
        variance = (above + at / 4) / known - share**2
        return Estimate(share, math.sqrt(max(variance, 0.0) / (known - 1)))


Columns = tuple[Floats, ...]


@njit(error_model="numpy", nogil=True)
def _results(
    end: "Columns", stop: "Columns", shifts: "Columns", sign: int, quantile: float, found: Floats
) -> None:
    """Write estimates, standard errors, lower and upper limits, (4, trials, kinds).

    `end` and `stop` have these four of the usual analysis, `shifts` the columns of `Corrected`.
    """
    for k in range(found.shape[1]):
        for number in range(4):
            found[number, k, 0] = end[number][k]
            found[number, k, 1] = stop[number][k]
        estimate, error = stop[0][k], stop[1][k]
        below = _unit(estimate - stop[2][k], error, quantile)
        above = _unit(stop[3][k] - estimate, error, quantile)
        for kind in (2, 3):
            moved = shifts[0 if kind == 2 else 5][k]
            found[0, k, kind], found[1, k, kind] = estimate + sign * moved * error, error
            for side in (0, 1):
                # A limit of a statistic is the other one of what falls as it grows.
                shift = sign * shifts[2 * kind - 3 + (side if sign > 0 else 1 - side)][k]
                found[2 + side, k, kind] = estimate + shift * (below if shift < 0.0 else above)


@njit(error_model="numpy", nogil=True, forceinline=True)
def _unit(half_width: float, error: float, quantile: float) -> float:
    """What a shift of 1 is on one side of the estimate.

    With a shift by the normal quantile the limit is the usual one, whose width has its own reasons.
    """
    return error if math.isnan(half_width) else max(half_width, 0.0) / quantile


@njit(error_model="numpy", nogil=True)
def _add_sides(estimate: Floats, truth: float, sides: Ints) -> None:
    """Count estimates below, at and above the truth, by kind."""
    for k in range(estimate.shape[0]):
        for kind in range(estimate.shape[1]):
            apart = estimate[k, kind] - truth
            if math.isfinite(apart):
                sides[kind, _BELOW if apart < 0.0 else (_ABOVE if apart > 0.0 else _AT)] += 1
