"""What looks at trials come to, trial by trial."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import Bools
from simulator.monitoring.held import Decision
from simulator.montecarlo.adapted import AdaptedRows
from simulator.montecarlo.after_stopping import AtTheStop
from simulator.records import Floats, Ints


class LookRows(NamedTuple):
    """What looks came to; the last look is the final analysis.

    Attributes
    ----------
    decision
        (trials, looks): a `Decision`; -1 where the look was not taken.
    cut_day, decision_day, fraction, boundary, z, standard_error, effect, lower
        (trials, looks), NaN where it was not taken: trial days; share of the planned information;
        the critical value in favour of the second arm, or of what is to be shown; the statistic;
        standard error of the estimate; how far from no difference, or from the margin, an estimate
        would just have crossed it; the critical value in favour of the first arm, of a two-sided
        analysis.
    overrun_randomised, overrun_completed, overrun_events
        (trials, looks): how many more patients, patients with a known end, and events the final
        analysis has than the look that stopped the trial; NaN where a look did not, and of patients
        with a known end where information is not counted in them.
    randomised, events, treated
        (trials, looks), 0 where it was not taken: patients by the cut, events by then, and patients
        under treatment when it was decided.
    """

    decision: Ints
    cut_day: Floats
    decision_day: Floats
    fraction: Floats
    boundary: Floats
    z: Floats
    standard_error: Floats
    effect: Floats
    lower: Floats
    overrun_randomised: Floats
    overrun_completed: Floats
    overrun_events: Floats
    randomised: Ints
    events: Ints
    treated: Ints

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.decision.shape[0])

    @property
    def stopped(self) -> Bools:
        """(trials,): whether a look stopped them, before the final analysis."""
        return self.stopping_look >= 0

    @property
    def stopping_look(self) -> Ints:
        """(trials,): the look that stopped them, -1 where none did."""
        found = np.full(self.trials, -1)
        for look in range(self.decision.shape[1] - 1):
            decided = self.decision[:, look]
            stops = (decided >= 0) & (decided != Decision.GO_ON)
            found = np.where(stops & (found < 0), look, found)
        return found

    @property
    def stopping_day(self) -> Floats:
        """(trials,): trial day on which it was decided to stop them early, NaN where none was."""
        decided = self.decision[:, :-1]
        stops = (decided >= 0) & (decided != Decision.GO_ON)
        days = np.where(stops, self.decision_day[:, :-1], math.inf).min(axis=1, initial=math.inf)
        return np.where(np.isinf(days), math.nan, days)


class FamilyRows(NamedTuple):
    """What looks came to for the analyses of a family; the last look is the final analysis.

    Attributes
    ----------
    rejected_at
        (trials, analyses): the look at which each was rejected; -1: it was not.
    fraction
        (trials, looks, analyses): share of the planned information, NaN where it was not looked at.
    aimed
        (trials,): whether that was rejected which stops a trial.
    """

    rejected_at: Ints
    fraction: Floats
    aimed: Bools


class Monitored(NamedTuple):
    """What the looks at trials came to.

    Attributes
    ----------
    p_value, favours
        (trials,): of the analysis that was looked at; of a family (trials, analyses).
    adapted
        What was changed beside stopping; None: nothing was asked for.
    family
        What the looks came to for each analysis of a family; None: one analysis was looked at.
    stop
        What the data at the stop say of the estimate; None: nothing allows for the looks.
    """

    looks: LookRows
    p_value: Floats
    favours: Ints
    adapted: AdaptedRows | None = None
    family: FamilyRows | None = None
    stop: AtTheStop | None = None


def new_look_rows(trials: int, looks: int) -> LookRows:
    """Return rows of looks of which none was taken yet; one look's are beside each other."""
    shape = trials, looks
    numbers = [np.full(shape, math.nan, order="F") for _ in range(11)]
    counts = [np.zeros(shape, np.int64, order="F") for _ in range(3)]
    return LookRows(np.full(shape, -1, np.int64, order="F"), *numbers, *counts)
