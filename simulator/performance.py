"""How well each analysis estimates what it is meant to: bias, coverage, errors of sign and size.

Sums are folded trial by trial, so that they do not depend on how the trials were shared out (see
`totals`). Definitions and Monte Carlo errors are those of Morris, White and Crowther (2019), errors
of sign and magnitude those of Gelman and Carlin (2014).
"""

import math
from dataclasses import dataclass, field

import numba
import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.records import Floats
from simulator.truth import Truth

# Columns of the sums, a row an analysis.
ESTIMATES, MEAN, SQUARES, ERRORS, ERROR_MEAN = range(5)
LOSS_MEAN, LOSS_SQUARES = 5, 6
INTERVALS, COVERED = 7, 8
SIGNIFICANT, WRONG_SIGN, SIZE = 9, 10, 11
_COLUMNS = 12
_KNOWN = 4.0  # standard errors by which a truth must differ from 0 for its sign to be known


@dataclass(frozen=True)
class Performance:
    """What the estimates of an analysis are like; None where that does not exist.

    Attributes
    ----------
    truth, truth_mcse, survivor_average, survivor_average_mcse
        See `truth.Truth`.
    estimates
        Trials with an estimate, which the rest is of.
    mean, bias
        Of the estimates; the error of the bias holds that of the truth too.
    empirical_se, model_se
        Standard deviation of the estimates, and the mean of their standard errors.
    rmse
        Root of the mean squared error.
    coverage
        Share of intervals that hold the truth.
    sign_error, exaggeration
        Among the trials that reject: share of estimates on the wrong side of 0, and the mean size
        of an estimate over that of the truth.
    """

    truth: float | None
    truth_mcse: float | None
    survivor_average: float | None
    survivor_average_mcse: float | None
    estimates: int
    mean: float | None
    bias: float | None
    bias_mcse: float | None
    empirical_se: float | None
    model_se: float | None
    rmse: float | None
    rmse_mcse: float | None
    coverage: float | None
    coverage_mcse: float | None
    sign_error: float | None
    sign_error_mcse: float | None
    exaggeration: float | None


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _fold(
    estimate: Floats,
    error: Floats,
    low: Floats,
    high: Floats,
    rejected: Bools,
    truth: Floats,
    sums: Floats,
) -> None:
    for k in range(estimate.shape[0]):
        for j in range(estimate.shape[1]):
            value, s = estimate[k, j], sums[j]
            if not math.isfinite(value):
                continue
            s[ESTIMATES] += 1.0
            away = value - s[MEAN]
            s[MEAN] += away / s[ESTIMATES]
            s[SQUARES] += away * (value - s[MEAN])
            loss = (value - truth[j]) ** 2
            away = loss - s[LOSS_MEAN]
            s[LOSS_MEAN] += away / s[ESTIMATES]
            s[LOSS_SQUARES] += away * (loss - s[LOSS_MEAN])
            if math.isfinite(error[k, j]):
                s[ERRORS] += 1.0
                s[ERROR_MEAN] += (error[k, j] - s[ERROR_MEAN]) / s[ERRORS]
            if not (math.isnan(low[k, j]) or math.isnan(high[k, j])):
                s[INTERVALS] += 1.0
                s[COVERED] += low[k, j] <= truth[j] <= high[k, j]
            if rejected[k, j]:
                s[SIGNIFICANT] += 1.0
                s[WRONG_SIGN] += value * truth[j] < 0.0
                s[SIZE] += abs(value)


@dataclass
class Estimation:
    """Running sums over the trials folded so far."""

    truths: tuple[Truth, ...]
    _sums: Floats = field(init=False)
    _truth: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._sums = np.zeros((len(self.truths), _COLUMNS))
        self._truth = np.array([truth.value for truth in self.truths])

    def add(self, table: AnalysisTable, rejected: Bools) -> None:
        """Fold in the trials that come next."""
        columns = table.estimate, table.standard_error, table.low, table.high
        _fold(*columns, rejected, self._truth, self._sums)

    def performance(self, analysis: int) -> Performance:
        """Summarise an analysis."""
        s, truth = self._sums[analysis], self.truths[analysis]
        n = s[ESTIMATES]
        spread = math.sqrt(s[SQUARES] / (n - 1)) if n > 1 else math.nan
        loss_spread = math.sqrt(s[LOSS_SQUARES] / (n - 1) / n) if n > 1 else math.nan
        rmse = math.sqrt(s[LOSS_MEAN]) if n else math.nan
        covered = s[COVERED] / s[INTERVALS] if s[INTERVALS] else math.nan
        wrong = s[WRONG_SIGN] / s[SIGNIFICANT] if s[SIGNIFICANT] else math.nan
        known = abs(truth.value) > _KNOWN * truth.mcse
        mean_size = s[SIZE] / s[SIGNIFICANT] if s[SIGNIFICANT] else math.nan
        return Performance(
            truth=_number(truth.value),
            truth_mcse=_number(truth.mcse),
            survivor_average=_number(truth.survivor_average),
            survivor_average_mcse=_number(truth.survivor_average_mcse),
            estimates=int(n),
            mean=_number(s[MEAN] if n else math.nan),
            bias=_number(s[MEAN] - truth.value if n else math.nan),
            bias_mcse=_number(math.hypot(spread / math.sqrt(n), truth.mcse) if n else math.nan),
            empirical_se=_number(spread),
            model_se=_number(s[ERROR_MEAN] if s[ERRORS] else math.nan),
            rmse=_number(rmse),
            rmse_mcse=_number(loss_spread / (2 * rmse) if rmse else math.nan),
            coverage=_number(covered if not math.isnan(truth.value) else math.nan),
            coverage_mcse=_number(_share_error(covered, s[INTERVALS])),
            sign_error=_number(wrong) if known else None,
            sign_error_mcse=_number(_share_error(wrong, s[SIGNIFICANT])) if known else None,
            exaggeration=_number(mean_size / abs(truth.value)) if known else None,
        )


def _share_error(share: float, number: float) -> float:
    """Standard error of a share, by the rule of Agresti and Coull: two of each kind are added."""
    if math.isnan(share):
        return math.nan
    moved = (share * number + 2) / (number + 4)
    return math.sqrt(moved * (1 - moved) / (number + 4))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
