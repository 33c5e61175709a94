"""Power with the deaths of each trial averaged out, and its rightly estimated error.

Let R be 1 if an analysis rejects a trial and C its controls, of mean zero (`controls`). Then
R - b C has the mean of R, the power, for any b that does not depend on the trial. The b that makes
its variance smallest is that of the regression of R on C (control variates: Glasserman 2004,
section 4.1), taken from a pilot whose trials are in no estimate. Where R is itself the decision
that C is made of, b is 1 and R - C the conditional expectation of R given the hazard paths, whose
variance is never larger (Rao 1945; Blackwell 1947).
"""

import math
from collections.abc import Sequence
from copy import copy

import numpy as np

from simulator.analysis.cut import Bools
from simulator.constants import NORMAL_QUANTILE_975
from simulator.montecarlo.intervals import standard_error
from simulator.records import Floats
from simulator.results.conditional import ConditionalPower, ControlKind

PILOT_TRIALS = 500
LEAST_TRIALS = 1_000
_TRIALS_A_BLOCK = 50  # as --precision is judged; sums do not depend on the units of work
_RUNS_PER_TRIAL = 2
_MOMENTS = 4


class Conditional:
    """Running sums over the trials that come in their order.

    Parameters
    ----------
    columns, kinds
        By analysis: which controls are its own, and what they are.
    """

    def __init__(self, columns: Sequence[tuple[int, ...]], kinds: Sequence[ControlKind]) -> None:
        self._columns, self._kinds = columns, kinds
        self._pilot: list[tuple[Floats, Floats]] = []
        self._coefficients: list[Floats] = []
        self._centre = np.zeros(len(columns))
        self._sums = np.zeros((_MOMENTS, len(columns)))
        self._rejections = np.zeros(len(columns))
        self.trials = 0

    def add(self, rejected: Bools, controls: Floats) -> None:
        """Take in the trials that come next: (trials, analyses) and (trials, controls)."""
        for first in range(0, rejected.shape[0], _TRIALS_A_BLOCK):
            some = slice(first, first + _TRIALS_A_BLOCK)
            self._add_block(rejected[some].astype(np.float64), controls[some])

    def _add_block(self, rejected: Floats, controls: Floats) -> None:
        self.trials += rejected.shape[0]
        self._rejections += rejected.sum(axis=0)
        if not self._coefficients:
            self._pilot.append((rejected, controls))
            if self.trials >= PILOT_TRIALS:
                self._set_coefficients()
            return
        away = self._adjusted(rejected, controls) - self._centre
        for moment in range(_MOMENTS):
            self._sums[moment] += (away ** (moment + 1)).sum(axis=0)

    def _set_coefficients(self) -> None:
        """Regress on the controls in the pilot."""
        rejected, controls = (np.concatenate(parts) for parts in zip(*self._pilot, strict=True))
        self._centre = rejected.mean(axis=0)
        away = controls - controls.mean(axis=0)
        self._coefficients = [
            np.linalg.lstsq(away[:, own], rejected[:, j] - self._centre[j], rcond=None)[0]
            for j, own in enumerate(map(list, self._columns))
        ]

    def _adjusted(self, rejected: Floats, controls: Floats) -> Floats:
        found = rejected.copy()
        for j, (own, by) in enumerate(zip(self._columns, self._coefficients, strict=True)):
            for column, coefficient in zip(own, by.tolist(), strict=True):
                found[:, j] -= coefficient * controls[:, column]
        return found

    def copy(self) -> "Conditional":
        """Return sums that go on apart from these."""
        other = copy(self)
        other._pilot, other._sums = list(self._pilot), self._sums.copy()
        other._rejections = self._rejections.copy()
        return other

    def estimates(self) -> tuple[ConditionalPower | None, ...]:
        """Return the estimate of each analysis; None before there are two trials to estimate it."""
        used = self.trials - PILOT_TRIALS
        if not self._coefficients or used < 2:
            return (None,) * len(self._columns)
        return tuple(self._estimate(j, used) for j in range(len(self._columns)))

    def worst_error(self) -> float:
        """Return the largest Monte Carlo standard error, of each analysis's better estimate."""
        counted = (standard_error(count, self.trials) for count in self._rejections.tolist())
        pairs = zip(counted, self.estimates(), strict=True)
        return max(error if e is None else min(error, e.mcse) for error, e in pairs)

    def _estimate(self, j: int, used: int) -> ConditionalPower:
        first, second, third, fourth = (self._sums[:, j] / used).tolist()
        power = float(self._centre[j]) + first
        variance = max(second - first * first, 0.0) * used / (used - 1)
        error = math.sqrt(variance / used)
        if variance == 0.0:  # as where no trial rejects: then the error is that of the share
            error = standard_error(float(self._rejections[j]), self.trials)
        half = NORMAL_QUANTILE_975 * error
        about_mean = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
        ratio, ratio_error = self._ratio(power, variance, about_mean, used)
        return ConditionalPower(
            power=power,
            mcse=error,
            ci_low=min(max(power - half, 0.0), 1.0),
            ci_high=min(max(power + half, 0.0), 1.0),
            variance_ratio=ratio,
            variance_ratio_mcse=ratio_error,
            trials=self.trials,
            pilot_trials=PILOT_TRIALS,
            runs_per_trial=_RUNS_PER_TRIAL,
            control=self._kinds[j],
        )

    def _ratio(
        self, power: float, variance: float, about_mean: float, used: int
    ) -> tuple[float | None, float | None]:
        """How many times the variance the share of all trials has, and the error of that."""
        of_share = power * (1.0 - power)
        if variance == 0.0 or of_share <= 0.0:
            return None, None
        ratio = of_share / self.trials / (variance / used)
        of_spread = max(about_mean / variance**2 - 1.0, 0.0) / used
        of_power = ((1.0 - 2.0 * power) / of_share) ** 2 * variance / used
        return ratio, ratio * math.sqrt(of_spread + of_power)
