"""How the kernels of this engine are compiled."""

from collections.abc import Callable
from typing import Any

from simulator.kernels import linked, njit

_ALIKE: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_ENTRY: dict[str, Any] = _ALIKE | {"no_cfunc_wrapper": True}
_INNER: dict[str, Any] = _ALIKE | {
    # Nothing is allocated inside, so no reference needs counting: half of the time to run.
    "_nrt": False,
}

# Called from Python with what is there already, to fill it.
_STAGE: dict[str, Any] = _ENTRY | {"_nrt": False}

stage: Callable[..., Any] = njit(**_STAGE)
entry: Callable[..., Any] = njit(**_ENTRY)
kernel: Callable[..., Any] = linked(**_INNER)
inlined: Callable[..., Any] = linked(**_INNER, forceinline=True)
