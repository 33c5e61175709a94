"""Trials under looks that come in lanes: what `monitored_records` does, sooner.

No patient touches another there, so that a stop changes who enters and nothing else: nothing is
simulated again.
"""

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable
from simulator.analysis.lane_cut import LaneCut, can_be_cut, days_of
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.analysis.looked_at import Known
from simulator.conduct import Conduct
from simulator.declarations.analyses import Information
from simulator.lanes.records import LaneRecords
from simulator.monitoring.asked import Moment, MonitoringPlan
from simulator.montecarlo.predictive_looks import probabilities
from simulator.records import Floats, Ints


def are_looked_at_in_lanes(plans: tuple[AnalysisPlan, ...], asked: MonitoringPlan) -> bool:
    """Whether looks of trials in lanes can be taken there."""
    pauses = any(look.pauses for look in asked.looks)
    changes = pauses or asked.adaptation is not None or asked.family is not None or asked.own_sizes
    return not changes and can_be_cut(plans[asked.column], asked.information)


def known_at_end(
    block: LaneBlock, plan: AnalysisPlan, information: str, randomised: Ints, deaths_seen: Ints
) -> Known:
    """Count what an analysis knows at the end of trials.

    Parameters
    ----------
    information
        What it is counted in.
    randomised, deaths_seen
        Patients of each trial, and their deaths before a loss.
    """
    nobody_asks = information != Information.COMPLETED
    if nobody_asks and block.looks_at_records(plan):
        return Known(randomised, deaths_seen, np.full(randomised.size, -1))
    of_first, of_second = block.counts(plan).swapaxes(0, 1)
    events, completed = (of_first + of_second).T
    return Known(randomised, events, completed)


class LaneTrials:
    """A block of trials as `monitored` sees them: `Trials`.

    Parameters
    ----------
    plan, asked
        The analysis that is looked at, and the looks.
    at_end
        What `analysed` finds at the planned end.

    Attributes
    ----------
    trial, target_randomised, recruitment_end_day, trial_end_day
        As `Trials` has them; of the trials as planned.
    closes_day
        (trials,): trial day on which a look closes recruitment; NaN where none does.
    """

    def __init__(
        self,
        records: LaneRecords,
        block: LaneBlock,
        plan: AnalysisPlan,
        asked: MonitoringPlan,
        first_trial: int,
        at_end: tuple[AnalysisTable, Known],
        recruitment_end_day: Floats,
        trial_end_day: Floats,
    ) -> None:
        self.trial = np.arange(first_trial, first_trial + records.trials)
        self.target_randomised = records.key.shape[1]
        self.recruitment_end_day, self.trial_end_day = recruitment_end_day, trial_end_day
        self.closes_day = np.full(records.trials, np.nan)
        self._records, self._block, self._plan = records, block, plan
        self._at_end, self._looks = at_end, asked.looks
        self._counts_completed = asked.information == Information.COMPLETED
        self._days: dict[str, dict[int, Floats]] = {}

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
        if at.kind not in self._days:
            self._learn(at.kind)
        return self._days[at.kind][number]

    def _of_patient(self, days: Floats, number: int) -> Floats:
        return days[:, number - 1].ravel()[: self._records.trials]

    def _learn(self, kind: str) -> None:
        """Find the days of all numbers of a kind that looks ask for."""
        moments = (moment for look in self._looks for moment in look.at.simple)
        asked = (int(moment.value) for moment in moments if moment.kind == kind)
        numbers = sorted({number for number in asked if number <= self.target_randomised})
        records, alone = self._records, kind != "completed"
        keys = records.key if kind != "events" else self._block.keys(self._plan, left_out=False)
        days = days_of(records, keys, np.array(numbers), deaths_alone=alone)
        self._days[kind] = dict(zip(numbers, days, strict=True))

    def analysed(self, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Analyse what is known at a cut, and count it."""
        if np.isinf(cut_day).any():  # the end, as planned: none of these trials was stopped
            return self._at_end
        cut = LaneCut(self._block, self._records, self._plan, cut_day)
        completed = np.full(cut.trials, -1)
        if self._counts_completed:
            completed = cut.counts(self._plan)[:, :, 1].sum(axis=1)
        randomised, events = cut.numbers
        return analyse_lanes(cut, [self._plan]), Known(randomised, events, completed)

    def predictive(self, cut_day: Floats, asked: MonitoringPlan) -> Floats:
        """Predictive probability at a cut that the final analysis rejects, of two proportions."""
        cut = LaneCut(self._block, self._records, self._plan, cut_day)
        return probabilities(self._plan, asked, cut.counts(self._plan))

    def under_treatment(self, day: Floats) -> Ints:
        """Nobody is treated in sessions."""
        return np.zeros(day.size, np.int64)

    def replay(self, conduct: Conduct, rows: Ints) -> None:
        """Note the days on which recruitment closes: that is all that looks can change here."""
        self.closes_day[rows] = conduct.recruitment_closes_day[rows]
