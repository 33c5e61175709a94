"""Maximum entropy constrained balance (Klotz 1978)."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule

_EPSILON = 2.0**-52


def _read(setting: Setting) -> SchemeNumbers:
    return SchemeNumbers([check.number("options.eta", setting.options["eta"], 0.0, 1.0)])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """As near to the ratio as a share `eta` of the balance that one patient can gain allows.

    With two arms the constraint alone decides: the arm that leaves the shares nearer to the ratio
    has eta + (1 - eta) of its own share.
    """
    first, second = float(state.strata[stratum, 0]), float(state.strata[stratum, 1])
    share = plan.ratio[0] / (plan.ratio[0] + plan.ratio[1])
    after = first + second + 1.0
    with_first = abs(first + 1.0 - share * after)
    with_second = abs(first - share * after)
    eta = plan.numbers[0]
    out[0] = share
    if abs(with_first - with_second) > 8.0 * _EPSILON * after:
        out[0] = eta + (1.0 - eta) * share if with_first < with_second else (1.0 - eta) * share
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
