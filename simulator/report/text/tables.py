"""Tables of text, which fit the page: no number is ever cut or folded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from simulator.report.text.wrapping import longest_piece, wrapped

_GAP = 2
_NARROWEST = 12  # to which words are folded before a table is divided
_NAME = 24  # and words that name a row, where there is room
_NUMBER = 20  # for a number beside them
_LONG_PIECE = 16  # of a head, beyond which it is broken wherever it must be
_NARROW = 32  # and before heads are, where heads alone would not do


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    is_words
        Its cells are words, which stand at the left and may be folded; else numbers.
    is_spare
        It can be seen elsewhere too: given up where the table does not fit.
    """

    head: str
    is_words: bool = False
    is_spare: bool = False


@dataclass
class Table:
    """Rows of cells below heads.

    Attributes
    ----------
    keys
        How many columns, from the first, say what a row is of: all parts of a divided table have
        them.
    """

    columns: tuple[Column, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    keys: int = 1

    def add_row(self, *cells: str) -> None:
        """Add a row, a cell for each column."""
        self.rows.append(cells)


def new_table(
    *heads: str, words: Sequence[str] = (), spare: Sequence[str] = (), keys: int = 1
) -> Table:
    """Return a table without rows; columns not of `words`, or the first if none, are of numbers."""
    left = words or heads[:1]
    columns = tuple(Column(head, head in left, head in spare) for head in heads)
    return Table(columns, keys=keys)


@dataclass(frozen=True)
class Line:
    """A line of a table, as it is printed; heads are told from the rest."""

    text: str
    is_head: bool


def table_lines(table: Table, width: int) -> list[Line]:
    """Return a table as lines of at most a width; what does not fit beside stands below."""
    parts = _parts(table, width)
    if any(_total(_narrowest(table, chosen, width)) > width for chosen in parts):
        return _as_lists(table, width)
    lines: list[Line] = []
    for chosen in parts:
        if lines:
            lines.append(Line("", is_head=False))
        lines += _lines_of(table, chosen, _widths(table, chosen, width))
    return lines


def _as_lists(table: Table, width: int) -> list[Line]:
    """Return every row as a list of its cells: on a page too narrow for what names a row."""
    lines: list[Line] = []
    for cells in table.rows:
        listed = new_table("", " ", words=("", " "))
        for column, cell in zip(table.columns, cells, strict=True):
            listed.add_row(column.head, cell)
        lines += [*([Line("", is_head=False)] if lines else []), *table_lines(listed, width)]
    return lines


def _parts(table: Table, width: int) -> list[list[int]]:
    """Columns of each part of a table: one part, without spare columns where they do not fit."""
    chosen = list(range(len(table.columns)))
    spare = [k for k in reversed(chosen) if table.columns[k].is_spare]
    while spare and _total(_with_folded_heads(table, chosen)) > width:
        chosen.remove(spare.pop(0))
    if _total(_narrowest(table, chosen, width)) <= width:
        return [chosen]
    keys, rest = chosen[: table.keys], chosen[table.keys :]
    parts: list[list[int]] = []
    for k in rest:
        if parts and _total(_narrowest(table, [*keys, *parts[-1], k], width)) <= width:
            parts[-1].append(k)
        else:
            parts.append([k])
    return [[*keys, *part] for part in parts] or [keys]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _cells(table: Table, k: int) -> int:
    return max((cell_len(row[k]) for row in table.rows), default=0)


def _natural(table: Table, chosen: Sequence[int]) -> list[int]:
    return [max(cell_len(table.columns[k].head), _cells(table, k)) for k in chosen]


def _with_folded_heads(table: Table, chosen: Sequence[int]) -> list[int]:
    return [max(_longest_word(table.columns[k].head), _cells(table, k)) for k in chosen]


def _narrowest(table: Table, chosen: Sequence[int], width: int) -> list[int]:
    """Widths with heads and words folded, numbers whole; what names a row is folded last of all."""
    keys = [k for k in chosen if k < table.keys and table.columns[k].is_words]
    for_key = max(_NARROWEST, min(_NAME, (width - _NUMBER) // max(len(keys), 1)))
    return [
        min(least, for_key if k in keys else _NARROWEST)
        if table.columns[k].is_words
        else max(_cells(table, k), min(longest_piece(table.columns[k].head), _LONG_PIECE))
        for k, least in zip(chosen, _with_folded_heads(table, chosen), strict=True)
    ]


def _longest_word(text: str) -> int:
    return max((cell_len(word) for word in text.split()), default=0)


def _widths(table: Table, chosen: Sequence[int], width: int) -> list[int]:
    """Widths of columns: as they are, else with heads folded, else with words folded too."""
    widths = _natural(table, chosen)
    folded, narrowest = _with_folded_heads(table, chosen), _narrowest(table, chosen, width)
    is_words = [table.columns[k].is_words for k in chosen]
    moderate = widths
    if _total(folded) > width:  # long texts give way first, then heads, then names
        moderate = [
            min(now, _NARROW) if words else now for now, words in zip(widths, is_words, strict=True)
        ]
    split_heads = [
        now if words else least
        for now, words, least in zip(moderate, is_words, narrowest, strict=True)
    ]
    for least in (moderate, folded, split_heads, narrowest):
        while _total(widths) > width:
            room = [now - low for now, low in zip(widths, least, strict=True)]
            if max(room) <= 0:
                break
            k = room.index(max(room))
            widths[k] = max(_tight(table, chosen[k], widths[k] - 1), least[k])
    return widths


def _tight(table: Table, k: int, width: int) -> int:
    """The width that a column takes if it has at most so much."""
    column = table.columns[k]
    if column.is_words:
        return width
    return max(_cells(table, k), max(map(cell_len, wrapped(column.head, width))))


def _lines_of(table: Table, chosen: Sequence[int], widths: Sequence[int]) -> list[Line]:
    columns = [table.columns[k] for k in chosen]
    heads = [wrapped(column.head, width) for column, width in zip(columns, widths, strict=True)]
    deepest = max(len(head) for head in heads)
    lines = [
        Line(_joined([[""] * (deepest - len(head)) + head for head in heads], row, columns, widths),
             is_head=True)
        for row in range(deepest)
    ] if any(column.head.strip() for column in columns) else []  # fmt: skip
    for cells in table.rows:
        folded = [_folded(cells[k], width) for k, width in zip(chosen, widths, strict=True)]
        deep = max(len(cell) for cell in folded)
        lines += [Line(_joined(folded, row, columns, widths), is_head=False) for row in range(deep)]
    return lines


def _folded(cell: str, width: int) -> list[str]:
    """A cell as lines; what is indented stays so."""
    if cell_len(cell) <= width:
        return [cell]
    indent = " " * (len(cell) - len(cell.lstrip(" ")))
    first, *rest = wrapped(cell, width - len(indent))
    return [indent + first, *(indent + line for line in rest)]


def _joined(
    cells: Sequence[list[str]], row: int, columns: Sequence[Column], widths: Sequence[int]
) -> str:
    shown = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = cell[row] if row < len(cell) else ""
        gap = " " * (width - cell_len(text))
        shown.append(text + gap if column.is_words else gap + text)
    return (" " * _GAP).join(shown).rstrip()
