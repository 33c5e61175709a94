"""Wei's urn UD(alpha, beta) (Wei 1977)."""

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    names = "initial_balls", "added_balls"
    numbers = [check.number(f"options.{n}", setting.options[n], 0.0, 1e6) for n in names]
    if not any(numbers):
        raise AllocationError(
            "options.added_balls",
            setting.options["added_balls"],
            "the urn would stay empty",
            "give one of the two above 0, as 0 and 1",
        )
    return SchemeNumbers(numbers)


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """A ball is drawn and returned, and balls of the other arm are added."""
    initial, added = plan.numbers[0], plan.numbers[1]
    first, second = state.strata[stratum, 0], state.strata[stratum, 1]
    balls = 2.0 * initial + added * (first + second)
    out[0] = 0.5
    if balls > 0.0:
        out[0] = (initial + added * second) / balls
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
