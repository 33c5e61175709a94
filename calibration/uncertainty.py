"""Joint draws and quantiles of what is not known of a scenario (its key `uncertain`).

Each item joins its keys by a Gaussian copula; items are independent. A draw is a function of the
seed and of its own number: the first 100 of 400 are those of 100, and any one can be made alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from simulator.records import Floats
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertain_rules import UncertainKey, uncertain_keys

_STREAM = 0x756E6365  # the key's second word: no other numbers of the seed are these
_BITS = 53
_TO_UNIT = 2.0**-_BITS


class Draws(NamedTuple):
    """Draws of the uncertain keys.

    Attributes
    ----------
    keys
        As the scenario has them, in its order.
    values
        (number, keys).
    """

    keys: tuple[str, ...]
    values: Floats


def draws(scenario: Scenario, number: int, seed: int, first: int = 0) -> Draws:
    """Draw the uncertain keys jointly.

    Parameters
    ----------
    number
        Of draws, from the one numbered `first` on.
    seed
        0 to 2^63 - 1.

    Returns
    -------
    Draws
        Of whole-number keys the nearest whole number to what is drawn.
    """
    known = uncertain_keys(scenario)
    scores = correlated(scenario, standard_scores(number, len(known), seed, first))
    return Draws(tuple(one.written for one in known), _values(known, special.ndtr(scores)))


def quantiles(scenario: Scenario, probabilities: Sequence[float]) -> Draws:
    """Return quantiles of each uncertain key by itself, (probabilities, keys)."""
    known = uncertain_keys(scenario)
    levels = np.repeat(np.asarray(probabilities, np.float64)[:, None], len(known), axis=1)
    return Draws(tuple(one.written for one in known), _values(known, levels))


def standard_scores(number: int, keys: int, seed: int, first: int = 0) -> Floats:
    """Return independent standard normal scores, (number, keys), a row per draw.

    The uniforms are those of Philox 4x64-10 whose key is the seed and whose counter is the number
    of the draw.
    """
    words = np.empty((number, keys), np.uint64)
    for row in range(number):
        counter = np.array([0, first + row, 0, 0], np.uint64)
        key = np.array([seed, _STREAM], np.uint64)
        words[row] = np.random.Philox(counter=counter, key=key).random_raw(keys)
    uniforms = ((words >> np.uint64(64 - _BITS)).astype(np.float64) + 0.5) * _TO_UNIT
    return np.asarray(special.ndtri(uniforms), np.float64)


def correlated(scenario: Scenario, scores: Floats) -> Floats:
    """Return scores with the correlations of the scenario, made of independent ones."""
    joined, start = scores.copy(), 0
    for one in scenario.uncertain or []:
        place = slice(start, start + len(one.keys))
        joined[:, place] = scores[:, place] @ np.linalg.cholesky(np.array(one.matrix())).T
        start = place.stop
    return joined


def _values(known: Sequence[UncertainKey], levels: Floats) -> Floats:
    """Return the quantiles of the keys at levels, (rows, keys), both."""
    values = np.empty_like(levels)
    for column, one in enumerate(known):
        found = np.asarray(one.marginal.quantile(levels[:, column]), np.float64)
        values[:, column] = np.rint(found) if one.range.whole else found
    return values
