"""Whether a matrix is a correlation matrix, told without a library where it is beyond doubt."""

import math
from collections.abc import Sequence

LEAST_EIGENVALUE = 1e-10  # of a matrix that counts as positive definite
_BEYOND_DOUBT = 1e-8  # far above the error of the factors of a matrix of ones and less

_MOST_ROWS = 40  # of a larger one the library is quicker, its import included

Rows = Sequence[Sequence[float]]


def too_small_eigenvalue(rows: Rows) -> float | None:
    """Smallest eigenvalue of a symmetric matrix that is not positive definite; None if it is.

    A matrix has a Cholesky factor after `_BEYOND_DOUBT` is taken from its diagonal only if all its
    eigenvalues are above that; which they are is worked out for a doubtful one alone, since what
    works it out takes a sixth of a second to import.
    """
    if len(rows) <= _MOST_ROWS and _has_factor(rows, _BEYOND_DOUBT):
        return None
    import numpy as np

    smallest = float(np.linalg.eigvalsh(np.array(rows))[0])
    return None if smallest > LEAST_EIGENVALUE else smallest


def _has_factor(rows: Rows, less: float) -> bool:
    """Whether a symmetric matrix, less a number on its diagonal, has a Cholesky factor."""
    factor: list[list[float]] = []
    for i, row in enumerate(rows):
        mine: list[float] = []
        for j, other in enumerate(factor):
            done = math.fsum(a * b for a, b in zip(mine, other, strict=False))
            mine.append((row[j] - done) / other[j])
        left = row[i] - less - math.fsum(a * a for a in mine)
        if not left > 0:
            return False
        factor.append([*mine, math.sqrt(left)])
    return True
