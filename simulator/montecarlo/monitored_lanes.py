"""Trials under looks that come in lanes: what `monitored_records` does, sooner.

No patient touches another there, so that a stop changes who enters and nothing else: the trials
that were stopped are simulated again once, after the last look.
"""

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable
from simulator.analysis.lane_cut import LaneCut, calendar_of, can_be_cut
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.looked_at import Known
from simulator.conduct import Conduct
from simulator.declarations.analyses import Information
from simulator.lanes.records import CENSORED, LaneRecords
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.predictive_looks import probabilities
from simulator.records import Floats, Ints


def are_looked_at_in_lanes(plans: tuple[AnalysisPlan, ...], asked: MonitoringPlan) -> bool:
    """Whether looks of trials in lanes can be taken there."""
    pauses = any(look.pauses for look in asked.looks)
    changes = pauses or asked.adaptation is not None or asked.family is not None
    return not changes and can_be_cut(plans[asked.column], asked.information)


class LaneTrials:
    """A block of trials as `monitored` sees them: `Trials`.

    Attributes
    ----------
    trial, target_randomised, recruitment_end_day, trial_end_day
        As `Trials` has them; of the trials as planned.
    conduct
        Of the trials that are to be simulated again; their past is the planned trial's.
    rows
        Those trials.
    """

    def __init__(
        self,
        records: LaneRecords,
        block: LaneBlock,
        plans: tuple[AnalysisPlan, ...],
        asked: MonitoringPlan,
        first_trial: int,
        layout: Layout,
        planned: tuple[AnalysisTable, MetricRows],
    ) -> None:
        table, rows = planned
        column = asked.column
        self._at_end = AnalysisTable._make(x[:, column : column + 1] for x in table)
        self._counts_completed = asked.information == Information.COMPLETED
        self.trial = np.arange(first_trial, first_trial + records.trials)
        self.target_randomised = records.key.shape[1]
        self.recruitment_end_day = rows.amounts[layout.amounts["enrolment_days"].start]
        self.trial_end_day = rows.amounts[layout.amounts["trial_days"].start]
        self.conduct: Conduct | None = None
        self._changed = np.zeros(records.trials, np.bool_)
        self._records, self._block, self._plan = records, block, plans[column]
        self._calendars: dict[str, Floats] = {}

    @property
    def rows(self) -> Ints:
        """Trials that are to be simulated again."""
        return np.flatnonzero(self._changed)

    def moment(self, at: Moment) -> Floats:
        """Trial day of a moment in each trial, infinity where it never comes."""
        records, number = self._records, int(at.value)
        if at.kind == "day":
            return np.full(records.trials, at.value)
        if number > self.target_randomised:
            return np.full(records.trials, np.inf)
        if at.kind in ("randomised", "due"):
            entry = self._of_patient(records.entry_day, number)
            return entry if at.kind == "randomised" else entry + self._block.follow_up_days
        return self._of_patient(self._calendar(at.kind), number)

    def _of_patient(self, days: Floats, number: int) -> Floats:
        return days[:, number - 1].ravel()[: self._records.trials]

    def _calendar(self, kind: str) -> Floats:
        if kind not in self._calendars:
            records = self._records
            of_events = kind == "events"
            keys = self._block.keys(self._plan, left_out=False) if of_events else records.key
            alone = kind != "completed"
            self._calendars[kind] = calendar_of(records, keys, deaths_alone=alone)
        return self._calendars[kind]

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Analyse what is known at a cut, and count it."""
        cut: LaneCut = LaneCut(self._block, self._records, self._plan, cut_day)
        known = Known(cut.randomised, cut.events, self._completed(cut))
        if np.isin(cut_day, (-1.0, np.inf)).all():  # at the end, as planned
            return self._at_end, known
        return analyse_lanes(cut, [self._plan]), known

    def known_at_end(self, block: LaneBlock, records: LaneRecords) -> Known:
        """Count what the final analyses of trials know, of these or of some simulated again."""
        keys = block.keys(self._plan, left_out=False)
        counts = np.isfinite(records.entry_day), (keys & CENSORED) == 0
        randomised, events = (x.sum(axis=1).ravel()[: records.trials] for x in counts)
        return Known(randomised, events, self._completed(block))

    def _completed(self, block: LaneBlock) -> Ints:
        """Patients with a known end, -1 where nobody asks."""
        if not self._counts_completed:
            return np.full(block.trials, -1)
        found: Ints = block.counts(self._plan)[:, :, 1].sum(axis=1)
        return found

    def predictive(self, cut_day: Floats, asked: MonitoringPlan) -> Floats:
        """Predictive probability at a cut that the final analysis rejects, of two proportions."""
        cut = LaneCut(self._block, self._records, self._plan, cut_day)
        return probabilities(self._plan, asked, cut.counts(self._plan))

    def under_treatment(self, day: Floats) -> Ints:
        """Nobody is treated in sessions."""
        return np.zeros(day.size, np.int64)

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Note that trials are to be simulated again."""
        self.conduct = conduct
        self._changed[rows] = True
