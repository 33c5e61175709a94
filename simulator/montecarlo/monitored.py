"""Looks at a block of trials: cut, decide, simulate again those whose conduct changed.

A trial is simulated whole, as planned. At each look its data are cut, and what is decided changes
its conduct; where that changes anything later, the trial is simulated again with it, which leaves
all that was known at the cut as it was (decision 24).
"""

import math
from typing import Any, Protocol

import numpy as np

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.analysis.looked_at import Known
from simulator.conduct import Conduct, as_planned
from simulator.monitoring.adaptation_checks import final_critical
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.monitoring.decisions import Stage, limits_of, looked, p_values, sides_of
from simulator.monitoring.futility import read_futility
from simulator.monitoring.held import ENDED, GAVE_UP, Columns, Decision, hold, write_where
from simulator.montecarlo.adapted import Adaptable, Adapting, Seen
from simulator.montecarlo.after_stopping import Stops
from simulator.montecarlo.look_rows import Monitored, new_look_rows
from simulator.montecarlo.look_statistics import adds_nothing, alike_among, fraction_of, signed
from simulator.montecarlo.own_levels import Counting, OwnLevels, on_spent_scale, with_critical
from simulator.records import Floats, Ints

_ABOVE = 1.0 + 1e-6  # an alpha that much larger is not reached


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

    def predictive(self, cut_day: Floats, asked: MonitoringPlan) -> Floats:
        """Predictive probability at a cut that the final analysis rejects, of two proportions."""
        ...

    def under_treatment(self, day: Floats) -> Ints:
        """Count the patients of each trial who are treated on a day, or are to be."""
        ...

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Simulate the trials of some rows again, whole, as they are now conducted."""
        ...


def monitored(asked: MonitoringPlan, trials: Trials) -> Monitored:
    """Look at trials, and have those simulated again whose conduct changes."""
    return Monitoring(asked, trials).run()


class Monitoring:
    """A block of trials under its looks."""

    def __init__(self, asked: MonitoringPlan, trials: Trials) -> None:
        self.asked, self.trials = asked, trials
        self.conduct = as_planned(trials.trial, trials.target_randomised)
        size, pauses = trials.trial.size, sum(look.pauses for look in asked.looks)
        never = np.full((size, pauses), math.inf)
        self.conduct = self.conduct._replace(pause_from_day=never, pause_until_day=never.copy())
        self.sides = sides_of(asked)
        self.of_tables = asked.futility is not None and asked.futility.is_of_tables
        self.stages = [Stage()]  # every history of looks that a trial has had
        self.history = np.zeros(size, dtype=np.int64)  # which of them
        self.active = np.ones(size, dtype=bool)
        self.before = np.full(size, -math.inf)  # trial day of the last decision
        self.looks = new_look_rows(size, len(asked.looks) + 1)
        self.p_value = np.full(size, math.nan)
        self.favours = np.full(size, -1, dtype=np.int64)
        self.adapting: Adapting | None = None
        if asked.adaptation is not None:
            assert isinstance(trials, Adaptable)  # those of lanes are not: none adapts there
            self.adapting = Adapting(asked, trials, self.conduct)
        self.own: OwnLevels | None = None
        if asked.own_sizes:
            assert isinstance(trials, Counting)  # those of lanes are not looked at so
            self.own = OwnLevels(asked, trials, size)
        self.stops = Stops(size) if asked.estimates_allow_for_looks else None

    def run(self) -> Monitored:
        """Take every look, then the final analysis."""
        paused = 0
        for place, look in enumerate(self.asked.looks):
            days = np.maximum(_moment(self.trials, look.at), self.before)
            # A look after the last follow-up is the final analysis.
            taken = self.active & (days < self.trials.trial_end_day)
            if self.adapting is not None:
                taken = self._before_look(self.adapting, days, taken)
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
            if self.adapting is not None:
                until = days if look.pauses else decided_on
                seen = self._seen(place) if self.adapting.zone_at(place) else None
                changed |= self.adapting.at_cut(place, days, until, taken & ~stops, seen)
            self._replay(changed)
        if self.adapting is not None:
            self._before_look(self.adapting, np.full(self.before.size, math.inf), self.active)
            self.active &= ~self.adapting.unanswered
            self.p_value[self.adapting.unanswered] = 1.0
        ends = np.where(self.active, math.inf, -1.0)
        self._look(len(self.asked.looks), ends, self.active, 0.0)
        adapted, stop = None if self.adapting is None else self.adapting.rows, None
        if self.stops is not None:
            of_trials = self.stages, self.history, self.looks.z, self.looks.decision
            combined = None if self.adapting is None else self.adapting.combined
            stop = self.stops.corrected(self.asked, *of_trials, combined)
        return Monitored(self.looks, self.p_value, self.favours, adapted, stop=stop)

    def _before_look(self, adapting: Adapting, days: Floats, taken: Bools) -> Bools:
        """Close trials that are slow by then; return those at which the look is taken."""
        self._replay(adapting.by_day(days, taken & ~adapting.rows.slow, self.before))
        return taken & ~adapting.rows.slow

    def _seen(self, place: int) -> Seen:
        """What a look found in trials in which it decided something."""
        seen = ~np.isnan(self.looks.boundary[:, place])
        critical = np.full(seen.size, math.nan)
        for history in np.unique(self.history[seen]).tolist():
            found = final_critical(self.sides, self.stages[history])
            critical[seen & (self.history == history)] = found
        return Seen(self.looks.z[:, place], self.looks.fraction[:, place], critical)

    def _replay(self, changed: Bools) -> None:
        if changed.any():
            self.trials.replay(self.conduct, np.flatnonzero(changed))

    def _look(self, place: int, days: Floats, taken: Bools, cleaning_days: float) -> None:
        """Analyse what is known, and decide."""
        if not taken.any():
            return
        final = place == len(self.asked.looks)
        # Of others nobody was randomised yet: they take no time.
        at = np.where(taken, days, -1.0)
        table, known = self.trials.analysed(at)
        z = signed(table, self.asked.sides, taken)
        fraction = fraction_of(self.asked, table, known)
        self.judged_at = fraction
        if final and self.adapting is not None:
            z, self.judged_at = self.adapting.final_statistic(z, fraction)
        decision_day = self.trials.trial_end_day if final else at + cleaning_days
        seen = {
            "cut_day": decision_day if final else at,
            "decision_day": decision_day,
            "fraction": fraction,
            "z": z,
            "standard_error": table.standard_error[:, 0],
        }
        self._write(place, taken, seen, math.nan)
        counted = {
            "randomised": known.randomised,
            "events": known.events,
            "treated": self.trials.under_treatment(decision_day),
        }
        self._write(place, taken, counted, 0)
        self.looks.decision[:, place] = np.where(taken, int(Decision.GO_ON), -1)
        self._judge(place, taken, table)
        if final and self.adapting is not None and self.adapting.weighs:
            # No estimate alone says whether a weighted statistic crosses, and the few trials whose
            # statistic is the usual one do not stand for the others.
            self.looks.effect[:, place] = math.nan
        if self.stops is not None:
            # A trial that ends without its test has a p value and no last look.
            self.stops.note(place, taken & ~np.isnan(self.p_value), table)

    def _write(self, place: int, taken: Bools, seen: dict[str, Any], others: float) -> None:
        """Write what was seen of trials at a look, and of others."""
        # Arrays of one type: records' columns may not be written, those of tables stand apart.
        values = tuple(np.require(column, requirements=["C", "W"]) for column in seen.values())
        columns = tuple(getattr(self.looks, name)[:, place] for name in seen)
        write_where(taken, values, columns, others)

    def _futile_by_tables(self, place: int, informed: Bools) -> Bools:
        """Which trials a rule that looks at the deaths of each arm gives up."""
        if not self.of_tables or place == len(self.asked.looks):
            return np.zeros(informed.size, np.bool_)
        assert self.asked.futility is not None
        least = read_futility(self.asked.futility.rule).values[0]
        at = np.where(informed, self.looks.cut_day[:, place], -1.0)
        return informed & (self.trials.predictive(at, self.asked) < least)

    def _judge(self, place: int, taken: Bools, table: AnalysisTable) -> None:
        """Hold statistics to their boundaries, which are one trial's and all of its like."""
        looks, final, z = self.looks, place == len(self.asked.looks), self.looks.z[:, place]
        informed = taken & (looks.fraction[:, place] > 0.0) & ~np.isnan(z)
        futile = self._futile_by_tables(place, informed)
        alike, which = self._stages(place, informed, final)
        if not alike:
            return
        limits, row, moved = limits_of(alike), which, z
        if self.own is not None:
            counts = which >= 0
            which = np.maximum(which, 0)  # what is found of others is nothing
            at = np.full(z.size, math.inf) if final else looks.cut_day[:, place]
            critical = self.own.critical(place, counts, at)
            moved = on_spent_scale(
                alike, which, np.where(counts, z, math.nan), critical, self.asked.sides
            )
            limits = with_critical(limits, which, critical)
            row = np.where(counts, np.arange(z.size), -1)
        columns = Columns(
            looks.decision[:, place],
            looks.boundary[:, place],
            looks.effect[:, place],
            looks.lower[:, place],
            self.favours,
        )
        became, of_table = np.empty_like(which), (table.standard_error, table.favours)
        seen = (np.ascontiguousarray(column[:, 0]) for column in of_table)
        hold(limits, row, z, *seen, futile, final, self.asked.sides, columns, became)
        for ending in (ENDED, GAVE_UP):
            trials = np.flatnonzero(became == ending)
            if trials.size:
                gives_up = ending == GAVE_UP
                judged = z if gives_up else moved
                p = p_values(alike, which[trials], judged[trials], futile=gives_up)
                # Whoever gives up does not reject, however far z is.
                self.p_value[trials] = np.maximum(p, self.asked.alpha * _ABOVE if gives_up else 0)

    def _stages(self, place: int, informed: Bools, final: bool) -> tuple[list[Stage], Ints]:
        """The stages that trials come to by a look, and each trial's place among them.

        That is -1 where the look does not count as one. Trials of one history and information come
        to the same.
        """
        alike, of_trial = alike_among(self.history, self.judged_at, informed)
        first, places = len(self.stages), np.full(alike.size + 1, -1)
        histories, fractions = self.history[alike].tolist(), self.judged_at[alike].tolist()
        for k, (before, fraction) in enumerate(zip(histories, fractions, strict=True)):
            earlier = self.stages[before]
            # All that is left else is the final analysis's.
            if final or not (fraction >= 1.0 or adds_nothing(earlier, fraction)):
                places[k] = len(self.stages) - first
                self.stages.append(looked(self.sides, earlier, place, fraction, final))
        which = places[of_trial]
        self.history = np.where(which >= 0, first + which, self.history)
        return self.stages[first:], which

    def _close(self, stops: Bools, closes: Floats, decided_on: Floats) -> Bools:
        """Close recruitment of trials that stop; return those of which that changes anything."""
        self.conduct.recruitment_closes_day[stops] = closes[stops]
        changed = stops & (closes < self.trials.recruitment_end_day)
        if self.asked.stops_treatment:
            self.conduct.treatment_stops_day[stops] = decided_on[stops]
            changed |= stops & (decided_on < self.trials.trial_end_day)
        return changed


def _moment(trials: Trials, at: Moment) -> Floats:
    """Trial day of a moment in each trial, infinity where it never comes."""
    if not at.of:
        return trials.moment(at)
    one, other = (_moment(trials, inner) for inner in at.of)
    return np.minimum(one, other) if at.kind == "earlier" else np.maximum(one, other)
