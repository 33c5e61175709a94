"""Characteristics of a candidate from uniforms (model page, section 2)."""

import math

import numpy as np
import numpy.typing as npt

from simulator.rules.elementary import exp
from simulator.rules.kernel import inlined, kernel
from simulator.rules.normal import interpolate, normal_cdf, normal_quantile, normal_quantiles

Floats = npt.NDArray[np.float64]

NORMAL, LOGNORMAL, UNIFORM, EXPONENTIAL, CATEGORICAL, TABLE, LOG_TABLE = range(7)

# Tables of quantile functions over the normal quantile, flat beyond +-6.5. A 32-bit uniform reaches
# 6.34; only one truncated far into a tail goes further, and then for under 1e-4 of its draws.
_BELOW_ONE = 1.0 - 2.0**-53

TABLE_LOW = -6.5
TABLE_STEP = 13.0 / 8192
TABLE_SIZE = 8193


@inlined
def latent(cholesky_row: Floats, independent: Floats, index: int) -> float:
    """Latent standard normal of variable `index`: a row of the Cholesky factor times the draws."""
    z = 0.0
    for j in range(index + 1):
        if cholesky_row[j] != 0.0:
            z += cholesky_row[j] * independent[j]
    return z


@kernel
def takes_uniform(kind: int, u_span: float) -> bool:
    """Whether a variable's value is made of its uniform; else it is made of its latent normal."""
    return u_span != 1.0 or kind in (UNIFORM, EXPONENTIAL, CATEGORICAL)


@inlined
def marginal(
    kind: int, a: float, b: float, u_low: float, u_span: float, z: float, u: float, table: Floats
) -> float:
    """Value of a variable at its latent normal `z`, `u` being the same as a uniform.

    Parameters
    ----------
    kind
        NORMAL (mean a, sd b), LOGNORMAL (log-mean a, log-sd b), UNIFORM (from a, length b),
        EXPONENTIAL (mean a), CATEGORICAL (`table`: cumulative probabilities), TABLE or LOG_TABLE
        (`table`: quantile function, or its log, over the normal quantile).
    u_low, u_span
        Truncation: the quantile function is used on [u_low, u_low + u_span]; 0 and 1 without.
    """
    if u_span != 1.0:
        u = min(u_low + u_span * u, _BELOW_ONE)
        if kind in (NORMAL, LOGNORMAL, TABLE, LOG_TABLE):
            z = normal_quantile(u)
    if kind == NORMAL:
        return a + b * z
    if kind == LOGNORMAL:
        return exp(a + b * z)
    if kind == UNIFORM:
        return a + b * u
    if kind == EXPONENTIAL:
        return -a * math.log1p(-u)
    if kind == TABLE:
        return interpolate(table, TABLE_LOW, TABLE_STEP, z)
    if kind == LOG_TABLE:
        return exp(interpolate(table, TABLE_LOW, TABLE_STEP, z))
    level = 0
    while level < table.size - 1 and u >= table[level]:
        level += 1
    return float(level)


@kernel
def profile(
    uniforms: Floats,
    kind: npt.NDArray[np.int64],
    a: Floats,
    b: Floats,
    u_low: Floats,
    u_span: Floats,
    correlated: npt.NDArray[np.bool_],
    cholesky: Floats,
    table: Floats,
    independent: Floats,
    values: Floats,
    latents: Floats,
) -> None:
    """Fill `values` and `latents` of one candidate from `uniforms`, one number per variable.

    `table` has one row per variable, padded with infinity where its kind needs fewer entries;
    `independent` is work space.
    """
    for i in range(uniforms.size):
        independent[i] = normal_quantile(uniforms[i])
        latents[i] = independent[i]
        u = uniforms[i]
        if correlated[i]:
            latents[i] = latent(cholesky[i], independent, i)
            if takes_uniform(kind[i], u_span[i]):
                u = normal_cdf(latents[i])
        values[i] = marginal(kind[i], a[i], b[i], u_low[i], u_span[i], latents[i], u, table[i])


@inlined
def _latents(cholesky_row: Floats, independent: Floats, index: int, out: Floats) -> None:
    """`latent` of many candidates."""
    for k in range(out.size):
        out[k] = 0.0
    for j in range(index + 1):
        if cholesky_row[j] != 0.0:
            part = independent[j]
            for k in range(out.size):
                out[k] += cholesky_row[j] * part[k]


@inlined
def _levels(u: Floats, cumulative: Floats, out: Floats) -> None:
    """`marginal` of many candidates at a CATEGORICAL variable."""
    for k in range(out.size):
        out[k] = 0.0
    j = 0
    while j < cumulative.size - 1 and cumulative[j] < 1.0:
        for k in range(out.size):
            out[k] += 1.0 if u[k] >= cumulative[j] else 0.0
        j += 1


@inlined
def _each(
    kind: int,
    a: float,
    b: float,
    u_low: float,
    u_span: float,
    z: Floats,
    u: Floats,
    table: Floats,
    out: Floats,
) -> None:
    for k in range(out.size):
        out[k] = marginal(kind, a, b, u_low, u_span, z[k], u[k], table)


@inlined
def profiles(
    uniforms: Floats,
    kind: npt.NDArray[np.int64],
    a: Floats,
    b: Floats,
    u_low: Floats,
    u_span: Floats,
    correlated: npt.NDArray[np.bool_],
    cholesky: Floats,
    table: Floats,
    wants_normal: npt.NDArray[np.bool_],
    independent: Floats,
    values: Floats,
    latents: Floats,
    place: npt.NDArray[np.int64],
) -> None:
    """Fill a column of `values` and `latents` for each candidate, to the bits of `profile`.

    `uniforms` has one row per variable, and is overwritten; of a variable that does not want its
    normal, the latent stays as it was. `place` is work space of one row. Kind by kind, so that
    several candidates are worked out at once.
    """
    for i in range(kind.size):
        u, z, value = uniforms[i], latents[i], values[i]
        if wants_normal[i]:
            normal_quantiles(u, independent[i], value, place)
            if not correlated[i]:
                for k in range(z.size):
                    z[k] = independent[i, k]
        if correlated[i]:
            _latents(cholesky[i], independent, i, z)
            if takes_uniform(kind[i], u_span[i]):
                for k in range(z.size):
                    u[k] = normal_cdf(z[k])
        if u_span[i] != 1.0:
            _each(kind[i], a[i], b[i], u_low[i], u_span[i], z, u, table[i], value)
        elif kind[i] == CATEGORICAL:
            _levels(u, table[i], value)
        elif kind[i] == NORMAL:
            _each(NORMAL, a[i], b[i], 0.0, 1.0, z, u, table[i], value)
        elif kind[i] == LOGNORMAL:
            _each(LOGNORMAL, a[i], b[i], 0.0, 1.0, z, u, table[i], value)
        else:
            _each(kind[i], a[i], b[i], 0.0, 1.0, z, u, table[i], value)
