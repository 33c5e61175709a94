"""The patients that a design needs for a power, by few trials: power is straight on the probit's.

On the probit's scale the power of a test is nearly a straight line over the root of the number of
patients, that starts at about minus the critical value: two points or one tell it. The number is
confirmed on other trials.
"""

import math
from collections.abc import Mapping
from typing import Any

from scipy.stats import norm

from simulator.planning.tried import Bench, Tried

SCREENED = 1_000  # trials of each design at first, the same ones
_ROUNDS = 6
_CLOSE = 0.03  # of a number of patients
_FURTHEST = 8.0  # times as many patients at once
_LIMITED = 0.5  # share of trials that reach the target: with fewer, recruitment is the limit


class Needed:
    """Looks for the number of patients of the designs of one cell: the other choices are given.

    Attributes
    ----------
    most
        Patients that are looked at, at the most.
    """

    def __init__(self, bench: Bench, cell: Mapping[str, Any], alpha: float, most: float) -> None:
        self.bench, self.cell, self.most = bench, dict(cell), most
        self.origin = -float(norm.isf(alpha / 2))
        self.tried: dict[int, Tried] = {}

    def at(self, patients: float) -> Tried:
        """Return the design with so many patients, screened."""
        n = self.rounded(patients)
        if n not in self.tried:
            design = self.bench.design({"n": n, **self.cell})
            self.bench.run(design, SCREENED, 0, "screening")
            self.tried[n] = design
        return self.tried[n]

    def rounded(self, patients: float) -> int:
        """Return the next number that fills both arms in their ratio."""
        ratio = self.cell.get("ratio", self.cell.get("allocation.ratio"))
        step = sum(ratio or self.bench.base.params.allocation.ratio)
        return int(max(-(-min(patients, self.most) // step), 2) * step)

    def with_power(self, power: float, guess: float) -> Tried:
        """Return the design whose power is that or, where none has it, the largest that is told.

        `power` is reached by the trend; a design's own power may differ by its Monte Carlo error.
        """
        n, found = float(guess), self.at(guess)
        for _ in range(_ROUNDS):
            found = self.at(n)
            if self.is_limited(found):
                reached = found.trials.totals.mean("randomised").mean
                limit = self.at(reached)
                if self.predicted(limit, power) > limit.patients:
                    return limit
                found = limit
            needed = self.predicted(found, power)
            if abs(needed - n) <= max(_CLOSE * n, 2.0) or self.rounded(needed) in self.tried:
                return self.at(needed)
            n = needed
        return found

    def predicted(self, tried: Tried, power: float) -> float:
        """Patients with which the line through the origin and a design has a power."""
        trials = len(tried.trials.rejected)
        share = (tried.rejections + 2) / (trials + 4)
        here = float(norm.ppf(share)) - self.origin
        wanted = float(norm.ppf(power)) - self.origin
        factor = (wanted / max(here, 1e-3)) ** 2
        return min(tried.patients * min(max(factor, 1 / _FURTHEST), _FURTHEST), self.most)

    def is_limited(self, tried: Tried) -> bool:
        """Whether most of its trials randomise fewer patients than planned."""
        run = tried.trials
        return run.totals.count("target_reached") < _LIMITED * run.totals.trials

    def within(self, tried: Tried, days: float | None, budget: float | None) -> Tried | None:
        """Return the largest design that meets limits, by proportion; None where none can."""
        run = tried.trials
        shares = []
        if days is not None:
            enrolling = float(run.enrolment_days.mean())
            follow_up = float(run.trial_days.mean()) - enrolling
            shares.append((days - follow_up) / max(enrolling, 1e-9))
        if budget is not None and run.costs is not None:
            shares.append(budget / max(float(run.costs.mean()), 1e-9))
        share = min(shares, default=math.inf)
        if not 0 < share < 1 or tried.patients * share < 4:
            return None
        return self.at(math.floor(tried.patients * share))
