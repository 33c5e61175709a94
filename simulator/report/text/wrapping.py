"""Lines no wider than a page, by the cells that a terminal gives each character."""

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

_AFTER = re.compile(r"(?<=[/_,;=.\]-])(?=[^/_,;=.\]-])")  # where a name that is too long is broken
_BETWEEN = re.compile(r"(?<!\+-) +(?!%|\+-)")  # not within `30.0 +- 0.2` or `95 %`
_CUT = "..."


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return a paragraph as lines; only a word that is wider than a line is broken.

    Parameters
    ----------
    indent
        Before every line but the first.
    """
    lines, line = [], ""
    for word in _BETWEEN.split(" ".join(text.split())):
        room = width - cell_len(indent)
        pieces = [word] if cell_len(word) <= room else list(_broken(word, room))
        for number, piece in enumerate(pieces):
            gap = " " if line.strip() and number == 0 else ""
            if line and cell_len(line) + len(gap) + cell_len(piece) > width:
                lines.append(line)
                line = indent + piece
            else:
                line += gap + piece
    return [*lines, line] if line or not lines else lines


def _broken(word: str, width: int) -> Iterator[str]:
    """Pieces of a word that is wider than a line: after a separator, else wherever it must be."""
    held = ""
    for part in _AFTER.split(word):
        if held and cell_len(held) + cell_len(part) > width:
            yield held
            held = ""
        *full, rest = chop_cells(held + part, width) or [""]
        yield from full
        held = rest
    if held:
        yield held


def longest_piece(text: str) -> int:
    """Return the width below which a text cannot be folded without breaking a word."""
    return max((cell_len(part) for word in text.split() for part in _AFTER.split(word)), default=0)


def shortened(text: str, width: int) -> str:
    """Return a text cut to a width at the end of a word, three dots for the rest."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    first = wrapped(text, max(width - len(_CUT), 1))[0]
    return first.rstrip(",;: ") + _CUT


def short_names(names: Sequence[str], width: int) -> list[str]:
    """Return names with their middles left out where they are wider; no two become the same."""
    short = [_without_middle(name, width) for name in names]
    if len(set(short)) == len(set(names)):
        return short
    return [f"{k}: {_without_middle(name, width - 4)}" for k, name in enumerate(names, start=1)]


def _without_middle(name: str, width: int) -> str:
    if cell_len(name) <= width:
        return name
    room = width - len(_CUT)
    begin = chop_cells(name, max(2 * room // 3, 2))[0]
    end = chop_cells(name[::-1], max(room - cell_len(begin), 2))[0][::-1]
    return f"{begin}{_CUT}{end}"


def command_lines(command: str, width: int, indent: str = "  ") -> list[str]:
    r"""Return a command as lines that a shell takes as one: each but the last ends with a `\`."""
    if cell_len(command) <= width:
        return [command]
    lines, line = [], ""
    for word in command.split(" "):
        if line and cell_len(line) + 1 + cell_len(word) > width - 2:
            lines.append(f"{line} \\")
            line = indent
        elif line:
            line += " "
        if cell_len(line) + cell_len(word) > width - 2:
            *full, word = _broken(word, width - 2 - len(indent))
            for piece in full:
                lines.append(f"{line}{piece}\\")
                line = ""
        line += word
    return [*lines, line]
