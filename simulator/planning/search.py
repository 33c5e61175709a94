"""Trials at values of a key: run, counted, and added up."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from simulator.montecarlo.intervals import standard_error
from simulator.planning.probit_fit import Count, Line, line_between
from simulator.results.size import PATIENTS

FIRST_TRIALS = 1_000  # at each value of the search
CHECKED_TRIALS = 25_000  # where a power is quoted: a Monte Carlo error of .25 points at 80 %
_LEAST_CHECKED = 2_000
_SHARE_OF_A_CHECK = 0.25  # of all patients that may be simulated
_CHANCE = 4.0  # standard errors
_DIGITS = 3  # of a value that is no whole number, in the range asked


class SizeTarget(NamedTuple):
    """What is asked.

    Attributes
    ----------
    key
        What is looked for.
    power
        From above alpha to below 1.
    low, high
        Between which values to look.
    within
        Half the width that the confidence interval may have, in units of the key.
    patients
        Simulated at the most, over all trials.
    favoured
        Whether only rejections that favour the second arm count.
    """

    key: str
    power: float
    low: float
    high: float
    within: float | None
    patients: int
    favoured: bool = False


class Tally(NamedTuple):
    """What trials at a value gave.

    Attributes
    ----------
    rejections, favouring
        Trials that reject, and those among them that favour the second arm.
    analysable, target_reached
        Trials with a result, and those that randomise as many as planned.
    randomised, randomised_variance
        Mean number of patients randomised, as it is where no look stops the trial, and its Monte
        Carlo variance.
    """

    trials: int
    rejections: int
    favouring: int
    analysable: int
    target_reached: int
    randomised: float
    randomised_variance: float

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum with that of other trials."""
        trials = self.trials + other.trials
        mine, others = self.trials / trials, other.trials / trials
        mean = mine * self.randomised + others * other.randomised
        variance = mine**2 * self.randomised_variance + others**2 * other.randomised_variance
        return Tally(
            trials=trials,
            rejections=self.rejections + other.rejections,
            favouring=self.favouring + other.favouring,
            analysable=self.analysable + other.analysable,
            target_reached=self.target_reached + other.target_reached,
            randomised=mean,
            randomised_variance=variance,
        )


class RunTrials(Protocol):
    """Runs trials at a value, from the trial of that index on."""

    def __call__(self, value: float, trials: int, first_trial: int) -> Tally:
        """Return what they gave."""


@dataclass
class Search:
    """Trials of a search so far.

    Attributes
    ----------
    run
        Simulates and analyses; a test may draw from a known power instead.
    own
        The scenario's own value.
    whole, step
        Whether values are whole numbers, and of what they are multiples.
    first, fresh
        By value: the first trials, the same at each, and others.
    patients
        Simulated so far.
    """

    asked: SizeTarget
    run: RunTrials
    own: float
    whole: bool
    step: float
    first: dict[float, Tally] = field(default_factory=dict)
    fresh: dict[float, Tally] = field(default_factory=dict)
    next_trial: int = FIRST_TRIALS
    patients: float = 0.0

    @property
    def of_patients(self) -> bool:
        """Whether the number of patients is looked for."""
        return self.asked.key == PATIENTS

    @property
    def spent(self) -> bool:
        """Whether as many patients are simulated as may be."""
        return self.patients > self.asked.patients

    @property
    def tallies(self) -> dict[float, Tally]:
        """All trials by value, in order."""
        found = {}
        for value in sorted({*self.first, *self.fresh}):
            parts = [kept[value] for kept in (self.first, self.fresh) if value in kept]
            found[value] = parts[0] if len(parts) == 1 else parts[0].plus(parts[1])
        return found

    def counted(self, tally: Tally) -> Count:
        """Trials, and those that reject as it is asked."""
        return Count(tally.trials, tally.favouring if self.asked.favoured else tally.rejections)

    def count(self, value: float) -> Count:
        """All trials at a value, the first ones among them, which are run if they were not."""
        self.run_first(value)
        return self.counted(self.tallies[value])

    def power(self, value: float) -> float:
        """Power at a value by all trials there."""
        count = self.count(value)
        return count.rejections / count.trials

    def run_first(self, value: float) -> None:
        """Run the first trials at a value, unless that is done."""
        if value not in self.first:
            self.first[value] = self._done(value, FIRST_TRIALS, 0)

    def run_fresh(self, value: float, trials: int) -> None:
        """Run trials at a value that were run at none."""
        done = self._done(value, trials, self.next_trial)
        self.next_trial += trials
        self.fresh[value] = self.fresh[value].plus(done) if value in self.fresh else done

    def _done(self, value: float, trials: int, first_trial: int) -> Tally:
        tally = self.run(value, trials, first_trial)
        self.patients += tally.trials * tally.randomised
        return tally

    def check(self, value: float) -> None:
        """Run as many fresh trials at a value as a power that is quoted needs."""
        there = self.fresh.get(value)
        missing = self._checked(value) - (there.trials if there else 0)
        if missing > 0:
            self.run_fresh(value, missing)

    def is_checked(self, value: float) -> bool:
        """Whether so many are run."""
        return value in self.fresh and self.fresh[value].trials >= self._checked(value)

    def _checked(self, value: float) -> int:
        self.run_first(value)
        each = max(self.first[value].randomised, 1.0)
        most = round(_SHARE_OF_A_CHECK * self.asked.patients / each)
        return max(min(CHECKED_TRIALS, most), _LEAST_CHECKED)

    def settle(self, value: float) -> None:
        """Check a value unless chance is no reason why its power lies where it does."""
        count = self.count(value)
        away = abs(count.rejections / count.trials - self.asked.power)
        if away <= _CHANCE * standard_error(count.rejections, count.trials):
            self.check(value)

    @property
    def scale(self) -> Callable[[float], float]:
        """Where power is nearly a straight line on the probit's: the root of a number."""
        return math.sqrt if self.of_patients else float

    def unscaled(self, x: float) -> float:
        """The value at a point of the scale."""
        return max(x, 0.0) ** 2 if self.of_patients else x

    def inside(self, value: float) -> float:
        """The value or, outside the range asked, its nearer end."""
        low, high = self.asked.low, self.asked.high
        if self.whole:
            low, high = math.ceil(low / self.step) * self.step, high // self.step * self.step
        return min(max(value, low), high)

    def rounded(self, value: float) -> float:
        """The nearest value inside the range that can be tried."""
        if self.whole:
            return self.inside(round(value / self.step) * self.step)
        digits = _DIGITS - math.floor(math.log10(self.asked.high - self.asked.low))
        return self.inside(round(value, digits))

    def between(self, low: float, high: float) -> Line:
        """The line through two values."""
        return line_between(
            (self.scale(low), self.scale(high)), (self.count(low), self.count(high))
        )
