"""What changes of trials add up to."""

import math
from typing import Any

import numpy as np

from simulator.analysis.cut import Bools
from simulator.monitoring.adaptation import AdaptationPlan
from simulator.montecarlo.adapted import GROUPS, AdaptedRows
from simulator.results.measures import Estimate


class AdaptedSums:
    """Sums over the trials added so far.

    Attributes
    ----------
    targets
        (highest target + 1,): trials by their last target.
    groups
        (groups, 4): trials by what re-estimation found; those among them that reject, that were
        late, and the sum of their targets.
    slow
        (2,): trials closed because they were slow, and those among them that reject.
    values
        (3,): trials of which it is known what was pooled, or conditional power; its sum and its sum
        of squares.
    """

    def __init__(self, asked: AdaptationPlan) -> None:
        self.targets = np.zeros(max(asked.most, asked.target) + 1, np.int64)
        self.groups = np.zeros((GROUPS, 4), np.int64)
        self.slow = np.zeros(2, np.int64)
        self.values = np.zeros(3)

    def add(self, rows: AdaptedRows, rejects: Bools, trials: int) -> None:
        """Add the first so many trials, which come next; `rejects` is with looks."""
        target, group, rejects = rows.target[:trials], rows.group[:trials], rejects[:trials]
        self.targets += np.bincount(target, minlength=self.targets.size)
        counts = np.ones_like(target), rejects.astype(np.int64), rows.late[:trials], target
        np.add.at(self.groups, group, np.stack(counts, axis=1).astype(np.int64))
        slow, value = rows.slow[:trials], rows.value[:trials]
        self.slow += np.array([slow.sum(), (slow & rejects).sum()])
        known = np.isfinite(value)
        value = np.where(known, value, 0.0)
        # One trial after another, so that it does not matter where blocks begin.
        each = np.stack([known.astype(float), value, value**2], axis=1)
        self.values[:] = np.add.accumulate(np.concatenate([self.values[None], each]), axis=0)[-1]

    def arrays(self) -> list[Any]:
        """All that is summed."""
        return [self.targets, self.groups, self.slow, self.values]

    def quantile(self, share: float) -> int:
        """Return the least target that at least such a share of trials do not exceed."""
        wanted = max(1, math.ceil(share * int(self.targets.sum()) - 1e-9))
        return int(np.searchsorted(np.cumsum(self.targets), wanted))

    def mean_target(self) -> Estimate:
        """Mean of the last target over all trials."""
        value = np.arange(self.targets.size, dtype=float)
        trials = int(self.targets.sum())
        mean = float(value @ self.targets) / trials
        squares = float((value - mean) ** 2 @ self.targets)
        return Estimate(
            mean, math.sqrt(squares / (trials - 1) / trials) if trials > 1 else math.nan
        )

    def mean_value(self) -> Estimate | None:
        """Mean of what was pooled, or of conditional power; None where it is never known."""
        known, total, squares = self.values.tolist()
        if known < 1:
            return None
        mean = total / known
        spread = max(squares - known * mean**2, 0.0)
        return Estimate(mean, math.sqrt(spread / (known - 1) / known) if known > 1 else math.nan)
