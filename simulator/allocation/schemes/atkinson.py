"""Atkinson's D_A-optimal biased coin (Atkinson 1982)."""

from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule

_SMALLEST_PIVOT = 1e-9  # of the largest entry: the entries are whole numbers of patients


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers(design=1 + sum(levels - 1 for levels in setting.levels))


@rule
def design_entry(plan: Plan, levels: Ints, column: int) -> float:
    """Entry of a patient's row of the design: 1, then a 0 or 1 for each level but the first."""
    first = 1
    for factor in range(levels.size):
        others = plan.levels[factor] - 1
        if first <= column < first + others:
            return 1.0 if levels[factor] == column - first + 1 else 0.0
        first += others
    return 1.0


@rule
def _solve(plan: Plan, state: State, levels: Ints) -> bool:
    """Solve F'F w = z in `work`, whose last column is then w; False if z is not within F's rows."""
    size, a = plan.design, state.work
    largest = 0.0
    for i in range(size):
        for k in range(size):
            a[i, k] = state.squares[i, k]
            largest = max(largest, abs(a[i, k]))
        a[i, size] = design_entry(plan, levels, i)
        a[i, size + 1] = 0.0  # 1 once the row has had its pivot
    for column in range(size):
        # On the diagonal: F'F has no negative direction, so its pivots need no other order.
        if a[column, column] <= _SMALLEST_PIVOT * largest:
            continue
        a[column, size + 1] = 1.0
        for i in range(size):
            if i != column:
                part = a[i, column] / a[column, column]
                for k in range(column, size + 1):
                    a[i, k] -= part * a[column, k]
    for i in range(size):
        if a[i, size + 1] == 0.0:
            if abs(a[i, size]) > _SMALLEST_PIVOT:
                return False
            a[i, size] = 0.0
        else:
            a[i, size] /= a[i, i]
    return True


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """(1 - u)^2 against (1 + u)^2, u = z'(F'F)^-1 b: the arm that tells more of the difference.

    z is the patient's row, F the design so far, b its rows added up, the second arm's with a minus.
    Where nothing like the patient has been seen, so that u does not exist, either arm.
    """
    out[0] = 0.5
    if state.arms[0] + state.arms[1] > 0 and _solve(plan, state, levels):
        u = 0.0
        for i in range(plan.design):
            u += state.work[i, plan.design] * state.signed[i]
        for_first, for_second = (1.0 - u) * (1.0 - u), (1.0 + u) * (1.0 + u)
        out[0] = for_first / (for_first + for_second)
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
