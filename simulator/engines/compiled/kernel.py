"""How the kernels of this engine are compiled."""

from collections.abc import Callable
from typing import Any

import numba

_ALIKE: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "nogil": True,
    "no_cfunc_wrapper": True,
}
_INNER: dict[str, Any] = _ALIKE | {
    # Called by other kernels alone: a wrapper for a call from Python, which would unpack
    # structures of dozens of arrays, is half of the time to compile.
    "no_cpython_wrapper": True,
    # Nothing is allocated inside, so no reference needs counting, which is half of the time to run.
    "_nrt": False,
}

# Called from Python with what is there already, to fill it.
_STAGE: dict[str, Any] = _ALIKE | {"_nrt": False}

stage: Callable[..., Any] = numba.njit(**_STAGE)
entry: Callable[..., Any] = numba.njit(**_ALIKE)
kernel: Callable[..., Any] = numba.njit(**_INNER)
inlined: Callable[..., Any] = numba.njit(**_INNER, forceinline=True)
