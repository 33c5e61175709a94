"""Complete randomisation: each patient independently, by the ratio."""

from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, rule


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    parts = 0.0
    for arm in range(plan.ratio.size):
        parts += plan.ratio[arm]
    for arm in range(plan.ratio.size):
        out[arm] = plan.ratio[arm] / parts


RULES = Rules(chance=_chance)
