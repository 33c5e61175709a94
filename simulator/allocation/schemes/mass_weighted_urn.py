"""The mass-weighted urn (Zhao 2015)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([check.number("options.mass", setting.options["mass"], 1e-3, 1e6)])


@rule
def _mass(plan: Plan, counts: Ints, arm: int, parts: float, so_far: float) -> float:
    share = plan.ratio[arm] / parts
    return max(plan.numbers[0] * share - counts[arm] + so_far * share, 0.0)


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """One ball an arm, drawn by its mass: a draw takes a unit, shared out by the ratio."""
    counts, parts, so_far, total = state.strata[stratum], 0.0, 0.0, 0.0
    for arm in range(plan.ratio.size):
        parts += plan.ratio[arm]
        so_far += counts[arm]
    for arm in range(plan.ratio.size):
        total += _mass(plan, counts, arm, parts, so_far)
    for arm in range(plan.ratio.size):
        out[arm] = _mass(plan, counts, arm, parts, so_far) / total


RULES = Rules(chance=_chance, read=_read)
