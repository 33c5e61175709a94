"""The patients that a design needs for a power, by few trials: power is straight on the probit's.

On the probit's scale the power of a test is nearly a straight line over the root of the number of
patients, that starts at about minus the critical value: two points or one tell it. The number is
confirmed on other trials.
"""

import math
from collections.abc import Mapping
from typing import Any

from scipy import special

from simulator.params.lower import randomised_share
from simulator.planning.recruitable import expected
from simulator.planning.tried import Bench, Tried

SCREENED = 1_000  # trials of each design at first, the same ones; of large designs fewer
_LEAST_SCREENED, _PATIENTS_SCREENED = 250, 500_000
_ROUNDS = 6
_INSIDE = 0.985  # of a limit of days or cost, so that errors do not leave it undecided
_CLOSE = 0.03  # of a number of patients
_FURTHEST = 8.0  # times as many patients at once


def screened(patients: int) -> int:
    """Return by how many trials a design is screened."""
    return min(SCREENED, max(_LEAST_SCREENED, _PATIENTS_SCREENED // patients))


class Needed:
    """Looks for the number of patients of the designs of one cell: the other choices are given.

    Attributes
    ----------
    most
        Patients that the tests take, or that can be recruited on average, whichever is fewer.
    """

    def __init__(self, bench: Bench, cell: Mapping[str, Any], alpha: float, most: float) -> None:
        self.bench, self.cell = bench, dict(cell)
        self.origin = float(special.ndtri(alpha / 2))
        self.tried: dict[int, Tried] = {}
        asked = bench.design(self.cell).prepared.asked
        self.step = sum(asked.allocation.ratio)
        self.most = most
        if asked.accrual.kind == "poisson":
            days = float(asked.trial.max_recruitment_days)
            recruited = expected(asked.accrual, days, randomised_share(asked))
            self.most = min(most, recruited)
        elif not bench.base.loaded.is_default("accrual.candidates"):
            self.most = min(most, float(asked.accrual.candidates))

    def at(self, patients: float) -> Tried:
        """Return the design with so many patients, screened."""
        n = self.rounded(patients)
        if n not in self.tried:
            design = self.bench.design({"n": n, **self.cell})
            self.bench.run(design, screened(n), 0, "screening")
            self.tried[n] = design
        return self.tried[n]

    def rounded(self, patients: float) -> int:
        """Return the next number that fills both arms in their ratio."""
        most = max(self.most // self.step, 2)
        return int(min(max(-(-patients // self.step), 2), most) * self.step)

    def with_power(self, power: float, guess: float) -> Tried:
        """Return the design whose power is that by the trend; where none has it, the largest."""
        found = self.at(guess)
        for _ in range(_ROUNDS):
            needed = self.predicted(found, power)
            close = abs(needed - found.patients) <= max(_CLOSE * found.patients, 2.0)
            if close or self.rounded(needed) in self.tried:
                return self.at(needed)
            found = self.at(needed)
        return found

    def predicted(self, tried: Tried, power: float) -> float:
        """Patients with which the line through the origin and a design has a power."""
        trials = len(tried.trials.rejected)
        share = (tried.rejections + 2) / (trials + 4)
        here = float(special.ndtri(share)) - self.origin
        wanted = float(special.ndtri(power)) - self.origin
        factor = (wanted / max(here, 1e-3)) ** 2
        return min(tried.patients * min(max(factor, 1 / _FURTHEST), _FURTHEST), self.most)

    @property
    def largest(self) -> int:
        """The most patients of a design here."""
        return self.rounded(self.most)

    def within(self, tried: Tried, days: float | None, budget: float | None) -> Tried | None:
        """Return the largest design that meets limits, by proportion; None where none can."""
        run = tried.trials
        shares = []
        if days is not None:
            enrolling = run.totals.mean("enrolment_days").mean
            follow_up = run.totals.mean("trial_days").mean - enrolling
            shares.append((days - follow_up) / max(enrolling, 1e-9))
        if budget is not None and run.cost is not None:
            shares.append(budget / max(run.cost.mean, 1e-9))
        share = _INSIDE * min(shares, default=math.inf)
        if not 0 < share < 1 or tried.patients * share < 4:
            return None
        return self.at(math.floor(tried.patients * share))
