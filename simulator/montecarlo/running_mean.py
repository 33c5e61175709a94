"""One step of a running mean (Welford 1962), and two runs made one, the same for every sum."""

import numpy as np

from simulator.kernels import njit
from simulator.records import Floats, Ints


@njit(error_model="numpy", nogil=True, forceinline=True)
def step(mean: Floats, place: int, value: float, number: float) -> float:
    """Move the mean at a place on by its `number`-th value; return how far that was from it.

    That distance times the one from the new mean is what the sum of squares about the mean gains,
    and with another quantity's distance a sum of products (Chan, Golub and LeVeque 1983).
    """
    away: float = value - mean[place]
    mean[place] += away / number
    return away


Folded = tuple[int | Floats, Floats, Floats]  # how many values, their means, their co-moments


def merged(
    before: Folded, later: Folded, first: Ints | slice, second: Ints | slice
) -> tuple[Floats, Floats]:
    """Return means and co-moments of values that come one after another (Chan and others 1983).

    Parameters
    ----------
    before, later
        Numbers of values, one for all or one for each mean; what is of none counts for nothing.
    first, second
        Which means each co-moment is about.
    """
    many, more = (
        np.broadcast_to(np.asarray(x[0], np.float64), x[1].shape) for x in (before, later)
    )
    together = np.maximum(many + more, 1.0)
    away = later[1] - before[1]
    mean = before[1] + away * (more / together)
    # The first values of all are taken as they are: 0 + x * 1 is x, and so is a moment of 0 + m.
    cross = away[first] * away[second] * (many * more / together)[first]
    return mean, before[2] + later[2] + cross
