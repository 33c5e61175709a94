"""What looks add up to over trials: when they are taken, what they decide, and what that saves."""

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.cut import Bools
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Decision
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.monitored import LookRows
from simulator.records import Floats
from simulator.results.measures import Estimate

DECISIONS = len(Decision)
# Of each look that is taken: their sums and sums of squares are kept.
SEEN = (
    *("cut_day", "decision_day", "fraction", "boundary", "z", "effect", "lower"),
    *("randomised", "events", "treated"),
)
# Of each trial, summed over arms and modalities: with looks, and under the same patients without.
COMPARED = (
    *("randomised", "deaths", "enrolment_days", "trial_days"),
    *("sessions_delivered", "plasma_litres", "machine_hours"),
)


class LooksOfTrials(NamedTuple):
    """What is to be added up of some trials.

    Attributes
    ----------
    rows
        What the looks came to.
    fixed
        The metrics of the same trials without looks.
    fixed_rejects
        Whether the analysis rejects without looks.
    """

    rows: LookRows
    fixed: MetricRows
    fixed_rejects: Bools


class LookSums:
    """Sums over the trials added so far.

    Attributes
    ----------
    decisions
        (looks, decisions): trials by what each look came to; the last look is the final analysis.
    seen
        (looks, SEEN, 3): how many trials a number is known of, its sum and its sum of squares.
    compared
        (COMPARED, 5): sums of a number with looks, without, of their squares, and of the square of
        the difference.
    rejections
        (2, 2): trials by whether the analysis rejects without looks, and with them.
    """

    def __init__(self, asked: MonitoringPlan, layout: Layout) -> None:
        looks = len(asked.looks) + 1
        self._layout, self._column = layout, asked.column
        self.compared_columns = tuple(
            name for name in COMPARED if name in layout.counts or name in layout.amounts
        )
        self.decisions = np.zeros((looks, DECISIONS), np.int64)
        self.rejections = np.zeros((2, 2), np.int64)
        self.seen = np.zeros((looks, len(SEEN), 3))
        self.compared = np.zeros((len(self.compared_columns), 5))

    def add(self, found: LooksOfTrials, rows: MetricRows, rejects: Bools, trials: int) -> None:
        """Add the first so many trials, which come next; `rejects` is with looks."""
        decision = found.rows.decision[:trials]
        for which in Decision:
            self.decisions[:, which] += (decision == which).sum(axis=0)
        fixed = found.fixed_rejects[:trials].astype(np.int64)
        np.add.at(self.rejections, (fixed, rejects[:trials].astype(np.int64)), 1)
        for place, name in enumerate(SEEN):
            values = np.where(decision >= 0, getattr(found.rows, name)[:trials], math.nan)
            known = np.isfinite(values)
            values = np.where(known, values, 0.0)
            for k, one in enumerate((known.astype(float), values, values**2)):
                _add_in_order(self.seen[:, place, k], one)
        for place, name in enumerate(self.compared_columns):
            now, before = (_summed(self._layout, m, name, trials) for m in (rows, found.fixed))
            parts = np.stack([now, before, now**2, before**2, (now - before) ** 2], axis=1)
            _add_in_order(self.compared[place], parts)

    def merge(self, later: "LookSums") -> None:
        """Take in the sums of the trials that come next."""
        for mine, theirs in zip(self.arrays(), later.arrays(), strict=True):
            mine += theirs

    def arrays(self) -> list[Any]:
        """All that is summed."""
        return [self.decisions, self.rejections, self.seen, self.compared]

    def taken(self, look: int) -> int:
        """Trials in which a look was taken."""
        return int(self.decisions[look].sum())

    def mean_seen(self, look: int, name: str) -> Estimate:
        """Mean of a number over the trials in which a look was taken and it is known."""
        known, total, squares = self.seen[look, SEEN.index(name)].tolist()
        return _mean(known, total, squares)

    def compared_means(self, name: str, trials: int) -> tuple[Estimate, Estimate, Estimate]:
        """Mean of a number with looks, without, and of the difference, over all trials."""
        now, before, now2, before2, apart2 = self.compared[self.compared_columns.index(name)]
        return (
            _mean(trials, now, now2),
            _mean(trials, before, before2),
            _mean(trials, now - before, apart2),
        )


def _mean(known: float, total: float, squares: float) -> Estimate:
    if known < 1:
        return Estimate(math.nan, math.nan)
    mean = total / known
    if known < 2:
        return Estimate(mean, math.nan)
    variance = max(squares - known * mean**2, 0.0) / (known - 1)
    return Estimate(mean, math.sqrt(variance / known))


def _summed(layout: Layout, rows: MetricRows, name: str, trials: int) -> Floats:
    """A number of each trial, summed over its elements."""
    if name in layout.counts:
        return np.asarray(rows.counts[layout.counts[name], :trials].sum(axis=0), float)
    return np.asarray(rows.amounts[layout.amounts[name], :trials].sum(axis=0))


def _add_in_order(total: Floats, values: Floats) -> None:
    """Add rows to a total one after another, so that it does not matter where blocks begin."""
    if len(values):
        total[:] = np.add.accumulate(np.concatenate([total[None], values]), axis=0)[-1]
