"""Roots of a function of one number.

Own, since importing `scipy.optimize` takes longer than a whole command that finds boundaries.
"""

from collections.abc import Callable

_STEPS = 200
_TOLERANCE = 1e-13


def root_between(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a continuous function crosses 0.

    Chandrupatla's method (1997, *Advances in Engineering Software* 28, 145-149): inverse quadratic
    interpolation where that is safe, else bisection.

    Raises
    ------
    ArithmeticError
        If the function has the same sign at both ends.
    """
    a, b = high, low
    at_a, at_b = function(a), function(b)
    if at_a == 0 or at_b == 0:
        return a if at_a == 0 else b
    if (at_a > 0) == (at_b > 0):
        raise ArithmeticError(f"no change of sign between {low:g} and {high:g}")
    step = 0.5
    for _ in range(_STEPS):
        x = a + step * (b - a)
        at_x = function(x)
        if (at_x > 0) == (at_a > 0):
            c, at_c = a, at_a
        else:
            c, at_c = b, at_b
            b, at_b = a, at_a
        a, at_a = x, at_x
        best, at_best = (a, at_a) if abs(at_a) < abs(at_b) else (b, at_b)
        nearest = (_TOLERANCE * (1 + abs(best))) / abs(b - a)
        if at_best == 0 or nearest > 0.5:
            return best
        xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        step = 0.5
        if phi * phi < xi and (1 - phi) * (1 - phi) < 1 - xi:
            step = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            step += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        step = min(1 - nearest, max(nearest, step))
    return best


def root_from(function: Callable[[float], float], start: float, step: float) -> float:
    """Return where a monotone function crosses 0, searched from a point in one direction.

    Parameters
    ----------
    start, step
        The search widens from `start` by `step`, doubled each time; its sign is the direction.

    Raises
    ------
    ArithmeticError
        If no crossing is found within 1000 of the start.
    """
    sign = function(start) > 0
    before, width = start, step
    while abs(width) < 1000:
        here = start + width
        if (function(here) > 0) != sign:
            return root_between(function, min(before, here), max(before, here))
        before, width = here, 2 * width
    raise ArithmeticError(f"no crossing from {start:g}")
