"""What is named by its place, `module:name`, is imported when it is first needed."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")


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


class Late(Mapping[str, T]):
    """Things by a word, each imported when it is first asked for.

    Parameters
    ----------
    places
        Where each stands, by its word.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)

    def __getitem__(self, word: str) -> T:
        thing: T = named(self._places[word])
        return thing

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, word: object) -> bool:
        return word in self._places  # without importing it
