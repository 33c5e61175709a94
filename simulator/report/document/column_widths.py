"""How wide the columns of a table must be for no word to be broken within a cell."""

from collections.abc import Sequence
from dataclasses import replace

from simulator.report.document.blocks import Table, spans

_CM_PER_POINT = 2.54 / 72
_TYPES = (9.0, 8.5, 8.0, 7.5, 7.0)  # points
_MARGINS_CM = 0.42  # a cell's own at its left and right, and a little
_BOLD = 1.13  # of a header, against plain type
# Where Arial is not installed, documents are shown in a wider type.
_WIDEST_TYPE = 1.22
# Widths of Arial in thousandths of its size (Helvetica's metrics); those not listed are as letters.
_WIDTHS = {
    222: "ijl'|",
    278: " ft.,:;!/\\[]I\N{NO-BREAK SPACE}",
    333: "r()-\N{PRIME}",
    500: "ckvxyzsJ",
    584: "+=<>\N{PLUS-MINUS SIGN}\N{MINUS SIGN}",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    889: "%",
    944: "W",
    1000: "@",
}
_WIDTH = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_LETTER = 556  # digits, most small letters, the underscore and the dash
_OTHER_SCRIPT = 1000  # as Chinese characters are


def set_table(block: Table, total_cm: float) -> tuple[Table, list[float], float]:
    """Return a table, its columns' widths in centimetres, and the size of its type in points.

    Every column gets room for its longest word, in the largest type in which that can be; what is
    left goes by the widths that the block asks for or, where it asks for none, to where lines would
    break. Where no type will do, what is kept on one line, as an interval, may be broken after all;
    a table whose words do not fit even so is shrunk alike.
    """
    for tried in (block, _breakable(block)):
        cells = list(zip(tried.header, *tried.rows, strict=True))
        for points in _TYPES:
            columns = [_Column(column, points) for column in cells]
            least = [column.longest_word for column in columns]
            if sum(least) < total_cm:
                return tried, _shared_out(tried, columns, total_cm), points
    return tried, [total_cm * width / sum(least) for width in least], points


def _breakable(block: Table) -> Table:
    """Return a table whose cells may be broken at every space."""
    header = tuple(_spaced(cell) for cell in block.header)
    rows = tuple(tuple(_spaced(cell) for cell in row) for row in block.rows)
    return replace(block, header=header, rows=rows)


def _spaced(cell: str) -> str:
    return cell.replace("\N{NO-BREAK SPACE}", " ")


def _shared_out(block: Table, columns: Sequence["_Column"], total_cm: float) -> list[float]:
    """Return the widths of columns whose words fit."""
    least = [column.longest_word for column in columns]
    if block.widths:
        return _as_asked(least, block.widths, total_cm)
    spare = total_cm - sum(least)
    missing = [max(c.longest_line - c.longest_word, 0.08) for c in columns]
    return [w + spare * m / sum(missing) for w, m in zip(least, missing, strict=True)]


class _Column:
    """What the cells of a column need, in centimetres."""

    def __init__(self, cells: Sequence[str], points: float) -> None:
        header, *rows = (_shown(cell) for cell in cells)
        words = [_cm(word, points) for cell in rows for word in cell.split(" ")]
        words += [_BOLD * _cm(word, points) for word in header.split(" ")]
        self.longest_word = max(words) + _MARGINS_CM
        # A header may take two lines.
        lines = [_BOLD * _cm(header, points) / 2, *(_cm(cell, points) for cell in rows)]
        self.longest_line = max(*lines, max(words)) + _MARGINS_CM


def _shown(cell: str) -> str:
    """Return a cell without its marks."""
    return "".join(span.text for span in spans(cell))


def _cm(text: str, points: float) -> float:
    size = sum(_WIDTH.get(c, _LETTER if ord(c) < 0x2E80 else _OTHER_SCRIPT) for c in text)
    return _WIDEST_TYPE * size / 1000 * points * _CM_PER_POINT


def _as_asked(least: Sequence[float], shares: Sequence[float], total: float) -> list[float]:
    """Share out the total as asked, but that no column gets less than its least."""
    kept: dict[int, float] = {}
    while True:
        rest = total - sum(kept.values())
        open_shares = sum(s for k, s in enumerate(shares) if k not in kept)
        widths = [kept.get(k, rest * s / open_shares) for k, s in enumerate(shares)]
        short = {k: w for k, w in enumerate(least) if k not in kept and widths[k] < w}
        if not short:
            return widths
        kept |= short
