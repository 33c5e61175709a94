"""Running totals over trials: what means, ratios and their Monte Carlo errors need, and no more.

A million trials would fill a gigabyte if each kept its row. Instead each row is folded, in the
order of trials and one after another, into means and co-moments (Welford 1962; Chan, Golub and
LeVeque 1983). So the sums do not depend on how the trials were shared out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numba
import numpy as np

from simulator.montecarlo import running_mean
from simulator.montecarlo.trial_metrics import TrialMetrics
from simulator.records import Floats, Ints
from simulator.results.measures import Estimate

# Each ratio that a summary shows, part and whole, element by element where the whole has axes.
_RATIOS = (
    ("failed_first", "screened"),
    ("refused_consent", "screened"),
    ("turned_away", "screened"),
    ("randomised", "screened"),
    ("deaths", "patients"),
    ("deaths_from_tumour", "patients"),
    ("sessions_short_of_plasma", "sessions_due"),
    ("wait_days", "sessions_delivered"),
    ("machine_hours_used", "machine_hours_open"),
)
# Prices are put to the elements of these: all their products are needed.
_WEIGHED = "sessions_by_modality", "randomised", "plasma_litres", "trial_days"


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _fold(
    rows: Floats, count: int, mean: Floats, first: Ints, second: Ints, moment: Floats, delta: Floats
) -> int:
    """Fold rows, a row a trial, into means and co-moments in place; return the number of trials."""
    for row in range(rows.shape[0]):
        count += 1
        for k in range(mean.size):
            delta[k] = running_mean.step(mean, k, rows[row, k], count)
        for k in range(moment.size):
            moment[k] += delta[first[k]] * (rows[row, second[k]] - mean[second[k]])
    return count


@dataclass
class Totals:
    """Means, shares and ratios over the trials folded so far.

    Attributes
    ----------
    trials
        How many.
    enrolment_days
        One number a trial, which quantiles need: the only thing kept of each.
    """

    trials: int = 0
    enrolment_days: list[Floats] = field(default_factory=list)
    _place: dict[str, slice] = field(default_factory=dict)
    _mean: Floats = field(default_factory=lambda: np.zeros(0))
    _moment: Floats = field(default_factory=lambda: np.zeros(0))
    _first: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _second: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _pair: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, metrics: TrialMetrics) -> None:
        """Fold in the trials that come next."""
        columns = {
            name: np.asarray(column, np.float64).reshape(len(column), -1)
            for name, column in zip(TrialMetrics._fields, metrics, strict=True)
        }
        if not self._place:
            self._lay_out({name: column.shape[1] for name, column in columns.items()})
        rows = np.hstack(list(columns.values()))
        self.enrolment_days.append(metrics.enrolment_days)
        self.trials = _fold(
            rows,
            self.trials,
            self._mean,
            self._first,
            self._second,
            self._moment,
            np.empty(self._mean.size),
        )

    def _lay_out(self, widths: dict[str, int]) -> None:
        """Give each element of each column its place, and each product that will be needed."""
        start = 0
        for name, width in widths.items():
            self._place[name] = slice(start, start + width)
            start += width
        pairs = [(k, k) for k in range(start)]
        for part, whole in _RATIOS:
            wholes = range(start)[self._place[whole]]
            for i, k in enumerate(range(start)[self._place[part]]):
                pairs.append((k, wholes[i if len(wholes) > 1 else 0]))
        weighed = [k for name in _WEIGHED for k in range(start)[self._place[name]]]
        pairs += [(i, j) for i in weighed for j in weighed if i < j]
        self._pair = {pair: k for k, pair in enumerate(pairs)}
        self._first = np.array([i for i, _ in pairs], dtype=np.int64)
        self._second = np.array([j for _, j in pairs], dtype=np.int64)
        self._mean, self._moment = np.zeros(start), np.zeros(len(pairs))

    def _covariance(self, i: int, j: int) -> float:
        """Sample covariance of two elements over trials; NaN for fewer than two trials."""
        moment = self._moment[self._pair[min(i, j), max(i, j)] if i != j else self._pair[i, i]]
        return float(moment) / (self.trials - 1) if self.trials > 1 else math.nan

    def _index(self, name: str, element: int) -> int:
        return int(self._place[name].start) + element

    def width(self, name: str) -> int:
        """Number of elements of a column."""
        return int(self._place[name].stop - self._place[name].start)

    def mean(self, name: str, element: int = 0) -> Estimate:
        """Mean over trials and its Monte Carlo standard error."""
        k = self._index(name, element)
        error = math.sqrt(self._covariance(k, k) / self.trials)
        return Estimate(float(self._mean[k]), error)

    def count(self, name: str) -> int:
        """Trials in which a column of zeros and ones is one."""
        return round(float(self._mean[self._index(name, 0)]) * self.trials)

    def ratio(self, part: str, whole: str, element: int = 0) -> Estimate:
        """Ratio of totals over trials, its error taking the trial as the unit (delta method)."""
        k = self._index(part, element)
        j = self._index(whole, element if self.width(whole) > 1 else 0)
        bottom = float(self._mean[j])
        if bottom == 0.0:
            return Estimate(math.nan, math.nan)
        share = float(self._mean[k]) / bottom
        cross = self._moment[self._pair[k, j]] / (self.trials - 1) if self.trials > 1 else math.nan
        spread = self._covariance(k, k) - 2 * share * cross + share**2 * self._covariance(j, j)
        error = math.sqrt(max(spread, 0.0) / self.trials) / abs(bottom)
        return Estimate(share, math.nan if math.isnan(spread) else error)

    def weighed(self, weights: Mapping[str, Sequence[float]]) -> Estimate:
        """Mean of the elements of some columns times their prices, summed, and its error."""
        terms = [
            (self._index(name, element), weight)
            for name, prices in weights.items()
            for element, weight in enumerate(prices)
        ]
        mean = sum(weight * float(self._mean[k]) for k, weight in terms)
        variance = sum(a * b * self._covariance(i, j) for i, a in terms for j, b in terms)
        return Estimate(mean, math.sqrt(max(variance, 0.0) / self.trials))
