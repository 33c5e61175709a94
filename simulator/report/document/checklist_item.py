"""An item of a reporting guideline: where it is answered, or what is left to the author."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.report.document.blocks import Block, Heading, Picture, Table
from simulator.report.document.dossier import Dossier
from simulator.report.document.numbers import capital

SECTION = "section-"  # names of headings begin so


@dataclass(frozen=True)
class Item:
    """An item of a guideline, in words of our own.

    Attributes
    ----------
    number
        The guideline's own; of a guideline without numbers, the section that treats it.
    asks
        What is asked for.
    at
        Names of the headings, tables and pictures that answer it.
    left
        What of it only the author can answer; empty if nothing.
    without
        Why it does not apply; empty if it does.
    """

    number: str
    asks: str
    at: tuple[str, ...] = ()
    left: str = ""
    without: str = ""


@dataclass(frozen=True)
class Guideline:
    """A guideline: `key` of its work among the references, its items, and a note for the table."""

    key: str
    name: str
    items: tuple[Item, ...]
    note: str = ""


@dataclass(frozen=True)
class Written:
    """The dossier, and the names in the document that was written from it."""

    dossier: Dossier
    names: tuple[str, ...]

    def at(self, *wanted: str) -> tuple[str, ...]:
        """Return those of the names that the document has."""
        return tuple(name for name in wanted if name in self.names)

    def beginning(self, start: str) -> tuple[str, ...]:
        """Return the names that begin so, as every sweep's table does with `sweep-`."""
        return tuple(name for name in self.names if name.startswith(start))


def names_of(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Names that `[#name]` can point at, in the order of the document."""
    named = (block.name for block in blocks if isinstance(block, Heading | Table | Picture))
    return tuple(name for name in named if name)


def where(item: Item) -> str:
    """Say where an item is answered, what is left to the author, or why it does not apply."""
    if item.without:
        return f"Does not apply: {item.without}."
    places = [f"“[#{name}]”" if name.startswith(SECTION) else f"[#{name}]" for name in item.at]
    said = [", ".join(places)] if places else []
    if item.left:
        said.append(f"left to the author: {item.left}")
    return f"{capital('; '.join(said))}."
