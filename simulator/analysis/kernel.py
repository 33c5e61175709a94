"""How the analyses are compiled.

Errors of arithmetic are numpy's (a division by zero is no exception, whose checks would keep loops
from being vectorised), and the interpreter is let go, so that threads can analyse side by side.
Sums are taken patient by patient within a trial: a trial has the same bits in any company.
"""

from typing import Any

import numpy as np

from simulator.kernels import njit

_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "nogil": True,
    "no_cfunc_wrapper": True,
}

kernel = njit(**_OPTIONS)
inlined = njit(**_OPTIONS, forceinline=True)

# A literal 0 is a type of its own to Numba: what a kernel handed it to would be compiled twice.
ZERO: Any = np.int64(0)


@inlined
def minimum(a: float, b: float) -> float:
    """Return the smaller of two; unlike `min`, one instruction for several patients at once."""
    return a if a < b else b


@inlined
def maximum(a: float, b: float) -> float:
    """Return the larger of two."""
    return a if a > b else b
