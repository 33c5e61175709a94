"""Intervals for two proportions: scores of Miettinen and Nurminen (1985), Newcombe's (1998).

x0 of n0 patients dead in the first arm, x1 of n1 in the second. A score statistic compares what was
seen with what is most likely given the difference, ratio or odds ratio supposed; the limits are
where it meets a normal quantile. It falls as what is supposed climbs, so halving finds them.
"""

import math

from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.proportion_intervals import wilson

_HALVINGS = 60
_LARGEST_LOG_RATIO = 40.0


@inlined
def difference_variance(x0: int, n0: int, x1: int, n1: int, difference: float) -> float:
    """Variance of the difference of proportions where it is `difference`, with N / (N - 1).

    The most likely proportions solve a cubic (Farrington and Manning 1990).
    """
    total, dead = n0 + n1, x0 + x1
    cubic_2 = ((n1 + 2.0 * n0) * difference - total - dead) / total
    cubic_1 = ((n0 * difference - total - 2.0 * x0) * difference + dead) / total
    cubic_0 = x0 * difference * (1.0 - difference) / total
    third = cubic_2 / 3.0
    q = third * third * third - third * cubic_1 / 2.0 + cubic_0 / 2.0
    r = math.sqrt(max(third * third - cubic_1 / 3.0, 0.0))
    r = -r if q < 0.0 else r
    ratio = 1.0 if r == 0.0 else min(1.0, max(-1.0, q / (r * r * r)))
    p0 = 2.0 * r * math.cos((math.pi + math.acos(ratio)) / 3.0) - third
    p0 = min(1.0, max(0.0, p0))
    p1 = min(1.0, max(0.0, p0 + difference))
    return (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0) * total / (total - 1.0)


@inlined
def _difference_score(x0: int, n0: int, x1: int, n1: int, difference: float) -> float:
    away = x1 / n1 - x0 / n0 - difference
    return over_error(away, difference_variance(x0, n0, x1, n1, difference))


@inlined
def over_error(away: float, variance: float) -> float:
    """Return a difference over its standard error, infinite if it has none; nothing away is 0."""
    if variance > 0.0:
        return away / math.sqrt(variance)
    return 0.0 if away == 0.0 else math.copysign(math.inf, away)


@inlined
def _ratio_score(x0: int, n0: int, x1: int, n1: int, log_ratio: float) -> float:
    """Score where the ratio of proportions is exp(log_ratio)."""
    ratio, total = math.exp(log_ratio), n0 + n1
    b = n1 * ratio + x1 + n0 + x0 * ratio
    root = math.sqrt(max(b * b - 4.0 * total * ratio * (x0 + x1), 0.0))
    p0 = 2.0 * (x0 + x1) / (b + root)
    p1 = min(1.0, ratio * p0)
    variance = p1 * (1.0 - p1) / n1 + ratio * ratio * p0 * (1.0 - p0) / n0
    return over_error(x1 / n1 - ratio * x0 / n0, variance * total / (total - 1.0))


@inlined
def _odds_score(x0: int, n0: int, x1: int, n1: int, log_ratio: float) -> float:
    """Score where the ratio of odds is exp(log_ratio)."""
    ratio, total = math.exp(log_ratio), n0 + n1
    a, dead = n0 * (ratio - 1.0), x0 + x1
    b = n1 * ratio + n0 - dead * (ratio - 1.0)
    p0 = 2.0 * dead / (b + math.sqrt(max(b * b + 4.0 * a * dead, 0.0)))
    p1 = p0 * ratio / (1.0 + p0 * (ratio - 1.0))
    information = 1.0 / (n1 * p1 * (1.0 - p1)) + 1.0 / (n0 * p0 * (1.0 - p0))
    return (x1 - n1 * p1) * math.sqrt(information * (total - 1.0) / total)


DIFFERENCE, RATIO, ODDS_RATIO = range(3)


@inlined
def score_at(x0: int, n0: int, x1: int, n1: int, measure: int, supposed: float) -> float:
    """Score of what was seen where a difference, log ratio or log odds ratio is supposed."""
    if measure == DIFFERENCE:
        return _difference_score(x0, n0, x1, n1, supposed)
    if measure == RATIO:
        return _ratio_score(x0, n0, x1, n1, supposed)
    return _odds_score(x0, n0, x1, n1, supposed)


@kernel
def score_limit(x0: int, n0: int, x1: int, n1: int, measure: int, quantile: float) -> float:
    """Where the score of a difference, log ratio or log odds ratio meets a normal quantile.

    The lower limit for a quantile above 0. Ratios without a limit have infinity.
    """
    low, high = -1.0, 1.0
    if measure != DIFFERENCE:
        low, high = -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO
        none_above = x0 == 0 or (measure == ODDS_RATIO and x1 == n1)
        none_below = x1 == 0 or (measure == ODDS_RATIO and x0 == n0)
        if none_above and quantile < 0.0:
            return math.inf
        if none_below and quantile > 0.0:
            return -math.inf
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if score_at(x0, n0, x1, n1, measure, middle) > quantile:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def newcombe(x0: int, n0: int, x1: int, n1: int, z: float) -> tuple[float, float]:
    """Interval of the difference from Wilson's of each arm (Newcombe 1998, method 10)."""
    low_0, high_0 = wilson(x0, n0, z)
    low_1, high_1 = wilson(x1, n1, z)
    p0, p1 = x0 / n0, x1 / n1
    below = math.sqrt((p1 - low_1) ** 2 + (high_0 - p0) ** 2)
    above = math.sqrt((high_1 - p1) ** 2 + (p0 - low_0) ** 2)
    return p1 - p0 - below, p1 - p0 + above


@kernel
def newcombe_z(x0: int, n0: int, x1: int, n1: int, supposed: float) -> float:
    """Normal quantile at which Newcombe's interval just reaches the difference supposed.

    Its sign is that of what was seen less what is supposed.
    """
    away = x1 / n1 - x0 / n0 - supposed
    if away == 0.0:
        return 0.0
    low, high = 0.0, 40.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        limits = newcombe(x0, n0, x1, n1, middle)
        if (limits[0] - supposed if away > 0.0 else supposed - limits[1]) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high) if away > 0.0 else -0.5 * (low + high)
