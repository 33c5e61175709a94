"""Drop the loser, an urn with immigration (Ivanova 2003)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.allocation.schemes.outcomes import DIED


def _read(setting: Setting) -> SchemeNumbers:
    names = "initial_balls", "immigration_balls"
    return SchemeNumbers(
        [check.whole_number(f"options.{n}", setting.options[n], 1, 10_000) for n in names]
    )


@rule
def _balls(plan: Plan, state: State, arm: int) -> float:
    """Balls of an arm: those it began with and gained by immigration, less a ball a known death."""
    return max(plan.numbers[0] + state.drawn[0] - state.outcomes[arm, DIED], 0.0)


@rule
def _due(plan: Plan, state: State, stratum: int) -> bool:
    return state.draws[0] <= state.arms[0] + state.arms[1]


@rule
def _apply(plan: Plan, state: State, stratum: int, u: float) -> None:
    """Draw until the ball is of an arm: each immigration ball adds one of each.

    What is left of a uniform below a chance is, divided by it, a uniform again.
    """
    while True:
        of_arms = _balls(plan, state, 0) + _balls(plan, state, 1)
        immigrates = plan.numbers[1] / (plan.numbers[1] + of_arms)
        if u >= immigrates:
            return
        u /= immigrates
        state.drawn[0] += 1


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """In proportion to the balls, given the immigrations that came before this patient."""
    first, second = _balls(plan, state, 0), _balls(plan, state, 1)
    out[0] = 0.5
    if first + second > 0.0:
        out[0] = first / (first + second)
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read, due=_due, apply=_apply)
