"""The random allocation rule (Lachin 1988)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    check.divisible_target(setting.scheme, setting.ratio, setting.target)
    return SchemeNumbers()


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Draw without return from an urn with a ball for each patient to come."""
    parts, left = 0.0, float(plan.target)
    for arm in range(plan.ratio.size):
        parts += plan.ratio[arm]
        left -= state.arms[arm]
    for arm in range(plan.ratio.size):
        # Multiplied first, the division is exact: an arm that is used up has exactly no chance.
        out[arm] = (plan.ratio[arm] * plan.target / parts - state.arms[arm]) / left


RULES = Rules(chance=_chance, read=_read)
