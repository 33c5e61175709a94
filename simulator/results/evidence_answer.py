"""The answer of `evidence`: what a scenario's values rest on, row by row."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from simulator.results.base import Answer, Cell, Record, Row, Value, cell_of, flat
from simulator.results.evidence import EvidenceRow, Topic
from simulator.results.sources import SourceKind


class EvidenceView(Enum):
    """What was asked about."""

    OVERVIEW = "overview"  # a scenario as a whole
    KEY = "key"  # a value or several
    ROW = "row"  # a row of evidence
    FILE = "file"  # a file of evidence


@dataclass(frozen=True, repr=False)
class SourcedValue(Record):
    """A value of a scenario and what it rests on.

    Attributes
    ----------
    key, value
        As the scenario has them; the unit is part of the key.
    source
        In words.
    kind
        What the value is in the first place.
    assumed
        Whether it is an assumption, in whole or in part, said or not.
    rows
        Rows of evidence that it names.
    """

    key: str
    value: Value
    source: str
    kind: SourceKind
    assumed: bool
    rows: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class TopicCount(Record):
    """How many rows a topic has: published, derived, and named by the scenario."""

    topic: Topic
    published: int
    derived: int
    named: int


@dataclass(frozen=True, repr=False)
class KindCount(Record):
    """How many values are of a kind in the first place, and of these an assumption in part."""

    kind: SourceKind
    values: int
    assumed_in_part: int


@dataclass(frozen=True, repr=False)
class Evidence(Answer):
    """What values rest on: from a key to rows, and from rows to citations.

    Attributes
    ----------
    view
        What it is about.
    scenario, asked
        Name of the scenario, and the name or path by which it was asked for; empty for a file.
    about
        The key or the row, or the file; empty for the overview.
    topics, kinds
        Rows by topic, and values of the scenario by kind. Values are those that need a source: no
        names, and no parts that are switched off.
    values
        Of the scenario, each with its source: those that name rows in the overview; those of the
        key; those that rest on the row, directly or by way of others.
    evidence
        Rows of evidence: those of the key or the row, each before those that it is derived from;
        of a file, all; none in the overview.
    """

    KIND: ClassVar[str] = "evidence"
    SHOWN_COLUMNS = ("id", "quantity", "value", "unit", "n", "key", "kind", "rows")

    view: EvidenceView
    scenario: str
    asked: str
    about: str
    topics: tuple[TopicCount, ...]
    kinds: tuple[KindCount, ...]
    values: tuple[SourcedValue, ...]
    evidence: tuple[EvidenceRow, ...]

    def rows(self) -> list[Row]:
        """Return the rows of evidence or, in the overview, the values that name some."""
        if self.view is EvidenceView.OVERVIEW:
            return [_of_value(value) for value in self.values]
        return [_of_row(row) for row in self.evidence]

    def headline(self) -> list[str]:
        """Return what it is about and how much there is."""
        of = self.about or self.scenario
        rows = sum(topic.published + topic.derived for topic in self.topics)
        told = rows if self.view is EvidenceView.OVERVIEW else len(self.evidence)
        return [f"Evidence of {of}", f"{told} rows, {len(self.values)} values"]


def _of_value(value: SourcedValue) -> dict[str, Cell]:
    shown = {"value": cell_of(value.value), "rows": " ".join(value.rows)}
    return {**flat(value), "kind": value.kind.value, **shown}


def _of_row(row: EvidenceRow) -> dict[str, Cell]:
    return {
        name: " ".join(cell) if isinstance(cell, list) else cell
        for name, cell in row.to_dict().items()
    }
