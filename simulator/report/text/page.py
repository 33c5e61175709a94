"""What a page of text is made of, and how it is printed: no line is wider than the page."""

import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from simulator.errors import shown_safely
from simulator.report.text.tables import Table, table_lines
from simulator.report.text.wrapping import command_lines, wrapped

KEPT = "answered before, in {run}; --force answers anew"  # said beside a screen that is shown again
LINES = 30  # of a screen
WIDTH = 100  # cells of a page that is no terminal
_NARROWEST = 40


@dataclass(frozen=True)
class Bold:
    """A paragraph that stands out: a heading, a verdict."""

    text: str


@dataclass(frozen=True)
class Command:
    """A command to be copied."""

    text: str


@dataclass(frozen=True)
class Verbatim:
    """Lines to be copied into a file, as they stand: wider ones than the page are not folded."""

    text: str


Block = (
    str | Bold | Command | Table | Verbatim
)  # a plain text is a paragraph; an empty one a blank line


@dataclass(frozen=True)
class Section:
    """A part of an answer's full text, by its name.

    Attributes
    ----------
    blocks
        Of an answer; none where the answer has nothing of the kind.
    """

    name: str
    blocks: Callable[[Any], Iterable[Block]]


def console_for(stream: TextIO) -> Console:
    """Return a console as wide as the terminal, or as COLUMNS says; 100 cells where it is none."""
    is_terminal = stream.isatty()
    given = os.environ.get("COLUMNS", "")
    if is_terminal or (given.isascii() and given.isdigit() and int(given[:6]) > 0):
        size = shutil.get_terminal_size((WIDTH, 30))
        return _console(stream, max(size.columns, _NARROWEST))
    return _console(stream, WIDTH)


def _console(stream: TextIO, width: int) -> Console:
    # With its height a console takes the width given even where the terminal is dumb.
    return Console(file=stream, width=width, height=30, highlight=False, markup=False, emoji=False)


def as_text(blocks: Iterable[Block], width: int = WIDTH) -> str:
    """Return blocks as they are printed on a page without styles."""
    file = io.StringIO()
    print_blocks(blocks, _console(file, width))
    return file.getvalue()


def print_blocks(blocks: Iterable[Block], console: Console) -> None:
    """Print blocks one below the other."""
    for line, is_bold in _lines(blocks, console.width):
        text = Text(shown_safely(line), style="bold" if is_bold else "")
        console.print(text, soft_wrap=True)


def line_count(blocks: Iterable[Block], width: int) -> int:
    """Return how many lines blocks take."""
    return sum(1 for _ in _lines(blocks, width))


def _lines(blocks: Iterable[Block], width: int) -> Iterator[tuple[str, bool]]:
    for block in blocks:
        if isinstance(block, Table):
            for line in table_lines(block, width):
                yield line.text, line.is_head
        elif isinstance(block, Verbatim):
            for text in block.text.splitlines():
                yield text, False
        elif isinstance(block, Command):
            for text in command_lines(block.text, width):
                yield text, False
        else:
            words = block.text if isinstance(block, Bold) else block
            for text in wrapped(words, width):
                yield text, isinstance(block, Bold)


def apart(parts: Iterable[Iterable[Block]]) -> Iterator[Block]:
    """Put a blank line between parts that are not empty."""
    is_first = True
    for part in parts:
        blocks = list(part)
        if not blocks:
            continue
        if not is_first:
            yield ""
        is_first = False
        yield from blocks
