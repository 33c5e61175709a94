"""Predictive probability of a trial of proportions, by enumeration of the patients still to come.

Given the deaths so far each arm's mortality has a beta distribution, and the deaths among those to
come a beta-binomial one (Lee and Liu 2008; Spiegelhalter, Abrams and Myles 2004, section 6.6.3).
"""

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def deaths_to_come(
    deaths: int, patients: int, to_come: int, prior: tuple[float, float] = (1.0, 1.0)
) -> Floats:
    """Return the probability of 0, 1, ... deaths among patients to come, shape (to_come + 1,).

    Parameters
    ----------
    deaths, patients
        So far.
    prior
        Beta prior (a, b) of mortality.
    """
    a, b = prior[0] + deaths, prior[1] + patients - deaths
    k = np.arange(to_come + 1, dtype=np.float64)
    ways = gammaln(to_come + 1.0) - gammaln(k + 1.0) - gammaln(to_come - k + 1.0)
    return np.asarray(np.exp(ways + betaln(a + k, b + to_come - k) - betaln(a, b)))


def predictive_probability(first: Floats, second: Floats, success: Bools) -> float:
    """Return the probability of success at the end.

    Parameters
    ----------
    first, second
        Law of the deaths to come in each arm.
    success
        Whether the trial succeeds, shape of both laws: rows by deaths to come in the first arm.
    """
    return float(first @ success.astype(np.float64) @ second)
