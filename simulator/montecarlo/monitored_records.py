"""Trials under looks whose records are whole."""

from collections.abc import Callable, Sequence

from simulator.analysis import AnalysisPlan, AnalysisTable, Cut, analyse
from simulator.analysis.cut import cut_days, rows_of
from simulator.analysis.looked_at import Known, event_days, known_at, under_treatment
from simulator.analysis.types import Design
from simulator.conduct import Conduct
from simulator.monitoring.asked import Moment
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
        days, _ = cut_days(rows_of(self.records), self._design.follow_up_days, cut)
        return days

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Analyse what is known at a cut, and count it."""
        return self._analysed(self._plan, cut_day)

    def analysed_by(self, place: int, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Do as `analysed` does, by the analysis of a place in the family."""
        return self._analysed(self._family[place], cut_day)

    def _analysed(self, plan: AnalysisPlan, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        table = analyse(self.records, [plan], self._design, cut_day)
        return table, known_at(self.records, plan, self._design, cut_day)

    def under_treatment(self, day: Floats) -> Ints:
        """Count the patients of each trial who are treated on a day, or are to be."""
        return under_treatment(self.records, day)

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Simulate the trials of some rows again, whole, as they are now conducted."""
        self.records = replaced(self.records, rows, self._simulate(conduct.of(rows)))
