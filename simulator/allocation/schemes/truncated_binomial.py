"""The truncated binomial design (Blackwell and Hodges 1957)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    check.divisible_target(setting.scheme, setting.ratio, setting.target)
    return SchemeNumbers()


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """A fair coin until one arm has half of the patients."""
    out[0] = 0.5
    if 2 * state.arms[0] >= plan.target:
        out[0] = 0.0
    elif 2 * state.arms[1] >= plan.target:
        out[0] = 1.0
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
