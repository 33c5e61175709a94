"""What the loop tells of a run of trials, to the log."""

import time
from typing import Any

from simulator.log import TRIALS_BEGUN, event
from simulator.montecarlo.work import Done, Work


class Journal:
    """A run of trials as it is told of, from its beginning to its end."""

    def __init__(self, work: Work, engine: str) -> None:
        self._begun, self._simulated, self._kept = time.monotonic(), 0, 0
        self._about: dict[str, Any] = {
            "patients": work.params.trial.target_randomised,
            "analyses": len(work.asked.plans),
            "seed": work.seed,
            "first_trial": work.first_trial,
            "engine": engine,
        }
        event(TRIALS_BEGUN, **self._about, trials=work.trials)

    def take_in(self, done: Done) -> None:
        """Note a unit of work."""
        trials = done.unit.sums.trials
        simulated, kept = (0, trials) if done.was_kept else (trials, 0)
        self._simulated, self._kept = self._simulated + simulated, self._kept + kept

    def close(self, trials: int, *, interrupted: bool) -> None:
        """Tell how it ended, of so many trials."""
        event(
            "trials done",
            **self._about,
            trials=trials,
            simulated=self._simulated,
            kept=self._kept,
            seconds=round(time.monotonic() - self._begun, 3),
            interrupted=interrupted,
        )
