"""Looks at a block of trials, at each of which every analysis of a family is tested.

Each analysis has a repeated p value at a look, and the family's graph judges them as it does p
values at the end: an analysis that is rejected passes its level on, and the others are tested again
at that look, by the boundaries of the larger level (decision 27).
"""

from typing import Protocol

import numpy as np

from simulator.analysis import AnalysisPlan, AnalysisTable
from simulator.analysis.cut import Bools
from simulator.analysis.looked_at import Known
from simulator.analysis.types import reaches
from simulator.monitoring.asked import FamilyPlan, MonitoringPlan
from simulator.monitoring.held import Decision
from simulator.montecarlo.family_levels import levels_after, levels_of, rows_after
from simulator.montecarlo.look_rows import FamilyRows, Monitored
from simulator.montecarlo.monitored import Monitoring, Trials, monitored
from simulator.montecarlo.multiplicity import Family, rejected
from simulator.montecarlo.repeated_p import APART, RepeatedP, Tested
from simulator.records import Floats, Ints


class FamilyTrials(Trials, Protocol):
    """A block of trials as looks at a family see them."""

    def analysed_by(self, place: int, cut_day: Floats) -> tuple[AnalysisTable, Known]:
        """Do as `analysed` does, by the analysis of a place in the family."""
        ...


def watched(asked: MonitoringPlan, plans: tuple[AnalysisPlan, ...]) -> list[AnalysisPlan]:
    """Return the analyses of looks: the one that leads, then those of the family."""
    of_family = () if asked.family is None else asked.columns
    return [plans[column] for column in (asked.column, *of_family)]


def take_looks(
    asked: MonitoringPlan,
    trials: FamilyTrials,
    plans: tuple[AnalysisPlan, ...],
    families: tuple[Family, ...],
) -> Monitored:
    """Look at trials, and have those simulated again whose conduct changes.

    Parameters
    ----------
    plans, families
        All analyses, and all that are judged together: p values are exact at the levels of each.
    """
    if asked.family is None:
        return monitored(asked, trials)
    return _FamilyMonitoring(asked, trials, plans, families).run()


def aim_without(
    asked: MonitoringPlan,
    looked_at: list[AnalysisPlan],
    p_values: Floats,
    families: tuple[Family, ...],
) -> Bools:
    """Whether that is rejected without looks which they are for.

    Parameters
    ----------
    looked_at, p_values
        The analyses of `watched`, and (trials, analyses) theirs at the planned end.
    """
    if asked.family is None:
        return np.asarray(reaches(p_values[:, 0], looked_at[0].alpha))
    return aimed_at(rejected(p_values[:, 1:], family_asked(asked, families)), asked.family)


def family_asked(asked: MonitoringPlan, families: tuple[Family, ...]) -> Family:
    """Return the family that is looked at."""
    assert asked.family is not None
    return next(family for family in families if family.name == asked.family.name)


def aimed_at(rejections: Bools, asked: FamilyPlan) -> Bools:
    """Whether that is rejected which stops a trial, by (trials, analyses) of what is."""
    if asked.stop_when == "primary":
        return np.asarray(rejections[:, asked.primary])
    return np.asarray(
        rejections.any(axis=1) if asked.stop_when == "any" else rejections.all(axis=1)
    )


class _FamilyMonitoring(Monitoring):
    """A block of trials under looks at a family."""

    trials: FamilyTrials

    def __init__(
        self,
        asked: MonitoringPlan,
        trials: FamilyTrials,
        plans: tuple[AnalysisPlan, ...],
        families: tuple[Family, ...],
    ) -> None:
        super().__init__(asked, trials)
        assert asked.family is not None
        self.family, self.together = asked.family, family_asked(asked, families)
        size, alone = trials.trial.size, asked.family.hypotheses
        self.tests = [
            RepeatedP(
                one,
                levels_of(one.column, plans[one.column].alpha, families),
                size,
                with_boundaries=place == asked.family.primary,
            )
            for place, one in enumerate(alone)
        ]
        self.rejected_at = np.full((size, len(alone)), -1, dtype=np.int64)
        # Of each trial and analysis: repeated p value at the look by which it was rejected or, if
        # it was not, at the last one that tested it (looking back: the least of all); and whom the
        # data of that look favour.
        self.p_values = np.full((size, len(alone)), np.nan)
        self.favours_by = np.full((size, len(alone)), -1, dtype=np.int64)
        self.levels = levels_after(self.together)
        self.level_places = np.stack(
            [_places(self.levels[:, j], test.levels) for j, test in enumerate(self.tests)], axis=1
        )

    def run(self) -> Monitored:
        """Take every look, then the final analysis."""
        found = super().run()
        rows = FamilyRows(
            self.rejected_at,
            np.stack([test.fraction for test in self.tests], axis=2),
            aimed_at(self.rejected_at >= 0, self.family),
        )
        p_values = self._standing()
        return found._replace(p_value=p_values, favours=self.favours_by, family=rows)

    def _standing(self) -> Floats:
        """P values at the end by which the graph rejects just what looks rejected.

        Without looking back a p value of an earlier look, the last that tested an analysis, may be
        below a level that it was given later: it stands just above.
        """
        is_rejected = self.rejected_at >= 0
        levels = self.levels[rows_after(is_rejected)]
        above = np.maximum(self.p_values, np.minimum(levels * (1.0 + 2.0 * APART), 1.0))
        return np.asarray(np.where(is_rejected | np.isnan(self.p_values), self.p_values, above))

    def _judge(self, place: int, taken: Bools, table: AnalysisTable) -> None:
        """Test every analysis, pass levels on, and decide."""
        final = place == len(self.asked.looks)
        at = np.where(taken, np.inf if final else self.looks.cut_day[:, place], -1.0)
        found = []
        for j, test in enumerate(self.tests):
            found.append(test.look(place, taken, *self.trials.analysed_by(j, at)))
        stands = self.rejected_at < 0
        now = np.stack([tested.p_value for tested in found], axis=1)
        favours = np.stack([tested.favours for tested in found], axis=1)
        changes = stands & ~np.isnan(now)
        if self.family.looks_back:
            changes &= ~(now >= self.p_values)
        self.p_values[changes], self.favours_by[changes] = now[changes], favours[changes]
        judged = self.p_values if self.family.looks_back else now
        judged = np.where(stands, judged, 0.0)  # what was rejected stays so
        newly = taken[:, None] & rejected(judged, self.together) & stands
        self.rejected_at[newly] = place
        levels = self.level_places[rows_after(self.rejected_at >= 0)]
        primary = self.family.primary
        critical = _at_level(found[primary].critical, levels[:, primary])
        self.looks.boundary[taken, place] = critical[taken]
        if self.asked.sides == 2:  # each arm's favour has the same boundary
            self.looks.lower[taken, place] = -critical[taken]
        self.looks.effect[:, place] = self.looks.boundary[:, place] * table.standard_error[:, 0]
        self._decide(place, taken, found[primary], levels[:, primary])

    def _decide(self, place: int, taken: Bools, primary: Tested, level: Ints) -> None:
        """Write what the look comes to in the trials in which it is taken."""
        decision, final = self.looks.decision, place == len(self.asked.looks)
        aimed = taken & aimed_at(self.rejected_at >= 0, self.family)
        decision[aimed, place] = self._favoured()[aimed]
        if self.asked.futility is None or final:
            return
        futility = _at_level(primary.futility, level)
        futile = taken & ~aimed & (self.rejected_at[:, self.family.primary] < 0)
        futile &= primary.informed & (primary.z <= futility)
        decision[futile, place] = Decision.FUTILITY

    def _favoured(self) -> Ints:
        """Decision by the arm of the analysis that leads or, where it stands, the first other."""
        is_rejected = self.rejected_at >= 0
        first = np.where(
            is_rejected[:, self.family.primary], self.family.primary, is_rejected.argmax(axis=1)
        )
        of_first = self.favours_by[np.arange(first.size), first] == 0
        return np.where(of_first, int(Decision.FAVOURS_FIRST), int(Decision.FAVOURS_SECOND))


def _places(levels: Floats, climbing: Floats) -> Ints:
    """Place of each level among those that climb; -1: it is none."""
    apart = np.abs(climbing - levels[:, None])
    return np.where(levels > 0.0, apart.argmin(axis=1), -1)


def _at_level(values: Floats, places: Ints) -> Floats:
    """(trials,) of (trials, levels); NaN where there is no level."""
    return np.where(places < 0, np.nan, values[np.arange(places.size), places])
