"""The big stick (Soares and Wu 1983)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([check.whole_number("options.bound", setting.options["bound"], 1)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """A fair coin until the imbalance meets the bound."""
    difference = state.strata[stratum, 0] - state.strata[stratum, 1]
    out[0] = 0.5
    if difference <= -plan.numbers[0]:
        out[0] = 1.0
    elif difference >= plan.numbers[0]:
        out[0] = 0.0
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
