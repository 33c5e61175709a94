"""The adjustable biased coin (Baldi Antognini and Giovagnoli 2004)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.rules.elementary import power


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers(
        [check.number("options.exponent", setting.options["exponent"], 0.0, 100.0)]
    )


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """The larger arm has 1 / (1 + |D|^a): the bias grows with the imbalance."""
    difference = state.strata[stratum, 0] - state.strata[stratum, 1]
    out[0] = 0.5
    if difference != 0:
        against = 1.0 / (1.0 + power(float(abs(difference)), plan.numbers[0]))
        out[0] = against if difference > 0 else 1.0 - against
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
