"""What better knowledge of a parameter is worth to a decision (EVPI, EVPPI).

By regression of the utilities on the parameters (Strong, Oakley and Brennan 2014, Medical Decision
Making 34:311-326): the fitted utilities of a parameter are the expected ones given it, so that the
mean of the best of them, less the best mean, is the expected value of knowing it.
"""

import numpy as np

from simulator.planning.power_surface import Terms, design, terms_for
from simulator.records import Floats

_DEGREE = 4  # of the polynomial in one parameter


def value_of_perfect_information(utilities: Floats, scores: Floats) -> float:
    """Return the expected value of knowing all parameters.

    Parameters
    ----------
    utilities
        (draws, options), each with an error of simulation of its own.
    scores
        (draws, keys): normal scores of the parameters.
    """
    if scores.shape[1] == 1:  # all is one: by the same polynomial
        return value_of_one(utilities, scores[:, 0])
    return _value(utilities, design(scores, terms_for(scores.shape[1], len(scores))))


def value_of_one(utilities: Floats, score: Floats) -> float:
    """Return the expected value of knowing one parameter, by its scores, (draws,)."""
    degree = max(min(_DEGREE, len(score) // 20), 1)
    terms: Terms = tuple((0,) * order for order in range(degree + 1))
    return _value(utilities, design(score[:, None], terms))


def _value(utilities: Floats, x: Floats) -> float:
    coefficients, *_ = np.linalg.lstsq(x, utilities, rcond=None)
    fitted = x @ coefficients
    return float(max(fitted.max(axis=1).mean() - utilities.mean(axis=0).max(), 0.0))
