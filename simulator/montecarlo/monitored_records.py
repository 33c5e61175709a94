"""Trials under looks whose records are whole."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable, Cut, analyse
from simulator.analysis.analyse import followed_for
from simulator.analysis.cut import cut_days, rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.looked_at import Known, event_days, known_at, under_treatment
from simulator.analysis.types import Design
from simulator.conduct import Conduct
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.montecarlo.pooled import Pooled, pooled_at
from simulator.montecarlo.predictive_looks import probabilities
from simulator.montecarlo.replays import replaced
from simulator.records import Floats, Ints, TrialRecords

Simulate = Callable[[Conduct], TrialRecords]


class RecordedTrials:
    """A block of trials as `monitored` sees them: `Trials`.

    Attributes
    ----------
    records
        Of the trials as they are conducted so far.

    Parameters
    ----------
    plans
        The analyses that are looked at, the one that leads first, then a family's in its order.
    """

    def __init__(
        self,
        records: TrialRecords,
        plans: Sequence[AnalysisPlan],
        design: Design,
        target_randomised: int,
        simulate: Simulate,
    ) -> None:
        self.records, self.target_randomised = records, target_randomised
        self._plan, *self._family = plans
        self._design, self._simulate = design, simulate

    @property
    def trial(self) -> Ints:
        """Index of each trial."""
        return self.records.trials.trial

    @property
    def recruitment_end_day(self) -> Floats:
        """Trial day on which recruitment ends."""
        return self.records.trials.recruitment_end_day

    @property
    def trial_end_day(self) -> Floats:
        """Trial day of the last follow-up."""
        return self.records.trials.trial_end_day

    def moment(self, at: Moment) -> Floats:
        """Trial day of a moment in each trial, infinity where it never comes."""
        if at.kind == "events":
            return event_days(self.records, self._plan, self._design, int(at.value))
        cut = Cut(at.kind, at.value)  # type: ignore[arg-type]
        return cut_days(rows_of(self.records), followed_for(self._design, cut), cut)[0]

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Analyse what is known at a cut, and count it."""
        return self._analysed(self._plan, cut_day)

    def analysed_by(self, place: int, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Do as `analysed` does, by the analysis of a place in the family."""
        return self._analysed(self._family[place], cut_day)

    def _analysed(self, plan: AnalysisPlan, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        if self._design.has_common_end:  # infinity is the end, here a cut as well
            cut_day = np.minimum(cut_day, self.trial_end_day)
        table = analyse(self.records, [plan], self._design, cut_day)
        return table, known_at(self.records, plan, self._design, cut_day)

    def predictive(self, cut_day: Floats, asked: MonitoringPlan) -> Floats:
        """Predictive probability at a cut that the final analysis rejects, of two proportions."""
        return probabilities(self._plan, asked, self.counted(cut_day))

    @property
    def plan(self) -> AnalysisPlan:
        """The analysis that is looked at."""
        return self._plan

    def counted(self, cut_day: Floats) -> Ints:
        """Count the dead and all of each arm, (trials, arms, 2), that a proportion is of."""
        if self._design.has_common_end:
            cut_day = np.minimum(cut_day, self.trial_end_day)
        rows = handled(
            self.records,
            rows_of(self.records),
            handling_of(self._plan),
            self._design.arm_modality,
            cut_day,
        )
        return Block(rows, cut_day, self._design.follow_up_days).counts(self._plan)

    def under_treatment(self, day: Floats) -> Ints:
        """Count the patients of each trial who are treated on a day, or are to be."""
        return under_treatment(self.records, day)

    def randomised_by(self, day: Floats) -> Ints:
        """Count the patients of each trial who were randomised by a day."""
        rows = rows_of(self.records)
        patients = np.diff(rows.first_row)
        trial = np.repeat(np.arange(day.size), patients)
        return np.bincount(trial[rows.entry_day <= np.repeat(day, patients)], minlength=day.size)

    def pooled(self, cut_day: Floats, *, of_mean: bool) -> Pooled:
        """Return what is known at a cut with arms pooled."""
        return pooled_at(self.records, self._plan, self._design, cut_day, of_mean=of_mean)

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Simulate the trials of some rows again, whole, as they are now conducted."""
        self.records = replaced(self.records, rows, self._simulate(conduct.of(rows)))
