"""What looks add up to over trials: when they are taken, what they decide, and what that saves."""

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable
from simulator.analysis.cut import Bools
from simulator.kernels import njit
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.held import Decision
from simulator.montecarlo.adapted import AdaptedRows
from simulator.montecarlo.adapted_sums import AdaptedSums
from simulator.montecarlo.after_stopping import AfterStopping, AtTheStop
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.family_look_sums import FamilyLookSums
from simulator.montecarlo.look_costs import PricedSums
from simulator.montecarlo.look_rows import FamilyRows, LookRows
from simulator.montecarlo.ordered_sums import mean_of
from simulator.records import Floats, Ints
from simulator.results.measures import Estimate
from simulator.truth import Truth

DECISIONS = len(Decision)
# Of each look that is taken: their sums and sums of squares are kept.
_NUMBERS = (
    *("cut_day", "decision_day", "fraction", "boundary", "z", "standard_error", "effect", "lower"),
    *("overrun_randomised", "overrun_completed", "overrun_events"),
)
SEEN = *_NUMBERS, "randomised", "events", "treated"
# Of each trial, summed over arms and modalities: with looks, and under the same patients without.
COMPARED = (
    *("randomised", "deaths", "deaths_by_the_end", "enrolment_days", "trial_days"),
    *("sessions_delivered", "plasma_litres", "machine_hours"),
)


class LooksOfTrials(NamedTuple):
    """What is to be added up of some trials.

    Attributes
    ----------
    rows
        What the looks came to.
    fixed
        The metrics of the same trials without looks.
    fixed_rejects
        Whether the analysis rejects without looks; of a family, whether that is rejected which
        stops a trial.
    adapted
        What looks changed beside stopping; None: nothing was asked for.
    family
        What the looks came to for each analysis of a family.
    stop
        What the data at the stop say; None: nothing that allows for the looks is asked for.
    """

    rows: LookRows
    fixed: MetricRows
    fixed_rejects: Bools
    adapted: AdaptedRows | None = None
    family: FamilyRows | None = None
    stop: AtTheStop | None = None


class LookSums:
    """Sums over the trials added so far.

    Attributes
    ----------
    decisions
        (looks, decisions): trials by what each look came to; the last look is the final analysis.
    seen
        (looks, SEEN, 3): how many trials a number is known of, its sum and its sum of squares.
    compared
        (COMPARED, 5): sums of a number with looks, without, of their squares, and of the square of
        the difference.
    priced
        What can have a price, with looks and without.
    rejections
        (2, 2): trials by whether the analysis rejects without looks, and with them.
    adapted
        What looks changed beside stopping; None: nothing was asked for.
    family
        Sums of each analysis of a family; None: one analysis is looked at.
    after
        How good estimates after stopping are; None: none is made that allows for the looks.
    """

    def __init__(
        self, asked: MonitoringPlan, layout: Layout, plan: AnalysisPlan, truth: Truth
    ) -> None:
        looks = len(asked.looks) + 1
        self._layout, self._column = layout, asked.column
        self.compared_columns = tuple(
            name for name in COMPARED if name in layout.counts or name in layout.amounts
        )
        self._places = np.array([_place(layout, name) for name in self.compared_columns])
        self.decisions = np.zeros((looks, DECISIONS), np.int64)
        self.rejections = np.zeros((2, 2), np.int64)
        self.seen = np.zeros((looks, len(SEEN), 3))
        self.compared = np.zeros((len(self.compared_columns), 5))
        self.adapted = None if asked.adaptation is None else AdaptedSums(asked.adaptation)
        self.priced = PricedSums(layout)
        together = asked.family
        self.family = None if together is None else FamilyLookSums(looks, len(together.hypotheses))
        self.after = AfterStopping(plan, truth) if asked.estimates_allow_for_looks else None

    def add(
        self,
        found: LooksOfTrials,
        rows: MetricRows,
        table: AnalysisTable,
        rejects: Bools,
        trials: int,
    ) -> None:
        """Add the first so many trials, which come next; `rejects` is with looks."""
        if self.adapted is not None and found.adapted is not None:
            self.adapted.add(found.adapted, rejects, trials)
        if self.after is not None and found.stop is not None:
            self.after.add(found.stop, table, self._column, rejects, trials)
        decision = found.rows.decision[:trials]
        for look, of_look in enumerate(decision.T):
            self.decisions[look] += np.bincount(of_look + 1, minlength=DECISIONS + 1)[1:]
        if self.family is not None and found.family is not None:
            rejects = found.family.aimed
            self.family.add(found.family, trials)
        without, now_rejects = found.fixed_rejects[:trials], rejects[:trials]
        both = np.bincount(2 * without.astype(np.int64) + now_rejects, minlength=4)
        self.rejections += both.reshape(2, 2)
        seen = tuple(getattr(found.rows, name)[:trials] for name in SEEN)
        numbers, counts = seen[: len(_NUMBERS)], seen[len(_NUMBERS) :]
        _add_seen(decision, numbers, self.seen[:, : len(_NUMBERS)])
        _add_seen(decision, counts, self.seen[:, len(_NUMBERS) :])
        now, before = rows, found.fixed
        _add_compared(*now, *before, self._places, trials, self.compared)
        self.priced.add(rows, found.fixed, trials)

    def merge(self, later: "LookSums") -> None:
        """Take in the sums of the trials that come next."""
        for mine, theirs in zip(self._added(), later._added(), strict=True):
            mine += theirs
        if self.after is not None and later.after is not None:
            self.after.merge(later.after)

    def arrays(self) -> list[Any]:
        """All that is summed."""
        return [*self._added(), *([] if self.after is None else self.after.arrays())]

    def _added(self) -> list[Any]:
        of_adapted = [] if self.adapted is None else self.adapted.arrays()
        of_family = [] if self.family is None else self.family.arrays()
        sums = self.decisions, self.rejections, self.seen, self.compared, self.priced.sums
        return [*sums, *of_adapted, *of_family]

    def taken(self, look: int) -> int:
        """Trials in which a look was taken."""
        return int(self.decisions[look].sum())

    def mean_seen(self, look: int, name: str) -> Estimate:
        """Mean of a number over the trials in which a look was taken and it is known."""
        known, total, squares = self.seen[look, SEEN.index(name)].tolist()
        return mean_of(known, total, squares)

    def compared_means(self, name: str, trials: int) -> tuple[Estimate, Estimate, Estimate]:
        """Mean of a number with looks, without, and of the difference, over all trials."""
        now, before, now2, before2, apart2 = self.compared[self.compared_columns.index(name)]
        return (
            mean_of(trials, now, now2),
            mean_of(trials, before, before2),
            mean_of(trials, now - before, apart2),
        )


def _place(layout: Layout, name: str) -> tuple[int, int, bool]:
    """First row and end of a number's elements, and whether they are amounts."""
    if name in layout.counts:
        return layout.counts[name].start, layout.counts[name].stop, False
    return layout.amounts[name].start, layout.amounts[name].stop, True


# One after another, so that it does not matter where blocks begin.


@njit(error_model="numpy", nogil=True)
def _add_seen(decision: Ints, seen: "tuple[Floats, ...]", sums: Floats) -> None:
    """Add up what looks came to, where they were taken and it is known."""
    for look in range(decision.shape[1]):
        for place in range(len(seen)):
            s = sums[look, place]
            number, total, squares = s[0], s[1], s[2]
            for trial in range(decision.shape[0]):
                value = float(seen[place][trial, look])
                is_known = (decision[trial, look] >= 0) & math.isfinite(value)
                value = value if is_known else 0.0  # which changes no sum
                number += 1.0 if is_known else 0.0
                total += value
                squares += value * value
            s[0], s[1], s[2] = number, total, squares


@njit(error_model="numpy", nogil=True)
def _add_compared(
    counts: Ints,
    amounts: Floats,
    fixed_counts: Ints,
    fixed_amounts: Floats,
    places: Ints,
    trials: int,
    sums: Floats,
) -> None:
    """Add up numbers with looks and without, summed over their elements, and their squares."""
    for column in range(places.shape[0]):
        first, end, are_amounts = places[column]
        s = sums[column]
        all_now, all_before, now2, before2, apart2 = s[0], s[1], s[2], s[3], s[4]
        for trial in range(trials):
            now, before = 0.0, 0.0
            for row in range(first, end):
                now += amounts[row, trial] if are_amounts else counts[row, trial]
                before += fixed_amounts[row, trial] if are_amounts else fixed_counts[row, trial]
            all_now += now
            all_before += before
            now2 += now * now
            before2 += before * before
            apart2 += (now - before) * (now - before)
        s[0], s[1], s[2], s[3], s[4] = all_now, all_before, now2, before2, apart2
