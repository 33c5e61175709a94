"""Smith's generalised biased coin (Smith 1984)."""

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
    """In proportion to a power of the other arm's number of patients."""
    first, second = float(state.strata[stratum, 0]), float(state.strata[stratum, 1])
    out[0] = 0.5
    if first != second:
        # The ratio of the smaller to the larger: its power cannot overflow.
        ratio = power(min(first, second) / max(first, second), plan.numbers[0])
        of_larger = ratio / (1.0 + ratio)
        out[0] = of_larger if first > second else 1.0 - of_larger
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
