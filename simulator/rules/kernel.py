"""How a rule is compiled, which kernels call, and the reference engine from Python.

Errors of arithmetic are numpy's: a division by zero is no exception, whose checks would keep loops
from being vectorised. Nobody calls a kernel as a C function, and to compile a wrapper for that
takes a tenth of the time.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from simulator.kernels import njit

F = TypeVar("F", bound=Callable[..., Any])


class _Compile(Protocol):
    def __call__(self, function: F, /) -> F: ...


_OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}

kernel: _Compile = njit(**_OPTIONS)
inlined: _Compile = njit(**_OPTIONS, forceinline=True)
