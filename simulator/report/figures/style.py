"""The one style of all figures: size, type, colours and axes."""

import re
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

WIDTH = 16 / 2.54  # inches: the width of a column of text, so that no document shrinks the type
HEIGHT = 2.75  # inches of a simple figure without what stands above or below its axes
INK, FAINT, SHADE = "#222222", "#767676", "#e6e6e6"
SIZE, SMALL = 8.5, 7.5  # of the names of axes, and of other text; print wants 7 points at least
_HINTING = 1.04  # a rasterised text may be this much wider than its outlines
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
    "pdf.fonttype": 42,  # TrueType: text can be searched, and journals take it
    "font.family": "sans-serif",
    "font.size": SIZE,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "hatch.linewidth": 0.5,
}


class Look(NamedTuple):
    """How one arm or analysis is drawn, told apart by more than its colour.

    `shade` is the opacity of its band: neighbours differ, so that bands are told apart in grey.
    """

    colour: str
    line: Any
    marker: str
    shade: float


# Each has a contrast of 3:1 on white at least, as a thin line needs (WCAG 2.2, 1.4.11). Their
# lightness differs by 6 of 100 at least, and by 14 between neighbours, so that they are told apart
# in grey; simulated protanopia and deuteranopia (Machado 2009) leave differences of over 20 in
# CIELAB.
LOOKS = (
    Look("#00518F", "-", "o", 0.3),
    Look("#D55E00", (0, (5, 1.6)), "s", 0.08),
    Look("#000000", (0, (1.2, 1.2)), "^", 0.3),
    Look("#357778", (0, (6, 1.5, 1.2, 1.5)), "D", 0.08),
    Look("#132846", (0, (3, 1)), "v", 0.3),
    Look("#959576", (0, (8, 2)), "p", 0.08),
    Look("#2F402D", (0, (4, 1, 1, 1, 1, 1)), "<", 0.3),
    Look("#895025", (0, (2, 2)), "h", 0.08),
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


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of this size in inches."""
    figure = Figure(figsize=(width, height), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
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


def tidy(axes: Axes, x_label: str = "", y_label: str = "") -> None:
    """Leave of the axes what carries meaning, and name them with their units."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5, width=0.7, labelsize=SMALL)
    axes.set_xlabel(plain(capital(x_label)), fontsize=SIZE)
    axes.set_ylabel(plain(capital(y_label)), fontsize=SIZE)


def is_dark(rgb: tuple[float, float, float]) -> bool:
    """Whether white text is read better on a shade than black text (WCAG's contrast)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return (luminance + 0.05) ** 2 < 1.05 * 0.05


def capital(text: str) -> str:
    """Return text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def week_ticks(last_day: float, most: int = 7) -> list[int]:
    """Return at most `most` days from 0 to the last, whole weeks and evenly apart."""
    weeks = max(int(last_day // 7), 1)
    step = -(-weeks // (most - 1))
    return list(range(0, int(last_day) + 1, 7 * step))
