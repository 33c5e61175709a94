"""Power over two quantities."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from simulator.report.figures import labels, style
from simulator.report.figures.numbers import Floats, Place, column, percent, places, require

_CELL, _LEAST_CELL = 0.55, 0.12  # inches: a cell as it should be, and at least
_MOST = 7.0  # inches that all cells may take
_FRAME = 1.9  # inches that the rest takes
_LOW = 0.3


@dataclass(frozen=True)
class HeatPoint:
    """Share of trials that reject at x and y, with its Monte Carlo standard error."""

    x: Place
    y: Place
    power: float
    mcse: float


def draw_heat_map(
    points: Sequence[HeatPoint],
    x_label: str,
    y_label: str,
    title: str,
    target: float = 0.8,
    rate: str = "power",
) -> Figure:
    """Draw power as the shade of a cell for every pair of x and y, and where it meets the target.

    Cells stand side by side however far their values are apart; the line of the target is
    interpolated between the middles of cells, and only where both axes are of numbers.

    Parameters
    ----------
    rate
        What the share of trials that reject is called.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, rate)
    x_places, is_x_numeric = places(point.x for point in points)
    y_places, is_y_numeric = places(point.y for point in points)
    xs, ys = list(x_places), list(y_places)
    power = np.full((len(ys), len(xs)), np.nan)
    for point in points:
        power[ys.index(point.y), xs.index(point.x)] = point.power
    cell_x = min(max(_CELL, 2.8 / len(xs)), _MOST / len(xs))
    cell_y = min(max(0.42, 1.6 / len(ys)), _MOST / len(ys))
    with style.context():
        size = cell_x * len(xs) + _FRAME, cell_y * len(ys) + 0.75
        figure = style.new_figure(max(size[0], 4.6), size[1])
        axes = figure.subplots()
        image = _draw_cells(axes, power)
        _annotate(axes, power, image, 72 * cell_x)
        has_line = is_x_numeric and is_y_numeric and _draw_contour(axes, power, target)
        style.tidy(axes, x_label, y_label)
        axes.spines[:].set_visible(False)
        labels.name_places(figure, axes, [_name(x) for x in xs], 72 * cell_x * len(xs))
        texts = [style.plain(style.wrap(_name(y), 118.0, 8.0)) for y in ys]
        axes.set_yticks(range(len(ys)), texts, fontsize=8)
        if any(isinstance(y, str) for y in ys):
            axes.invert_yaxis()  # words are read from the top
        _draw_bar(figure, axes, image, target, rate)
        style.title(figure, title)
        style.note(figure, _note(points, target, power, has_line, rate))
    return figure


def _name(value: Place) -> str:
    return value if isinstance(value, str) else f"{value:,g}"


def _draw_cells(axes: Axes, power: Floats) -> AxesImage:
    """Draw the cells in shades that stay in order when printed in grey."""
    top = float(np.nanmax(power, initial=0.0))
    shades = matplotlib.colormaps["cividis"].with_extremes(bad="white")
    limit = 100.0 if top >= _LOW else max(100 * top, 1.0)
    return axes.imshow(100 * power, cmap=shades, vmin=0, vmax=limit, origin="lower", aspect="auto")


def _annotate(axes: Axes, power: Floats, image: AxesImage, cell: float) -> None:
    """Write the percentage into each cell, on its own shade so that no line crosses it."""
    digits = 0 if np.nanmax(power, initial=0.0) >= _LOW else 1
    limit = image.get_clim()[1] or 1.0
    widest = style.text_width("100" if digits == 0 else "10.0", 1.0)
    size = min(8.0, (cell - 4.0) / widest)
    if size < 4.5:
        return
    for (y, x), value in np.ndenumerate(power):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(100 * float(value) / limit)
        is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(
            x,
            y,
            f"{100 * value:.{digits}f}",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if is_dark else "black",
            bbox={"facecolor": (red, green, blue), "edgecolor": "none", "pad": 0.6},
            zorder=4,
        )


def _draw_contour(axes: Axes, power: Floats, target: float) -> bool:
    """Draw where interpolated power crosses the target; return whether it does."""
    known = power[~np.isnan(power)]
    if min(power.shape) < 2 or not known.size or not known.min() < target <= known.max():
        return False
    halo = [patheffects.withStroke(linewidth=3.6, foreground="black")]
    lines = axes.contour(np.ma.masked_invalid(power), [target], colors="white", linewidths=1.8)
    lines.set(path_effects=halo, zorder=3)
    return True


def _draw_bar(figure: Figure, axes: Axes, image: AxesImage, target: float, rate: str) -> None:
    """Draw the scale of shades, with a mark at the target."""
    bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=16, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(f"{rate} (%)", fontsize=style.SIZE)
    bar.ax.tick_params(length=2.5, labelsize=8)
    if 100 * target <= image.get_clim()[1]:
        bar.ax.axhline(100 * target, color="black", lw=3.2)
        bar.ax.axhline(100 * target, color="white", lw=1.6)


def _note(
    points: Sequence[HeatPoint], target: float, power: Floats, has_line: bool, rate: str
) -> str:
    text = f"Cells: {rate} in percent"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {100 * np.nanmax(errors):.2g} points)"
    if has_line:
        return text + f". Line: {percent(target)}, interpolated between cells."
    known = power[~np.isnan(power)]
    if known.size and known.max() < target:
        return text + f". No cell reaches {percent(target)}."
    if known.size and known.min() >= target:
        return text + f". Every cell reaches {percent(target)}."
    return text + "."
