"""Chen's biased coin with imbalance tolerance (Chen 1999)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    value, bound = setting.options["probability"], setting.options["bound"]
    return SchemeNumbers(
        [
            check.number("options.probability", value, 0.5, 1.0),
            check.whole_number("options.bound", bound, 1),
        ]
    )


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Efron's coin until the imbalance meets the bound."""
    difference = state.strata[stratum, 0] - state.strata[stratum, 1]
    probability, bound = plan.numbers[0], plan.numbers[1]
    towards = 1.0 if abs(difference) >= bound else probability
    out[0] = 0.5
    if difference < 0:
        out[0] = towards
    elif difference > 0:
        out[0] = 1.0 - towards
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
