"""What there is to do: a run as a list of units of work, and a unit that is done."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

from simulator.log import count
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.sums import Sums
from simulator.montecarlo.unit_arrays import arrays_of, unit_from
from simulator.montecarlo.units import run_unit, trials_a_unit
from simulator.montecarlo.work_key import key_of, program
from simulator.params.types import Params
from simulator.store.units import KeptUnits, UnitStore

_MOST_CONTROLLED = 800  # trials of a unit with control variates, each of some 0.1 ms at least


@dataclass
class Work:
    """A run as those who work at it see it.

    Attributes
    ----------
    trials
        How many; None: without end.
    store
        Where units that are done are kept and found; None: nowhere.
    run
        Whatever it is done for.
    over
        Whether nothing more of it is wanted.
    """

    params: Params
    asked: Evaluation
    seed: int
    trials: int | None
    first_trial: int
    engine: Engine
    store: UnitStore | None = None
    run: Any = None
    over: bool = False

    @cached_property
    def _units(self) -> KeptUnits | None:
        if self.store is None:
            return None
        asked = self.asked
        seen = asked.observer and (asked.observer.trials, *asked.observer.asked)
        wanted = seen, asked.columns, asked.table, asked.control is not None
        judged = asked.plans, asked.truths, asked.families, asked.monitoring
        key = key_of(self.params, *judged, *wanted, self.seed, self.engine)
        about = {
            "patients": self.params.trial.target_randomised,
            "analyses": [plan.name for plan in asked.plans],
            "seed": self.seed,
            "engine": self.engine.value,
            "program": program(),
        }
        return self.store.of(key, about)

    def spans(self, begun: int = 0) -> Iterator[tuple[int, int]]:
        """First trial and number of trials of each unit that is still wanted.

        Parameters
        ----------
        begun
            Trials of whole units to be left out.
        """
        size = trials_a_unit(self.params, self.asked.plans)
        if self.asked.control is not None:
            size = min(size, _MOST_CONTROLLED)
        left = None if self.trials is None else self.trials - begun
        wanted = spans(self.first_trial + begun, left, size)
        return itertools.takewhile(lambda _: not self.over, wanted)

    def found(self, first: int, trials: int) -> UnitResult | None:
        """Return a unit that was done before and is kept; None if there is none."""
        units = self._units
        arrays = None if units is None else units.find(first, trials)
        if units is None or arrays is None:
            return None
        try:
            found = unit_from(self.params, self.asked, arrays)
        except (KeyError, ValueError):
            units.refuse(first, trials)
            return None
        count(kept=trials)
        return found

    def keep(self, first: int, unit: UnitResult) -> None:
        """Keep a unit that was simulated, if any are kept."""
        count(simulated=unit.sums.trials)
        if self._units is not None:
            self._units.keep(first, unit.sums.trials, arrays_of(unit))

    def done(self, first: int, trials: int) -> "Done":
        """Find a unit, or work at it by the compiled engine and keep it."""
        found = self.found(first, trials)
        unit = self._simulated(first, trials) if found is None else found
        return Done(unit, partial(self._first_of_unit, first), was_kept=found is not None)

    def _first_of_unit(self, first: int, trials: int) -> UnitResult:
        return self.done(first, trials).unit

    def _simulated(self, first: int, trials: int) -> UnitResult:
        unit = run_unit(self.params, self.asked, Engine.COMPILED, self.seed, first, trials)
        self.keep(first, unit)
        return unit


class Done(NamedTuple):
    """A unit that is done, and how to have its first trials alone.

    `was_kept` is whether it was found done in an earlier attempt, not simulated.
    """

    unit: UnitResult
    first: Callable[[int], UnitResult]
    was_kept: bool = False


Waiting = Sums | None  # while a unit is waited for: what is known of it
Results = Iterator[tuple[Work, Done | Waiting]]


def spans(first_trial: int, trials: int | None, size: int) -> Iterator[tuple[int, int]]:
    """First trial and number of trials of each span of some size, the last of what is left."""
    done = 0
    while trials is None or done < trials:
        yield first_trial + done, size if trials is None else min(size, trials - done)
        done += size
