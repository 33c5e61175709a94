"""Smooth functions of a statistic that are asked for very often, as those of p values are.

Each is cut into cells of one width, in which it has the polynomial of degree seven through its
values at the Chebyshev nodes. Its error in a cell of width w is at most 2 (w/4)^8 / 8! times the
eighth derivative: of a normal probability with cells of a quarter below 1e-12, and below 1e-8 of
its value out to six standard deviations. Cells are worked out as they are asked for, and a value is
the same whichever others were asked for before it or beside it.
"""

import math
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from simulator.kernels import njit
from simulator.records import Floats, Ints

_DEGREE = 7
_NODES = np.cos((2.0 * np.arange(_DEGREE + 1) + 1.0) * np.pi / (2.0 * (_DEGREE + 1)))
_FROM_VALUES = np.linalg.inv(np.vander(_NODES, increasing=True))
_MOST = 1024  # functions are known at a time


class Smooth(NamedTuple):
    """A function of a statistic, which may have several numbers for each value.

    Attributes
    ----------
    function
        Of values, (values,), finite or infinite: (outputs, values).
    cells
        On each side of 0. Where the function is not smooth, there one has to end.
    """

    function: Callable[[Floats], Floats]
    cells: int


class Interpolated:
    """Functions of one kind, and the cells that are known of them so far.

    Parameters
    ----------
    smooth
        The function that a key, which can be hashed, stands for.
    outputs
        How many numbers a function has for each value.
    farthest
        From so far on the function is asked itself.
    """

    def __init__(self, smooth: Callable[[Any], Smooth], outputs: int, farthest: float) -> None:
        self._smooth, self._farthest = smooth, farthest
        self._lock = Lock()
        self._nothing = np.empty((0, outputs, _DEGREE + 1))
        self.forget()

    def forget(self) -> None:
        """Forget what is known."""
        self._known: dict[Any, tuple[Smooth, int]] = {}  # each function and its first cell
        self._cells = self._nothing  # coefficients on -1 to 1; NaN where they are not known

    def values(self, keys: Sequence[Any], which: Ints, z: Floats) -> Floats:
        """Values at each z of one of the functions, (outputs, trials); NaN gives NaN.

        Parameters
        ----------
        keys, which
            What the functions are of, and the place among them of each trial's.
        """
        with self._lock:
            if len(self._known) + len(keys) > _MOST:
                self.forget()
            self._make_room(keys)
            functions, first = zip(*(self._known[key] for key in keys), strict=True)
            sides = np.array([smooth.cells for smooth in functions])
            asked = which, z, self._farthest, np.array(first), sides
            found, lacking = np.empty((self._cells.shape[1], z.size)), np.empty(z.size, np.int64)
            number = _evaluate(self._cells, *asked, found, lacking)
            if number:
                self._learn(functions, first, which[lacking[:number]], z[lacking[:number]])
                _evaluate(self._cells, *asked, found, lacking)
        for trial in np.flatnonzero(np.abs(z) >= self._farthest).tolist():
            found[:, trial] = functions[which[trial]].function(z[trial : trial + 1])[:, 0]
        return found

    def _make_room(self, keys: Sequence[Any]) -> None:
        """Make room for the cells of functions that are new."""
        size = len(self._cells)
        for key in keys:
            if key not in self._known:
                smooth = self._smooth(key)
                self._known[key] = smooth, size
                size += 2 * smooth.cells
        new = np.full((size - len(self._cells), *self._cells.shape[1:]), math.nan)
        if new.size:
            self._cells = np.concatenate([self._cells, new])

    def _learn(
        self, functions: Sequence[Smooth], first: Sequence[int], which: Ints, z: Floats
    ) -> None:
        """Work out the cells in which values are."""
        for place in np.unique(which).tolist():
            function, side = functions[place]
            width = self._farthest / side
            new = np.unique(_cell_of(z[which == place], self._farthest, side))
            nodes = (new[:, None] + (_NODES + 1.0) / 2.0) * width - self._farthest
            values = function(nodes.ravel()).reshape(-1, new.size, 1, _DEGREE + 1)
            # Sums of eight numbers, the same however many cells there are.
            self._cells[first[place] + new] = (values * _FROM_VALUES).sum(axis=3).swapaxes(0, 1)


def _cell_of(z: Floats, farthest: float, side: int) -> Ints:
    # What is rounded up to the end is in the last cell.
    return np.minimum((z + farthest) * (side / farthest), 2 * side - 1).astype(np.int64)


@njit(error_model="numpy", nogil=True)
def _evaluate(
    cells: Floats,
    which: Ints,
    z: Floats,
    farthest: float,
    first: Ints,
    sides: Ints,
    found: Floats,
    lacking: Ints,
) -> int:
    """Read values from cells; note the places of those whose cells are not known, how many."""
    number = 0
    for k in range(z.size):
        if not abs(z[k]) < farthest:
            found[:, k] = math.nan
            continue
        side = sides[which[k]]
        place = (z[k] + farthest) * (side / farthest)
        cell = np.int64(min(place, 2 * side - 1))
        inside, coefficients = 2.0 * (place - cell) - 1.0, cells[first[which[k]] + cell]
        if math.isnan(coefficients[0, 0]):
            lacking[number] = k
            number += 1
        for output in range(found.shape[0]):
            value = 0.0
            for power in range(_DEGREE, -1, -1):
                value = value * inside + coefficients[output, power]
            found[output, k] = value
    return number
