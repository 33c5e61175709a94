"""What trials with looks cost beside the same trials without: sums that any prices can be put to.

Units of work know no prices, so that another price simulates nothing again.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from simulator.kernels import njit
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.records import Floats
from simulator.results.measures import Estimate

# Columns that can have a price, as `costs.Prices` has them.
PRICED = ("sessions_by_modality", "randomised", "plasma_litres", "trial_days")


class PricedSums:
    """Sums over trials of the elements that can have a price, with looks and without.

    Attributes
    ----------
    sums
        Of the elements with looks, without, and of the products of pairs of them: with looks,
        without, and of the differences.
    """

    def __init__(self, layout: Layout) -> None:
        self._places = [
            (name, kind, row)
            for name in PRICED
            for kind, columns in (("counts", layout.counts), ("amounts", layout.amounts))
            if name in columns
            for row in range(columns[name].start, columns[name].stop)
        ]
        self._first, self._second = np.triu_indices(len(self._places))
        self.sums = np.zeros(2 * len(self._places) + 3 * self._first.size)

    def add(self, now: MetricRows, before: MetricRows, trials: int) -> None:
        """Add the first so many trials, which come next, with looks and without."""
        _add(self._elements(now, trials), self._elements(before, trials), self.sums)

    def _elements(self, rows: MetricRows, trials: int) -> Floats:
        found = np.empty((trials, len(self._places)))
        for place, (_, kind, row) in enumerate(self._places):
            found[:, place] = getattr(rows, kind)[row, :trials]
        return found

    def mean_costs(
        self, prices: Mapping[str, Sequence[float]], fixed: float, trials: int
    ) -> tuple[Estimate, Estimate, Estimate]:
        """Mean cost of a trial with looks, without, and of the difference.

        Parameters
        ----------
        prices
            Of each element of the columns that have one.
        fixed
            What every trial costs.
        """
        seen: dict[str, int] = {}
        weights = []
        for name, _, _ in self._places:
            element = seen[name] = seen.get(name, -1) + 1
            weights.append(prices[name][element] if name in prices else 0.0)
        weight = np.array(weights)
        size = len(self._places)
        now, before = self.sums[:size], self.sums[size : 2 * size]
        squares = self.sums[2 * size :].reshape(3, -1)
        pairs = weight[self._first] * weight[self._second]
        pairs = np.where(self._first == self._second, pairs, 2.0 * pairs)
        totals = (weight @ now, weight @ before, weight @ (now - before))
        means = [
            _mean(float(total), float(pairs @ square), trials)
            for total, square in zip(totals, squares, strict=True)
        ]
        with_looks, without, apart = means
        return (
            Estimate(fixed + with_looks.mean, with_looks.mcse),
            Estimate(fixed + without.mean, without.mcse),
            apart,
        )


@njit(error_model="numpy", nogil=True)
def _add(now: Floats, before: Floats, sums: Floats) -> None:
    """Add up trials one after another, so that it does not matter where blocks begin."""
    size = now.shape[1]
    for k in range(now.shape[0]):
        for i in range(size):
            sums[i] += now[k, i]
            sums[size + i] += before[k, i]
        place, pairs = 2 * size, (sums.size - 2 * size) // 3
        for i in range(size):
            for j in range(i, size):
                sums[place] += now[k, i] * now[k, j]
                sums[place + pairs] += before[k, i] * before[k, j]
                apart = (now[k, i] - before[k, i]) * (now[k, j] - before[k, j])
                sums[place + 2 * pairs] += apart
                place += 1


def _mean(total: float, squares: float, trials: int) -> Estimate:
    mean = total / trials
    if trials < 2:
        return Estimate(mean, math.nan)
    variance = max(squares - trials * mean**2, 0.0) / (trials - 1)
    return Estimate(mean, math.sqrt(variance / trials))
