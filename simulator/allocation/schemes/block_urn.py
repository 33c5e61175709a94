"""The block urn (Zhao and Weng 2011)."""

import math

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    blocks = check.whole_number("options.blocks", setting.options["blocks"], 1)
    divisor = math.gcd(*setting.ratio)
    return SchemeNumbers([blocks, *(part // divisor for part in setting.ratio)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """An urn with some copies of the ratio, which gets one back as soon as one has been drawn."""
    arms, counts = plan.ratio.size, state.strata[stratum]
    returned = math.inf
    for arm in range(arms):
        returned = min(returned, float(counts[arm] // int(plan.numbers[1 + arm])))
    balls = 0.0
    for arm in range(arms):
        balls += plan.numbers[1 + arm] * (plan.numbers[0] + returned) - counts[arm]
    for arm in range(arms):
        mine = plan.numbers[1 + arm] * (plan.numbers[0] + returned) - counts[arm]
        out[arm] = mine / balls


RULES = Rules(chance=_chance, read=_read)
