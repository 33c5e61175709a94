"""What is asked of every trial of a run, and of which engine."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from simulator.analysis import AnalysisPlan
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.columns import Layout, layout_of
from simulator.montecarlo.look_rows import LookRows
from simulator.montecarlo.multiplicity import Family
from simulator.montecarlo.sums import Sums
from simulator.params.types import Params
from simulator.records import Floats, TrialRecords
from simulator.truth import Truth


class Engine(StrEnum):
    """Which engine simulates; the answer is the same, bit for bit."""

    COMPILED = "compiled"
    REFERENCE = "reference"


Observed = tuple[Floats, ...]  # each with a row a trial
NOTHING_SEEN: Observed = ()
Control = Callable[[int, int, int], Floats]  # of seed, first trial, trials: (trials, controls)


class Observer(NamedTuple):
    """Somebody who looks at the records of trials.

    Attributes
    ----------
    look
        What is seen of the records of some trials, a row a trial.
    trials
        The number below which trials are looked at; None: at all.
    asked
        What, beside the parameters, decides what is seen: of what `work_key.key_of` takes.
    at_looks
        What is seen of looks at trials before their end, a row a trial, beside the records.
    """

    look: Callable[[Params, TrialRecords], Observed]
    trials: int | None
    asked: tuple[Any, ...]
    at_looks: Callable[[LookRows], Observed] | None = None


class Evaluation(NamedTuple):
    """What is asked of every trial.

    Attributes
    ----------
    plans, truths, families
        Analyses, the truth that they estimate, those judged together.
    observer
        Who wants to see records.
    columns
        Trial metrics that are wanted of single trials.
    table
        Whether the results of single trials are wanted.
    control
        What gives the control variates of single trials, if they are wanted.
    monitoring
        Looks at one of the analyses before the end; None: none.
    """

    plans: tuple[AnalysisPlan, ...]
    truths: tuple[Truth, ...]
    families: tuple[Family, ...]
    observer: Observer | None = None
    columns: tuple[str, ...] = ()
    table: bool = False
    control: Control | None = None
    monitoring: MonitoringPlan | None = None

    def is_looked_at(self, first_trial: int) -> bool:
        """Whether somebody wants to see the records of the trials from this one on."""
        observer = self.observer
        return observer is not None and (observer.trials is None or first_trial < observer.trials)

    def layout(self, params: Params) -> Layout:
        """Return the trial metrics that a scenario has."""
        return layout_of(params, self.plans)

    def new_sums(self, params: Params) -> Sums:
        """Return sums over no trial yet."""
        asked = self.plans, self.truths, self.families
        return Sums(self.layout(params), *asked, self.monitoring)
