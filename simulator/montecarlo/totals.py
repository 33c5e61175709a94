"""Running totals over trials: what means, ratios and their Monte Carlo errors need, and no more.

Whole numbers are added up as they are, with their squares and the products that are needed: exact,
in any order. Amounts are folded, in the order of trials and one after another, into means and
co-moments (Welford 1962), and so is a whole number that goes with an amount. Sums of one unit of
work are merged with those of the units before, in their order (Chan, Golub and LeVeque 1983). So
the answer depends on which trials make a unit, and on nothing else.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from simulator.kernels import njit
from simulator.montecarlo import running_mean
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.day_counts import DayCounts
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
    ("followed_days", "patients"),
    ("machine_hours_used", "machine_hours_open"),
)
# Prices are put to the elements of these: all their products are needed.
_WEIGHED = "sessions_by_modality", "randomised", "plasma_litres", "trial_days"

Element = tuple[str, int]  # a column and one of its elements


class _Products(NamedTuple):
    """Which products are kept.

    Attributes
    ----------
    counts
        (pairs, 2): pairs of rows of counts whose product is added up.
    folded
        Rows that are folded: amounts by their number, counts by theirs after the amounts'.
    moments
        (pairs, 2): pairs of the folded whose co-moment is kept.
    """

    counts: Ints
    folded: Ints
    moments: Ints


@cache
def _products(layout: Layout) -> _Products:
    """Find every product that a variance of a mean, a ratio or a cost takes."""
    counts, amounts = layout.rows
    of_counts = {(k, k) for k in range(counts)}
    moments = {(k, k) for k in range(amounts)}
    for one, other in _pairs(layout):
        i, j = sorted((_number(layout, *one), _number(layout, *other)))
        if i >= amounts:
            of_counts.add((i - amounts, j - amounts))
        elif i >= 0:
            moments.add((i, j))
    folded = sorted({k for pair in moments for k in pair})
    place = {number: k for k, number in enumerate(folded)}
    return _Products(
        np.array(sorted(of_counts), np.int64).reshape(-1, 2),
        np.array(folded, np.int64),
        np.array([(place[i], place[j]) for i, j in sorted(moments)], np.int64).reshape(-1, 2),
    )


def _pairs(layout: Layout) -> list[tuple[Element, Element]]:
    pairs = [
        ((part, k), (whole, _element_of_whole(layout, whole, k)))
        for part, whole in _RATIOS
        for k in range(layout.width(part))
    ]
    weighed = [(name, k) for name in _WEIGHED for k in range(layout.width(name))]
    pairs += [(one, other) for one in weighed for other in weighed if one < other]
    return pairs


def _element_of_whole(layout: Layout, whole: str, element: int) -> int:
    return element if layout.width(whole) > 1 else 0


def _number(layout: Layout, name: str, element: int) -> int:
    """Amounts by their row, counts by theirs after the amounts'; -1 for what is not live."""
    if name in layout.amounts:
        return int(layout.amounts[name].start) + element
    if name in layout.counts:
        return layout.rows[1] + int(layout.counts[name].start) + element
    return -1


@njit(error_model="numpy", nogil=True)
def _add_counts(counts: Ints, trials: int, pairs: Ints, sums: Ints, products: Ints) -> None:
    """Add up counts, a row an element, and products of pairs of them, over so many trials."""
    for k in range(counts.shape[0]):
        row, total = counts[k, :trials], np.int64(0)
        for trial in range(trials):
            total += row[trial]
        sums[k] += total
    for k in range(pairs.shape[0]):
        one, other, total = counts[pairs[k, 0], :trials], counts[pairs[k, 1], :trials], np.int64(0)
        for trial in range(trials):
            total += one[trial] * other[trial]
        products[k] += total


@njit(error_model="numpy", nogil=True)
def _fold_amounts(
    counts: Ints,
    amounts: Floats,
    trials: int,
    before: int,
    folded: Ints,
    pairs: Ints,
    mean: Floats,
    moment: Floats,
) -> None:
    """Fold so many trials, after those folded before, into means and co-moments."""
    value, away = np.empty(folded.size), np.empty(folded.size)
    for trial in range(trials):
        number = before + trial + 1
        for k in range(folded.size):
            row = folded[k] - amounts.shape[0]
            value[k] = amounts[folded[k], trial] if row < 0 else float(counts[row, trial])
            away[k] = running_mean.step(mean, k, value[k], number)
        for k in range(moment.size):
            other = pairs[k, 1]
            moment[k] += away[pairs[k, 0]] * (value[other] - mean[other])


class Totals:
    """Means, shares and ratios over the trials added so far.

    Attributes
    ----------
    trials
        How many.
    enrolment_days
        Trials by how long enrolment took, in whole days.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.trials = 0
        self.enrolment_days = DayCounts()
        self._keep = _products(layout)
        counts, folded = layout.rows[0], self._keep.folded.size
        self._sums: Any = np.zeros(counts, np.int64)
        self._products: Any = np.zeros(len(self._keep.counts), np.int64)
        self._mean, self._moment = np.zeros(folded), np.zeros(len(self._keep.moments))

    def add(self, rows: MetricRows, trials: int) -> None:
        """Fold in the first so many trials of some rows, which come next in a unit of work."""
        keep, counts = self._keep, rows.counts
        _add_counts(counts, trials, keep.counts, self._sums, self._products)
        folding = self.trials, keep.folded, keep.moments, self._mean, self._moment
        _fold_amounts(counts, rows.amounts, trials, *folding)
        enrolment = rows.amounts[self.layout.amounts["enrolment_days"].start]
        self.enrolment_days.add(enrolment[:trials])
        self.trials += trials

    def arrays(self) -> list[Any]:
        """All that is summed but the days, before anything was merged."""
        return [self._sums, self._products, self._mean, self._moment]

    def restore(self, trials: int, days: Ints) -> None:
        """Take over, the arrays being filled, how many trials they are of, and the days."""
        self.trials = trials
        self.enrolment_days.restore(days)

    def merge(self, later: "Totals") -> None:
        """Take in the totals of the trials that come next; none can be added any more."""
        # Python's own whole numbers: squares over billions of trials are exact, too.
        self._sums = self._sums.astype(object) + later._sums
        self._products = self._products.astype(object) + later._products
        first, second = self._keep.moments.T
        self._mean, self._moment = running_mean.merged(
            (self.trials, self._mean, self._moment),
            (later.trials, later._mean, later._moment),
            first,
            second,
        )
        self.enrolment_days.merge(later.enrolment_days)
        self.trials += later.trials

    @cached_property
    def _place(self) -> dict[tuple[int, int], tuple[bool, int]]:
        """Whether a pair of numbers is one of counts, and which product of its kind."""
        amounts, folded = self.layout.rows[1], self._keep.folded.tolist()
        found = {
            (i + amounts, j + amounts): (True, k)
            for k, (i, j) in enumerate(self._keep.counts.tolist())
        }
        for k, (i, j) in enumerate(self._keep.moments.tolist()):
            found.setdefault((folded[i], folded[j]), (False, k))
        return found

    def _covariance(self, one: Element, other: Element) -> float:
        """Sample covariance of two elements over trials; NaN for fewer than two trials."""
        if self.trials < 2:
            return math.nan
        i, j = sorted((_number(self.layout, *one), _number(self.layout, *other)))
        if i < 0:
            return 0.0
        of_counts, k = self._place[i, j]
        if not of_counts:
            return float(self._moment[k]) / (self.trials - 1)
        n, amounts = self.trials, self.layout.rows[1]
        sums = self._sums[i - amounts], self._sums[j - amounts]
        apart = n * int(self._products[k]) - int(sums[0]) * int(sums[1])
        return apart / (n * (n - 1))

    def _mean_of(self, name: str, element: int) -> float:
        number, amounts = _number(self.layout, name, element), self.layout.rows[1]
        if number < 0:
            return 0.0
        if number >= amounts:
            return int(self._sums[number - amounts]) / self.trials
        return float(self._mean[np.searchsorted(self._keep.folded, number)])

    def width(self, name: str) -> int:
        """Number of elements of a column."""
        return self.layout.width(name)

    def mean(self, name: str, element: int = 0) -> Estimate:
        """Mean over trials and its Monte Carlo standard error."""
        one = name, element
        return Estimate(self._mean_of(*one), math.sqrt(self._covariance(one, one) / self.trials))

    def count(self, name: str) -> int:
        """Trials in which a column of zeros and ones is one."""
        if name not in self.layout.counts:
            return 0
        return int(self._sums[self.layout.counts[name].start])

    def ratio(self, part: str, whole: str, element: int = 0) -> Estimate:
        """Ratio of totals over trials, its error taking the trial as the unit (delta method)."""
        one = part, element
        other = whole, _element_of_whole(self.layout, whole, element)
        bottom = self._mean_of(*other)
        if bottom == 0.0:
            return Estimate(math.nan, math.nan)
        share = self._mean_of(*one) / bottom
        of_part, of_whole = self._covariance(one, one), self._covariance(other, other)
        spread = of_part - 2 * share * self._covariance(one, other) + share**2 * of_whole
        error = math.sqrt(max(spread, 0.0) / self.trials) / abs(bottom)
        return Estimate(share, math.nan if math.isnan(spread) else error)

    def weighed(self, weights: Mapping[str, Sequence[float]]) -> Estimate:
        """Mean of the elements of some columns times their prices, summed, and its error."""
        terms = [
            ((name, element), weight)
            for name, prices in weights.items()
            for element, weight in enumerate(prices)
        ]
        mean = sum(weight * self._mean_of(*one) for one, weight in terms)
        variance = sum(a * b * self._covariance(i, j) for i, a in terms for j, b in terms)
        return Estimate(mean, math.sqrt(max(variance, 0.0) / self.trials))
