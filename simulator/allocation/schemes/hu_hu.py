"""Hu and Hu's minimisation of imbalances overall, in margins and in strata (Hu and Hu 2012)."""

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule

_OVERALL, _STRATUM, _PROBABILITY, _MARGINS = range(4)  # places in `numbers`
_EPSILON = 2.0**-52


def _read(setting: Setting) -> SchemeNumbers:
    options, listed = setting.options, setting.options["margins"]
    overall = check.number("options.overall", options["overall"], 0.0, 1e6)
    stratum = check.number("options.stratum", options["stratum"], 0.0, 1e6)
    if listed is None:  # as on the command line: all alike
        margins = [1.0] * len(setting.levels)
    else:
        margins = check.weights("options.margins", listed, len(setting.levels))
    if not any((overall, stratum, *margins)):
        raise AllocationError("options.margins", listed, "one weight must be > 0", "as [1, 1]")
    probability = check.number("options.probability", options["probability"], 0.5, 1.0)
    return SchemeNumbers([overall, stratum, probability, *margins])


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """The arm that leaves less of the weighted sum of squared differences is favoured.

    Of the two sums, that with the first arm is the larger by 4 times the weighted sum of the
    differences as they are.
    """
    w, arms, mine = plan.numbers, state.arms, state.strata[stratum]
    term = w[_OVERALL] * (arms[0] - arms[1])
    lean, size = term, abs(term)
    for factor in range(levels.size):
        margin = state.margins[factor, levels[factor]]
        term = w[_MARGINS + factor] * (margin[0] - margin[1])
        lean, size = lean + term, size + abs(term)
    term = w[_STRATUM] * (mine[0] - mine[1])
    lean, size = lean + term, size + abs(term)
    out[0] = 0.5
    # What rounding can make of a sum of 0: one rounding a product and one a sum.
    if abs(lean) > 2.0 * (levels.size + 2) * _EPSILON * size:
        out[0] = w[_PROBABILITY] if lean < 0.0 else 1.0 - w[_PROBABILITY]
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
