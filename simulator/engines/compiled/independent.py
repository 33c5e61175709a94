"""Trials whose patients do not touch each other: no event to wait for, so whole rows at once.

Nobody is screened, treated by a unit or measured, and no factor of the hazard depends on the day.
Then a trial is its entries, its arms, and one inversion of the hazard a patient. What no patient of
the scenario can have is one array for the whole chunk, shared between columns.
"""

import math

import numpy as np

from simulator import allocation, draws
from simulator.allocation import SCHEMES
from simulator.allocation.table import DUE, ProbabilityTable
from simulator.declarations.exits import Exit
from simulator.engines.compiled.exits import settled_exits, within
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.recruitment import allocate
from simulator.engines.compiled.structures import Floats, Ints
from simulator.engines.compiled.tables import Baseline, Disease
from simulator.params.types import Params
from simulator.rules import hazard as rule
from simulator.rules import selection

_EXIT = draws.code_of(draws.Purpose.EXIT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_LIVER = draws.code_of(Exit.LIVER)
_TUMOUR, _TRANSPLANT = int(Exit.TUMOUR), int(Exit.TRANSPLANT)
_WITHDRAWAL, _LOSS, _INFECTION = int(Exit.WITHDRAWAL), int(Exit.LOSS), int(Exit.INFECTION)
_TRIALS_AT_ONCE = 16  # so that what waits in one goes on in another, and all stays in the cache


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
        and params.hazard.drift.size == 0
        and params.selection.kind == selection.NOBODY
        and len(params.allocation.factor_levels) == 0
        and not SCHEMES[params.allocation.scheme].adaptive
    )


@inlined
def draw_rows(
    seed: int, first_trial: int, purpose: int, who: int, patients: int, out: Floats
) -> None:
    """Fill `out` with a uniform a patient of consecutive trials."""
    for k in range(out.size // patients):
        mine = out[k * patients : (k + 1) * patients]
        draws.fill(seed, first_trial + k, purpose, who, 0, mine)


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


@kernel
def find_thresholds(uniform: Floats, out: Floats) -> None:
    """Find every patient's threshold of the liver's hazard."""
    for p in range(out.size):
        out[p] = rule.death_threshold(uniform[p])


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
def draw_times(rate: float, until: float, horizon: float, uniform: Floats, out: Floats) -> None:
    """Draw every patient's time of one exit."""
    for p in range(out.size):
        out[p] = within(rule.exit_time(rate, until, uniform[p]), horizon)


@kernel
def write_ends(
    d: Disease,
    b: Baseline,
    factor: Floats,
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
    of_first, of_second = factor[0], factor[1]
    for p in range(patients):
        ends = min(death[p], min(transplant[p], horizon))
        at_end = rule.cumulative_baseline(d.kind, b.day, b.cumulative, d.shape, ends)
        mine = of_second if arm[p] == 1 else of_first
        hazard[p] = rule.after_day(0.0, mine, 0.0, at_end)


@entry
def run_independent(
    inputs: Inputs,
    table: ProbabilityTable,
    seed: int,
    first_trial: int,
    trials: int,
    entry_at: Floats,
    arm: Ints,
    chance: Floats,
    draw: Floats,
    death: Floats,
    cause: Ints,
    hazard: Floats,
    others: Floats,
) -> None:
    """Simulate trials in which all who enter are randomised; the columns have one row per patient.

    A scheme whose `table` is empty, or has sizes to draw, is asked patient by patient. `others` has
    a row for each exit of transplant, withdrawal, loss and infection that the scenario has.
    """
    d, b, horizon = (
        inputs.tables.disease[0],
        inputs.tables.baseline,
        float(inputs.trial.follow_up_days),
    )
    plan, rate, until = inputs.allocation, inputs.exits.rate_per_day, inputs.exits.until_day
    target, state = inputs.trial.target_randomised, allocation.new_state(inputs.allocation)
    of_first, of_second = table.chance.ravel(), table.of_second.ravel()
    at_once = min(_TRIALS_AT_ONCE, trials)
    size = at_once * target
    uniform, threshold, liver = np.empty(size), np.empty(size), np.empty(size)
    time = np.full((rate.size, size), math.inf)
    levels, factor, place = np.empty(0, np.int64), np.empty(2), np.empty(at_once, np.int64)
    for second in range(2):
        effect = 0.0
        if second == d.direct_arm and d.direct_log_hazard_ratio != 0.0:
            effect = rule.direct_log_hazard_ratio(
                d.direct_log_hazard_ratio, d.delay_days, d.waning_rate_per_day, 0.0
            )
        factor[second] = rule.hazard_multiplier(0.0, 0.0, 0.0, 0.0, effect, 0.0)
    for first in range(0, trials, at_once):
        now = min(at_once, trials - first)
        row, end, trial = first * target, (first + now) * target, first_trial + first
        arms, u = arm[row:end], uniform[: now * target]
        if table.length.size == 1:
            draw_rows(seed, trial, _ALLOCATION, 0, target, draw[row:end])
            choose_arms(
                of_first,
                of_second,
                table.chance.shape[1],
                target,
                now,
                draw[row:end],
                arms,
                chance[row:end],
                place,
            )
        else:
            for k in range(now):
                allocation.clear(state)
                for p in range(target):
                    _, arms[k * target + p], draw[row + k * target + p] = allocate(
                        plan, state, seed, trial + k, p, levels, chance[row + k * target + p]
                    )
        draw_rows(seed, trial, _EXIT, _LIVER, target, u)
        find_thresholds(u, threshold[: now * target])
        find_deaths(d, b, factor, arms, threshold, liver[: now * target])
        for which in range(rate.size):
            if rate[which] > 0.0:
                draw_rows(seed, trial, _EXIT, which, target, u)
                draw_times(rate[which], until[which], horizon, u, time[which, : now * target])
        write_ends(
            d,
            b,
            factor,
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
