"""What looks at a family add up to over trials: when each analysis is rejected, any and all."""

from typing import Any

import numpy as np

from simulator.montecarlo.look_rows import FamilyRows
from simulator.montecarlo.ordered_sums import add_in_order


class FamilyLookSums:
    """Sums over the trials added so far.

    Attributes
    ----------
    rejected
        (looks, analyses): trials in which each was rejected at a look.
    any_of, all_of
        (looks,): trials in which a look was the first by which any was, or all were.
    fraction
        (looks, analyses, 3): how many trials the share of information is known of, its sum and that
        of its squares.
    """

    def __init__(self, looks: int, analyses: int) -> None:
        self.rejected = np.zeros((looks, analyses), np.int64)
        self.any_of = np.zeros(looks, np.int64)
        self.all_of = np.zeros(looks, np.int64)
        self.fraction = np.zeros((looks, analyses, 3))

    def add(self, found: FamilyRows, trials: int) -> None:
        """Add the first so many trials, which come next."""
        at = found.rejected_at[:trials]
        never = len(self.any_of)
        first = np.where(at < 0, never, at).min(axis=1)
        last = np.where(at < 0, never, at).max(axis=1)
        for look in range(never):
            self.rejected[look] += (at == look).sum(axis=0)
            self.any_of[look] += (first == look).sum()
            self.all_of[look] += (last == look).sum()
        known = np.isfinite(found.fraction[:trials])
        values = np.where(known, found.fraction[:trials], 0.0)
        for k, one in enumerate((known.astype(float), values, values**2)):
            add_in_order(self.fraction[:, :, k], one)

    def arrays(self) -> list[Any]:
        """All that is summed."""
        return [self.rejected, self.any_of, self.all_of, self.fraction]
