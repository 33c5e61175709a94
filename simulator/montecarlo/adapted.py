"""What looks change of trials beside stopping them: their target, and whether they go on at all.

A change falls on the day of the decision and replays the trial (decision 26). Recruitment that has
ended by then is not opened again.
"""

import math
from enum import IntEnum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from simulator.analysis.cut import Bools
from simulator.conduct import Conduct
from simulator.monitoring import reestimation
from simulator.monitoring.adaptation import BlindedPlan, ZonePlan
from simulator.monitoring.after_stopping import Combined, combined_of
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.reestimation import Zone
from simulator.montecarlo.pooled import Pooled
from simulator.records import Floats, Ints


class Change(IntEnum):
    """What a blinded re-estimation makes of the target."""

    LOWERED = 1
    KEPT = 2
    RAISED = 3


NOT_ASKED = 0  # of a trial at which no re-estimation was made
GROUPS = 1 + len(Zone)  # as many as of `Change`


class AdaptedRows(NamedTuple):
    """What was changed, one row per trial.

    Attributes
    ----------
    target
        The last one.
    group
        `Change` or `Zone`; `NOT_ASKED`.
    value
        That it was decided by: what was pooled, or conditional power; NaN: none.
    late
        Whether a change came to nothing because recruitment had ended.
    slow
        Whether recruitment was closed because it was slow.
    """

    target: Ints
    group: Ints
    value: Floats
    late: Bools
    slow: Bools


class Seen(NamedTuple):
    """What a look found, one row per trial; NaN where it decided nothing.

    Attributes
    ----------
    z, information
        Its statistic, and its share of the information planned.
    critical
        Of the statistic at the planned end.
    """

    z: Floats
    information: Floats
    critical: Floats


@runtime_checkable
class Adaptable(Protocol):
    """What is asked of a block of trials, one row per trial."""

    @property
    def trial(self) -> Ints: ...  # noqa: D102

    @property
    def recruitment_end_day(self) -> Floats: ...  # noqa: D102

    @property
    def trial_end_day(self) -> Floats: ...  # noqa: D102

    def randomised_by(self, day: Floats) -> Ints:
        """Count the patients of each trial who were randomised by a day."""
        ...

    def pooled(self, cut_day: Floats, *, of_mean: bool) -> Pooled:
        """Return what is known at a cut with arms pooled."""
        ...


class Adapting:
    """A block of trials whose looks change more than whether they go on.

    Parameters
    ----------
    conduct
        Of the trials: it is changed in place.

    Attributes
    ----------
    rows
        What was changed so far.
    combined
        How the last statistic of each trial combines its stages.
    """

    def __init__(self, asked: MonitoringPlan, trials: Adaptable, conduct: Conduct) -> None:
        assert asked.adaptation is not None
        self.asked, self.plan = asked, asked.adaptation
        self.trials, self.conduct = trials, conduct
        size = trials.trial.size
        self.rows = AdaptedRows(
            target=np.full(size, self.plan.target),
            group=np.full(size, NOT_ASKED),
            value=np.full(size, math.nan),
            late=np.zeros(size, np.bool_),
            slow=np.zeros(size, np.bool_),
        )
        self.combined = Combined.usual(size)
        self._zone_seen: Seen | None = None
        self._counted = np.zeros(size, np.bool_)  # whether recruitment was judged on its day

    def zone_at(self, place: int) -> bool:
        """Whether conditional power is asked for at a look: the last before the end."""
        return self.plan.zone is not None and place == len(self.asked.looks) - 1

    @property
    def unanswered(self) -> Bools:
        """Which trials end without their test."""
        slow = self.plan.slow
        return self.rows.slow & (slow is not None and slow.unanswered)

    def by_day(self, until: Floats, trials: Bools, before: Floats) -> Bools:
        """Close trials that are slow on the day asked; return those of which that changes anything.

        Parameters
        ----------
        until
            Their next cut: the day is judged if it comes no later.
        trials
            That go on.
        before
            Day of the last decision: a day before it moves there, as looks do.
        """
        slow = self.plan.slow
        if slow is None or math.isnan(slow.day):
            return np.zeros(until.size, np.bool_)
        day = np.maximum(slow.day, before)
        now = trials & ~self._counted & (day <= until)
        self._counted |= now
        return self._close_slow(day, day, now)

    def at_cut(
        self, place: int, cut: Floats, until: Floats, goes_on: Bools, seen: Seen | None
    ) -> Bools:
        """Judge recruitment and the target at a look; return trials of which anything changes.

        Parameters
        ----------
        until
            Day up to which recruitment goes on whatever is decided.
        goes_on
            Trials at which the look is taken and that it does not stop.
        seen
            What the look found, where `zone_at` asks for it.
        """
        changed, slow, blinded = np.zeros(cut.size, np.bool_), self.plan.slow, self.plan.blinded
        if slow is not None and slow.place == place:
            changed |= self._close_slow(cut, until, goes_on)
        goes_on = goes_on & ~self.rows.slow
        if blinded is not None and blinded.place == place and goes_on.any():
            wanted = self._pooled_target(blinded, cut, goes_on)
            changed |= self._set(wanted, until, goes_on)
        if self.plan.zone is not None and seen is not None:
            self._zone_seen = seen
            judged = goes_on & ~np.isnan(seen.critical)
            changed |= self._set(
                self._promising_target(self.plan.zone, seen, judged), until, judged
            )
        return changed

    @property
    def weighs(self) -> bool:
        """Whether the final statistic gives stages the weights that were planned."""
        return self.asked.weighs_stages

    def final_statistic(self, z: Floats, information: Floats) -> tuple[Floats, Floats]:
        """Return the final statistic, and the information that it stands for.

        Where a look judged conditional power and the weights are those planned, the stages before
        and after it have them, and the boundary is that of the planned end (model page, 12.1).

        Parameters
        ----------
        z, information
            Of the usual statistic at the end.
        """
        seen = self._zone_seen
        if seen is None or not self.weighs:
            return z, information
        weighted = ~np.isnan(seen.critical) & (information > seen.information) & ~np.isnan(z)
        start = np.where(weighted, seen.z, 0.0), np.where(weighted, seen.information, 0.5)
        end = np.where(weighted, z, 0.0), np.where(weighted, information, 1.0)
        combined = reestimation.weighted_z(*start, *end, start[1])
        for column, found in zip(self.combined, combined_of(*start, *end), strict=True):
            np.copyto(column, found, where=weighted)
        return np.where(weighted, combined, z), np.where(weighted, 1.0, information)

    def _close_slow(self, day: Floats, closes: Floats, trials: Bools) -> Bools:
        assert self.plan.slow is not None
        few = self.trials.randomised_by(day) < self.plan.slow.fewest
        # Recruitment that has ended cannot be closed.
        slow = trials & few & (closes < self.trials.recruitment_end_day)
        self.rows.slow[slow] = True
        self.conduct.recruitment_closes_day[slow] = closes[slow]
        return np.asarray(slow)

    def _pooled_target(self, asked: BlindedPlan, cut: Floats, trials: Bools) -> Ints:
        """The target by what is known at the cut, loss allowed for."""
        # Of others nobody was randomised yet: they take no time.
        found = self.trials.pooled(np.where(trials, cut, -1.0), of_mean=asked.of_mean)
        rest = self.asked.alpha / self.asked.sides, asked.power, self.plan.share_second
        if asked.of_mean:
            patients = reestimation.patients_for_mean(
                found.value, found.known, asked.difference, *rest
            )
        elif math.isnan(asked.hazard_ratio):
            patients = reestimation.patients_for_difference(found.value, asked.difference, *rest)
        else:
            patients = reestimation.patients_for_hazard_ratio(
                found.value, asked.hazard_ratio, *rest
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            patients = patients * found.due / found.known
        target = self.plan.target
        wanted = reestimation.within_caps(patients, asked.least, asked.most, target)
        self.rows.value[trials] = found.value[trials]
        self.rows.group[trials] = (np.sign(wanted - target) + Change.KEPT)[trials]
        return wanted

    def _promising_target(self, asked: ZonePlan, seen: Seen, judged: Bools) -> Ints:
        """The target that brings conditional power to what was asked, where it is promising.

        Information is taken to grow as patients do: as planned.
        """
        z, now, critical = (np.where(judged, column, 0.5) for column in seen)
        power = reestimation.conditional_power(z, now, critical, 1.0 - now)
        zone = reestimation.zones(power, asked.low, asked.high)
        needed = now + reestimation.gain_needed(z, now, critical, asked.power)
        target = self.plan.target
        needed = np.where(zone == Zone.PROMISING, needed, 1.0) * target
        self.rows.value[judged] = power[judged]
        self.rows.group[judged] = zone[judged]
        return reestimation.within_caps(needed, target, asked.most, target)

    def _set(self, wanted: Ints, until: Floats, trials: Bools) -> Bools:
        """Set new targets; return trials of which that changes anything."""
        still_open = until < self.trials.recruitment_end_day
        randomised = self.trials.randomised_by(until)
        everybody = self.trials.randomised_by(np.full(until.size, math.inf))
        before = self.rows.target.copy()
        self.rows.late[trials] = (~still_open & (wanted != before))[trials]
        new = np.where(still_open, np.maximum(wanted, randomised), before)
        self.rows.target[trials] = new[trials]
        # A target that is reached already closes recruitment on that day, not with its patient.
        closes = trials & still_open & (wanted <= randomised)
        self.conduct.recruitment_closes_day[closes] = until[closes]
        moved = trials & still_open & ~closes & (wanted != before)
        self.conduct.most_randomised[moved] = wanted[moved]
        # With the last of as many as there are recruitment ends, where it went on for nobody.
        return np.asarray(closes | (moved & ((wanted <= everybody) | (everybody >= before))))
