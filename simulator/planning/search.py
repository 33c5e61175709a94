"""Trials at values of a key: made, run once, counted."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from simulator.montecarlo.totals import Totals
from simulator.planning.paired import run_trials
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.probit_fit import Count, Line, line_between
from simulator.planning.variation import changed
from simulator.results.size import PATIENTS

FIRST_TRIALS = 1_000  # at each value of the search


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
    """

    key: str
    power: float
    low: float
    high: float
    within: float | None
    patients: int


@dataclass
class Search:
    """Trials of a search so far.

    Attributes
    ----------
    whole, step
        Whether values are whole numbers, and of what they are multiples.
    first, fresh
        By value: the first trials, the same at each, and others.
    """

    base: Prepared
    asked: SizeTarget
    seed: int
    jobs: int
    say: Callable[[str], None]
    whole: bool
    step: float
    first: dict[float, Count] = field(default_factory=dict)
    fresh: dict[float, Count] = field(default_factory=dict)
    prepared: dict[float, Prepared] = field(default_factory=dict)
    totals: dict[float, Totals] = field(default_factory=dict)
    next_trial: int = FIRST_TRIALS
    patients: int = 0

    @property
    def counts(self) -> dict[float, Count]:
        """All trials by value, in order."""
        pairs = {
            value: (self.first.get(value, Count(0, 0)), self.fresh.get(value, Count(0, 0)))
            for value in sorted({*self.first, *self.fresh})
        }
        return {
            value: Count(a.trials + b.trials, a.rejections + b.rejections)
            for value, (a, b) in pairs.items()
        }

    @property
    def scale(self) -> Callable[[float], float]:
        """Where power is nearly a straight line on the probit's: the root of a number."""
        return math.sqrt if self.asked.key == PATIENTS else float

    def unscaled(self, x: float) -> float:
        """The value at a point of the scale."""
        return max(x, 0.0) ** 2 if self.asked.key == PATIENTS else x

    def made(self, value: float) -> Prepared:
        """The scenario at a value."""
        if value not in self.prepared:
            plain: Any = int(value) if self.whole else value
            loaded = changed(self.base.loaded, {self.asked.key: plain}, "by")
            self.prepared[value] = replace(prepare(loaded, self.say), goal=self.base.goal)
        return self.prepared[value]

    def run(self, value: float, trials: int, *, fresh: bool) -> Count:
        """Run trials at a value, the first ones or fresh ones, and count them in."""
        prepared = self.made(value)
        kept = self.fresh if fresh else self.first
        if not fresh and value in kept:
            return kept[value]
        first = self.next_trial if fresh else 0
        self.say(f"{self.asked.key} = {value:g}: {trials:,} trials")
        done = run_trials(prepared, trials, self.seed, self.jobs, lambda _: None, first)
        self.next_trial += trials if fresh else 0
        self.patients += trials * prepared.params.trial.target_randomised
        before = kept.get(value, Count(0, 0))
        count = Count(before.trials + trials, before.rejections + int(done.rejected.sum()))
        kept[value] = count
        self.totals[value] = done.totals
        return count

    def power(self, value: float) -> float:
        """Power at a value by the first trials."""
        count = self.run(value, FIRST_TRIALS, fresh=False)
        return count.rejections / count.trials

    def inside(self, value: float) -> float:
        """The value or, outside the range asked, its nearer end."""
        low, high = self.asked.low, self.asked.high
        if self.whole:
            low, high = math.ceil(low / self.step) * self.step, high // self.step * self.step
        return min(max(value, low), high)

    def rounded(self, value: float) -> float:
        """The nearest value inside the range that can be tried."""
        if self.whole:
            value = round(value / self.step) * self.step
        return self.inside(value)

    def between(self, low: float, high: float) -> Line:
        """The line through two values, by the first trials."""
        counts = self.first[low], self.first[high]
        return line_between((self.scale(low), self.scale(high)), counts)
