"""Simulated trials of a scenario at values of a key, for a search."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.montecarlo.totals import Totals
from simulator.montecarlo.workers import Workers
from simulator.planning.paired import run_trials
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.search import Tally
from simulator.planning.variation import changed


@dataclass
class SimulatedTrials:
    """Simulates and analyses trials of what is sought at any value of a key.

    Attributes
    ----------
    prepared, totals
        By value: the scenario, and what the largest of its runs took.
    """

    base: Prepared
    key: str
    whole: bool
    seed: int
    workers: Workers
    say: Callable[[str], None]
    prepared: dict[float, Prepared] = field(default_factory=dict)
    totals: dict[float, Totals] = field(default_factory=dict)

    def __call__(self, value: float, trials: int, first_trial: int) -> Tally:
        """Run trials at a value, from the trial of that index on."""
        if value not in self.prepared:
            plain: Any = int(value) if self.whole else value
            loaded = changed(self.base.loaded, {self.key: plain}, "by")
            self.prepared[value] = replace(prepare(loaded, self.say), goal=self.base.goal)
        self.say(f"{self.key} = {value:g}: {trials:,} trials")
        prepared = self.prepared[value]
        done = run_trials(prepared, trials, self.seed, self.workers, lambda _: None, first_trial)
        rejected = done.rejected[:, 0]
        if value not in self.totals or self.totals[value].trials <= trials:
            self.totals[value] = done.totals
        return Tally(
            trials=trials,
            rejections=int(rejected.sum()),
            favouring=int(done.favouring[0, 1]),
            analysable=int(done.analysable[:, 0].sum()),
            target_reached=done.totals.count("target_reached"),
            randomised=done.recruited.mean,
            randomised_variance=done.recruited.mcse**2,
        )
