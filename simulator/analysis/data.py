"""What the analyses of a block of trials are made from, each made once however many share it."""

import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from simulator.analysis.causes import Causes, causes_of
from simulator.analysis.cut import Bools, Rows, meld_seen, read_only
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST, Outcome, count, outcome, treatment_of
from simulator.analysis.sort_keys import Keys, in_order, rank_keys, time_keys
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import Floats, Ints

_ARMS = 2
Made = TypeVar("Made")


class Changes(NamedTuple):
    """What is known of MELD and death, one row per patient.

    Attributes
    ----------
    first_row
        First row of each trial and, last, the number of rows.
    seen
        Alive at the end of follow-up with a MELD at both visits.
    alive
        Alive at the end of follow-up, seen or not.
    baseline, change
        MELD at the first visit and its change to the last; not read unless `seen`.
    death_days
        When a patient died, infinity for those who do not count as dead.
    lost_days
        When a patient was lost, infinity for those who were not.
    """

    first_row: Ints
    arm: Ints
    seen: Bools
    alive: Bools
    baseline: Floats
    change: Floats
    death_days: Floats
    lost_days: Floats


class Ends(NamedTuple):
    """Patients whose end is known, one row per patient.

    Attributes
    ----------
    used
        Follow-up was due by the cut, and the patient counts as dead or alive.
    baseline
        MELD at the first visit; the mean of the trial's patients where it was not seen.
    """

    first_row: Ints
    arm: Ints
    used: Bools
    dead: Bools
    baseline: Floats


class Cells(NamedTuple):
    """The strata of each trial as trials of their own; those of trial k begin at first_cell[k]."""

    first_cell: Ints
    block: "Block"


class Block:
    """Some trials, cut, from whose rows each analysis takes what it needs.

    Parameters
    ----------
    rows
        Rows of the patients analysed.
    cut_day
        Of each trial; infinity for the end.
    follow_up_days
        From randomisation, the horizon of mortality by the end and of MELD.
    max_follow_up_days
        For which patients are followed at the longest; None: `follow_up_days`.
    """

    def __init__(
        self,
        rows: Rows,
        cut_day: Floats,
        follow_up_days: int,
        max_follow_up_days: int | None = None,
    ) -> None:
        self.rows, self.cut_day, self.follow_up_days = rows, cut_day, follow_up_days
        self.max_follow_up_days = max_follow_up_days or follow_up_days
        self._kept: dict[Hashable, Any] = {}

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def times(self, plan: AnalysisPlan) -> Ints:
        """Sorted keys of each trial's patients, for tests on time (see `order`)."""
        key = "times", treatment_of(plan), plan.lost == "excluded"
        return self._once(key, lambda: in_order(self.rows.first_row, self.time_keys(plan)))

    def time_keys(self, plan: AnalysisPlan) -> Keys:
        """Keys of tests on time, one row per patient."""
        bounds, limits = _stretches(self.rows.first_row, self.cut_day)
        keys = np.empty(self.rows.arm.size, np.uint64)
        before = math.inf if plan.lost == "excluded" else 0.0
        horizon = float(self.max_follow_up_days)
        time_keys(self.rows, bounds, limits, horizon, treatment_of(plan), before, keys)
        return keys

    def outcome(self, plan: AnalysisPlan) -> Outcome:
        """What each patient counts as by the end of `follow_up_days`."""
        treatment = treatment_of(plan)
        return self._once(
            ("outcome", treatment),
            lambda: outcome(self.rows, self.cut_day, self.follow_up_days, treatment),
        )

    def due(self) -> Bools:
        """Whether each patient's follow-up would have ended by the cut."""

        def make() -> Bools:
            day = np.repeat(self.cut_day, np.diff(self.rows.first_row))
            return self.rows.entry_day + self.follow_up_days <= day

        return self._once("due", make)

    def counts(self, plan: AnalysisPlan) -> Ints:
        """The dead and all, shape (trials, arms, 2), whose follow-up was due by the cut."""

        def make() -> Ints:
            tables = np.zeros((self.cut_day.size, _ARMS, 2), np.int64)
            horizon = float(self.follow_up_days)
            count(self.rows, self.cut_day, horizon, self.outcome(plan).status, tables)
            return tables

        return self._once(("counts", treatment_of(plan)), make)

    def ends_known(self, plan: AnalysisPlan) -> tuple[Bools, Bools]:
        """Who is counted, and who of all died, one row per patient."""
        status = self.outcome(plan).status
        return self.due() & ((status == EVENT) | (status == COMPLETE)), status == EVENT

    def meld(self) -> Floats:
        """MELD at the first and the last visit, shape (2, rows)."""

        def make() -> Floats:
            rows, seen = self.rows, np.empty((2, self.rows.arm.size))
            visits = rows.visit_after_days, rows.visit_meld
            meld_seen(rows.first_row, rows.entry_day, *visits, self.cut_day, seen)
            return seen

        return self._once("meld", make)

    def changes(self, plan: AnalysisPlan) -> Changes:
        """MELD of those alive at the end and seen, and when the others died."""

        def make() -> Changes:
            known, seen = self.outcome(plan), self.meld()
            change = seen[1] - seen[0]
            alive = known.status == COMPLETE
            dead = self.due() & (known.status == EVENT)
            lost = self.due() & (known.status == LOST)
            return Changes(
                first_row=self.rows.first_row,
                arm=self.rows.arm,
                seen=alive & ~np.isnan(change),
                alive=alive,
                baseline=seen[0],
                change=change,
                death_days=np.where(dead, known.time_days, math.inf),
                lost_days=np.where(lost, known.time_days, math.inf),
            )

        return self._once(("changes", treatment_of(plan)), make)

    def ranks(self, plan: AnalysisPlan) -> Ints:
        """Sorted keys of each trial's patients by how badly they fared (see `order`)."""
        key = "ranks", treatment_of(plan)
        return self._once(key, lambda: in_order(self.rows.first_row, self.rank_keys(plan)))

    def rank_keys(self, plan: AnalysisPlan) -> Keys:
        """Keys by how badly patients fared, one row per patient."""
        c, keys = self.changes(plan), np.empty(self.rows.arm.size, np.uint64)
        rank_keys(c.death_days, c.seen, c.change, c.arm, keys)
        return keys

    def ends(self, plan: AnalysisPlan) -> Ends:
        """Who died and MELD at the first visit."""

        def make() -> Ends:
            used, dead = self.ends_known(plan)
            trial = np.repeat(np.arange(self.cut_day.size), np.diff(self.rows.first_row))
            baseline, size = self.meld()[0], self.cut_day.size
            seen = ~np.isnan(baseline)
            total = np.bincount(trial[seen], baseline[seen], size)
            with np.errstate(invalid="ignore"):
                mean = total / np.bincount(trial[seen], minlength=size)
            return Ends(
                first_row=self.rows.first_row,
                arm=self.rows.arm,
                used=used,
                dead=dead,
                baseline=np.where(seen, baseline, np.nan_to_num(mean)[trial]),
            )

        return self._once(("ends", treatment_of(plan)), make)

    def causes(self, plan: AnalysisPlan, horizon: int | None = None) -> Causes:
        """Times and causes of what ended each patient, in order of time.

        `horizon` is the patient day until which it counts; None: the longest follow-up.
        """
        last = horizon or self.max_follow_up_days
        key = "causes", treatment_of(plan), plan.lost, plan.transplant, plan.options["cause"], last
        return self._once(key, lambda: causes_of(self.rows, self.cut_day, last, plan))

    def cells(self, plan: AnalysisPlan) -> Cells:
        """Each trial's strata as trials of their own."""
        strata = plan.options["strata"]
        key = "cells", strata if isinstance(strata, str) else tuple(strata)
        return self._once(key, lambda: self._split(strata))

    def _split(self, strata: str | list[float]) -> Cells:
        rows, trials = self.rows, self.cut_day.size
        if isinstance(strata, str):
            label = rows.site if strata == "site" else rows.stratum
        else:
            # Those without a first visit are a stratum of their own.
            meld = self.meld()[0]
            label = np.searchsorted(np.array(strata), meld, side="right")
            label[np.isnan(meld)] = -1
        trial = np.repeat(np.arange(trials), np.diff(rows.first_row))
        order = np.lexsort((label, trial))
        pair = np.stack((trial[order], label[order]))
        begins = np.flatnonzero((np.diff(pair, axis=1, prepend=-1) != 0).any(axis=0))
        first_row = np.append(begins, trial.size)
        of_trial = pair[0, begins]
        sorted_rows = Rows._make(
            map(read_only, (first_row, *(column[order] for column in rows[1:])))
        )
        first_cell = np.searchsorted(of_trial, np.arange(trials + 1))
        days = self.follow_up_days, self.max_follow_up_days
        return Cells(first_cell, Block(sorted_rows, self.cut_day[of_trial], *days))


def _stretches(first_row: Ints, cut_day: Floats) -> tuple[Ints, Floats]:
    """Rows that are cut on the same day, and that day: a stretch for all trials or one for each."""
    if (cut_day == cut_day[:1]).all() and cut_day.size:
        return first_row[[0, -1]], cut_day[:1]
    return first_row.copy(), cut_day
