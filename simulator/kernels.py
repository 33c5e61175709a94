"""How a kernel is compiled that is called from Python, and where its machine code is kept.

Numba's own cache knows of the file that defines a kernel, not of those that it calls, takes any
file that it finds for its own, and ends with an error where one is damaged or cannot be written.
Here a kernel is kept with this program's other caches: by the digest of all that is compiled, of
the libraries and of the processor, read only if it is whole and this user's own.
"""

import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import numba
import numpy as np
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from simulator.caches import (
    KERNELS_DIGEST,
    digest_folder,
    keep_bytes,
    kernels_root,
    read_bytes,
    set_aside,
)
from simulator.linked import LINKED

# Settings of Numba's that make other code of the same function.
_SETTINGS = ("BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE")


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return `numba.njit` with these options, whose code is kept in this program's cache."""
    compile_ = numba.njit(**options)

    def kept(function: Callable[..., Any]) -> Any:
        dispatcher = compile_(function)
        if hasattr(dispatcher, "_cache"):  # not where nothing is compiled
            dispatcher._cache = _KernelCache(function)
        return dispatcher

    return kept


def linked(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return `numba.njit` for a kernel that other kernels alone call (`linked`): nothing is kept.

    Where that cannot be, `njit`.
    """
    if LINKED is None:
        return njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)
    compile_: Callable[[Callable[..., Any]], Any] = numba.njit(**options, **LINKED)
    return compile_


def _folder() -> Path:
    """Folder of the kernels that this program compiles with these libraries and settings."""
    versions = numba.__version__, llvmlite.__version__, np.__version__
    settings = [getattr(config, name, None) for name in _SETTINGS]
    whole = repr((KERNELS_DIGEST, versions, settings)).encode()
    return digest_folder("kernels", hashlib.sha256(whole).hexdigest()[:32], kernels_root())


KERNELS_FOLDER = _folder()  # for as long as the process lives, whatever becomes of the environment


class _KernelCache(_Cache):
    """What Numba asks for compiled code before it compiles, and hands it to afterwards."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @property
    def cache_path(self) -> str:
        """Where code is kept."""
        return str(KERNELS_FOLDER)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code of a signature; None if there is none, or it was damaged."""
        target_context.refresh()
        identity = self._identity(sig, target_context.codegen())
        place = self._place(identity)
        content = read_bytes(place)
        if content is None:
            return None
        try:
            found, payload = pickle.loads(content)
            if found == identity:
                return CompileResult._rebuild(target_context, *payload)  # type: ignore[no-untyped-call]
        except MemoryError:
            raise
        except Exception:  # whatever a library makes of code that it cannot read
            set_aside(place, "cannot be loaded")
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code of a signature."""
        if data.library.has_dynamic_globals or any(not x.can_cache for x in data.lifted):
            warnings.warn(f"{self._function.__qualname__} cannot be kept", stacklevel=2)
            return
        identity = self._identity(sig, data.codegen)
        content: bytes = dumps((identity, data._reduce()))  # type: ignore[no-untyped-call]
        keep_bytes(self._place(identity), content)

    def enable(self) -> None:
        """Do nothing: it is never disabled."""

    def disable(self) -> None:
        """Do nothing: whoever wants no cache uses `numba.njit`."""

    def flush(self) -> None:
        """Do nothing: what is kept is right as long as its name is."""

    def _identity(self, sig: Any, codegen: Any) -> str:
        """What the code is of: a function, its types, a processor."""
        f = self._function
        bound = [cell.cell_contents for cell in f.__closure__ or ()]
        code = hashlib.sha256(f.__code__.co_code).hexdigest()
        return repr(
            (
                *(f.__module__, f.__qualname__, f.__code__.co_firstlineno, code),
                *(str(bound), str(sig), codegen.magic_tuple()),
            )
        )

    def _place(self, identity: str) -> Path:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
        module = self._function.__module__.rpartition(".")[2]
        name = "".join(c for c in self._function.__qualname__ if c not in "<>")
        return KERNELS_FOLDER / f"{module}.{name}-{digest}.kernel"
