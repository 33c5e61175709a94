"""The randomised play-the-winner rule RPW(alpha, beta) (Wei and Durham 1978)."""

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.allocation.schemes.outcomes import DIED, SURVIVED


def _read(setting: Setting) -> SchemeNumbers:
    names = "initial_balls", "added_balls"
    numbers = [check.number(f"options.{n}", setting.options[n], 0.0, 1e6) for n in names]
    if numbers[1] == 0.0:
        raise AllocationError(
            "options.added_balls",
            setting.options["added_balls"],
            "without balls to add it never adapts",
            "give a number above 0, or use complete",
        )
    return SchemeNumbers(numbers)


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Balls for each arm: a known survival adds some of its own, a known death of the other."""
    initial, added, known = plan.numbers[0], plan.numbers[1], state.outcomes
    first = initial + added * (known[0, SURVIVED] + known[1, DIED])
    second = initial + added * (known[1, SURVIVED] + known[0, DIED])
    out[0] = 0.5
    if first + second > 0.0:
        out[0] = first / (first + second)
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
