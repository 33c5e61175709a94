"""What adaptive schemes make of the outcomes known so far."""

import math

from simulator.allocation.plan import Ints, State
from simulator.allocation.schemes.base import rule

SURVIVED, DIED = range(2)
TARGETS = "neyman", "rsihr", "urn"
_NEYMAN, _RSIHR = range(2)
_TIE = 2.0**-48  # products of a dozen whole numbers, of which large ones are rounded


@rule
def survival(outcomes: Ints, arm: int) -> float:
    """Estimated chance of survival, (survivals + 1) / (outcomes + 2): never 0 or 1."""
    survived, died = outcomes[arm, SURVIVED], outcomes[arm, DIED]
    return (survived + 1.0) / (survived + died + 2.0)


@rule
def target_share(target: int, outcomes: Ints) -> float:
    """Estimated share that the first arm should have.

    Neyman in proportion to sqrt(p q), which is best for the power; RSIHR to sqrt(p), with the
    fewest deaths for the power (Rosenberger et al. 2001); urn to the other arm's q, the limit of
    play the winner (Wei and Durham 1978).
    """
    p_first, p_second = survival(outcomes, 0), survival(outcomes, 1)
    q_first, q_second = 1.0 - p_first, 1.0 - p_second
    if target == _NEYMAN:
        first, second = math.sqrt(p_first * q_first), math.sqrt(p_second * q_second)
    elif target == _RSIHR:
        first, second = math.sqrt(p_first), math.sqrt(p_second)
    else:
        first, second = q_second, q_first
    return first / (first + second)


@rule
def beyond_target(target: int, arms: Ints, outcomes: Ints) -> int:
    """Whether the first arm has more (1), as many (0) or fewer (-1) patients than its target share.

    Squared odds are compared, which are fractions of whole numbers, since roots would be rounded.
    """
    first, second = 1.0, 1.0  # of the squares of the weights by which the target shares patients
    for arm in range(2):
        survived, died = outcomes[arm, SURVIVED] + 1.0, outcomes[arm, DIED] + 1.0
        known = survived + died
        if target == _NEYMAN:
            weight, divisor = survived * died, known * known
        elif target == _RSIHR:
            weight, divisor = survived, known
        else:  # in proportion to 1 / q of the arm itself
            weight, divisor = known * known, died * died
        if arm == 0:
            first, second = first * weight, second * divisor
        else:
            first, second = first * divisor, second * weight
    have, should = second * arms[0] * arms[0], first * arms[1] * arms[1]
    if abs(have - should) <= _TIE * should:
        return 0
    return 1 if have > should else -1


@rule
def both_begun(state: State) -> bool:
    """Whether each arm has a patient."""
    return state.arms[0] > 0 and state.arms[1] > 0
