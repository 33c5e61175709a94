"""Trials whose patients do not touch each other: no event to wait for, so whole rows at once.

Nobody is screened, treated by a unit or measured, and no factor of the hazard depends on the day.
Then a trial is its entries, its arms, and one inversion of the hazard a patient. What no patient of
the scenario can have is one array for the whole chunk, shared between columns.
"""

import math

import numpy as np

from simulator import allocation, draws
from simulator.allocation.table import DUE, MOST_PATIENTS, ProbabilityTable, table_of
from simulator.declarations.exits import Exit
from simulator.engines.compiled.exits import settled_exits, within
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.recruitment import allocate
from simulator.engines.compiled.structures import Floats, Ints
from simulator.engines.independence import Course
from simulator.params.types import ExitParams
from simulator.rules import hazard as rule

_EXIT = draws.code_of(draws.Purpose.EXIT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_LIVER = draws.code_of(Exit.LIVER)
_TUMOUR, _TRANSPLANT = int(Exit.TUMOUR), int(Exit.TRANSPLANT)
_WITHDRAWAL, _LOSS, _INFECTION = int(Exit.WITHDRAWAL), int(Exit.LOSS), int(Exit.INFECTION)
_TRIALS_AT_ONCE = 16  # so that what waits in one goes on in another, and all stays in the cache


@inlined
def draw_rows(seed: int, trial: Ints, purpose: int, who: int, patients: int, out: Floats) -> None:
    """Fill `out` with a uniform a patient of some trials."""
    for k in range(trial.size):
        mine = out[k * patients : (k + 1) * patients]
        draws.fill(seed, trial[k], purpose, who, 0, mine)


@kernel
def choose_arms(
    of_first: Floats,
    of_second: Floats,
    row: int,
    target: int,
    trials: int,
    draw: Floats,
    arm: Ints,
    chance: Floats,
    place: Ints,
) -> None:
    """Allocate the patients of several trials by the cells of their scheme's table.

    A patient's probabilities wait for the patient before; those of another trial do not.
    """
    place[:trials] = 0
    for p in range(target):
        for trial in range(trials):
            k, here = trial * target + p, place[trial]
            if of_first[here] == DUE:
                here = 0
            chance[k, 0], chance[k, 1] = of_first[here], of_second[here]
            arm[k] = allocation.choose_of_two(of_first[here], draw[k])
            place[trial] = here + row + 1 - arm[k]


def allocate_rows(
    plan: allocation.Plan,
    seed: int,
    trial: Ints,
    target: int,
    draw: Floats,
    arm: Ints,
    chance: Floats,
) -> None:
    """Fill in the uniform that decided, the arm and the probabilities of all patients.

    By the cells of the scheme's table, if it has one; else it is asked patient by patient, which
    compiles all schemes.
    """
    table = table_of(plan, target) if target <= MOST_PATIENTS else None
    if table is not None and table.length.size == 1:
        allocate_by_table(table, seed, trial, target, draw, arm, chance)
    else:
        allocate_one_by_one(plan, seed, trial, target, draw, arm, chance)


@entry
def allocate_by_table(
    table: ProbabilityTable,
    seed: int,
    trial: Ints,
    target: int,
    draw: Floats,
    arm: Ints,
    chance: Floats,
) -> None:
    """Allocate trials one after another by a table of one size of block."""
    of_first, of_second = table.chance.ravel(), table.of_second.ravel()
    place, trials = np.empty(_TRIALS_AT_ONCE, np.int64), trial.size
    for first in range(0, trials, _TRIALS_AT_ONCE):
        now = min(_TRIALS_AT_ONCE, trials - first)
        row, end = first * target, (first + now) * target
        draw_rows(seed, trial[first : first + now], _ALLOCATION, 0, target, draw[row:end])
        choose_arms(
            of_first,
            of_second,
            table.chance.shape[1],
            target,
            now,
            draw[row:end],
            arm[row:end],
            chance[row:end],
            place,
        )


@entry
def allocate_one_by_one(
    plan: allocation.Plan,
    seed: int,
    trial: Ints,
    target: int,
    draw: Floats,
    arm: Ints,
    chance: Floats,
) -> None:
    """Ask a scheme that has no table, or draws the sizes of its blocks, patient by patient."""
    state, levels = allocation.new_state(plan), np.empty(0, np.int64)
    for k in range(trial.size):
        allocation.clear(state)
        for p in range(target):
            i = k * target + p
            _, arm[i], draw[i] = allocate(plan, state, seed, trial[k], p, levels, chance[i])


@kernel
def find_thresholds(uniform: Floats, out: Floats) -> None:
    """Find every patient's threshold of the liver's hazard."""
    for p in range(out.size):
        out[p] = rule.death_threshold(uniform[p])


@kernel
def find_deaths(c: Course, arm: Ints, threshold: Floats, out: Floats) -> None:
    """Find when the liver would kill, by one inversion a patient."""
    of_first, of_second = c.factor[0], c.factor[1]
    for p in range(out.size):
        mine = of_second if arm[p] == 1 else of_first
        out[p] = rule.death_at_constant_factor(
            c.kind, c.day, c.cumulative, c.shape, mine, threshold[p]
        )


@kernel
def draw_times(rate: float, until: float, horizon: float, uniform: Floats, out: Floats) -> None:
    """Draw every patient's time of one exit."""
    for p in range(out.size):
        out[p] = within(rule.exit_time(rate, until, uniform[p]), horizon)


@kernel
def write_ends(
    c: Course,
    rate: Floats,
    horizon: float,
    time: Floats,
    entry_at: Floats,
    arm: Ints,
    liver: Floats,
    death: Floats,
    cause: Ints,
    hazard: Floats,
    others: Floats,
    row: int,
) -> None:
    """Settle every patient's exits.

    A column at a time: a loop that writes several would have to make sure that none of them
    overlaps another, and is not vectorised.
    """
    patients, k = death.size, 0
    tumour, transplant, withdrawal = time[_TUMOUR], time[_TRANSPLANT], time[_WITHDRAWAL]
    loss, infection = time[_LOSS], time[_INFECTION]
    for p in range(patients):
        settled = settled_exits(
            entry_at[p], liver[p], tumour[p], transplant[p], math.inf, math.inf, math.inf, horizon
        )
        cause[p] = settled[0]
    for p in range(patients):
        settled = settled_exits(
            entry_at[p], liver[p], tumour[p], transplant[p], math.inf, math.inf, math.inf, horizon
        )
        death[p] = settled[1]
    for which in range(_TRANSPLANT, _INFECTION + 1):
        if rate[which] > 0.0:
            out = others[k][row : row + patients]
            k += 1
            for p in range(patients):
                settled = settled_exits(
                    entry_at[p],
                    liver[p],
                    tumour[p],
                    transplant[p],
                    withdrawal[p],
                    loss[p],
                    infection[p],
                    horizon,
                )
                _, _, of_transplant, of_withdrawal, of_loss, of_infection = settled
                if which == _TRANSPLANT:
                    out[p] = of_transplant
                elif which == _WITHDRAWAL:
                    out[p] = of_withdrawal
                elif which == _LOSS:
                    out[p] = of_loss
                else:
                    out[p] = of_infection
    of_first, of_second = c.factor[0], c.factor[1]
    for p in range(patients):
        ends = min(death[p], min(transplant[p], horizon))
        at_end = rule.cumulative_baseline(c.kind, c.day, c.cumulative, c.shape, ends)
        mine = of_second if arm[p] == 1 else of_first
        hazard[p] = rule.after_day(0.0, mine, 0.0, at_end)


@entry
def run_independent(
    course: Course,
    exits: ExitParams,
    horizon: float,
    candidates: int,
    seed: int,
    trial: Ints,
    entry_at: Floats,
    arm: Ints,
    death: Floats,
    cause: Ints,
    hazard: Floats,
    others: Floats,
) -> None:
    """Settle trials in which all who enter are randomised; the columns have one row per candidate.

    Of each trial there are so many `candidates`, of whom those who do not enter mean nothing.

    `others` has a row for each exit of transplant, withdrawal, loss and infection that the scenario
    has.
    """
    rate, until, trials = exits.rate_per_day, exits.until_day, trial.size
    at_once = min(_TRIALS_AT_ONCE, max(trials, 1))
    size = at_once * candidates
    uniform, threshold, liver = np.empty(size), np.empty(size), np.empty(size)
    time = np.full((rate.size, size), math.inf)
    for first in range(0, trials, at_once):
        now = min(at_once, trials - first)
        row, end, mine = first * candidates, (first + now) * candidates, trial[first : first + now]
        arms, u = arm[row:end], uniform[: now * candidates]
        draw_rows(seed, mine, _EXIT, _LIVER, candidates, u)
        find_thresholds(u, threshold[: now * candidates])
        find_deaths(course, arms, threshold, liver[: now * candidates])
        for which in range(rate.size):
            if rate[which] > 0.0:
                draw_rows(seed, mine, _EXIT, which, candidates, u)
                draw_times(rate[which], until[which], horizon, u, time[which, : now * candidates])
        write_ends(
            course,
            rate,
            horizon,
            time,
            entry_at[row:end],
            arms,
            liver,
            death[row:end],
            cause[row:end],
            hazard[row:end],
            others,
            row,
        )
