"""What a share of trials that reject amounts to: judged by the limits of its interval alone."""

from simulator.results.measures import Judgement, NullHypothesis, Verdict


def judge(
    null: NullHypothesis, low: float, high: float, alpha: float, target_power: float
) -> Verdict:
    """Judge a share of rejections with the interval from `low` to `high`.

    Parameters
    ----------
    null
        Under which the trials were simulated: it says whether the share is a power.
    alpha, target_power
        The nominal level, and the power that the design is to have.
    """
    if null is NullHypothesis.MORTALITY:
        return Verdict(Judgement.EQUAL_HAZARDS, alpha, target_power)
    if null is NullHypothesis.STRONG:
        return Verdict(_level(low, high, alpha), alpha, target_power)
    return Verdict(_power(low, high, target_power), target_power, target_power)


def _power(low: float, high: float, target: float) -> Judgement:
    if high < target:
        return Judgement.UNDERPOWERED
    return Judgement.INCONCLUSIVE if low < target else Judgement.ADEQUATE


def _level(low: float, high: float, alpha: float) -> Judgement:
    if low > alpha:
        return Judgement.LEVEL_EXCEEDED
    return Judgement.LEVEL_HELD if high <= alpha else Judgement.LEVEL_COMPATIBLE
