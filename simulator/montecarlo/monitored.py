"""Looks at a block of trials: cut, decide, simulate again those whose conduct changed.

A trial is simulated whole, as planned. At each look its data are cut, and what is decided changes
its conduct; where that changes anything later, the trial is simulated again with it, which leaves
all that was known at the cut as it was (decision 24).
"""

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.analysis.looked_at import Known
from simulator.analysis.types import ANALYSED
from simulator.conduct import Conduct, as_planned
from simulator.declarations.analyses import Information
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.monitoring.decisions import (
    Decision,
    Stage,
    decided,
    limits_of,
    looked,
    p_values,
    sides_of,
)
from simulator.montecarlo.after_stopping import AtTheStop, Stops
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.params.types import Params
from simulator.records import Floats, Ints

_STOPS = [Decision.FAVOURS_FIRST, Decision.FAVOURS_SECOND, Decision.FUTILITY]


class Trials(Protocol):
    """A block of trials as looks see them; days are trial days, one row per trial.

    Attributes
    ----------
    trial
        Index of each trial.
    target_randomised
        As planned.
    recruitment_end_day, trial_end_day
        Of the trials as they are conducted so far.
    """

    @property
    def trial(self) -> Ints: ...  # noqa: D102

    @property
    def target_randomised(self) -> int: ...  # noqa: D102

    @property
    def recruitment_end_day(self) -> Floats: ...  # noqa: D102

    @property
    def trial_end_day(self) -> Floats: ...  # noqa: D102

    def moment(self, at: Moment) -> Floats:
        """Day of a moment in each trial, infinity where it never comes; of no compound one."""
        ...

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Analyse what is known at a cut, by the analysis that is looked at, and count it."""
        ...

    def under_treatment(self, day: Floats) -> Ints:
        """Count the patients of each trial who are treated on a day, or are to be."""
        ...

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Simulate the trials of some rows again, whole, as they are now conducted."""
        ...


class LookRows(NamedTuple):
    """What looks came to; the last look is the final analysis.

    Attributes
    ----------
    decision
        (trials, looks): a `Decision`; -1 where the look was not taken.
    cut_day, decision_day, fraction, boundary, z, effect
        (trials, looks), NaN where it was not taken: trial days; share of the planned information;
        the critical value in favour of the second arm, or of what is to be shown; the statistic;
        how far from no difference, or from the margin, an estimate would just have crossed it.
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
    effect: Floats
    randomised: Ints
    events: Ints
    treated: Ints

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.decision.shape[0])


class Monitored(NamedTuple):
    """What the looks at trials came to.

    `p_value` and `favours` are those of the analysis that was looked at, one row a trial, `stop`
    what the data at the stop say of its estimate.
    """

    looks: LookRows
    p_value: Floats
    favours: Ints
    stop: AtTheStop


def monitored(asked: MonitoringPlan, trials: Trials) -> Monitored:
    """Look at trials, and have those simulated again whose conduct changes."""
    return _Monitoring(asked, trials).run()


class _Monitoring:
    """A block of trials under its looks."""

    def __init__(self, asked: MonitoringPlan, trials: Trials) -> None:
        self.asked, self.trials = asked, trials
        self.conduct = as_planned(trials.trial, trials.target_randomised)
        size, pauses = trials.trial.size, sum(look.pauses for look in asked.looks)
        never = np.full((size, pauses), math.inf)
        self.conduct = self.conduct._replace(pause_from_day=never, pause_until_day=never.copy())
        self.sides = sides_of(asked)
        self.stages = [Stage()]  # every history of looks that a trial has had
        self.history = np.zeros(size, dtype=np.int64)  # which of them
        self.active = np.ones(size, dtype=bool)
        self.before = np.full(size, -math.inf)  # trial day of the last decision
        self.looks = _new_rows(size, len(asked.looks) + 1)
        self.p_value = np.full(size, math.nan)
        self.favours = np.full(size, -1, dtype=np.int64)
        self.stops = Stops(size)

    def run(self) -> Monitored:
        """Take every look, then the final analysis."""
        paused = 0
        for place, look in enumerate(self.asked.looks):
            days = np.maximum(_moment(self.trials, look.at), self.before)
            # A look after the last follow-up is the final analysis.
            taken = self.active & (days < self.trials.trial_end_day)
            self._look(place, days, taken, look.cleaning_days)
            decision = self.looks.decision[:, place]
            stops = taken & (decision >= 0) & (decision != Decision.GO_ON)
            decided_on = days + look.cleaning_days
            self.before = np.where(taken, decided_on, self.before)
            changed = self._close(stops, days if look.pauses else decided_on, decided_on)
            if look.pauses:
                goes_on = taken & ~stops
                self.conduct.pause_from_day[goes_on, paused] = days[goes_on]
                self.conduct.pause_until_day[goes_on, paused] = decided_on[goes_on]
                changed |= goes_on & (days < self.trials.recruitment_end_day)
                paused += 1
            self.active &= ~stops
            if changed.any():
                self.trials.replay(self.conduct, np.flatnonzero(changed))
        ends = np.where(self.active, math.inf, -1.0)
        self._look(len(self.asked.looks), ends, self.active, 0.0)
        of_trials = self.stages, self.history, self.looks.z, self.looks.decision
        stop = self.stops.corrected(self.asked, *of_trials)
        return Monitored(self.looks, self.p_value, self.favours, stop)

    def _look(self, place: int, days: Floats, taken: Bools, cleaning_days: float) -> None:
        """Analyse what is known, and decide."""
        if not taken.any():
            return
        final = place == len(self.asked.looks)
        # Of others nobody was randomised yet: they take no time.
        at = np.where(taken, days, -1.0)
        table, known = self.trials.analysed(at)
        z = _signed(table, self.asked.sides)
        fraction = self._fraction(table, known.events, known.completed)
        decision_day = np.where(final, self.trials.trial_end_day, at + cleaning_days)
        seen = {
            "cut_day": decision_day if final else at,
            "decision_day": decision_day,
            "fraction": fraction,
            "z": z,
            "randomised": known.randomised,
            "events": known.events,
            "treated": self.trials.under_treatment(decision_day),
        }
        for name, column in seen.items():
            np.copyto(getattr(self.looks, name)[:, place], column, where=taken)
        self.looks.decision[taken, place] = Decision.GO_ON
        self._judge(place, taken & (fraction > 0.0) & ~np.isnan(z), table)
        self.stops.note(place, ~np.isnan(self.p_value), table)

    def _judge(self, place: int, informed: Bools, table: AnalysisTable) -> None:
        """Hold statistics to their boundaries, which are one trial's and all of its like."""
        looks, final = self.looks, place == len(self.asked.looks)
        trials, stages = self._stages(place, np.flatnonzero(informed), final)
        if trials.size == 0:
            return
        z, favours = looks.z[trials, place], table.favours[trials, 0]
        numbers, which = _distinct(stages)
        alike = [self.stages[number] for number in numbers.tolist()]
        limits = limits_of(alike, which)
        found = decided(limits, z, final)
        if self.asked.sides == 1:  # which arm fared better is another matter
            of_first = (found == Decision.FAVOURS_SECOND) & (favours == 0)
            found[of_first] = Decision.FAVOURS_FIRST
        looks.decision[trials, place] = found
        looks.boundary[trials, place] = limits.efficacy_z
        looks.effect[trials, place] = limits.efficacy_z * table.standard_error[trials, 0]
        self.history[trials] = stages
        for futile in (False, True):
            ends = (found == Decision.FUTILITY) == futile
            ends &= final | (found != Decision.GO_ON)
            if ends.any():
                found_p = p_values(alike, which[ends], z[ends], futile=futile)
                self.p_value[trials[ends]] = found_p
        shown = found <= Decision.FAVOURS_SECOND
        self.favours[trials] = np.where(shown, found, favours)

    def _stages(self, place: int, trials: Ints, final: bool) -> tuple[Ints, Ints]:
        """Trials, of some, whose look counts as one, and the number of the stage each has come to.

        Trials of one history and information come to the same.
        """
        fractions, which = _distinct(self.looks.fraction[trials, place])
        pairs, which = _distinct(self.history[trials] * fractions.size + which)
        numbers = np.full(pairs.size, -1)
        for pair, (before, now) in enumerate(zip(*np.divmod(pairs, fractions.size), strict=True)):
            earlier, fraction = self.stages[before], float(fractions[now])
            # All that is left else is the final analysis's.
            if final or not (fraction >= 1.0 or _adds_nothing(earlier, fraction)):
                numbers[pair] = len(self.stages)
                self.stages.append(looked(self.sides, earlier, place, fraction, final))
        stages = numbers[which]
        counts = stages >= 0
        return trials[counts], stages[counts]

    def _fraction(self, table: AnalysisTable, events: Ints, completed: Ints) -> Floats:
        """Share of the planned information; NaN or 0 where there is none."""
        if self.asked.information == Information.DEATHS:
            found = events.astype(float)
        elif self.asked.information == Information.COMPLETED:
            found = completed.astype(float)
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                found = 1.0 / table.standard_error[:, 0] ** 2
        return np.asarray(found / self.asked.max_information)

    def _close(self, stops: Bools, closes: Floats, decided_on: Floats) -> Bools:
        """Close recruitment of trials that stop; return those of which that changes anything."""
        self.conduct.recruitment_closes_day[stops] = closes[stops]
        changed = stops & (closes < self.trials.recruitment_end_day)
        if self.asked.stops_treatment:
            self.conduct.treatment_stops_day[stops] = decided_on[stops]
            changed |= stops & (decided_on < self.trials.trial_end_day)
        return changed


def judged(table: AnalysisTable, asked: MonitoringPlan, found: Monitored) -> AnalysisTable:
    """Return a table at the end with what the looks came to in the place of its last analysis.

    Estimate, standard error and interval stay: the usual ones, of all who were followed.
    """
    column = asked.column
    p_values, favours, reason = table.p_value.copy(), table.favours.copy(), table.reason.copy()
    known = ~np.isnan(found.p_value)
    p_values[known, column] = found.p_value[known]
    favours[known, column] = found.favours[known]
    reason[known, column] = ANALYSED
    return table._replace(p_value=p_values, favours=favours, reason=reason)


def _distinct(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Ints]:
    """Return the distinct values, which climb, and the place of each value among them.

    Of whole numbers, or of few, sooner than by sorting places as `numpy.unique` does.
    """
    distinct = np.unique(values)
    return distinct, np.searchsorted(distinct, values)


def _adds_nothing(earlier: Stage, fraction: float) -> bool:
    """Whether a look has no more information than the one before: they are one."""
    return bool(earlier.second) and fraction <= earlier.second[-1].information


def write_recruitment(
    params: Params, layout: Layout, rows: MetricRows, fixed: MetricRows, looks: LookRows
) -> None:
    """Write whether trials recruit as planned, which to be stopped by a look is no failure of.

    A trial that was stopped has reached its target if it does without looks, and is on time if it
    ends in time.
    """
    stopped = np.isin(looks.decision[:, :-1], _STOPS).any(axis=1)
    reached = fixed.counts[layout.counts["target_reached"].start] == 1
    ends = rows.amounts[layout.amounts["trial_days"].start]
    planned_end = params.trial.planned_completion_day
    in_time = ends <= (math.inf if math.isnan(planned_end) else planned_end)
    rows.counts[layout.counts["target_reached"].start] = reached
    rows.counts[layout.counts["on_time"].start] = (reached | stopped) & in_time


def _signed(table: AnalysisTable, sides: int) -> Floats:
    """Statistic of each trial: positive in favour of the second arm, NaN without a result.

    That of a one-sided hypothesis is positive in favour of what is to be shown.
    """
    if sides == 1:
        return np.asarray(-ndtri(table.p_value[:, 0]))
    sign = np.where(table.favours[:, 0] == 1, 1.0, np.where(table.favours[:, 0] == 0, -1.0, 0.0))
    return np.asarray(np.abs(ndtri(table.p_value[:, 0] / 2.0)) * sign)


def _moment(trials: Trials, at: Moment) -> Floats:
    """Trial day of a moment in each trial, infinity where it never comes."""
    if not at.of:
        return trials.moment(at)
    one, other = (_moment(trials, inner) for inner in at.of)
    return np.minimum(one, other) if at.kind == "earlier" else np.maximum(one, other)


def _new_rows(trials: int, looks: int) -> LookRows:
    shape = trials, looks
    numbers = [np.full(shape, math.nan) for _ in range(6)]
    counts = [np.zeros(shape, np.int64) for _ in range(3)]
    return LookRows(np.full(shape, -1, np.int64), *numbers, *counts)
