"""Smooth functions of z that are asked for very often, as those of p values are.

Cells of an eighth of a unit each have the polynomial of degree five through the values at their
Chebyshev nodes. Its error is at most 2 (1/32)^6 / 6! times the sixth derivative: below 1e-10 for a
normal probability, and below 1e-7 of its value out to six standard deviations.
"""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.records import Floats, Ints

_CELLS_A_UNIT, _FAR = 8, 10  # from so far on the function is asked itself
_DEGREE = 5
_NODES = np.cos((2.0 * np.arange(_DEGREE + 1) + 1.0) * np.pi / (2.0 * (_DEGREE + 1)))
_FROM_VALUES = np.linalg.inv(np.vander(_NODES, increasing=True))


class Interpolated:
    """A function of an array, and the cells that are known of it so far.

    Attributes
    ----------
    function
        Of an array of finite or infinite values; smooth but at multiples of an eighth.
    cells
        (cells, coefficients): of a polynomial on -1 to 1; NaN where it is not known.
    """

    def __init__(self, function: Callable[[Floats], Floats]) -> None:
        self.function = function
        self.cells = np.full((2 * _FAR * _CELLS_A_UNIT, _DEGREE + 1), np.nan)

    def learn(self, cell: int) -> None:
        """Work out a cell."""
        low = cell / _CELLS_A_UNIT - _FAR
        found = self.function(low + (_NODES + 1.0) / (2.0 * _CELLS_A_UNIT))
        self.cells[cell] = (_FROM_VALUES * found).sum(axis=1)


def values(functions: Sequence[Interpolated], which: Ints, z: Floats) -> Floats:
    """Value at each z of one of the functions; NaN gives NaN.

    What is found for one z does not depend on the others.
    """
    near = np.abs(z) < _FAR  # not NaN
    scaled = (np.where(near, z, 0.0) + _FAR) * _CELLS_A_UNIT
    cell = scaled.astype(np.int64)
    known = np.stack([f.cells[:, 0] for f in functions])[which, cell]
    for function, missing in {*zip(which[np.isnan(known)], cell[np.isnan(known)], strict=True)}:
        functions[function].learn(int(missing))
    coefficients = np.stack([f.cells for f in functions])[which, cell]
    inside = 2.0 * (scaled - cell) - 1.0
    found = np.zeros(z.shape)
    for power in range(_DEGREE, -1, -1):
        found = found * inside + coefficients[:, power]
    for place in np.flatnonzero(~near):
        alone = z[place : place + 1]
        found[place] = np.nan if np.isnan(alone[0]) else functions[which[place]].function(alone)[0]
    return found
