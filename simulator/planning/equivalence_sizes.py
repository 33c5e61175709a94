"""Sample sizes of equivalence by formula: two one-sided tests, both of which are to reject.

What is assumed lies between the two margins. Of normal statistics that differ by a constant, as for
one margin and the other, at least one test fails with the sum of both chances to fail; of a ratio
of risks, whose two statistics are not quite that, the sum is a little too large (Chow, Shao, Wang
and Lokhnygina 2017, chapters 3, 4 and 7, whose formulas are those of equal errors).

`alpha` is twice the level of each test, `ratio` patients of the second arm for each of the first.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import scipy
from scipy import special

from simulator.analysis.margins import Border
from simulator.planning.closed_forms import margin_errors

_LARGEST = 1e12


class OneSided(NamedTuple):
    """One of the two tests, a patient or an event at a time.

    Attributes
    ----------
    apart
        Distance of what is assumed from the margin.
    under_null, under_assumed
        Standard deviations of the estimate, times the root of the number.
    """

    apart: float
    under_null: float
    under_assumed: float


def equivalence_number(tests: Sequence[OneSided], alpha: float, power: float) -> float:
    """Return the number of patients or events at which both tests reject with the power."""
    critical = -special.ndtri(alpha / 2)

    def of_both(number: float) -> float:
        fails = sum(
            special.ndtr(
                (critical * one.under_null - one.apart * math.sqrt(number)) / one.under_assumed
            )
            for one in tests
        )
        return 1.0 - float(fails)

    return _reaching(of_both, power, 1e-6)


def equivalence_events(
    hazard_ratio: float,
    margins: tuple[float, float],
    alpha: float,
    power: float,
    ratio: float = 1.0,
) -> float:
    """Events that log-rank tests need to show equivalence (Schoenfeld 1983 for each)."""
    error = (1 + ratio) / math.sqrt(ratio)
    each = [OneSided(abs(math.log(hazard_ratio / one)), error, error) for one in margins]
    return equivalence_number(each, alpha, power)


def equivalence_patients(
    p_control: float,
    p_experimental: float,
    borders: tuple[Border, Border],
    alpha: float,
    power: float,
    ratio: float = 1.0,
) -> float:
    """Patients that score tests of two proportions need (Farrington and Manning 1990 for each)."""
    found = [margin_errors(p_control, p_experimental, border, ratio) for border in borders]
    each = [OneSided(abs(apart), *errors) for apart, *errors in found]
    return equivalence_number(each, alpha, power)


def equivalence_t_test_patients(
    difference: float,
    margins: tuple[float, float],
    sds: tuple[float, float],
    alpha: float,
    power: float,
    ratio: float = 1.0,
    coefficients: int = 2,
) -> float:
    """Patients that t tests of two means need to show equivalence.

    Exact for normal outcomes: the power is that of both tests by their joint law, averaged over the
    estimate of the standard deviation (Phillips 1990, Owen 1965).
    """
    variance = (1 + ratio) * (sds[0] ** 2 + sds[1] ** 2 / ratio)  # of the difference, times n
    low, high = (margin - difference for margin in margins)

    def of_both(patients: float) -> float:
        error = math.sqrt(variance / patients)
        return _both_t_tests(low / error, high / error, patients - coefficients, alpha)

    return _reaching(of_both, power, coefficients + 0.5)


def _both_t_tests(low: float, high: float, freedom: float, alpha: float) -> float:
    """Power of both t tests, margins in standard errors from what is assumed."""
    critical = float(scipy.stats.t.isf(alpha / 2, freedom))
    root = math.sqrt(freedom)

    def at(s: float) -> float:  # s: estimated over true standard error
        both = special.ndtr(high - critical * s) - special.ndtr(low + critical * s)
        return float(both) * float(scipy.stats.chi.pdf(s * root, freedom)) * root

    last = (high - low) / (2.0 * critical)  # beyond it the two cannot both reject
    if last <= 0.0:
        return 0.0
    spread = 12.0 / root
    least, most = max(0.0, 1.0 - spread), min(last, 1.0 + spread)
    if least >= most:
        return 0.0
    found, _ = scipy.integrate.quad(at, least, most, epsabs=1e-11, epsrel=1e-10, limit=200)
    return float(found)


def _reaching(of_both: Callable[[float], float], power: float, least: float) -> float:
    """Return the number at which a power that climbs is reached; infinity: none."""
    if of_both(least) >= power:
        return least
    high = 2.0 * max(least, 1.0)
    while of_both(high) < power:
        high *= 2.0
        if high > _LARGEST:
            return math.inf
    return float(scipy.optimize.brentq(lambda n: of_both(n) - power, least, high, xtol=1e-8))
