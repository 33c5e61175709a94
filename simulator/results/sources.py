"""Where a value of a scenario comes from, typed: its kind, the rows of evidence, the words."""

from dataclasses import dataclass
from enum import Enum

from simulator.results.base import Record


class SourceKind(Enum):
    """What a value rests on."""

    REGISTRY = "registry"
    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMPTION = "assumption"
    DEFAULT = "default"  # of the schema, since no file gives the value: an assumption too
    NONE = "none"  # no source is given: an assumption too

    @property
    def is_assumed(self) -> bool:
        """Whether a value of this kind is an assumption, said or not."""
        return self in (SourceKind.ASSUMPTION, SourceKind.DEFAULT, SourceKind.NONE)


@dataclass(frozen=True, repr=False)
class SourcePart(Record):
    """One thing that a value rests on.

    Attributes
    ----------
    kind
        What it is; none has the words of a comment that does not say what it is.
    rows
        Ids of rows of evidence, as A42.
    words
        What else is said of it; empty where nothing is.
    """

    kind: SourceKind
    rows: tuple[str, ...]
    words: str


@dataclass(frozen=True, repr=False)
class Source(Record):
    """Where a value comes from: of one kind or, a part of it assumed, of several.

    Attributes
    ----------
    parts
        At least one; the first says what the value is.
    """

    parts: tuple[SourcePart, ...]

    @property
    def kind(self) -> SourceKind:
        """What the value is in the first place."""
        return self.parts[0].kind

    @property
    def rows(self) -> tuple[str, ...]:
        """Every row that it rests on, once."""
        return tuple(dict.fromkeys(row for part in self.parts for row in part.rows))

    @property
    def is_given(self) -> bool:
        """Whether a file says where the value comes from."""
        return self.kind not in (SourceKind.DEFAULT, SourceKind.NONE)

    @property
    def is_assumed(self) -> bool:
        """Whether the value is an assumption, in whole or in part, said or not."""
        return any(part.kind.is_assumed for part in self.parts)

    @property
    def is_assumed_in_part(self) -> bool:
        """Whether a part of it is an assumption, and a part is not."""
        return self.is_assumed and not self.kind.is_assumed

    @property
    def text(self) -> str:
        """As the grammar writes it: `published [A43]: 1.082 a point; assumption: its use`."""
        return "; ".join(map(_written, self.parts))


def _written(part: SourcePart) -> str:
    if part.kind is SourceKind.NONE:
        return f"no source ({part.words})" if part.words else "no source"
    rows = f" [{', '.join(part.rows)}]" if part.rows else ""
    words = f": {part.words}" if part.words else ""
    return f"{part.kind.value}{rows}{words}"


BY_DEFAULT = Source((SourcePart(SourceKind.DEFAULT, (), ""),))
NO_SOURCE = Source((SourcePart(SourceKind.NONE, (), ""),))


def source_cells(source: Source) -> tuple[str, str, str]:
    """Return a source as cells of a table: its words, its kind, its rows with spaces between."""
    return source.text, source.kind.value, " ".join(source.rows)
