"""What a declaration names is imported when it is first needed."""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def named(place: str) -> Any:
    """Return what stands at a place, written `module:name` as "simulator.analysis.cox:cox".

    Raises
    ------
    ImportError, AttributeError
        If there is no such module, or nothing of that name in it.
    """
    module, name = place.split(":")
    return getattr(import_module(module), name)
