"""The standard normal distribution and interpolation in a table over it."""

import math

import numpy as np
import numpy.typing as npt

from simulator.rules.elementary import log, log_of_normal
from simulator.rules.kernel import inlined, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SQRT_HALF = math.sqrt(0.5)
_CENTRAL = 0.425
_FAR = 2e-11  # nearer to 0 or 1 the last piece may be needed, from exp(-25) on

# Coefficients of Wichura (1988), algorithm AS 241 (PPND16), Applied Statistics 37:477-484.
_A = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
_B = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
_C = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
_D = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
_E = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
_F = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)


@inlined
def _ratio(upper: tuple[float, ...], lower: tuple[float, ...], x: float) -> float:
    p = upper[7]
    q = lower[7]
    for i in range(6, -1, -1):
        p = p * x + upper[i]
        q = q * x + lower[i]
    return p / q


@inlined
def _central(centred: float) -> float:
    return centred * _ratio(_A, _B, 0.180625 - centred * centred)


@inlined
def _moderate(tail: float) -> float:
    """Size of the quantile at a distance `tail` from 0 or 1 that is not far out."""
    return _ratio(_C, _D, math.sqrt(-log_of_normal(tail)) - 1.6)


@kernel
def normal_quantile(u: float) -> float:
    """Quantile of the standard normal at `u` in (0, 1), to about 1e-16 (Wichura 1988)."""
    centred = u - 0.5
    if abs(centred) <= _CENTRAL:
        return _central(centred)
    # A truncated variable's u may round to 0 or 1; its value is then cut off at 37 sd.
    tail = max(u if centred < 0 else 1.0 - u, 1e-300)
    r = math.sqrt(-log(tail))
    z = _ratio(_C, _D, r - 1.6) if r <= 5.0 else _ratio(_E, _F, r - 5.0)
    return -z if centred < 0 else z


@inlined
def normal_quantiles(u: Floats, out: Floats, tail: Floats, place: Ints) -> None:
    """Fill `out` with `normal_quantile` of each of `u`, several at once.

    The tails, three in twenty, are gathered so that they too are worked out together. `tail` and
    `place` are work space as large as `u`; `tail` may be `u` itself, which is then overwritten.
    """
    far = 0
    for k in range(out.size):
        out[k] = _central(u[k] - 0.5)
        far += 1 if min(u[k], 1.0 - u[k]) < _FAR else 0
    tails = 0
    for k in range(out.size):  # no branch: nobody can foretell who comes next
        place[tails] = k
        tails += 1 if abs(u[k] - 0.5) > _CENTRAL else 0
    for j in range(tails):
        tail[j] = u[place[j]]
    if far > 0:
        for j in range(tails):
            tail[j] = normal_quantile(tail[j])
    else:
        for j in range(tails):
            z = _moderate(min(tail[j], 1.0 - tail[j]))
            tail[j] = -z if tail[j] < 0.5 else z
    for j in range(tails):
        out[place[j]] = tail[j]


@kernel
def normal_cdf(z: float) -> float:
    """Distribution function of the standard normal."""
    return 0.5 * math.erfc(-z * _SQRT_HALF)


@kernel
def interpolate(table: Floats, low: float, step: float, z: float) -> float:
    """Linear interpolation in `table`, whose entry i belongs to low + i * step; flat beyond it."""
    place = (z - low) / step
    if place <= 0.0:
        return table[0]
    last = table.size - 1
    if place >= last:
        return table[last]
    i = int(place)
    return table[i] + (place - i) * (table[i + 1] - table[i])
