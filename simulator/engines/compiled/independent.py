"""Trials whose patients do not touch each other: no event to wait for, so whole rows at once.

Nobody is screened, treated by a unit or measured, and no factor of the hazard depends on the day.
Then a trial is its entries, its arms, and one inversion of the hazard a patient. What no patient of
the scenario can have is one array for the whole chunk, shared between columns.
"""

import math

import numpy as np

from simulator import allocation, draws
from simulator.allocation.plan import BIG_STICK, COMPLETE, EFRON, RANDOM_ALLOCATION
from simulator.engines.compiled.exits import settled_exits, within
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.recruitment import allocate
from simulator.engines.compiled.state import Floats, Ints
from simulator.engines.compiled.tables import Baseline, Disease
from simulator.params.types import ExitParams, Params
from simulator.rules import hazard as rule

_EXIT = draws.code_of(draws.Purpose.EXIT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
# Rows of times: those of `ExitParams`, and the threshold of the liver's hazard
_OF_TUMOUR, _OF_TRANSPLANT, _OF_WITHDRAWAL, _OF_LOSS, _OF_INFECTION, _THRESHOLD = range(6)
# Schemes that look at the numbers by arm alone: their probabilities are worked out beforehand.
_BY_COUNTS = (COMPLETE, RANDOM_ALLOCATION, EFRON, BIG_STICK)
_LARGEST_TABLE = 300  # patients: beyond, a table would not stay in the processor's cache


def are_independent(params: Params) -> bool:
    """Whether a scenario's patients are so simple that whole rows can be worked out at once."""
    return (
        params.accrual.uniform
        and params.candidate.kind.size == 0
        and params.eligibility.first.size == 1
        and params.eligibility.consent_probability >= 1.0
        and params.max_sessions == 0
        and not params.unit.limited.any()
        and not params.lab.modelled
        and not params.hazard.varies_by_day
        and params.hazard.frailty_log_sd == 0.0
        and len(params.allocation.factor_levels) == 0
    )


@entry
def chances_by_counts(plan: allocation.Plan, state: allocation.State, out: Floats) -> None:
    """Fill `out`, a row an arm, with the probabilities of two arms by the patients of both so far.

    The place of n and m patients is n (target + 1) + m.
    """
    levels, chances, side = np.empty(0, np.int64), np.empty(2), plan.target + 1
    for first in range(side):
        for second in range(plan.target - first):
            allocation.clear(state)
            state.arms[0] = state.strata[0, 0] = first
            state.arms[1] = state.strata[0, 1] = second
            allocation.probabilities(plan, state, levels, chances)
            out[0, first * side + second], out[1, first * side + second] = chances[0], chances[1]


def table_of(plan: allocation.Plan, state: allocation.State) -> Floats:
    """Probabilities by numbers of patients, empty where the scheme asks for more than these."""
    if plan.scheme not in _BY_COUNTS or plan.ratio.size != 2 or plan.target > _LARGEST_TABLE:
        return np.empty((2, 0))
    table = np.zeros((2, (plan.target + 1) ** 2))
    chances_by_counts(plan, state, table)
    return table


@kernel
def draw_arms(
    plan: allocation.Plan,
    state: allocation.State,
    table: Floats,
    seed: int,
    trial: int,
    arm: Ints,
    draw: Floats,
    chance: Floats,
    levels: Ints,
) -> None:
    """Allocate a trial's patients in the order of randomisation."""
    patients = arm.size
    if table.shape[1] == 0:
        allocation.clear(state)
        for p in range(patients):
            _, arm[p], draw[p] = allocate(plan, state, seed, trial, p, levels, chance[p])
        return
    for block in range(patients >> 2):
        w0, w1, w2, w3 = draws.block(seed, trial, _ALLOCATION, 0, block)
        draw[4 * block] = draws.to_uniform(w0)
        draw[4 * block + 1] = draws.to_uniform(w1)
        draw[4 * block + 2] = draws.to_uniform(w2)
        draw[4 * block + 3] = draws.to_uniform(w3)
    for p in range(patients & ~3, patients):
        draw[p] = draws.uniform(seed, trial, _ALLOCATION, 0, p)
    # One number stands for the patients of both arms; unsigned, its sign needs no test.
    of_first, of_second = table[0], table[1]
    place, to_first = np.uint64(0), np.uint64(plan.target + 1)
    for p in range(patients):
        chance[p, 0], chance[p, 1] = of_first[place], of_second[place]
        arm[p] = allocation.choose_of_two(of_first[place], draw[p])
        place += np.uint64(1) if arm[p] == 1 else to_first


@inlined
def draw_block(
    seed: int, trial: int, block: int, u0: Floats, u1: Floats, u2: Floats, u3: Floats
) -> None:
    """Draw a block of EXIT for each patient, an array a word."""
    for p in range(u0.size):
        w0, w1, w2, w3 = draws.block(seed, trial, _EXIT, p, block)
        u0[p], u1[p] = draws.to_uniform(w0), draws.to_uniform(w1)
        u2[p], u3[p] = draws.to_uniform(w2), draws.to_uniform(w3)


@kernel
def draw_time(rate: float, until: float, horizon: float, uniform: Floats, out: Floats) -> None:
    """Draw every patient's time of one exit; nothing to do where the scenario does not have it."""
    if rate > 0.0:
        for p in range(uniform.size):
            out[p] = within(rule.exit_time(rate, until, uniform[p]), horizon)


@kernel
def draw_ends(
    e: ExitParams,
    seed: int,
    trial: int,
    horizon: float,
    patients: int,
    uniform: Floats,
    time: Floats,
) -> None:
    """Draw every patient's threshold and the times of the exits that the scenario has."""
    rate, until = e.rate_per_day, e.until_day
    u0, u1 = uniform[0][:patients], uniform[1][:patients]
    u2, u3 = uniform[2][:patients], uniform[3][:patients]
    draw_block(seed, trial, 0, u0, u1, u2, u3)
    threshold = time[_THRESHOLD][:patients]
    for p in range(patients):
        threshold[p] = rule.death_threshold(u0[p])
    draw_time(rate[_OF_LOSS], until[_OF_LOSS], horizon, u1, time[_OF_LOSS])
    draw_time(rate[_OF_TUMOUR], until[_OF_TUMOUR], horizon, u2, time[_OF_TUMOUR])
    draw_time(rate[_OF_TRANSPLANT], until[_OF_TRANSPLANT], horizon, u3, time[_OF_TRANSPLANT])
    if rate[_OF_WITHDRAWAL] > 0.0 or rate[_OF_INFECTION] > 0.0:
        draw_block(seed, trial, 1, u0, u1, u2, u3)
        draw_time(rate[_OF_WITHDRAWAL], until[_OF_WITHDRAWAL], horizon, u0, time[_OF_WITHDRAWAL])
        draw_time(rate[_OF_INFECTION], until[_OF_INFECTION], horizon, u1, time[_OF_INFECTION])


@kernel
def find_deaths(
    d: Disease, b: Baseline, factor: Floats, arm: Ints, threshold: Floats, out: Floats
) -> None:
    """Find when the liver would kill, by one inversion a patient."""
    of_first, of_second = factor[0], factor[1]
    for p in range(out.size):
        mine = of_second if arm[p] == 1 else of_first
        out[p] = rule.death_at_constant_factor(
            d.kind, b.day, b.cumulative, d.shape, mine, threshold[p]
        )


@kernel
def write_ends(
    d: Disease,
    b: Baseline,
    factor: Floats,
    horizon: float,
    time: Floats,
    entry_at: Floats,
    arm: Ints,
    death: Floats,
    cause: Ints,
    hazard: Floats,
    out: Floats,
    row: int,
) -> None:
    """Settle every patient's exits; `out` has a row each for those that are recorded, or none."""
    tumour, transplant, loss = time[_OF_TUMOUR], time[_OF_TRANSPLANT], time[_OF_LOSS]
    withdrawal, infection = time[_OF_WITHDRAWAL], time[_OF_INFECTION]
    recorded = out.shape[0] > 0
    o = out if recorded else time  # scratch
    start = row if recorded else 0
    end = start + death.size
    o_transplant, o_withdrawal = o[0][start:end], o[1][start:end]
    o_loss, o_infection = o[2][start:end], o[3][start:end]
    for p in range(death.size):
        settled = settled_exits(
            entry_at[p],
            death[p],
            tumour[p],
            transplant[p],
            withdrawal[p],
            loss[p],
            infection[p],
            horizon,
        )
        cause[p], death[p] = settled[0], settled[1]
        o_transplant[p], o_withdrawal[p] = settled[2], settled[3]
        o_loss[p], o_infection[p] = settled[4], settled[5]
    of_first, of_second = factor[0], factor[1]
    for p in range(death.size):
        ends = min(death[p], min(transplant[p], horizon))
        at_end = rule.cumulative_baseline(d.kind, b.day, b.cumulative, d.shape, ends)
        mine = of_second if arm[p] == 1 else of_first
        hazard[p] = rule.after_day(0.0, mine, 0.0, at_end)


@entry
def run_independent(
    inputs: Inputs,
    table: Floats,
    seed: int,
    first_trial: int,
    entries: Floats,
    randomised: Ints,
    entry_at: Floats,
    arm: Ints,
    chance: Floats,
    draw: Floats,
    death: Floats,
    cause: Ints,
    hazard: Floats,
    others: Floats,
) -> int:
    """Simulate a trial a row of `entries`; return how many rows of the columns were filled.

    `randomised` is filled a trial, the columns after it a patient. `others` has a row each for
    transplant, withdrawal, loss and infection, or none where the scenario has none of them.
    """
    d, b, horizon = inputs.tables.disease, inputs.tables.baseline, inputs.trial.follow_up_days
    target, limit = inputs.trial.target_randomised, inputs.trial.max_recruitment_days
    state = allocation.new_state(inputs.allocation)
    uniform, time = np.empty((4, target)), np.full((6, target), math.inf)
    levels, factor = np.empty(0, np.int64), np.empty(2)
    for second in range(2):
        effect = 0.0
        if second == 1 and d.direct_log_hazard_ratio != 0.0:
            effect = rule.direct_log_hazard_ratio(
                d.direct_log_hazard_ratio, d.delay_days, d.waning_rate_per_day, 0.0
            )
        factor[second] = rule.day_factor(0.0, 0.0, 0.0, 0.0, effect, 0.0)
    row = 0
    for index in range(entries.shape[0]):
        n, trial = 0, first_trial + index
        while n < min(target, entries.shape[1]) and entries[index, n] <= limit:
            n += 1
        end = row + n
        randomised[index] = n
        entry_at[row:end] = entries[index, :n]
        draw_arms(
            inputs.allocation,
            state,
            table,
            seed,
            trial,
            arm[row:end],
            draw[row:end],
            chance[row:end],
            levels,
        )
        draw_ends(inputs.exits, seed, trial, float(horizon), n, uniform, time)
        find_deaths(d, b, factor, arm[row:end], time[_THRESHOLD][:n], death[row:end])
        write_ends(
            d,
            b,
            factor,
            float(horizon),
            time,
            entry_at[row:end],
            arm[row:end],
            death[row:end],
            cause[row:end],
            hazard[row:end],
            others,
            row,
        )
        row = end
    return row
