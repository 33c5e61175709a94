"""The Ehrenfest urn (Chen 2000)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([check.whole_number("options.balls", setting.options["balls"], 1)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Each draw puts a ball of the arm drawn into the other arm's urn."""
    difference = state.strata[stratum, 0] - state.strata[stratum, 1]
    out[0] = 0.5 * (1.0 - difference / plan.numbers[0])
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
