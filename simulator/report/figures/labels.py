"""Names of lines, marks and tables beside an axes, placed so that nothing overlaps."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.report.figures.numbers import Floats
from simulator.report.figures.style import INK, SMALL, Look, grow, plain, text_width, wrap

_NAME = 7.5  # size of names
_LINE = 1.25  # height of a line of text, in its size
_WIDEST = 118.0  # points that a name beside the axes may take before it is wrapped
_ABOVE = 390.0  # points of a legend above the axes
_HANDLE = 40.0  # points of a legend's entry that are not its text
_PLAIN: Any = {
    "frameon": False,
    "fontsize": _NAME,
    "handlelength": 2.2,
    "columnspacing": 1.2,
}


def name_lines(figure: Figure, axes: Axes, ends: Sequence[tuple[float, str, Artist]]) -> None:
    """Name lines at their right ends or, where names would touch, in a legend above.

    Parameters
    ----------
    ends
        For each line the height of its end in data, its name and an artist that shows its look.
    """
    figure.draw_without_rendering()
    points = 72.0 / figure.dpi
    placed = sorted(
        (
            (float(axes.transData.transform((0, y))[1]) * points, wrap(name, _WIDEST, _NAME))
            for y, name, _ in ends
        ),
        reverse=True,
    )
    half = [_NAME * _LINE * (text.count("\n") + 1) / 2 for _, text in placed]
    gaps = [
        above[0] - below[0] - half[k] - half[k + 1]
        for k, (above, below) in enumerate(pairwise(placed))
    ]
    if min(gaps, default=1.0) < 0.0:
        legend_above(figure, axes, [item for *_, item in ends], [name for _, name, _ in ends])
        return
    for y, name, _ in ends:
        axes.annotate(
            plain(wrap(name, _WIDEST, _NAME)),
            (1.0, y),
            (4, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=_NAME,
            annotation_clip=False,
        )


def draw_band(
    axes: Axes,
    at: Floats,
    low: Floats,
    high: Floats,
    look: Look,
    step: Literal["post"] | None = None,
) -> None:
    """Draw a band, shaded, with edges in the look of its line: two can lie on each other.

    Of steps, `step` is `post`, as matplotlib has it.
    """
    shade: Any = {"facecolor": (look.colour, look.shade), "lw": 0, "zorder": 1}
    axes.fill_between(at, low, high, step=step, **shade)
    for edge in (low, high):
        axes.plot(
            at,
            edge,
            color=look.colour,
            ls=look.line,
            lw=0.9,
            drawstyle="default" if step is None else f"steps-{step}",
            zorder=1.5,
            gid="edge",  # of a band, so that it is not taken for the line
        )


def legend_above(
    figure: Figure,
    axes: Axes,
    handles: Sequence[Any],
    names: Sequence[str],
    width: float = _ABOVE,
    lift: float = 0.0,
) -> None:
    """Set a legend above the axes, in as many columns as `width` points hold.

    It is lifted by a share of the height of the axes where something else stands there.
    """
    wrapped, columns = _in_columns(figure, names, width)
    axes.legend(
        list(handles),
        [plain(text) for text in wrapped],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0 + lift),
        borderaxespad=0.2,
        ncols=columns,
        **_PLAIN,
    )


def legend_above_all(
    figure: Figure, handles: Sequence[Any], names: Sequence[str], width: float = _ABOVE
) -> None:
    """Set one legend above all axes of a figure, in as many columns as `width` points hold."""
    wrapped, columns = _in_columns(figure, names, width)
    texts = [plain(text) for text in wrapped]
    figure.legend(list(handles), texts, loc="outside upper left", ncols=columns, **_PLAIN)


def _in_columns(figure: Figure, names: Sequence[str], width: float) -> tuple[list[str], int]:
    """Wrap names of a legend, make the figure as much higher, and return the columns it has."""
    wrapped = [wrap(name, width - _HANDLE, _NAME) for name in names]
    widths = [
        _HANDLE + max(text_width(line, _NAME) for line in text.split("\n")) for text in wrapped
    ]
    columns = 1
    for tried in range(2, len(names) + 1):
        # The legend fills its columns as evenly, and in the same order.
        if sum(max(part) for part in np.array_split(widths, tried)) <= width:
            columns = tried
    depth = -(-len(names) // columns)
    lines = max(text.count("\n") + 1 for text in wrapped)
    grow(figure, depth * (_NAME * _LINE * lines + 4.0) + 4.0)
    return wrapped, columns


def mark_x(axes: Axes, x: float, text: str, width: float = 280.0) -> int:
    """Draw a vertical line with its label above the axes; return the label's number of lines."""
    low, high = axes.get_xlim()
    share = (x - low) / (high - low)
    side = "left" if share < 0.3 else "right" if share > 0.7 else "center"
    wrapped = wrap(text, width, SMALL)
    axes.axvline(x, color=INK, lw=0.9, ls=(0, (4, 2)), zorder=1.5)
    axes.annotate(
        plain(wrapped),
        (x, 1.0),
        (0, 2),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha=side,
        va="bottom",
        fontsize=SMALL,
        annotation_clip=False,
    )
    return wrapped.count("\n") + 1


def table_height(names: Sequence[str]) -> float:
    """Return the height in inches of a table below an axes that has these rows."""
    lines = sum(wrap(name, _WIDEST, _NAME).count("\n") + 1 for name in names)
    return (lines * _NAME * _LINE + 4.0 * len(names)) / 72.0


def table_below(
    axes: Axes, heading: str, at: Sequence[float], cells: Mapping[str, Sequence[str]]
) -> None:
    """Write a row of numbers for each name at the positions `at` of an axes kept for the table."""
    wrapped = {name: wrap(name, _WIDEST, _NAME) for name in cells}
    heights = {name: text.count("\n") + 1.4 for name, text in wrapped.items()}
    top, places = sum(heights.values()), []
    for name, numbers in cells.items():
        middle = top - heights[name] / 2
        places.append(middle)
        top -= heights[name]
        for x, text in zip(at, numbers, strict=True):
            axes.text(x, middle, text, ha="center", va="center", fontsize=_NAME)
    axes.set_ylim(0, sum(heights.values()))
    axes.set_yticks(places, [plain(text) for text in wrapped.values()], fontsize=_NAME)
    axes.tick_params(length=0, labelbottom=False)
    # Numbers at the left edge of the axes reach to the left of it.
    axes.tick_params(axis="y", pad=16)
    axes.spines[:].set_visible(False)
    axes.set_title(heading, loc="left", fontsize=_NAME, pad=2)


def spaced(positions: Sequence[float], span: float, points: float, width: float) -> list[float]:
    """Return the positions that leave `points` each, the first kept first, on `width` points."""
    kept: list[float] = []
    for x in positions:
        if not kept or (x - kept[-1]) * width / max(span, 1e-9) >= points:
            kept.append(x)
    return kept


def name_places(
    figure: Figure, axes: Axes, words: Sequence[str], each: float, at: Sequence[float] | Floats
) -> None:
    """Write words below their places `at`, which have `each` points, upright if crowded."""
    each -= 4.0
    is_crowded = any(text_width(part, _NAME) > each for word in words for part in word.split())
    texts = [plain(wrap(word, _WIDEST if is_crowded else each, _NAME)) for word in words]
    axes.set_xticks(at, texts, fontsize=_NAME, rotation=90 if is_crowded else 0)
    if is_crowded:
        grow(figure, max(text_width(line, _NAME) for text in texts for line in text.split("\n")))
