"""What there is to do: a run as a list of units of work, and a unit that is done."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator.montecarlo.sums import Sums
from simulator.montecarlo.units import Engine, Evaluation, UnitResult, run_unit, trials_a_unit
from simulator.params.types import Params

_MOST_CONTROLLED = 800  # trials of a unit with control variates, each of some 0.1 ms at least


@dataclass
class Work:
    """A run as those who work at it see it.

    Attributes
    ----------
    trials
        How many; None: without end.
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
    run: Any = None
    over: bool = False

    def spans(self) -> Iterator[tuple[int, int]]:
        """First trial and number of trials of each unit that is still wanted."""
        size = trials_a_unit(self.params, self.asked.plans)
        if self.asked.control is not None:
            size = min(size, _MOST_CONTROLLED)
        wanted = spans(self.first_trial, self.trials, size)
        return itertools.takewhile(lambda _: not self.over, wanted)

    def unit(self, first: int, trials: int) -> UnitResult:
        """Work at a unit by the compiled engine."""
        return run_unit(self.params, self.asked, Engine.COMPILED, self.seed, first, trials)


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
