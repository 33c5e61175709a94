"""The one style of all figures, and how a figure is saved."""

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

INK, FAINT, SHADE, ALARM = "#222222", "#a0a0a0", "#ececec", "#D55E00"
SIZE, SMALL, TITLE = 9.0, 7.5, 10.0
_HINTING = 1.04  # a rasterised text may be this much wider than its outlines
_MARGIN = 0.12  # inches kept free at either side of title and notes
_FONT = "DejaVu Sans"  # comes with matplotlib, so every machine has it
# Scripts that it lacks are set in the first of these that is installed.
_FOR_OTHER_SCRIPTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_NUMBER = re.compile("<[0-9A-F]{4,6}>")
NO_FONT = (
    "<4E2D> and the like are the Unicode numbers of characters for which no font is installed."
)

_RC: Any = {
    "svg.hashsalt": "trialsim",
    "font.family": "sans-serif",
    "font.size": SIZE,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.5,
}


class Look(NamedTuple):
    """How one arm or analysis is drawn, told apart by more than its colour."""

    colour: str
    line: Any
    marker: str
    hatch: str


# Okabe and Ito's colours, ordered so that neighbours differ in grey as well (luminance of 255:
# 92, 162, 0, 150, 119, 158, 106, 153); their yellow is too faint for a line on white.
LOOKS = (
    Look("#0072B2", "-", "o", "////"),
    Look("#E69F00", (0, (5, 1.6)), "s", "...."),
    Look("#000000", (0, (1.2, 1.2)), "^", "\\\\\\\\"),
    Look("#CC79A7", (0, (6, 1.5, 1.2, 1.5)), "D", "xxxx"),
    Look("#D55E00", (0, (3, 1)), "v", "||||"),
    Look("#56B4E9", (0, (8, 2)), "P", "----"),
    Look("#009E73", (0, (4, 1, 1, 1, 1, 1)), "X", "++++"),
    Look("#999999", (0, (2, 2)), "h", "oo"),
)


def look(number: int) -> Look:
    """Return the look of the arm or analysis of this number."""
    return LOOKS[number % len(LOOKS)]


def context() -> AbstractContextManager[None]:
    """Return the style as a context, in which figures are made and saved."""
    return matplotlib.rc_context(_RC | {"font.sans-serif": list(families())})


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Return the fonts that texts are set in: the first of them that has a character sets it."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return _FONT, *(name for name in _FOR_OTHER_SCRIPTS if name in installed)


@lru_cache(maxsize=4096)
def _can_be_set(character: str) -> bool:
    """Whether a font has the character."""
    paths = (font_manager.findfont(name, fallback_to_default=False) for name in families())
    return any(get_font(path).get_char_index(ord(character)) for path in paths)


def settable(text: str) -> str:
    """Return text in which a character without a font is its Unicode number, as <4E2D>."""
    return "".join(
        c if c.isascii() or c.isspace() or _can_be_set(c) else f"<{ord(c):04X}>" for c in text
    )


def lacks_fonts(figure: Figure) -> bool:
    """Whether a text of the figure holds such a number."""
    return any(_NUMBER.search(text.get_text()) for text in figure.findobj(Text))


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches."""
    figure = Figure(figsize=(width, height), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.07)
    return figure


def grow(figure: Figure, points: float) -> None:
    """Make the figure higher, so that what is added above or below takes nothing from the plot."""
    figure.set_figheight(figure.get_figheight() + points / 72)


def plain(text: str) -> str:
    """Return text of the user's as it stands: a dollar sign begins no formula."""
    return settable(text).replace("$", r"\$")


@lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Return the width of a line of text in points."""
    width, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(family=list(families()), size=size), False
    )
    return float(width) * _HINTING


def wrap(text: str, width: float, size: float) -> str:
    """Break text into lines of at most `width` points; a word that is longer is broken too."""
    lines = [""]
    for word in settable(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        # Where a word has joints, as in random_blocks or DPMAS+LPE, it is broken there.
        for part in re.findall(r"[^_+/-]+[_+/-]*|[_+/-]+", word):
            if lines[-1] and text_width(lines[-1] + part, size) > width:
                lines.append("")
            for letter in part:
                if text_width(lines[-1] + letter, size) > width:
                    lines.append("")
                lines[-1] += letter
    return "\n".join(lines)


def _fitted(figure: Figure, text: str, size: float) -> str:
    """Return the text wrapped to the width of the figure, which grows by its height."""
    fitted = plain(wrap(text, 72 * (figure.get_figwidth() - 2 * _MARGIN), size))
    grow(figure, 1.25 * size * (fitted.count("\n") + 1) + 4.0)
    return fitted


def title(figure: Figure, text: str) -> None:
    """Set the title at the left, wrapped to the width of the figure."""
    at = _MARGIN / figure.get_figwidth()
    figure.suptitle(_fitted(figure, text, TITLE), x=at, ha="left", fontsize=TITLE)


def note(figure: Figure, text: str) -> None:
    """Set a small note at the foot, wrapped to the width of the figure."""
    at = _MARGIN / figure.get_figwidth()
    figure.supxlabel(_fitted(figure, text, SMALL), x=at, ha="left", fontsize=SMALL)


def tidy(axes: Axes, x_label: str = "", y_label: str = "") -> None:
    """Leave of the axes what carries meaning, and name them with their units."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, labelsize=8)
    axes.set_xlabel(plain(x_label), fontsize=SIZE)
    axes.set_ylabel(plain(y_label), fontsize=SIZE)


def week_ticks(last_day: float, most: int = 7) -> list[int]:
    """Return at most `most` days from 0 to the last, whole weeks and evenly apart."""
    weeks = max(int(last_day // 7), 1)
    step = -(-weeks // (most - 1))
    return list(range(0, int(last_day) + 1, 7 * step))


def _explain_numbers(figure: Figure) -> None:
    """Say at the foot what numbers in place of characters are."""
    if any(NO_FONT in text.get_text() for text in figure.findobj(Text)):
        return  # said already
    said = figure.get_supxlabel()
    text = f"{said}\n{NO_FONT}" if said else NO_FONT
    grow(figure, 1.25 * SMALL + (0.0 if said else 4.0))
    figure.supxlabel(text, x=_MARGIN / figure.get_figwidth(), ha="left", fontsize=SMALL)


def save(figure: Figure, stem: Path, kinds: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Write the figure as stem.svg and stem.png (200 dots an inch) and return the paths.

    Each is written aside and renamed once complete; its bytes depend on the figure alone.
    """
    if lacks_fonts(figure):
        _explain_numbers(figure)
    written = []
    without: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "png": {"Software": None}}
    with context():
        for kind in kinds:
            metadata = without[kind]
            path = stem.with_name(f"{stem.name}.{kind}")
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            os.close(handle)
            try:
                figure.savefig(temporary, format=kind, dpi=200, metadata=metadata)
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            written.append(path)
    return written
