"""exp and log in plain arithmetic: the same bits on every machine, and in vectorised loops too.

A library's exp differs in the last bit between versions, processors and its own vector forms. These
two use only operations that IEEE 754 rounds exactly, in a fixed order, without branches, so that a
compiler may take several arguments at once and change nothing. Both are within 1 ulp (tested).

Where else the last bit could depend on a library - erfc, log1p, the power of a Weibull baseline -
a rule calls it for one number at a time.
"""

import math

import numpy as np

from simulator.rules.kernel import inlined

_INVERSE_LN2 = 1.0 / math.log(2.0)
# ln 2 in two parts: the first has 21 trailing zero bits, so that whole numbers up to 2^21 times it
# are exact; the second is what is left.
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_ROUND_TO_WHOLE = 1.5 * 2.0**52  # added and subtracted, it leaves the nearest whole number
_EXPONENT_BIAS = 1023
_MANTISSA_BITS = 52
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_SMALLEST_NORMAL = 2.0**-1022
_LARGEST, _SMALLEST = 710.0, -746.0  # beyond these exp is infinity and 0


@inlined
def _power_of_2(exponent: int) -> float:
    """2^exponent for an exponent from -1022 to 1023, from its bits."""
    power: float = np.int64((exponent + _EXPONENT_BIAS) << _MANTISSA_BITS).view(np.float64)
    return power


@inlined
def exp(x: float) -> float:
    """Exponential function, within 1 ulp.

    x = k ln 2 + r with |r| <= (ln 2)/2 and exp(r) by its Taylor series to the 13th power (remainder
    4e-18), summed in pairs, which is faster than one term after another.
    """
    held = max(min(x, _LARGEST), _SMALLEST)
    k = (held * _INVERSE_LN2 + _ROUND_TO_WHOLE) - _ROUND_TO_WHOLE
    high, low = held - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    r2 = r * r
    r4 = r2 * r2
    to_5 = (1.0 / 2.0 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0))
    to_9 = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    to_13 = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (
        1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    )
    # r's two parts are added apart: its own rounding is spared.
    y = 1.0 + (high + (r2 * (to_5 + r4 * (to_9 + r4 * to_13)) - low))
    # In two factors: 2^k itself may lie beyond the normal numbers where the product does not.
    exponent = int(k) if x == x else 0
    half = exponent >> 1
    value = y * _power_of_2(half) * _power_of_2(exponent - half)
    return float(value) if x == x else x


@inlined
def _log_of_multiple(multiple: float, doublings: int) -> float:
    """Natural logarithm of x from 2^doublings x, positive, finite and normal.

    2^doublings x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); with s = f / (2 + f),
    log(1 + f) = 2 (s + s^3/3 + s^5/5 + ...), to s^21 (remainder 1e-18), written so that f itself is
    added last.
    """
    bits = np.float64(multiple).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> _MANTISSA_BITS
    f = np.int64(bits - (exponent << _MANTISSA_BITS)).view(np.float64) - 1.0
    k = np.float64(exponent - doublings)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (2.0 / 5.0 + w * (2.0 / 9.0 + w * (2.0 / 13.0 + w * (2.0 / 17.0 + w * (2.0 / 21.0)))))
    even = z * (
        2.0 / 3.0 + w * (2.0 / 7.0 + w * (2.0 / 11.0 + w * (2.0 / 15.0 + w * (2.0 / 19.0))))
    )
    half_square = 0.5 * f * f
    value: float = k * _LN2_HIGH - (
        (half_square - (s * (half_square + (even + odd)) + k * _LN2_LOW)) - f
    )
    return value


@inlined
def log_of_normal(x: float) -> float:
    """Natural logarithm of a positive, finite and normal number, with the bits of `log`."""
    return _log_of_multiple(x, 0)


@inlined
def log(x: float) -> float:
    """Natural logarithm, within 1 ulp; -infinity at 0, NaN below."""
    tiny = x < _SMALLEST_NORMAL
    value = _log_of_multiple(x * 2.0**54 if tiny else x, 54 if tiny else 0)
    if x == 0.0:
        value = -math.inf
    if x < 0.0 or x != x:
        value = math.nan
    return value if x != math.inf else x


@inlined
def library_power(base: float, exponent: float) -> float:
    """`base` to a power by the C library, for one number at a time; a power of 1 costs nothing."""
    return base if exponent == 1.0 else base**exponent


@inlined
def power(base: float, exponent: float) -> float:
    """`base` >= 0 to a power >= 0, by exp and log above; 0^0 is 1.

    The relative error is about |exponent ln base| times that of the logarithm.
    """
    if exponent == 0.0 or base == 1.0:
        return 1.0
    if exponent == 1.0:
        return base
    return exp(exponent * log(base)) if base > 0.0 else 0.0
