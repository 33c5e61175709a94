"""exp and log of our own against Python's decimal arithmetic, and against themselves in loops."""

import decimal
import math
import re

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.rules.elementary import exp, log

EXACTLY = decimal.Context(prec=50)  # digits; a double has 17
LN2 = EXACTLY.ln(2)
ULP_AT_1 = 2.0**-52
LARGEST = float.fromhex("0x1.fffffffffffffp+1023")
SMALLEST_NORMAL, SMALLEST = 2.0**-1022, 2.0**-1074
HIGHEST = 709.782712893384  # the largest double whose exponential is finite: ln(2^1024 - 2^970)
LOWEST_NORMAL = -708.3964185322641  # the smallest whose exponential is no subnormal number
LOWEST = -745.1332191019411  # the smallest whose exponential is nearer to 2^-1074 than to 0


@numba.njit
def exp_of_all(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@numba.njit
def log_of_all(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


IN_A_LOOP = {exp: exp_of_all, log: log_of_all}
EXACT = {
    exp: lambda x: EXACTLY.exp(decimal.Decimal(x)),
    log: lambda x: EXACTLY.ln(decimal.Decimal(x)),
}
# Where a plain sum of the series is off by an ulp or more: the reduced argument is close
# to -(ln 2)/2 and every rounding goes the same way. Found among 10^7 such arguments.
HARDEST = [
    -261.6571712188616,
    370.4923461504062,
    -135.50619691591223,
    20.44819249459455,
    425.2528927089683,
    -105.68594896759028,
    -75.8992586509576,
    -138.97349361555246,
]
either = pytest.mark.parametrize("function", [exp, log], ids=["exp", "log"])


def error_in_ulps(function, x: float) -> float:
    """Error in units of the distance of the two doubles between which the exact value lies."""
    exact = EXACT[function](x)
    nearest = float(exact)
    beyond = abs(decimal.Decimal(nearest)) > abs(exact)
    ulp = math.ulp(math.nextafter(nearest, 0.0) if beyond else nearest)
    return float(abs(decimal.Decimal(function(x)) - exact) / decimal.Decimal(ulp))


def worst(function, arguments) -> tuple[float, float]:
    """Largest error in ulps, and where it is."""
    return max((error_in_ulps(function, float(x)), float(x)) for x in arguments)


def neighbours(places, reach: int = 3) -> list[float]:
    """Each place and the doubles within `reach` steps of it."""
    found = []
    for place in places:
        down = up = float(place)
        found.append(up)
        for _ in range(reach):
            down, up = math.nextafter(down, -math.inf), math.nextafter(up, math.inf)
            found += [down, up]
    return found


def multiples_of_ln2(first: int, last: int, step: float) -> list[float]:
    return [float(LN2 * decimal.Decimal(k * step)) for k in range(first, last)]


def powers(low: int, high: int) -> list[float]:
    return [2.0**k for k in range(low, high)]


def signed(places) -> list[float]:
    return [sign * x for x in places for sign in (1.0, -1.0)]


def exp_arguments() -> dict[str, list[float]]:
    rng = np.random.default_rng(11)
    return {
        "anywhere": rng.uniform(-708, 708, 8000).tolist(),
        "usual": rng.normal(0, 2, 8000).tolist(),
        "small": signed(np.exp(rng.uniform(math.log(1e-300), 0, 3000)).tolist()),
        "powers of 2": neighbours(signed(powers(-80, 10))),
        "whole and half numbers": neighbours(np.arange(-708, 708.5, 0.5), 1),
        "multiples of ln 2": neighbours(multiples_of_ln2(-1021, 1022, 1.0), 1),
        "half-odd multiples of ln 2": neighbours(multiples_of_ln2(-2043, 2044, 0.5)[::2], 2),
        "hardest": HARDEST,
        "as far as it goes": [
            HIGHEST,
            *np.linspace(708, HIGHEST, 300),
            *np.linspace(-708.39, -708),
        ],
    }


def log_arguments() -> dict[str, list[float]]:
    rng = np.random.default_rng(12)
    bits = rng.integers(1, 0x7FEFFFFFFFFFFFFF, 8000)
    near_1 = 2.0 ** rng.uniform(-52, -3, 4000)
    roots = [2.0 ** (k + 0.5) for k in range(-1022, 1023, 7)]
    return {
        "any bits": bits.view(np.float64).tolist(),
        "uniforms of 32 bits": ((rng.integers(0, 2**32, 8000) + 0.5) / 2**32).tolist(),
        "ends of the uniforms": [
            (k + 0.5) / 2**32 for k in [*range(200), *range(2**32 - 200, 2**32)]
        ],
        "usual": rng.exponential(30, 4000).tolist(),
        "near 1": [*(1.0 + near_1), *(1.0 - near_1), *neighbours([1.0], 500)],
        "powers of 2": neighbours(powers(-1072, 1024)),
        "roots of 2": neighbours([math.sqrt(0.5), math.sqrt(2.0), *roots], 2),
        "nearly whole": [math.exp(k) for k in range(-700, 700)],
        "subnormal": (rng.integers(1, 2**52, 2000) * SMALLEST).tolist(),
        "smallest and largest": [k * SMALLEST for k in range(1, 200)] + [LARGEST, SMALLEST_NORMAL],
    }


@pytest.mark.parametrize("kind", exp_arguments())
def test_exp_is_within_an_ulp_of_the_exact_value(kind):
    error, x = worst(exp, exp_arguments()[kind])
    assert error <= 1.0, x


@pytest.mark.parametrize("kind", log_arguments())
def test_log_is_within_an_ulp_of_the_exact_value(kind):
    error, x = worst(log, [x for x in log_arguments()[kind] if x != 1.0])
    assert error <= 1.0, x


@settings(max_examples=500)
@given(st.floats(-708.0, 708.0))
def test_exp_of_whatever_comes_is_within_an_ulp(x):
    assert error_in_ulps(exp, x) <= 1.0


@settings(max_examples=500)
@given(st.floats(0.0, LARGEST, exclude_min=True).filter(lambda x: x != 1.0))
def test_log_of_whatever_comes_is_within_an_ulp(x):
    assert error_in_ulps(log, x) <= 1.0


def test_subnormal_exponentials_are_within_a_step_of_theirs():
    arguments = [*np.linspace(LOWEST, LOWEST_NORMAL, 3000), *neighbours([LOWEST_NORMAL, -745.0])]
    error, x = worst(exp, arguments)
    assert error <= 1.0, x


@pytest.mark.parametrize("x", [0.0, -0.0, SMALLEST, -SMALLEST, 2.0**-54, -(2.0**-55)])
def test_exp_of_0_and_of_next_to_nothing_is_exactly_1(x):
    assert exp(x) == 1.0


def test_log_of_1_is_exactly_0():
    assert log(1.0) == 0.0


def test_exp_beyond_its_range_is_0_or_infinite():
    above = [math.nextafter(HIGHEST, math.inf), 709.79, 710.0, 1e5, LARGEST, math.inf]
    assert [exp(x) for x in above] == [math.inf] * len(above)
    below = [math.nextafter(LOWEST, -math.inf), -745.2, -746.0, -1e5, -LARGEST, -math.inf]
    assert [exp(x) for x in below] == [0.0] * len(below)
    assert exp(HIGHEST) < math.inf
    assert exp(LOWEST) == SMALLEST


def test_the_ends_of_the_range_are_where_the_exact_exponential_passes_them():
    """Oracle of the test above: decimal arithmetic."""
    half_a_step = decimal.Decimal(2) ** -1075
    overflow = decimal.Decimal(2) ** 1024 - decimal.Decimal(2) ** 970
    for end, limit in ((HIGHEST, overflow), (LOWEST, half_a_step)):
        inside, outside = (EXACT[exp](x) for x in (end, math.nextafter(end, end * 2)))
        assert min(inside, outside) < limit < max(inside, outside)
    assert EXACT[exp](LOWEST_NORMAL) > SMALLEST_NORMAL
    assert EXACT[exp](math.nextafter(LOWEST_NORMAL, -math.inf)) < SMALLEST_NORMAL


def test_log_at_the_ends_of_its_range():
    assert log(0.0) == log(-0.0) == -math.inf
    assert log(math.inf) == math.inf
    for x in (-SMALLEST, -SMALLEST_NORMAL, -1.0, -LARGEST, -math.inf):
        assert math.isnan(log(x))


@either
def test_nan_gives_nan(function):
    assert math.isnan(function(math.nan))
    assert math.isnan(function(-math.nan))


@either
def test_neighbouring_doubles_keep_their_order(function):
    """Runs of 400 neighbours at 4000 places, those where the reduced argument jumps among them."""
    rng = np.random.default_rng(13)
    if function is exp:
        jumps = multiples_of_ln2(-2043, 2044, 0.5)
        places = [*rng.uniform(-708, 708, 1000), *rng.normal(0, 1, 1000), *jumps[::2], -1.0, 1.0]
    else:
        jumps = [root * 2.0**k for k in range(-1000, 1000) for root in (math.sqrt(0.5), 1.0)]
        places = [*rng.exponential(1, 2000), *(1 + rng.normal(0, 1e-3, 2000)), *jumps]
    places = np.array(places)
    bits = places.view(np.int64)[:, None] + np.arange(-200, 200)
    x = bits.view(np.float64)
    x = np.sort(x, axis=1)  # negative doubles count downwards
    y = np.empty(x.size)
    IN_A_LOOP[function](x.ravel(), y)
    steps = np.diff(y.reshape(x.shape), axis=1)
    assert (steps >= 0).all(), x[:, 1:][steps < 0]


def test_log_takes_back_exp():
    """exp is off by 1 ulp, a share of 2^-52 at most; log carries that over and is off by 1 ulp."""
    rng = np.random.default_rng(14)
    for x in [*rng.uniform(-708, 708, 5000), *rng.normal(0, 1, 5000), *rng.normal(0, 1e-3, 1000)]:
        found = log(exp(x))
        # the ulp may be that of the binade above: found may have crossed a power of 2
        allowed = ULP_AT_1 * (1 + ULP_AT_1) + max(math.ulp(x), math.ulp(found))
        assert abs(found - x) <= allowed, x


def test_exp_takes_back_log():
    """log is off by an ulp of its own, which exp makes a share of its value; exp adds its ulp."""
    rng = np.random.default_rng(15)
    for x in [*np.exp(rng.uniform(-700, 700, 5000)), *rng.uniform(0.1, 10, 5000)]:
        shift = math.ulp(log(x))
        allowed = (1 + shift + shift * shift) * (1 + ULP_AT_1) - 1
        # the quotient of two doubles is rounded too
        assert abs(exp(log(x)) / x - 1) <= allowed + ULP_AT_1, x


@either
def test_a_loop_is_vectorised(function):
    """Else the next tests would compare a scalar function with itself."""
    IN_A_LOOP[function](np.ones(3), np.ones(3))
    compiled = IN_A_LOOP[function].inspect_llvm().values()
    assert any(re.search(r"f(mul|add) <\d+ x double>", code) for code in compiled)


def arguments_of(function, size: int) -> np.ndarray:
    """Ordinary arguments with all sorts of odd ones among them."""
    rng = np.random.default_rng(16)
    x = rng.normal(0, 30, size) if function is exp else rng.random(size)
    odd = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, SMALLEST, -SMALLEST, LARGEST, 709.7]
    odd += [710.0, -708.0, -720.0, -745.0, -750.0, SMALLEST_NORMAL, 2e-310, 0.5, math.sqrt(0.5)]
    x[rng.integers(0, size, size // 10)] = rng.choice(odd, size // 10)
    x[rng.integers(0, size, size // 10)] *= 1e-5
    return x


def one_by_one(function, x) -> np.ndarray:
    return np.array([function(value) for value in x.tolist()], dtype=np.float64)


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.view(np.uint64), expected.view(np.uint64))


@either
def test_a_vectorised_loop_gives_the_bits_of_scalar_calls(function):
    x = arguments_of(function, 1_000_003)
    found = np.empty_like(x)
    IN_A_LOOP[function](x, found)
    assert_same_bits(found, one_by_one(function, x))


@either
def test_a_loop_of_any_length_from_any_place_gives_the_bits_of_scalar_calls(function):
    x = arguments_of(function, 200)
    expected = one_by_one(function, x)
    for offset in range(9):
        for size in range(41):
            out = np.full(size + 2, 7.0)
            IN_A_LOOP[function](x[offset : offset + size], out[1:-1])
            assert_same_bits(out[1:-1], expected[offset : offset + size])
            assert out[0] == out[-1] == 7.0
    for stride in (2, 3, -1):
        out = np.empty(x[::stride].size)
        IN_A_LOOP[function](x[::stride], out)
        assert_same_bits(out, expected[::stride].copy())


@either
def test_the_compiled_function_is_its_python_source_operation_by_operation(function):
    """Python's floats are IEEE doubles, never fused, so that this holds on any machine."""
    x = arguments_of(function, 20_000)
    x = x[~np.isnan(x)]  # Python refuses to make a whole number of it; the result is tested above
    with np.errstate(all="ignore"):
        expected = one_by_one(function.py_func, x)
    assert_same_bits(one_by_one(function, x), expected)
