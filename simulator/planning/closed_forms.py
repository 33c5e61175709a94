"""Sample sizes by formula: what a design needs if nothing but its statistics mattered.

`alpha` is the two-sided level, of a one-sided test twice its own; `ratio` is patients of the second
arm for each of the first, and none is rounded but those of whole arms.
"""

import math

import numpy as np
import scipy
from scipy import special

from simulator.analysis.exact_power import ExactQuestion, power, rejection_set
from simulator.analysis.margins import Border
from simulator.analysis.score import DIFFERENCE, RATIO
from simulator.declarations.analyses.hypothesis import Alternative

_LEAST_FREEDOM = 0.5  # below it a t test has no power to speak of
_LARGEST = 1e9  # patients


def schoenfeld_events(hazard_ratio: float, alpha: float, power: float, ratio: float = 1.0) -> float:
    """Events that a log-rank test needs (Schoenfeld 1983, Biometrics 39:499).

    With a margin the hazard ratio is that assumed over the margin.
    """
    return _z(alpha, power) ** 2 * (1 + ratio) ** 2 / (ratio * math.log(hazard_ratio) ** 2)


def freedman_events(hazard_ratio: float, alpha: float, power: float, ratio: float = 1.0) -> float:
    """Events that a log-rank test needs (Freedman 1982, Statistics in Medicine 1:121)."""
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
    z = -special.ndtri(alpha / 2) * under_null - special.ndtri(1 - power) * apart
    return float((z / (p_control - p_experimental)) ** 2 * (1 + ratio))


def margin_patients(
    p_control: float,
    p_experimental: float,
    border: Border,
    alpha: float,
    power: float,
    ratio: float = 1.0,
) -> float:
    """Patients that a score test of two proportions needs with a margin of difference or ratio.

    The error under the null hypothesis is that at the proportions on its border that are likeliest
    where the true ones are seen (Farrington and Manning 1990, their third way).
    """
    apart, under_null, error = margin_errors(p_control, p_experimental, border, ratio)
    z = -special.ndtri(alpha / 2) * under_null - special.ndtri(1 - power) * error
    return float((z / apart) ** 2)


def margin_errors(
    p_control: float, p_experimental: float, border: Border, ratio: float
) -> tuple[float, float, float]:
    """What is assumed less the margin, and its errors at the margin and as assumed.

    Errors are times the root of the number of patients.
    """

    def surprise(p0: float) -> float:
        p1 = float(border.second(np.array([p0]))[0])
        of_first = special.xlogy(p_control, p0) + special.xlog1py(1 - p_control, -p0)
        of_second = special.xlogy(p_experimental, p1) + special.xlog1py(1 - p_experimental, -p1)
        return -float(of_first + ratio * of_second)

    low, high = border.ends
    likeliest = scipy.optimize.minimize_scalar(
        surprise, bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    ).x
    factor = math.exp(border.null) if border.measure == RATIO else 1.0
    null = border.null if border.measure == DIFFERENCE else 0.0

    def error(p0: float, p1: float) -> float:
        return math.sqrt((1 + ratio) * (p1 * (1 - p1) / ratio + factor**2 * p0 * (1 - p0)))

    under_null = error(likeliest, float(border.second(np.array([likeliest]))[0]))
    return p_experimental - factor * p_control - null, under_null, error(p_control, p_experimental)


def t_test_patients(
    difference: float,
    sds: tuple[float, float],
    alpha: float,
    power: float,
    ratio: float = 1.0,
    coefficients: int = 2,
) -> float:
    """Patients that a t test of two means needs, by the noncentral t distribution.

    As R's power.t.test, without the rejections on the wrong side.

    Parameters
    ----------
    sds
        Standard deviation of each arm; of an ANCOVA, that about the regression on baseline.
    coefficients
        Estimated, which leave n less so many degrees of freedom: 2 of a t test, 3 of an ANCOVA.
    """
    variance = (1 + ratio) * (sds[0] ** 2 + sds[1] ** 2 / ratio)  # of the difference, times n

    def excess(patients: float) -> float:
        freedom = patients - coefficients
        shift = abs(difference) / math.sqrt(variance / patients)
        critical = scipy.stats.t.isf(alpha / 2, freedom)
        return float(scipy.stats.nct.sf(critical, freedom, shift)) - power

    normal = _z(alpha, power) ** 2 * variance / difference**2
    least = coefficients + _LEAST_FREEDOM
    high = max(2 * normal, 50.0)
    if high > _LARGEST or excess(least) >= 0:
        return max(normal, least)  # where Student's distribution is the normal one, or all is clear
    return float(scipy.optimize.brentq(excess, least, high, xtol=1e-8))


def exact_patients(
    test: str,
    p_control: float,
    p_experimental: float,
    alpha: float,
    power: float,
    largest: int,
    ratio: tuple[int, int] = (1, 1),
    alternative: Alternative = "two_sided",
) -> int | None:
    """Number of patients from which on a test of two proportions has the power, by enumeration.

    The power of an exact test climbs in teeth: a smaller number may have the power by luck, and a
    larger one then lacks it. Both arms are whole and in their ratio. None if none up to `largest`
    has the power for good.

    Parameters
    ----------
    ratio
        Patients of the first and the second arm, in lowest terms.
    alternative
        Whose level alpha is.
    """
    step, two_sided = sum(ratio), alpha if alternative == "two_sided" else 2 * alpha
    normal = normal_patients(p_control, p_experimental, two_sided, power, ratio[1] / ratio[0])
    last = largest // step

    def enough(steps: int) -> bool:
        sizes = ratio[0] * steps, ratio[1] * steps
        asked = ExactQuestion(test, *sizes, alpha, alternative)
        return _power_of(asked, p_control, p_experimental) >= power

    # Far enough for a test that is more conservative than the normal approximation.
    most = min(last, math.ceil((1.5 * normal + 40) / step))
    while most < last and not enough(most):
        most = min(last, math.ceil(1.3 * most))
    found = None
    for steps in range(most, 0, -1):
        if not enough(steps):
            break
        found = steps * step
    return found


def _power_of(asked: ExactQuestion, p0: float, p1: float) -> float:
    return power(rejection_set(asked), p0, p1)


def _z(alpha: float, power: float) -> float:
    return -float(special.ndtri(alpha / 2) + special.ndtri(1 - power))
