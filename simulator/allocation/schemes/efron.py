"""Efron's biased coin (Efron 1971)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    value = setting.options["probability"]
    return SchemeNumbers([check.number("options.probability", value, 0.5, 1.0)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """The smaller arm with the probability given, either in balance."""
    difference = state.strata[stratum, 0] - state.strata[stratum, 1]
    out[0] = 0.5
    if difference < 0:
        out[0] = plan.numbers[0]
    elif difference > 0:
        out[0] = 1.0 - plan.numbers[0]
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
