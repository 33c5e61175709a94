"""Power as a smooth function of what is not known, fitted to trials at draws of it.

A probit regression on polynomials of the parameters' normal scores. It frees powers of the error of
the few trials at each draw, and says which parameter their variance comes from. What it misses is
not lost: the spread of the draws about it beyond that of binomial counts is estimated (Williams
1982, Applied Statistics 31:144-148) and kept.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy import special

from simulator.records import Floats

_DRAWS_A_TERM = 10  # at the least: with fewer a surface follows the noise
_HIGHEST_DEGREE = 3
_STEPS = 100
_TOLERANCE = 1e-8
_PRIOR_SD = 5.0  # of a coefficient on the probit scale: weak, so that a maximum exists
_FURTHEST = 8.0  # linear predictors beyond this are certainties
_LEAST_VARIANCE = 1e-8  # of power: a standard deviation of .01 points has no shares
_POINTS = 9  # binary logarithm of the number of points that shares are integrated over
_NODES = 15

Terms = tuple[tuple[int, ...], ...]  # of each the columns that it is the product of


class Surface(NamedTuple):
    """A fitted surface.

    Attributes
    ----------
    terms, coefficients
        Products of scores, and their coefficients on the probit scale.
    overdispersion
        Intraclass correlation of the trials of a draw about the surface: 0 where it fits.
    lack_of_fit
        P value of Pearson's test that the surface fits, for the draws it was fitted to.
    """

    terms: Terms
    coefficients: Floats
    overdispersion: float
    lack_of_fit: float

    def power(self, scores: Floats) -> Floats:
        """Power at normal scores, (..., keys)."""
        eta = design(scores, self.terms) @ self.coefficients
        return np.asarray(special.ndtr(np.clip(eta, -_FURTHEST, _FURTHEST)))


class Share(NamedTuple):
    """A parameter's shares of the variance of power.

    Attributes
    ----------
    first_order
        Of what knowing the parameter alone would be expected to remove.
    total
        Of what would be expected to remain if all others were known.
    """

    first_order: float
    total: float


def terms_for(keys: int, draws: int) -> Terms:
    """Return the terms of the highest degree, three at most, that so many draws can bear."""
    for degree in range(_HIGHEST_DEGREE, -1, -1):
        terms = tuple(
            term
            for order in range(degree + 1)
            for term in itertools.combinations_with_replacement(range(keys), order)
        )
        if len(terms) * _DRAWS_A_TERM <= draws:
            return terms
    return ((),)


def design(scores: Floats, terms: Terms) -> Floats:
    """Return the products of scores, (..., terms)."""
    columns = [np.prod(scores[..., list(term)], axis=-1) for term in terms]
    return np.stack(columns, axis=-1)


def fit_surface(
    scores: Floats, rejections: Floats, trials: int, terms: Terms | None = None
) -> Surface:
    """Fit a surface by penalised maximum likelihood.

    Parameters
    ----------
    scores
        (draws, keys).
    rejections
        (draws,), each of so many trials.
    terms
        If None, as many as the draws can bear.
    """
    terms = terms_for(scores.shape[1], scores.shape[0]) if terms is None else terms
    x = design(scores, terms)
    beta = _probit(x, rejections, trials)
    surface = Surface(terms, beta, 0.0, math.nan)
    fitted = np.clip(surface.power(scores), 1e-12, 1 - 1e-12)
    freedom = rejections.size - len(terms)
    if freedom <= 0 or trials < 2:
        return surface
    chi = float(((rejections - trials * fitted) ** 2 / (trials * fitted * (1 - fitted))).sum())
    extra = max(chi / freedom - 1.0, 0.0) / (trials - 1)
    return Surface(terms, beta, min(extra, 1.0), float(special.chdtrc(freedom, chi)))


def _probit(x: Floats, rejections: Floats, trials: int) -> Floats:
    """Coefficients by Fisher scoring, halving steps that lower the penalised likelihood."""
    penalty = np.full(x.shape[1], 1 / _PRIOR_SD**2)
    beta = np.zeros(x.shape[1])
    beta[0] = special.ndtri((rejections.sum() + 0.5) / (trials * rejections.size + 1.0))

    def goodness(b: Floats) -> float:
        eta = np.clip(x @ b, -_FURTHEST, _FURTHEST)
        found = rejections * special.log_ndtr(eta) + (trials - rejections) * special.log_ndtr(-eta)
        return float(found.sum() - 0.5 * (penalty * b**2).sum())

    best = goodness(beta)
    for _ in range(_STEPS):
        eta = np.clip(x @ beta, -_FURTHEST, _FURTHEST)
        p = np.clip(special.ndtr(eta), 1e-15, 1 - 1e-15)
        density = np.exp(-0.5 * eta**2) / math.sqrt(2 * math.pi)
        weight = trials * density**2 / (p * (1 - p))
        information = x.T @ (weight[:, None] * x) + np.diag(penalty)
        score = x.T @ ((rejections - trials * p) * density / (p * (1 - p))) - penalty * beta
        step = np.linalg.solve(information, score)
        for _ in range(30):
            tried = goodness(beta + step)
            if tried >= best:
                break
            step = step / 2
        beta, best = beta + step, max(tried, best)
        if np.abs(step).max() < _TOLERANCE:
            break
    return beta


def freed_powers(surface: Surface, scores: Floats, rejections: Floats, trials: int) -> Floats:
    """Return powers whose spread is that of the true ones, freed of the error of so many trials.

    Each is the surface and the draw's distance from it, shrunk to the spread that distances have
    beyond binomial error: constrained empirical Bayes (Louis 1984, JASA 79:393-398; Ghosh 1992,
    JASA 87:533-540), of a beta distribution about the surface.
    """
    fitted, rho = surface.power(scores), surface.overdispersion
    kept = math.sqrt(trials * rho / (1 + (trials - 1) * rho))
    return np.asarray(fitted + kept * (rejections / trials - fitted))


def variance_shares(surface: Surface, correlation: Floats) -> list[Share]:
    """Return each parameter's shares of the variance of power, by integration over the surface.

    What the surface misses counts as variance that is no parameter's. Of correlated parameters the
    first-order shares overlap, and total ones may lie below them.

    Parameters
    ----------
    correlation
        Of the normal scores, (keys, keys).
    """
    keys = correlation.shape[0]
    points = _points(keys) @ np.linalg.cholesky(correlation).T
    power = surface.power(points)
    missed = surface.overdispersion * float((power * (1 - power)).mean())
    whole = float(power.var()) + missed
    if whole < _LEAST_VARIANCE:
        return [Share(math.nan, math.nan)] * keys
    nodes, weights = special.roots_hermitenorm(_NODES)
    weights = weights / weights.sum()
    found = []
    for key in range(keys):
        first = _first_order(surface, points, correlation, key, nodes, weights)
        total = _total(surface, points, correlation, key, nodes, weights)
        # The points stand for the distribution: what they are off by cannot make more than all.
        found.append(Share(min(first / whole, 1.0), min(total / whole, 1.0)))
    return found


def _points(keys: int) -> Floats:
    """Standard normal points, evenly spread."""
    from scipy.stats import qmc

    uniforms = qmc.Sobol(keys, rng=0).random_base2(_POINTS)
    return np.asarray(special.ndtri(np.clip(uniforms, 1e-9, 1 - 1e-9)))


def _first_order(
    surface: Surface, points: Floats, r: Floats, key: int, nodes: Floats, weights: Floats
) -> float:
    """Variance of the mean of power given one score: others move with it as they are correlated."""
    away = nodes[:, None] - points[None, :, key]
    given = points[None] + away[..., None] * r[key]
    means = surface.power(given).mean(axis=1)
    return max(float(weights @ means**2 - (weights @ means) ** 2), 0.0)


def _total(
    surface: Surface, points: Floats, r: Floats, key: int, nodes: Floats, weights: Floats
) -> float:
    """Mean of the variance of power given all other scores."""
    others = [k for k in range(r.shape[0]) if k != key]
    slopes = np.linalg.solve(r[np.ix_(others, others)], r[others, key])
    spread = math.sqrt(max(1 - float(slopes @ r[others, key]), 0.0))
    given = np.repeat(points[None], nodes.size, axis=0)
    given[..., key] = points[:, others] @ slopes + spread * nodes[:, None]
    power = surface.power(given)
    mean = weights @ power
    return max(float((weights @ power**2 - mean**2).mean()), 0.0)
