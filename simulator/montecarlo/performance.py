"""How well each analysis estimates what it is meant to: bias, coverage, errors of sign and size.

Sums are folded trial by trial, and those of units of work merged in their order (see `totals`).
Definitions and Monte Carlo errors are those of Morris, White and Crowther (2019), errors of sign
and magnitude those of Gelman and Carlin (2014).
"""

import math

import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.kernels import njit
from simulator.montecarlo import running_mean
from simulator.montecarlo.intervals import standard_error
from simulator.records import Floats
from simulator.results.power import Performance
from simulator.truth import Truth

# Columns of the sums, a row an analysis.
ESTIMATES, MEAN, SQUARES = 0, 1, 2
ERRORS, ERROR_MEAN, ERROR_SQUARES = 3, 4, 5
LOSS_MEAN, LOSS_SQUARES = 6, 7
INTERVALS, COVERED = 8, 9
SIGNIFICANT, WRONG_SIGN, SIZE_MEAN, SIZE_SQUARES = 10, 11, 12, 13
_COLUMNS = 14
_KNOWN = 4.0  # standard errors by which a truth must differ from 0 for its sign to be known


@njit(error_model="numpy", nogil=True, forceinline=True)
def _take_in(s: Floats, place: int, value: float, number: float) -> None:
    """Take a value into the mean at a place and the sum of squares about it behind."""
    away = running_mean.step(s, place, value, number)
    s[place + 1] += away * (value - s[place])


@njit(error_model="numpy", nogil=True)
def _fold(
    estimate: Floats,
    error: Floats,
    low: Floats,
    high: Floats,
    rejected: Bools,
    trials: int,
    truth: Floats,
    sums: Floats,
) -> None:
    """Fold in so many trials; `rejected` has a row an analysis."""
    for k in range(trials):
        for j in range(estimate.shape[1]):
            value, s = estimate[k, j], sums[j]
            if not math.isfinite(value):
                continue
            s[ESTIMATES] += 1.0
            _take_in(s, MEAN, value, s[ESTIMATES])
            _take_in(s, LOSS_MEAN, (value - truth[j]) ** 2, s[ESTIMATES])
            if math.isfinite(error[k, j]):
                s[ERRORS] += 1.0
                _take_in(s, ERROR_MEAN, error[k, j], s[ERRORS])
            if not (math.isnan(low[k, j]) or math.isnan(high[k, j])):
                s[INTERVALS] += 1.0
                s[COVERED] += low[k, j] <= truth[j] <= high[k, j]
            if rejected[j, k]:
                s[SIGNIFICANT] += 1.0
                s[WRONG_SIGN] += value * truth[j] < 0.0
                _take_in(s, SIZE_MEAN, abs(value), s[SIGNIFICANT])


# Means, each with its sum of squares behind it, and what each is a mean of.
_MEANS = np.array([MEAN, LOSS_MEAN, ERROR_MEAN, SIZE_MEAN])
_NUMBERS = np.array([ESTIMATES, ESTIMATES, ERRORS, SIGNIFICANT])
_COUNTS = np.array([ESTIMATES, ERRORS, INTERVALS, COVERED, SIGNIFICANT, WRONG_SIGN])
_ITSELF = np.arange(_MEANS.size)


class Estimation:
    """Running sums over the trials folded so far."""

    def __init__(self, truths: tuple[Truth, ...]) -> None:
        self.truths = truths
        self._sums = np.zeros((len(truths), _COLUMNS))
        self._truth = np.array([truth.value for truth in truths])

    def add(self, table: AnalysisTable, rejected: Bools, trials: int) -> None:
        """Fold in the first so many trials of a table, which come next.

        Parameters
        ----------
        rejected
            (analyses, trials).
        """
        columns = table.estimate, table.standard_error, table.low, table.high
        _fold(*columns, rejected, trials, self._truth, self._sums)

    def arrays(self) -> list[Floats]:
        """All that is summed."""
        return [self._sums]

    def merge(self, later: "Estimation") -> None:
        """Take in the sums of the trials that come next."""
        for ours, theirs in zip(self._sums, later._sums, strict=True):
            before, after = ((s[_NUMBERS], s[_MEANS], s[_MEANS + 1]) for s in (ours, theirs))
            mean, squares = running_mean.merged(before, after, _ITSELF, _ITSELF)
            ours[_MEANS], ours[_MEANS + 1] = mean, squares
            ours[_COUNTS] += theirs[_COUNTS]

    def performance(self, analysis: int) -> Performance:
        """Summarise an analysis."""
        s, truth = self._sums[analysis], self.truths[analysis]
        n, hits = s[ESTIMATES], s[SIGNIFICANT]
        mean, spread = _mean(s, MEAN, n)
        error, error_spread = _mean(s, ERROR_MEAN, s[ERRORS])
        loss, loss_spread = _mean(s, LOSS_MEAN, n)
        size, size_spread = _mean(s, SIZE_MEAN, hits)
        rmse = math.sqrt(loss)
        known = abs(truth.value) > _KNOWN * truth.mcse
        covered = _share(s[COVERED], s[INTERVALS]) if not math.isnan(truth.value) else _NOTHING
        wrong = _share(s[WRONG_SIGN], hits) if known else _NOTHING
        times = size / abs(truth.value) if known else math.nan
        relative = math.hypot(_over(size_spread, size), _over(truth.mcse, abs(truth.value)))
        values = {
            "truth": truth.value,
            "truth_mcse": truth.mcse,
            "survivor_average": truth.survivor_average,
            "survivor_average_mcse": truth.survivor_average_mcse,
            "mean": mean,
            "bias": mean - truth.value,
            "bias_mcse": math.hypot(spread, truth.mcse),
            "empirical_se": spread * math.sqrt(n),
            "empirical_se_mcse": spread * math.sqrt(_over(n, 2 * (n - 1))),
            "model_se": error,
            "model_se_mcse": error_spread,
            "rmse": rmse,
            "rmse_mcse": _over(loss_spread, 2 * rmse),
            "coverage": covered[0],
            "coverage_mcse": covered[1],
            "sign_error": wrong[0],
            "sign_error_mcse": wrong[1],
            "exaggeration": times,
            "exaggeration_mcse": times * relative,
        }
        return Performance(
            estimates=int(n),
            standard_errors=int(s[ERRORS]),
            intervals=int(s[INTERVALS]),
            significant=int(hits),
            **{key: _number(v) for key, v in values.items()},
        )


_NOTHING = math.nan, math.nan


def _mean(s: Floats, place: int, number: float) -> tuple[float, float]:
    """Mean of so many values and its standard error, NaN where they do not exist."""
    if number == 0:
        return _NOTHING
    return float(s[place]), math.sqrt(_over(s[place + 1], number - 1) / number)


def _over(a: float, b: float) -> float:
    return float(a) / float(b) if b > 0 else math.nan


def _share(count: float, number: float) -> tuple[float, float]:
    """Share and its standard error, NaN where nothing is counted."""
    if number == 0:
        return _NOTHING
    return float(count / number), standard_error(float(count), float(number))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
