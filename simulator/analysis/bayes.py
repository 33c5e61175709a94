"""Beta-binomial analysis of two proportions: posterior probability of lower mortality, exact."""

import math
from functools import lru_cache

import numpy as np
from scipy import special

from simulator.analysis.data import Block
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.proportions import looked_up
from simulator.analysis.types import (
    EMPTY_ARM,
    AnalysisTable,
    tested_by,
    write_no_result,
    write_result,
)
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.analyses.hypothesis import AWAY, BELOW
from simulator.records import Floats, Ints
from simulator.results.power import PriorReport

Prior = tuple[float, float]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_SMOOTH = 4  # added to each parameter, it leaves no density with a corner


def beta_binomial(block: Block, plan: AnalysisPlan, table: AnalysisTable, column: int) -> None:
    """Posterior probability that mortality is lower in one arm; p is twice that of the other.

    So p <= alpha where the probability of benefit (or of harm) is at least 1 - alpha/2. One-sided,
    p is the probability that the side asked is not so: it is declared at 1 - alpha. The
    estimate is the posterior mean of the difference, its error the posterior standard deviation,
    the interval normal on those.
    """
    prior_0, prior_1 = (tuple(plan.options[f"prior_{arm}"]) for arm in ("control", "experimental"))
    tables = block.counts(plan)
    tested = tested_by(plan)
    lower = looked_up(tables, lambda n0, n1: posterior_lower(n0, n1, prior_0, prior_1))
    below = lower
    if tested.null != 0.0:
        below = looked_up(
            tables, lambda n0, n1: posterior_below(n0, n1, prior_0, prior_1, tested.null)
        )
    priors = np.array([prior_0, prior_1])
    half = float(special.ndtri(1.0 - plan.interval_alpha / 2.0))
    _write(tables, lower, below, priors, half, tested.side, table, column)


@kernel
def _write(
    tables: Ints,
    lower: Floats,
    below: Floats,
    priors: Floats,
    half: float,
    side: int,
    table: AnalysisTable,
    column: int,
) -> None:
    for k in range(lower.size):
        if math.isnan(lower[k]):
            write_no_result(table, k, column, EMPTY_ARM)
            continue
        means, variance = np.empty(2), 0.0
        for arm in range(2):
            a = priors[arm, 0] + tables[k, arm, 0]
            b = priors[arm, 1] + tables[k, arm, 1] - tables[k, arm, 0]
            means[arm] = a / (a + b)
            variance += means[arm] * (1.0 - means[arm]) / (a + b + 1.0)
        difference, error = means[1] - means[0], math.sqrt(variance)
        p_value = 2.0 * min(lower[k], 1.0 - lower[k])
        if side != AWAY:
            p_value = 1.0 - below[k] if side == BELOW else below[k]
        worse = 0.5 - lower[k] if difference != 0.0 else 0.0
        write_result(table, k, column, p_value, difference, error, worse)
        table.low[k, column] = difference - half * error
        table.high[k, column] = difference + half * error


@lru_cache(maxsize=4096)
def posterior_lower(n0: int, n1: int, prior_0: Prior, prior_1: Prior) -> Floats:
    """Posterior probability that mortality is lower in the second arm, shape (n0 + 1, n1 + 1).

    One integral, then Cook's recurrences (2005) from table to table: exact but for rounding.
    """
    (a0, b0), (a1, b1) = prior_0, prior_1
    corner = _lower(a0, b0 + n0, a1, b1 + n1)
    table = np.empty((n0 + 1, n1 + 1))
    _recur(n0, n1, a0, b0, a1, b1, corner, table)
    return np.clip(table, 0.0, 1.0)


@lru_cache(maxsize=4096)
def posterior_below(n0: int, n1: int, prior_0: Prior, prior_1: Prior, null: float) -> Floats:
    """Posterior probability that the second arm's mortality less the first's is below a margin.

    Shape (n0 + 1, n1 + 1). With a margin by Gauss and Legendre's rule, on the angle of which the
    first arm's mortality is the square of the sine, between the mortalities at which the second's
    would leave 0 or 1.
    """
    if null == 0.0:
        return posterior_lower(n0, n1, prior_0, prior_1)
    low, high = (2.0 * math.asin(math.sqrt(p)) for p in (max(0.0, -null), min(1.0, 1.0 - null)))
    angle = 0.5 * (high + low) + 0.5 * (high - low) * _NODES
    p0 = np.sin(0.5 * angle) ** 2
    x0, x1 = np.arange(n0 + 1)[:, None], np.arange(n1 + 1)[:, None]
    a, b = prior_0[0] + x0, prior_0[1] + n0 - x0
    # The density by the angle: p^(a - 1/2) (1 - p)^(b - 1/2) over the beta function.
    log_density = (a - 0.5) * np.log(p0) + (b - 0.5) * np.log1p(-p0) - special.betaln(a, b)
    weight = np.exp(log_density) * _WEIGHTS * 0.5 * (high - low)
    c, d = prior_1[0] + x1, prior_1[1] + n1 - x1
    below = special.betainc(c, d, np.clip(p0 + null, 0.0, 1.0))
    certain = special.betaincc(a, b, 1.0 - null) if null > 0.0 else np.zeros((n0 + 1, 1))
    return np.clip(weight @ below.T + certain, 0.0, 1.0)


def posterior_table(
    n0: int,
    n1: int,
    side: int,
    *,
    prior_control: Prior,
    prior_experimental: Prior,
    null: float = 0.0,
) -> Floats:
    """Posterior probability of no benefit (side 0), no harm (1), twice the smaller of them (2).

    With a margin: that the difference is not below it (0), not above it (1).
    """
    lower = posterior_below(n0, n1, prior_control, prior_experimental, null)
    if side == 2:
        return 2 * np.minimum(lower, 1 - lower)
    return lower if side == 1 else 1 - lower


def _lower(a0: float, b0: float, a1: float, b1: float) -> float:
    """P(Beta(a1, b1) < Beta(a0, b0)).

    By quadrature where all densities are smooth, and from there down by the recurrences.
    """
    from scipy import integrate, stats  # half a second to load, and few runs need them

    up = _SMOOTH
    value = integrate.quad(
        lambda p: stats.beta.pdf(p, a0 + up, b0 + up) * special.betainc(a1 + up, b1 + up, p),
        0.0,
        1.0,
        points=sorted({(a0 + up) / (a0 + b0 + 2 * up), (a1 + up) / (a1 + b1 + 2 * up)}),
        epsabs=1e-14,
        epsrel=1e-13,
        limit=500,
    )[0]
    for k in range(up - 1, -1, -1):
        value -= _step(a0 + k, b0 + up, a1 + up, b1 + up) / (a0 + k)
    for k in range(up - 1, -1, -1):
        value += _step(a0, b0 + k, a1 + up, b1 + up) / (b0 + k)
    for k in range(up - 1, -1, -1):
        value += _step(a0, b0, a1 + k, b1 + up) / (a1 + k)
    for k in range(up - 1, -1, -1):
        value -= _step(a0, b0, a1, b1 + k) / (b1 + k)
    return float(value)


@inlined
def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@kernel
def _step(a0: float, b0: float, a1: float, b1: float) -> float:
    """By how much, times the parameter that grows by one, the probability changes."""
    both = _log_beta(a0 + a1, b0 + b1)
    return math.exp(both - _log_beta(a0, b0) - _log_beta(a1, b1))


@kernel
def _recur(
    n0: int, n1: int, a0: float, b0: float, a1: float, b1: float, corner: float, table: Floats
) -> None:
    """Fill in the table from its corner, a patient who lived made one who died at a time."""
    value = corner
    for x0 in range(n0 + 1):
        alive = n0 - x0
        if x0 > 0:
            change = _step(a0 + x0 - 1, b0 + alive, a1, b1 + n1)
            value += change / (b0 + alive) + change / (a0 + x0 - 1)
        along = value
        table[x0, 0] = along
        for x1 in range(1, n1 + 1):
            left = n1 - x1
            change = _step(a0 + x0, b0 + alive, a1 + x1 - 1, b1 + left)
            along -= change / (b1 + left) + change / (a1 + x1 - 1)
            table[x0, x1] = along


def prior_report(prior: Prior, patients: int, mortality: float) -> PriorReport:
    """What a prior says and how it agrees with the deaths expected of an arm.

    The prior predictive probability is of a number of deaths no more likely than the expected one,
    rounded (Box 1980): a small one is a conflict of prior and data.
    """
    from scipy import stats

    a, b = prior
    low, high = (float(stats.beta.ppf(tail, a, b)) for tail in (0.025, 0.975))
    chances = stats.betabinom.pmf(np.arange(patients + 1), patients, a, b)
    expected = chances[round(mortality * patients)]
    return PriorReport(
        mean=a / (a + b),
        low=low,
        high=high,
        effective_patients=a + b,
        patients=patients,
        predictive_p=float(chances[chances <= expected * (1 + 1e-9)].sum()),
        mortality=mortality,
    )
