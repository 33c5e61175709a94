"""The standard normal distribution, from Python's own library.

SciPy's takes longer to import than all boundaries take to be found.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SQRT_HALF = math.sqrt(0.5)
_STANDARD = NormalDist()


def upper_tail(z: float) -> float:
    """Return the probability above a value."""
    return 0.5 * math.erfc(z * _SQRT_HALF)


def upper_tails(z: Floats) -> Floats:
    """Return the probability above each of some values, shape (values,)."""
    return 0.5 * np.array([math.erfc(value) for value in (z * _SQRT_HALF).tolist()])


def densities(z: Floats) -> Floats:
    """Return the density at each of some values, shape (values,)."""
    found: Floats = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return found


def upper_quantile(probability: float) -> float:
    """Return the value above which a probability lies; infinite for 0 and 1."""
    if probability <= 0:
        return math.inf
    return -math.inf if probability >= 1 else -_STANDARD.inv_cdf(probability)
