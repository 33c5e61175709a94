"""The doubly adaptive biased coin (Hu and Zhang 2004)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.allocation.schemes.outcomes import TARGETS, both_begun, target_share
from simulator.rules.elementary import power


def _read(setting: Setting) -> SchemeNumbers:
    options = setting.options
    target = check.word("options.target", options["target"], TARGETS)
    return SchemeNumbers([target, check.number("options.gamma", options["gamma"], 0.0, 100.0)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """The target share, leaning towards the arm that is short of it by the power `gamma`."""
    out[0] = 0.5
    if both_begun(state):
        share = target_share(int(plan.numbers[0]), state.outcomes)
        have = state.arms[0] / float(state.arms[0] + state.arms[1])
        # How far each arm is short of its target; of the two the larger is made the divisor.
        first, second = share / have, (1.0 - share) / (1.0 - have)
        if first >= second:
            lean = power(second / first, plan.numbers[1])
            out[0] = share / (share + (1.0 - share) * lean)
        else:
            lean = power(first / second, plan.numbers[1])
            out[0] = share * lean / (share * lean + (1.0 - share))
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
