"""The Bayesian biased coin (Ball, Smith and Verdinelli 1993)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.rules.elementary import power


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([check.number("options.gamma", setting.options["gamma"], 1e-3, 1e3)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """In proportion to x = (1 + N_B / ((j - 1) N_A))^(1 / gamma), and the same of the other arm.

    The second patient gets the arm that the first did not.
    """
    first, second = float(state.strata[stratum, 0]), float(state.strata[stratum, 1])
    so_far = first + second
    out[0] = 0.5
    if first == 0.0 or second == 0.0:
        if so_far > 0.0:
            out[0] = 1.0 if first == 0.0 else 0.0
    elif first != second:
        of_first = 1.0 + second / (so_far * first)
        of_second = 1.0 + first / (so_far * second)
        smaller, larger = min(of_first, of_second), max(of_first, of_second)
        ratio = power(smaller / larger, 1.0 / plan.numbers[0])
        of_larger = ratio / (1.0 + ratio)  # of the arm with more patients
        out[0] = of_larger if first > second else 1.0 - of_larger
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
