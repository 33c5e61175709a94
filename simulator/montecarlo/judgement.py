"""What a share of trials that reject amounts to: judged by the limits of its interval alone."""

import math

from simulator.constants import LARGEST_TRIAL, NORMAL_QUANTILE_975
from simulator.results.measures import (
    LEAST_TRIALS_TO_JUDGE,
    TARGET_MARGIN,
    Judgement,
    NullHypothesis,
    Verdict,
)

_ROUNDING = 1e-9  # of limits in binary


def judge(
    null: NullHypothesis,
    low: float,
    high: float,
    alpha: float,
    target_power: float,
    *,
    trials: int,
) -> Verdict:
    """Judge a share of rejections with the interval from `low` to `high`.

    Parameters
    ----------
    null
        Under which the trials were simulated: it says whether the share is a power.
    alpha, target_power
        The nominal level, and the power that the design is to have.
    trials
        That the share is of: few of them are not judged.
    """
    threshold = target_power if null is NullHypothesis.NONE else alpha
    if null is NullHypothesis.MORTALITY:
        judgement = Judgement.EQUAL_HAZARDS
    elif trials < LEAST_TRIALS_TO_JUDGE:
        judgement = Judgement.TOO_FEW_TRIALS
    elif null is NullHypothesis.STRONG:
        judgement = _level(low, high, alpha)
    else:
        judgement = _power(low, high, target_power)
    return Verdict(judgement, threshold, target_power, null)


def _power(low: float, high: float, target: float) -> Judgement:
    if high < target:
        return Judgement.UNDERPOWERED
    if low >= target:
        return Judgement.ADEQUATE
    is_near = max(target - low, high - target) <= TARGET_MARGIN + _ROUNDING
    return Judgement.AT_TARGET if is_near else Judgement.INCONCLUSIVE


def _level(low: float, high: float, alpha: float) -> Judgement:
    if low > alpha:
        return Judgement.LEVEL_EXCEEDED
    return Judgement.LEVEL_HELD if high <= alpha else Judgement.LEVEL_COMPATIBLE


def trials_to_settle(share: float, target: float) -> int | None:
    """Return the trials with which Wilson's interval of a share would leave a target out.

    The interval holds the values that a score test does not reject (Wilson 1927): the target is
    out once z^2 target (1 - target) < trials (share - target)^2.

    Returns
    -------
    int or None
        None where the share is so near the target that more trials than can be run would not do.
    """
    distance = share - target
    if distance == 0:
        return None
    needed = NORMAL_QUANTILE_975**2 * target * (1 - target) / distance**2
    return math.floor(needed) + 1 if needed < LARGEST_TRIAL else None
