"""The efficient randomised adaptive design, ERADE (Hu, Zhang and He 2009)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.allocation.schemes.outcomes import TARGETS, beyond_target, both_begun, target_share


def _read(setting: Setting) -> SchemeNumbers:
    options = setting.options
    target = check.word("options.target", options["target"], TARGETS)
    return SchemeNumbers([target, check.number("options.alpha", options["alpha"], 0.0, 1.0)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Efron's coin about a target share that is estimated from outcomes."""
    out[0] = 0.5
    if both_begun(state):
        share, alpha = target_share(int(plan.numbers[0]), state.outcomes), plan.numbers[1]
        beyond = beyond_target(int(plan.numbers[0]), state.arms, state.outcomes)
        out[0] = share
        if beyond > 0:
            out[0] = alpha * share
        elif beyond < 0:
            out[0] = 1.0 - alpha * (1.0 - share)
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
