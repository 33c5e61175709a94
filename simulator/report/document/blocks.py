r"""A document as plain data: what a writer of Word or of HTML is handed.

Text carries three marks: `*emphasis*`, `[@key]` for a citation and `[#name]` for the number of a
table or picture, or the words of a heading. Text that comes from elsewhere goes through `literal`
first.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

_MARK = re.compile(
    r"\\(?P<escaped>.)|\*(?P<emphasis>(?:\\.|[^*\\])+)\*"
    r"|\[@(?P<citation>[\w-]+)\]|\[\#(?P<pointer>[\w-]+)\]"
)
# What XML 1.0 has no way to hold: Word would refuse the whole file.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the highest below the title. `name` is what `[#name]` points at.

    What follows the text, as references and appendices do, has no number.
    """

    text: str
    level: int = 1
    name: str = ""
    is_numbered: bool = True


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of marked text."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it.

    `words` are the columns of words, set to the left; others hold numbers. `widths` are relative.
    `name` is what `[#name]` points at.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    name: str = ""
    words: tuple[int, ...] = (0,)
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture in two formats; `alternative` says in words what it shows."""

    caption: str
    alternative: str
    png: Path
    svg: Path
    name: str = ""


@dataclass(frozen=True)
class Equation:
    """A displayed equation; `spoken` is how it is read out."""

    latex: str
    spoken: str


@dataclass(frozen=True)
class Reference:
    """A work that is cited; `address` is where it is found."""

    key: str
    text: str
    address: str


@dataclass(frozen=True)
class References:
    """The works cited, in the order in which they are numbered."""

    entries: tuple[Reference, ...]


Block = Heading | Paragraph | Table | Picture | Equation | References


@dataclass(frozen=True)
class Document:
    """A title and what follows it. What is of the title is plain text, without marks.

    Attributes
    ----------
    subtitle, byline
        What it is of; when and by what it was made. Empty: none.
    made
        Its date among the properties of the file; None: none.
    is_compact
        Whether it is to fit a page: small margins and type.
    has_contents
        Whether its sections are numbered and listed at its beginning.
    """

    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    byline: str = ""
    made: datetime.datetime | None = None
    is_compact: bool = False
    has_contents: bool = False


class Span(NamedTuple):
    """A stretch of text that is marked alike; of a citation or a pointer, its key."""

    kind: Literal["text", "emphasis", "citation", "pointer"]
    text: str


def literal(text: object) -> str:
    """Text in which no mark is read and no character is left that a file could not hold."""
    return re.sub(r"([\\*\[])", r"\\\1", printable(text))


def printable(text: object) -> str:
    """Text without the characters that a file could not hold."""
    return _UNPRINTABLE.sub("", str(text))


def spans(text: str) -> list[Span]:
    """Split marked text into its spans."""
    found: list[Span] = []
    for span in _pieces(text):
        if found and span.kind == "text" == found[-1].kind:
            found[-1] = Span("text", found[-1].text + span.text)
        elif span.text:
            found.append(span)
    return found


def _pieces(text: str) -> Iterator[Span]:
    end = 0
    for mark in _MARK.finditer(text):
        yield Span("text", text[end : mark.start()])
        end = mark.end()
        if mark["escaped"] is not None:
            yield Span("text", mark["escaped"])
        elif mark["emphasis"] is not None:
            yield Span("emphasis", re.sub(r"\\(.)", r"\1", mark["emphasis"]))
        elif mark["citation"] is not None:
            yield Span("citation", mark["citation"])
        else:
            yield Span("pointer", mark["pointer"])
    yield Span("text", text[end:])


def cited(blocks: tuple[Block, ...]) -> list[str]:
    """Keys of the works cited, each once, in the order of their first citation."""
    return _marked(blocks, "citation")


def pointed_at(blocks: tuple[Block, ...]) -> list[str]:
    """Names of the tables and pictures pointed at, each once, in the order of the first time."""
    return _marked(blocks, "pointer")


def _marked(blocks: tuple[Block, ...], kind: str) -> list[str]:
    keys = [s.text for b in blocks for t in _texts(b) for s in spans(t) if s.kind == kind]
    return list(dict.fromkeys(keys))


def _texts(block: Block) -> tuple[str, ...]:
    if isinstance(block, Heading | Paragraph):
        return (block.text,)
    if isinstance(block, Table):
        cells = [cell for row in (block.header, *block.rows) for cell in row]
        return (block.caption, *cells, block.note)
    if isinstance(block, Picture):
        return (block.caption,)
    return ()


def citation_numbers(document: Document) -> dict[str, int]:
    """Number of each work, as its place in the references gives it."""
    entries = [e for b in document.blocks if isinstance(b, References) for e in b.entries]
    return {entry.key: number for number, entry in enumerate(entries, start=1)}


def section_numbers(document: Document) -> dict[int, str]:
    """Return the number of each section, as in `3.1`, by its place among the blocks.

    Empty in a document without contents.
    """
    found: dict[int, str] = {}
    if not document.has_contents:
        return found
    first = second = 0
    for place, block in enumerate(document.blocks):
        if isinstance(block, Heading) and block.is_numbered:
            first, second = (first + 1, 0) if block.level == 1 else (first, second + 1)
            found[place] = f"{first}.{second}" if second else f"{first}"
    return found


def anchor(heading: Heading, place: int) -> str:
    """Return what a link to a heading at this place among the blocks leads to."""
    return heading.name or f"section-{place}"


def numbered(number: str, heading: str) -> str:
    """Return a heading behind its number, where it has one."""
    return f"{number}\N{EN SPACE}{heading}" if number else heading


def contents(document: Document) -> list[tuple[str, str, str]]:
    """Return the highest sections, each with its anchor, its number and its heading."""
    numbers = section_numbers(document)
    if not numbers:
        return []
    return [
        (anchor(block, place), numbers.get(place, ""), block.text)
        for place, block in enumerate(document.blocks)
        if isinstance(block, Heading) and block.level == 1
    ]


def labels(document: Document) -> dict[int, str]:
    """Label of each table and picture, as in `Table 1`, by its place among the blocks."""
    found: dict[int, str] = {}
    counts = {"Table": 0, "Figure": 0}
    for place, block in enumerate(document.blocks):
        if isinstance(block, Table | Picture):
            kind = "Table" if isinstance(block, Table) else "Figure"
            counts[kind] += 1
            found[place] = f"{kind} {counts[kind]}"
    return found


def pointers(document: Document) -> dict[str, str]:
    """What stands for a named block, by its name: a label or, of a heading, number and words."""
    found, sections = labels(document), section_numbers(document)
    named = {}
    for place, block in enumerate(document.blocks):
        if isinstance(block, Heading) and block.name:
            words = "".join(span.text for span in spans(block.text))
            named[block.name] = numbered(sections.get(place, ""), words)
        elif isinstance(block, Table | Picture) and block.name:
            named[block.name] = found[place]
    return named
