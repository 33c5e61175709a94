"""How many trials took how many whole days, and the quantiles of that."""

import numpy as np

from simulator.records import Floats, Ints


class DayCounts:
    """Trials by their number of days, each rounded to the nearest whole day.

    What is kept does not grow with the trials. Rounding keeps the order: each trial's rank is that
    of its days as they were, so that an order statistic is off by half a day at most.
    """

    def __init__(self) -> None:
        self.first_day = 0
        self.trials: Ints = np.zeros(0, np.int64)

    def add(self, days: Floats) -> None:
        """Count trials."""
        if days.size:
            whole = np.rint(days).astype(np.int64)
            first = int(whole.min())
            self._take_in(first, np.bincount(whole - first))

    def state(self) -> Ints:
        """Return the first day, and the trials of each day from it on."""
        return np.append(np.int64(self.first_day), self.trials)

    def restore(self, state: Ints) -> None:
        """Become what `state` was taken of."""
        self.first_day, self.trials = int(state[0]), state[1:].astype(np.int64)

    def merge(self, later: "DayCounts") -> None:
        """Take in what was counted elsewhere."""
        if later.trials.size:
            self._take_in(later.first_day, later.trials)

    def _take_in(self, first: int, trials: Ints) -> None:
        if not self.trials.size:
            self.first_day, self.trials = first, trials.astype(np.int64)
            return
        low = min(first, self.first_day)
        high = max(first + trials.size, self.first_day + self.trials.size)
        if (low, high - low) != (self.first_day, self.trials.size):
            wider = np.zeros(high - low, np.int64)
            wider[self.first_day - low :][: self.trials.size] = self.trials
            self.first_day, self.trials = low, wider
        self.trials[first - low :][: trials.size] += trials

    def quantile(self, share: float) -> float:
        """Quantile of the whole days, between two order statistics by linear interpolation.

        The definition of `numpy.quantile` and of R's type 7 (Hyndman and Fan 1996).
        """
        up_to = np.cumsum(self.trials)
        place = share * (int(up_to[-1]) - 1)
        below = int(np.floor(place))
        low, high = (
            self.first_day + int(np.searchsorted(up_to, rank, side="right"))
            for rank in (below, min(below + 1, int(up_to[-1]) - 1))
        )
        return float(low + (place - below) * (high - low))
