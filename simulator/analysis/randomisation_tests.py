"""Randomisation tests: the statistic of an analysis under allocations drawn anew.

Under the strong null hypothesis a patient's course does not depend on the arm. So the patients of a
trial are kept as they came, with all that became of them, and the scheme allocates them again, each
time by uniforms with an address of their own.
"""

import math
from typing import NamedTuple, TypeVar

import numpy as np

from simulator import allocation, draws
from simulator.allocation.table import DUE, MOST_PATIENTS, ProbabilityTable, table_of
from simulator.analysis.causes import Causes
from simulator.analysis.cut import Bools, Rows, part_of, read_only
from simulator.analysis.data import Block, Cells, Changes, Ends
from simulator.analysis.hypotheses import run
from simulator.analysis.kernel import kernel
from simulator.analysis.sort_keys import SECOND, UNUSED, Keys
from simulator.analysis.types import AnalysisTable, Design, new_table
from simulator.declarations.analyses import RANDOMISATION_TESTS, STATISTICS, AnalysisPlan
from simulator.draws import Purpose, code_of
from simulator.named import named
from simulator.records import Floats, Ints

Kept = TypeVar("Kept", Changes, Ends, Rows)
_SIDE_BY_SIDE = 16
TIE = 1e-9  # p values closer than this part of themselves are of equal statistics
_REALLOCATION = code_of(Purpose.REALLOCATION)
_REALLOCATION_DRAW = code_of(Purpose.REALLOCATION_DRAW)


def randomisation_test(
    block: Block,
    trials: Ints,
    plan: AnalysisPlan,
    inner: AnalysisPlan,
    design: Design,
    everybody: Rows,
    table: AnalysisTable,
    column: int,
) -> None:
    """Randomisation test of the statistic of another analysis, whose estimate is kept.

    p = (1 + number of draws whose statistic is as extreme) / (draws + 1), the more extreme
    statistic being that of the smaller p value; a draw without a statistic is not extreme.

    Parameters
    ----------
    trials
        Indices of the trials, part of the addresses of their draws.
    everybody
        The rows as they are, before the analysis makes of other events what it makes of them.
    """
    compare, allocate = (
        named(STATISTICS[inner.test].kernel),
        named(RANDOMISATION_TESTS[plan.test].kernel),
    )
    run(compare, block, inner, table, column)
    for k in range(trials.size):
        seen = table.p_value[k, column]
        if math.isnan(seen):
            continue
        rows = part_of(block.rows, k, k + 1)
        arms = np.empty((plan.options["draws"], rows.arm.size), np.int64)
        allocate(design, int(trials[k]), rows, part_of(everybody, k, k + 1), arms)
        horizons = block.follow_up_days, block.max_follow_up_days
        trial = Block(rows, block.cut_day[k : k + 1], *horizons)
        results = new_table(arms.shape[0], 1)
        run(compare, ReallocatedTrial(trial, arms), inner, results, 0)
        extreme = results.p_value[:, 0] <= seen * (1.0 + TIE)  # False where there is none
        table.p_value[k, column] = (1.0 + np.count_nonzero(extreme)) / (arms.shape[0] + 1.0)


def rerandomise(design: Design, trial: int, rows: Rows, everybody: Rows, arms: Ints) -> None:
    """Allocate a trial's patients by its scheme, which learns what it learnt, a row a time.

    `rows` and `everybody` are its patients as the analysis takes them, and as they are.
    """
    scheme, known = design.allocation, _UNASKED
    if scheme.adaptive:
        known = known_outcomes(everybody, design.follow_up_days)
    reallocate(scheme, design.seed, trial, rows.stratum, arms, known)


def permute_arms(design: Design, trial: int, rows: Rows, everybody: Rows, arms: Ints) -> None:
    """Shuffle the arms of a trial's patients, a row a time."""
    del everybody
    permute(design.seed, trial, rows.arm, arms)


class ReallocatedTrial:
    """A trial once for each allocation of its patients: a `Block` of as many trials.

    What does not change with the arms is worked out once; the rest, where a test needs it, from all
    the patients of all the allocations.

    Parameters
    ----------
    trial
        The trial alone.
    arms
        Shape (allocations, patients).
    """

    def __init__(self, trial: Block, arms: Ints) -> None:
        self.trial, self.arms, self.follow_up_days = trial, arms, trial.follow_up_days
        self.max_follow_up_days = trial.max_follow_up_days
        self._all: Block | None = None

    def times(self, plan: AnalysisPlan) -> Ints:
        """Sorted keys of tests on time."""
        return self._exchanged(self.trial.time_keys(plan))

    def ranks(self, plan: AnalysisPlan) -> Ints:
        """Sorted keys by how badly patients fared."""
        return self._exchanged(self.trial.rank_keys(plan))

    def _exchanged(self, keys: Keys) -> Ints:
        """The trial's own order, with the arms exchanged."""
        order = np.argsort(keys, kind="stable")
        again = np.empty(self.arms.shape, np.int64)
        _exchange(keys[order].view(np.int64), order, self.arms, again)
        return again

    def counts(self, plan: AnalysisPlan) -> Ints:
        """The dead and all by arm."""
        used, dead = self.trial.ends_known(plan)
        tables = np.zeros((self.arms.shape[0], 2, 2), np.int64)
        _recount(used, dead, self.arms, tables)
        return tables

    def changes(self, plan: AnalysisPlan) -> Changes:
        """MELD and death, which no allocation changes, once for each."""
        return self._repeated(self.trial.changes(plan))

    def ends(self, plan: AnalysisPlan) -> Ends:
        """Ends and MELD at the first visit, once for each allocation."""
        return self._repeated(self.trial.ends(plan))

    def _repeated(self, known: Kept) -> Kept:
        """The trial's patients with the arms of each allocation, as trials one after another."""
        times, patients = self.arms.shape
        columns = {
            name: np.concatenate([getattr(known, name)] * times)
            for name in known._fields
            if name not in ("first_row", "arm")
        }
        first_row = read_only(np.arange(times + 1) * patients)
        return known._replace(first_row=first_row, arm=read_only(self.arms.reshape(-1)), **columns)

    def causes(self, plan: AnalysisPlan, horizon: int | None = None) -> Causes:
        """See `Block`."""
        return self._spread().causes(plan, horizon)

    def cells(self, plan: AnalysisPlan) -> Cells:
        """See `Block`."""
        return self._spread().cells(plan)

    def _spread(self) -> Block:
        """A block of all patients of all allocations."""
        if self._all is None:
            rows = Rows._make(map(read_only, self._repeated(self.trial.rows)))
            cut_day = np.full(self.arms.shape[0], self.trial.cut_day[0])
            self._all = Block(rows, cut_day, self.follow_up_days, self.max_follow_up_days)
        return self._all


@kernel
def _exchange(keys: Ints, order: Ints, arms: Ints, again: Ints) -> None:
    """Write the keys of each allocation, in the order that they have whatever the arms are."""
    for draw in range(again.shape[0]):
        for i in range(keys.size):
            key = keys[i] & ~SECOND | arms[draw, order[i]] * SECOND
            again[draw, i] = keys[i] if keys[i] == UNUSED else key


@kernel
def _recount(used: Bools, dead: Bools, arms: Ints, tables: Ints) -> None:
    """Count the dead and all of each allocation."""
    all_used, all_dead = 0, 0
    for i in range(used.size):
        all_used += used[i]
        all_dead += used[i] & dead[i]
    for draw in range(arms.shape[0]):
        second, second_dead = 0, 0
        for i in range(used.size):
            second += arms[draw, i] * used[i]
            second_dead += arms[draw, i] * (used[i] & dead[i])
        tables[draw, 0, 0], tables[draw, 0, 1] = all_dead - second_dead, all_used - second
        tables[draw, 1, 0], tables[draw, 1, 1] = second_dead, second


class Known(NamedTuple):
    """When what became of whom was known, in that order; none where a scheme does not ask."""

    entry_day: Floats  # (patients,)
    patient: Ints  # (outcomes,)
    day: Floats
    died: Bools


_UNASKED = Known(np.empty(0), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))


def known_outcomes(rows: Rows, follow_up_days: int) -> Known:
    """Return the outcomes of one trial's patients as the site learns them (model page, section 4).

    A death when it happens, survival at the end of follow-up; nothing of those lost or transplanted
    before.
    """
    died = np.isfinite(rows.death_after_days)
    after = np.where(died, rows.death_after_days, float(follow_up_days))
    never = np.isfinite(rows.loss_after_days) | (~died & np.isfinite(rows.transplant_after_days))
    day = np.where(never, math.inf, rows.entry_day + after)
    order = np.argsort(day, kind="stable")[: int(np.count_nonzero(~never))]
    return Known(np.ascontiguousarray(rows.entry_day), order, day[order], died[order])


def reallocate(
    scheme: allocation.Plan,
    seed: int,
    trial: int,
    combination: Ints,
    arms: Ints,
    known: Known = _UNASKED,
) -> None:
    """Allocate patients by a scheme, one row per time, shape (draws, patients).

    Parameters
    ----------
    combination
        Each patient's combination of levels of the factors, as the records have it.
    known
        What an adaptive scheme learns of them.
    """
    table = table_of(scheme, scheme.target) if scheme.target <= MOST_PATIENTS else None
    if table is not None:
        strata = int(np.prod(scheme.levels)) if scheme.counts_strata else 1
        stratum = combination if scheme.counts_strata else np.zeros_like(combination)
        _look_up(scheme, table, strata, seed, trial, stratum, arms)
    else:
        _ask(scheme, seed, trial, combination, known, arms)


@kernel
def _look_up(
    scheme: allocation.Plan,
    table: ProbabilityTable,
    strata: int,
    seed: int,
    trial: int,
    stratum_of: Ints,
    arms: Ints,
) -> None:
    """Allocate by the table of the scheme.

    A patient's arm waits for the patient before; those of another draw do not, so that several
    draws go side by side. A place in the table is the number of its cell.
    """
    patients, sizes = stratum_of.size, table.length.size
    chance, row, of_a_size = table.chance.ravel(), table.chance.shape[1], table.chance[0].size
    most = _most_draws(scheme, strata, patients) if sizes > 1 else 0
    uniforms, of_size = np.empty((_SIDE_BY_SIDE, patients)), np.empty((_SIDE_BY_SIDE, most))
    place = np.empty((_SIDE_BY_SIDE, strata), np.int64)
    blocks = np.empty(_SIDE_BY_SIDE, np.int64)
    for first in range(0, arms.shape[0], _SIDE_BY_SIDE):
        now = min(_SIDE_BY_SIDE, arms.shape[0] - first)
        place[:], blocks[:] = table.length[0] * row, 0  # a block is due
        for lane in range(now):
            draws.fill(seed, trial, _REALLOCATION, first + lane, 0, uniforms[lane])
            draws.fill(seed, trial, _REALLOCATION_DRAW, first + lane, 0, of_size[lane])
        for i in range(patients):
            stratum = stratum_of[i]
            for lane in range(now):
                here = place[lane, stratum]
                if chance[here] == DUE:
                    here = 0
                    if sizes > 1:
                        size = min(int(of_size[lane, blocks[lane]] * sizes), sizes - 1)
                        here = size * of_a_size
                        blocks[lane] += 1
                arm = allocation.choose_of_two(chance[here], uniforms[lane, i])
                place[lane, stratum] = here + row + 1 - arm
                arms[first + lane, i] = arm


@kernel
def _ask(
    scheme: allocation.Plan, seed: int, trial: int, combination: Ints, known: Known, arms: Ints
) -> None:
    """Allocate by asking the scheme, patient by patient."""
    patients, factors = combination.size, scheme.levels.size
    levels = np.empty((patients, factors), np.int64)
    for i in range(patients):
        allocation.levels_of(scheme, combination[i], levels[i])
    state, chances = allocation.new_state(scheme), np.empty(scheme.ratio.size)
    uniforms, own = np.empty(patients), np.empty(factors, np.int64)
    of_scheme = np.empty(_most_draws(scheme, state.draws.size, patients))
    for draw in range(arms.shape[0]):
        allocation.clear(state)
        draws.fill(seed, trial, _REALLOCATION, draw, 0, uniforms)
        draws.fill(seed, trial, _REALLOCATION_DRAW, draw, 0, of_scheme)
        drawn, learnt = 0, 0
        for i in range(patients):
            while learnt < known.patient.size and known.day[learnt] <= known.entry_day[i]:
                q = known.patient[learnt]
                allocation.learn(state, arms[draw, q], known.died[learnt])
                learnt += 1
            for factor in range(factors):
                own[factor] = levels[i, factor]
            if allocation.draw_due(scheme, state, own) >= 0:
                allocation.apply_draw(scheme, state, own, of_scheme[drawn])
                drawn += 1
            allocation.probabilities(scheme, state, own, chances)
            arm = allocation.choose_of_two(chances[0], uniforms[i])
            allocation.record(scheme, state, own, arm)
            arms[draw, i] = arm


@kernel
def _most_draws(scheme: allocation.Plan, strata: int, patients: int) -> int:
    """Most draws of its own that a scheme can need: full blocks, and one a stratum that is not."""
    if scheme.block_sizes.size == 0:
        return patients
    return patients // scheme.block_sizes.min() + strata


@kernel
def permute(seed: int, trial: int, arm: Ints, arms: Ints) -> None:
    """Shuffle the arms (Fisher and Yates; Durstenfeld 1964), one row per time."""
    uniforms = np.empty(arm.size)
    for draw in range(arms.shape[0]):
        draws.fill(seed, trial, _REALLOCATION, draw, 0, uniforms)
        arms[draw] = arm
        for i in range(arm.size - 1, 0, -1):
            j = min(int(uniforms[i] * (i + 1)), i)
            arms[draw, i], arms[draw, j] = arms[draw, j], arms[draw, i]
