"""Structured arrays whose fields are declared once, as a class with annotations.

A kernel reads and writes `people.patient[p].entry_at`; a record is handed on as one address, where
an array takes seven numbers or more. What loops over many patients or days at once stays in arrays
of its own, since only numbers that follow one another fill a vector.
"""

from typing import Annotated, Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

R = TypeVar("R", covariant=True)


class Records(Protocol[R]):
    """A structured array, whose element at one index for each axis is a record."""

    @property
    def size(self) -> int:
        """Records in all."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Records along each axis."""

    def __getitem__(self, at: Any, /) -> R:
        """Return a record, to be read and written."""


def dtype_of(record: type[Any]) -> np.dtype[np.void]:
    """Return the layout of a record: eight bytes a number, one for what is true or false.

    A field that holds several numbers is annotated with how many.
    """
    fields: list[Any] = []
    for name, kind in get_type_hints(record, include_extras=True).items():
        if get_origin(kind) is Annotated:
            array, size = get_args(kind)
            fields.append((name, np.int64 if array == Ints else np.float64, (size,)))
        else:
            fields.append((name, {float: np.float64, int: np.int64, bool: np.bool_}[kind]))
    return np.dtype(fields, align=True)


def records(record: type[R], *shape: int) -> Records[R]:
    """Return records of zeros."""
    made: Any = np.zeros(shape, dtype_of(record))
    return made
