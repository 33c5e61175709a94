"""Sample sizes by formula: what a design needs if nothing but its statistics mattered.

All are two-sided, `ratio` is patients of the second arm for each of the first, and none is rounded.
"""

import math

from scipy.stats import norm

from simulator.analysis.exact_power import ExactQuestion, power, rejection_set


def schoenfeld_events(hazard_ratio: float, alpha: float, power: float, ratio: float = 1.0) -> float:
    """Deaths that a log-rank test needs (Schoenfeld 1983, Biometrics 39:499)."""
    return _z(alpha, power) ** 2 * (1 + ratio) ** 2 / (ratio * math.log(hazard_ratio) ** 2)


def freedman_events(hazard_ratio: float, alpha: float, power: float, ratio: float = 1.0) -> float:
    """Deaths that a log-rank test needs (Freedman 1982, Statistics in Medicine 1:121)."""
    odds = (1 + ratio * hazard_ratio) / (1 - hazard_ratio)
    return _z(alpha, power) ** 2 * odds**2 / ratio


def normal_patients(
    p_control: float, p_experimental: float, alpha: float, power: float, ratio: float = 1.0
) -> float:
    """Patients that a test of two proportions needs, by the normal approximation.

    Without a correction for continuity (Fleiss, Statistical Methods for Rates and Proportions).
    """
    p = (p_control + ratio * p_experimental) / (1 + ratio)
    under_null = math.sqrt((1 + 1 / ratio) * p * (1 - p))
    apart = math.sqrt(p_control * (1 - p_control) + p_experimental * (1 - p_experimental) / ratio)
    z = norm.isf(alpha / 2) * under_null + norm.isf(1 - power) * apart
    return float((z / (p_control - p_experimental)) ** 2 * (1 + ratio))


def exact_patients(
    test: str,
    p_control: float,
    p_experimental: float,
    alpha: float,
    power: float,
    largest: int,
    ratio: int = 1,
    smallest: int = 4,
) -> int | None:
    """Smallest number of patients at which a test of two proportions has the power, by enumeration.

    The power of an exact test climbs in teeth: at some larger numbers it may be lower. Both arms
    are whole: the number is a multiple of 1 + `ratio`. None if none from `smallest` to `largest`
    has it.
    """
    for first in range(max(smallest // (1 + ratio), 2), largest // (1 + ratio) + 1):
        if _exact_power(test, first, ratio * first, p_control, p_experimental, alpha) >= power:
            return first * (1 + ratio)
    return None


def _exact_power(test: str, n0: int, n1: int, p0: float, p1: float, alpha: float) -> float:
    return power(rejection_set(ExactQuestion(test, n0, n1, alpha)), p0, p1)


def _z(alpha: float, power: float) -> float:
    return float(norm.isf(alpha / 2) + norm.isf(1 - power))
