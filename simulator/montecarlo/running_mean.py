"""One step of a running mean (Welford 1962), the same for every sum over trials."""

import numba

from simulator.records import Floats


@numba.njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def step(mean: Floats, place: int, value: float, number: float) -> float:
    """Move the mean at a place on by its `number`-th value; return how far that was from it.

    That distance times the one from the new mean is what the sum of squares about the mean gains,
    and with another quantity's distance a sum of products (Chan, Golub and LeVeque 1983).
    """
    away: float = value - mean[place]
    mean[place] += away / number
    return away
