"""What every answer can do: become plain JSON and come back, become rows, show itself in short."""

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypeVar

from simulator.errors import TrialsimError
from simulator.results.flow import flow
from simulator.results.shown import (
    COLUMNS,
    LINES,
    ROWS,
    capped,
    html_table,
    in_words,
    record_line,
    told,
)

if TYPE_CHECKING:
    import pandas

Cell: TypeAlias = bool | int | float | str | None
Value: TypeAlias = Any  # as a scenario file can hold it: a single value, a list or a mapping
Row: TypeAlias = dict[str, Cell]


_R = TypeVar("_R", bound="Record")


class AnswerError(TrialsimError, ValueError):
    """A mapping is no answer of this kind, or of another version of its schema."""


def _is_rows(hint: Any) -> bool:
    """Whether a field holds any number of records."""
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is not tuple or len(inner) != 2 or inner[1] is not Ellipsis:
        return False
    return isinstance(inner[0], type) and issubclass(inner[0], Record)


@dataclasses.dataclass(frozen=True, repr=False)
class Record:
    """A part of an answer: a frozen dataclass that becomes plain JSON and comes back."""

    _ROWS_IN: ClassVar[tuple[str, ...]] = ()  # fields that are records, one after the other

    def __init_subclass__(cls) -> None:
        """Note which fields hold any number of records."""
        found = [name for name, hint in cls.__annotations__.items() if _is_rows(hint)]
        cls._ROWS_IN = (*cls._ROWS_IN, *found)

    def __post_init__(self) -> None:
        """Let records in a row show themselves in short."""
        for name in self._ROWS_IN:
            object.__setattr__(self, name, Records(getattr(self, name)))

    def __repr__(self) -> str:
        """Return its first fields on one line, rounded."""
        return record_line(self)

    def _repr_html_(self) -> str:
        """Return its first fields as a small table, for notebooks."""
        rows = [(in_words(f.name), getattr(self, f.name)) for f in kept_fields(type(self))]
        notes = ["to_dict() has all"] if len(rows) > ROWS else []
        return html_table(type(self).__name__, ("", "value"), rows, notes)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it: a number that does not exist (NaN) is None."""
        return {f.name: _plain(getattr(self, f.name)) for f in kept_fields(type(self))}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made of.

        Raises
        ------
        AnswerError
            If a field is missing, or a value is not of its type.
        """
        hints = _hints(cls)
        try:
            return cls(**{f.name: _typed(hints[f.name], plain[f.name]) for f in kept_fields(cls)})
        except KeyError as error:
            raise AnswerError(f"{cls.__name__}: {error.args[0]} is missing") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise AnswerError(f"{cls.__name__}: {error}") from None


class Records(tuple[_R, ...]):
    """Records in a row: a tuple that shows the first of them alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a line for each of the first records."""
        lines = [repr(one) if place < LINES else "" for place, one in enumerate(self)]
        return capped(lines, "") if lines else "()"

    def _repr_html_(self) -> str:
        """Return the first fields of the first records as a small table, for notebooks."""
        if not self:
            return "<p>none</p>"
        names = told(self[0])
        rows: list[Sequence[Any]] = [
            [getattr(one, name) for name in names] if place < ROWS else ()
            for place, one in enumerate(self)
        ]
        heads = [in_words(name) for name in names]
        left = len(kept_fields(type(self[0]))) - len(names)
        notes = [f"{left} longer fields"] if left > 0 else []
        return html_table(f"{type(self[0]).__name__}, {len(self):,}", heads, rows, notes)


@dataclasses.dataclass(frozen=True, repr=False)
class Answer(Record):
    """An answer to one question.

    Its JSON has `kind`, as `power`, and `schema_version`, which changes whenever a field is renamed
    or changes its meaning.
    """

    KIND: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1
    SHOWN_COLUMNS: ClassVar[tuple[str, ...]] = ()  # of its rows, in a notebook; empty: the first

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, its kind and the version of its schema first."""
        return {"kind": self.KIND, "schema_version": self.SCHEMA_VERSION, **super().to_dict()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made of.

        Raises
        ------
        AnswerError
            If it is of another kind or version, or a field is missing or of another type.
        """
        if plain.get("kind") != cls.KIND:
            raise AnswerError(f"is an answer of kind {plain.get('kind')}, not {cls.KIND}")
        if plain.get("schema_version") != cls.SCHEMA_VERSION:
            found = plain.get("schema_version")
            raise AnswerError(f"has version {found} of its schema, not {cls.SCHEMA_VERSION}")
        return super().from_dict(plain)

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return True

    def rows(self) -> list[Row]:
        """Return its estimates as rows of a table, all with the same keys."""
        raise NotImplementedError

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        return {}

    def with_tables(self, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> Self:
        """Return it with what it holds of those tables, as their CSV has it, beside its JSON.

        Raises
        ------
        KeyError, ValueError
            If a column is missing, or a cell is no number.
        """
        del tables
        return self

    def headline(self) -> list[str]:
        """Return what it says in a few short lines."""
        raise NotImplementedError

    def to_frame(self) -> "pandas.DataFrame":
        """Return the estimates as a data frame."""
        import pandas

        return pandas.DataFrame(self.rows())

    def frames(self) -> "dict[str, pandas.DataFrame]":
        """Return the tidy tables as data frames, by name; one that is empty is left out."""
        import pandas

        return {name: pandas.DataFrame(list(rows)) for name, rows in self.tables().items() if rows}

    def __repr__(self) -> str:
        """Return a few lines, not every number."""
        return capped(self.headline(), f": {_ALL}")

    def _repr_html_(self) -> str:
        """Return the first line and the columns of estimates that matter most, for notebooks."""
        rows = self.rows()
        every = list(rows[0]) if rows else []
        names = [name for name in self.columns() if name in every] or every[:COLUMNS]
        cells = [[row[name] for name in names] for row in rows]
        notes = [_ALL] if len(rows) > ROWS or len(every) > len(names) else []
        heads = [self.head(name) for name in names]
        return html_table(self.headline()[0], heads, cells, notes)

    def columns(self) -> tuple[str, ...]:
        """Return the columns of its rows that a notebook shows; if there are none, the first."""
        return self.SHOWN_COLUMNS

    def head(self, column: str) -> str:
        """Return the head of a column as a notebook shows it."""
        return in_words(column)


_ALL = "to_frame() has all"


def cell_of(value: Value) -> Cell:
    """Return a value of a scenario as a cell of a table; a list or a mapping is its text."""
    return value if isinstance(value, Cell) else flow(value)


def flat(record: Record) -> Row:
    """Return the fields of a record that are single values, as cells of a row."""
    found = {f.name: getattr(record, f.name) for f in kept_fields(type(record))}
    return {name: cell for name, cell in found.items() if isinstance(cell, Cell)}


def table(records: Iterable[Record]) -> list[Row]:
    """Return records of single values as rows."""
    return [flat(record) for record in records]


def kept_fields(cls: Any) -> tuple["dataclasses.Field[Any]", ...]:
    """Fields that JSON has; tables that travel as CSV beside it are marked and left out."""
    return tuple(f for f in dataclasses.fields(cls) if f.metadata.get("json", True))


_HINTS: dict[Any, dict[str, Any]] = {}  # of a class whose records come by the hundred


def _hints(cls: Any) -> dict[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = typing.get_type_hints(cls)
    return _HINTS[cls]


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _typed(hint: Any, value: Any) -> Any:
    """Return a plain value as a field's type has it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return _frozen(value)
    if origin in (types.UnionType, typing.Union):
        return _of_union(inner, value)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_typed(inner[0], item) for item in value)
        return tuple(_typed(one, item) for one, item in zip(inner, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _typed(inner[1], item) for key, item in value.items()}
    if isinstance(hint, type) and issubclass(hint, Record | Enum):
        return hint.from_dict(value) if issubclass(hint, Record) else hint(value)
    return _number_or_word(hint, value)


def _of_union(members: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in members:
        return None
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        return _typed(others[0], value)
    return _frozen(value)


def _number_or_word(hint: Any, value: Any) -> Any:
    if hint is float and value is None:
        return math.nan
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise TypeError(f"{value!r} is not of type {hint.__name__}")
    return value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value
