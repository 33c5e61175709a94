"""The history that a scheme sees, and what asks and changes it: the contract of every scheme."""

import numpy as np
from numba.extending import register_jitable

from simulator.allocation import schemes
from simulator.allocation.plan import Floats, Ints, Plan, State, borrowing
from simulator.allocation.schemes.atkinson import design_entry
from simulator.allocation.schemes.outcomes import DIED, SURVIVED
from simulator.rules import selection


@register_jitable
def new_state(plan: Plan) -> State:
    """Return the history before the first patient.

    Python makes it once; a test that randomises anew makes it in compiled code.
    """
    arms, factors = plan.ratio.size, plan.levels.size
    strata, widest = 1, 0
    for levels in plan.levels:
        widest = max(widest, levels)
        if plan.counts_strata:
            strata *= levels
    return State(
        np.zeros(arms, np.int64),
        np.zeros((strata, arms), np.int64),
        np.zeros((strata, arms), np.int64),
        np.zeros(strata, np.int64),
        np.zeros(strata, np.int64),
        np.zeros((factors, widest, arms), np.int64),
        np.zeros((arms, 2), np.int64),
        np.zeros((plan.design, plan.design)),
        np.zeros(plan.design),
        np.zeros((plan.design, plan.design + 2)),
    )


@borrowing
def clear(state: State) -> None:
    """Make a history, in place, what it was before the first patient."""
    state.arms[:] = 0
    state.strata[:] = 0
    state.block[:] = 0
    state.drawn[:] = 0
    state.draws[:] = 0
    state.margins[:] = 0
    state.outcomes[:] = 0
    state.squares[:] = 0.0
    state.signed[:] = 0.0


@borrowing
def combination_of(plan: Plan, levels: Ints) -> int:
    """Number of a combination of levels, whether or not the scheme stratifies by it."""
    combination = 0
    for factor in range(levels.size):
        combination = combination * plan.levels[factor] + levels[factor]
    return combination


@borrowing
def levels_of(plan: Plan, combination: int, levels: Ints) -> None:
    """Fill in the levels of a combination."""
    for factor in range(levels.size - 1, -1, -1):
        levels[factor] = combination % plan.levels[factor]
        combination //= plan.levels[factor]


@borrowing
def stratum_of(plan: Plan, levels: Ints) -> int:
    """Stratum of a patient with these levels of the factors; 0 where nothing is stratified."""
    return combination_of(plan, levels) if plan.counts_strata else 0


@borrowing
def draw_due(plan: Plan, state: State, levels: Ints) -> int:
    """Index of the draw of its own that a scheme must make before this patient, -1 if none."""
    stratum = stratum_of(plan, levels)
    if not schemes.due(plan, state, stratum):
        return -1
    made: int = state.draws[stratum]
    return made


@borrowing
def apply_draw(plan: Plan, state: State, levels: Ints, u: float) -> None:
    """Let a scheme make what it makes of the uniform `u`: a block of some size, immigrations."""
    stratum = stratum_of(plan, levels)
    schemes.apply(plan, state, stratum, u)
    state.draws[stratum] += 1


@borrowing
def probabilities(plan: Plan, state: State, levels: Ints, out: Floats) -> None:
    """Fill `out` with the probability of each arm for the next patient, given the history."""
    schemes.chance(plan, state, stratum_of(plan, levels), levels, out)


@borrowing
def guess(plan: Plan, state: State, levels: Ints) -> int:
    """Arm that is behind the ratio in the patient's stratum, -1 in balance; of two arms."""
    counts = state.strata[stratum_of(plan, levels)]
    return selection.guess(counts[0], counts[1], plan.ratio[0], plan.ratio[1])


@borrowing
def choose(chances: Floats, u: float) -> int:
    """Return the arm that the uniform `u` falls to, never one without a chance."""
    last, below = 0, 0.0
    for arm in range(chances.size):
        if chances[arm] > 0.0:
            last = arm
            below += chances[arm]
            if u < below:
                return arm
    return last


@borrowing
def choose_of_two(chance_of_first: float, u: float) -> int:
    """Return the arm of two that `choose` returns; a uniform is below 1 and above 0."""
    return int(u >= chance_of_first)


@borrowing
def record(plan: Plan, state: State, levels: Ints, arm: int) -> None:
    """Add an allocation to the history."""
    stratum = stratum_of(plan, levels)
    state.arms[arm] += 1
    state.strata[stratum, arm] += 1
    state.block[stratum, arm] += 1
    for factor in range(levels.size):
        state.margins[factor, levels[factor], arm] += 1
    for i in range(plan.design):
        row = design_entry(plan, levels, i)
        state.signed[i] += row if arm == 0 else -row
        for k in range(plan.design):
            state.squares[i, k] += row * design_entry(plan, levels, k)


@borrowing
def learn(state: State, arm: int, died: bool) -> None:
    """Add an outcome that has become known: a death when it happens, survival at the end."""
    state.outcomes[arm, DIED if died else SURVIVED] += 1
