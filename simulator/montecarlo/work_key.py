"""The key of units of work: a digest of all that they are functions of, trials apart."""

import functools
import hashlib
import inspect
import platform
from collections.abc import Callable, Mapping
from enum import Enum
from importlib.metadata import version
from typing import Any

import numpy as np

from simulator.caches import MODEL_DIGEST

_LIBRARIES = "numpy", "scipy", "numba", "llvmlite"  # which compute


@functools.cache
def program() -> dict[str, str]:
    """Digest of the model's sources, and the versions of what computes."""
    versions = {name: version(name) for name in _LIBRARIES}
    return {"model": MODEL_DIGEST, "python": platform.python_version(), **versions}


def key_of(*parts: object) -> str:
    """Return 24 digits that another of the parts, or another program, changes.

    Parts are numbers, texts, arrays, enumerations, functions of modules, and tuples, lists,
    mappings and dataclasses of such.

    Raises
    ------
    TypeError
        If a part is nothing of that kind: it could not be told from another one.
    """
    digest = hashlib.sha256()
    for part in (program(), *parts):
        _take_in(digest.update, part)
    return digest.hexdigest()[:24]


def _take_in(update: Callable[[bytes], None], part: object) -> None:
    kind: Any = type(part)
    if isinstance(part, Enum):
        part = part.value
    if part is None or isinstance(part, bool | int | float | str | bytes | np.generic):
        update(f"{kind.__name__} {part!r};".encode("utf-8", "surrogatepass"))
    elif isinstance(part, np.ndarray):
        if part.dtype.hasobject:
            raise TypeError("an array of objects has no digest")
        update(f"array {part.dtype.descr} {part.shape};".encode() + part.tobytes())
    elif isinstance(part, tuple | list):
        update(f"{kind.__qualname__} {len(part)};".encode())
        for one in part:
            _take_in(update, one)
    elif isinstance(part, Mapping):
        update(f"mapping {len(part)};".encode())
        for name in sorted(part):
            _take_in(update, (name, part[name]))
    elif hasattr(kind, "__dataclass_fields__"):
        update(f"{kind.__qualname__};".encode())
        for name in kind.__dataclass_fields__:
            _take_in(update, (name, getattr(part, name)))
    elif inspect.isfunction(part) and "<" not in part.__qualname__:
        update(f"{part.__module__}:{part.__qualname__};".encode())
    else:
        raise TypeError(f"{kind.__qualname__} has no digest")
