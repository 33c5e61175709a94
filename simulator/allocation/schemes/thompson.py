"""Thompson sampling, tempered (Thompson 1933; Thall and Wathen 2007)."""

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule
from simulator.allocation.schemes.outcomes import DIED, SURVIVED
from simulator.rules.elementary import exp, log, power

_EXPONENT, _BURN_IN, _CLIP = range(3)  # places in `numbers`


def _read(setting: Setting) -> SchemeNumbers:
    options = setting.options
    burn_in = check.whole_number("options.burn_in", options["burn_in"], 0)
    if burn_in >= setting.target:
        rule = f"is not below the trial's {setting.target} patients: it would never adapt"
        raise AllocationError("options.burn_in", burn_in, rule, "lower it")
    return SchemeNumbers(
        [
            check.number("options.exponent", options["exponent"], 0.0, 100.0),
            burn_in,
            check.number("options.clip", options["clip"], 0.0, 0.5),
        ]
    )


@rule
def first_has_lower(outcomes: Ints) -> float:
    """Posterior probability that the first arm's mortality is the lower, from uniform priors.

    P(X < Y) of X ~ Beta(a, b), Y ~ Beta(c, d) with whole parameters is a sum of c positive terms
    (Thompson 1933), each worked out from the one before.
    """
    a, b = outcomes[0, DIED] + 1.0, outcomes[0, SURVIVED] + 1.0
    c, d = outcomes[1, DIED] + 1.0, outcomes[1, SURVIVED] + 1.0
    log_term = 0.0
    for k in range(int(d)):
        log_term += log((b + k) / (a + b + k))
    total = exp(log_term)
    for i in range(int(c) - 1):
        log_term += log((a + i) * (d + i) / ((a + b + d + i) * (1.0 + i)))
        total += exp(log_term)
    return min(total, 1.0)


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """In proportion to a power of the posterior probability of being the better arm."""
    out[0] = 0.5
    if state.arms[0] + state.arms[1] >= plan.numbers[_BURN_IN]:
        better = first_has_lower(state.outcomes)
        first = power(better, plan.numbers[_EXPONENT])
        second = power(1.0 - better, plan.numbers[_EXPONENT])
        if first + second > 0.0:
            out[0] = first / (first + second)
        clip = plan.numbers[_CLIP]
        out[0] = min(max(out[0], clip), 1.0 - clip)
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
