"""Power over two quantities."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simulator.report.document.numbers import uncapital
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import (
    Floats,
    Place,
    column,
    percent,
    place_name,
    places,
    require,
)
from simulator.report.figures.rate_axis import RateAxis, rate_axis

_HIGH = 0.32  # inches: a row of cells as it should be
_LEAST, _TALLEST = 2.2, 5.5  # inches that all rows take at least, and may take
_AXIS = 4.3  # inches that the columns have, about: the figure is as wide as a column of text
_NARROWEST = 0.3  # inches: where the narrowest cell would be less, cells are drawn alike
_SMALLEST = 7.0  # points of a number that can be read in print


@dataclass(frozen=True)
class HeatPoint:
    """Share of trials that reject at x and y, with its Monte Carlo standard error.

    Attributes
    ----------
    is_plan
        Whether these are the scenario's own values.
    is_short
        Whether recruitment is the limit there: fewer are randomised than planned.
    randomised
        Mean number of patients randomised there, NaN if not known.
    """

    x: Place
    y: Place
    power: float
    mcse: float
    is_plan: bool = False
    is_short: bool = False
    randomised: float = math.nan


class _Axis(NamedTuple):
    """The values of an axis, where their cells' middles and edges are, and how long it is.

    `scale` is `linear` or `log`; of cells that are drawn alike, positions are 0, 1, ...
    """

    values: tuple[Place, ...]
    middles: Floats
    edges: Floats
    inches: float
    scale: str
    is_to_scale: bool


def draw_heat_map(
    points: Sequence[HeatPoint],
    x_label: str,
    y_label: str,
    target: float = 0.8,
    rate: str = "power",
    analysis: str = "",
) -> Drawing:
    """Draw power as the shade of a cell for every pair of x and y, and where it meets the target.

    Numbers stand where an axis has them, a cell reaching half way to the next; where cells would
    be too narrow they are drawn alike, and the axis says so. The plan has a frame or, if its
    values are not among those of the cells, is told in the caption: it makes no row or column of
    its own.

    Parameters
    ----------
    rate
        What the share of trials that reject is called.
    analysis
        Which analysis rejects; empty where that is known.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, rate)
    cells = _without_lone_plan(points)
    x = _axis((p.x for p in cells), _AXIS, _AXIS)
    y = _axis((p.y for p in cells), _LEAST, _TALLEST)
    at = {(p.x, p.y): p for p in cells}
    grid = [[at.get((a, b)) for a in x.values] for b in y.values]
    power = np.array([[np.nan if p is None else p.power for p in row] for row in grid])
    scale = rate_axis((p.power for p in cells), target, rate)
    with style.context():
        figure = style.new_figure(y.inches + 0.55)
        axes = figure.subplots()
        mesh = _draw_cells(axes, power, x, y, scale)
        _annotate(axes, grid, mesh, x, y)
        has_line = x.is_to_scale and y.is_to_scale and _draw_contour(axes, power, target, x, y)
        below = style.wrap(_named(x_label, x), 72 * x.inches, style.SIZE)
        beside = style.wrap(_named(y_label, y), 72 * y.inches, style.SIZE)
        style.tidy(axes, below, beside)
        style.grow(figure, 1.25 * style.SIZE * below.count("\n"))
        axes.spines[:].set_visible(False)
        _name_values(figure, axes, x, y)
        _draw_bar(figure, axes, mesh, scale)
    of = f" ({analysis})" if analysis else ""
    shows = f"{style.capital(rate)}{of} by {uncapital(x_label)} and {uncapital(y_label)}"
    notes = _notes(points, cells, power, target, has_line, rate)
    return Drawing(figure, shows, tuple(notes))


def _named(label: str, axis: _Axis) -> str:
    """Return the name of an axis, which says where its values are not as far apart as drawn."""
    is_of_words = any(isinstance(value, str) for value in axis.values)
    return label if axis.is_to_scale or is_of_words else f"{label}, not to scale"


def _without_lone_plan(points: Sequence[HeatPoint]) -> list[HeatPoint]:
    """Leave out the plan where no other point has its x or none has its y."""
    others = [p for p in points if not p.is_plan]
    xs, ys = {p.x for p in others}, {p.y for p in others}
    return [p for p in points if not p.is_plan or not others or (p.x in xs and p.y in ys)]


def _axis(values: Iterable[Place], least: float, most: float) -> _Axis:
    """Return where the values of an axis stand, which takes between so many inches."""
    found, is_numeric = places(values)
    names, at = tuple(found), column(found.values())
    inches = min(max(_HIGH * at.size, least), most)
    alike = np.arange(float(at.size))
    if is_numeric and at.size > 1:
        for scale, position in (("linear", at), ("log", np.log(np.where(at > 0, at, np.nan)))):
            edges = _edges(position)
            widths = np.diff(edges)
            if np.isfinite(edges).all() and widths.min() / np.ptp(edges) * most >= _NARROWEST:
                needed = _NARROWEST * np.ptp(edges) / widths.min()
                inches = min(max(inches, needed), most)
                if scale == "log":
                    edges = np.exp(edges)
                return _Axis(names, at, edges, inches, scale, True)
    is_to_scale = is_numeric and at.size == 1
    return _Axis(names, alike, _edges(alike), inches, "linear", is_to_scale)


def _edges(at: Floats) -> Floats:
    """Return the edges of cells: half way between neighbours, and as far beyond the outer ones."""
    if at.size == 1:
        return np.array([at[0] - 0.5, at[0] + 0.5])
    between = (at[1:] + at[:-1]) / 2
    return np.concatenate([[2 * at[0] - between[0]], between, [2 * at[-1] - between[-1]]])


def _draw_cells(axes: Axes, power: Floats, x: _Axis, y: _Axis, scale: RateAxis) -> QuadMesh:
    """Draw the cells in shades that stay in order when printed in grey; hatch those not run."""
    axes.set(xscale=x.scale, yscale=y.scale)
    # What is not run is hatched through its empty cell.
    axes.patch.set(facecolor="white", hatch="////", edgecolor=style.FAINT)
    mesh = axes.pcolormesh(
        x.edges,
        y.edges,
        np.ma.masked_invalid(100 * power),
        cmap=matplotlib.colormaps["cividis"],
        vmin=0,
        vmax=scale.end,
        rasterized=False,
    )
    axes.set(xlim=x.edges[[0, -1]], ylim=y.edges[[0, -1]])
    if any(isinstance(value, str) for value in y.values):
        axes.invert_yaxis()  # words are read from the top
    return mesh


def _annotate(
    axes: Axes, grid: list[list[HeatPoint | None]], mesh: QuadMesh, x: _Axis, y: _Axis
) -> None:
    """Write the percentage into each cell, on its own shade so that no line crosses it."""
    shown = [p for row in grid for p in row if p is not None and not np.isnan(p.power)]
    digits = 0 if mesh.get_clim()[1] == 100.0 else 1
    mark = any(p.is_short for p in shown)
    widest = style.text_width(("100" if digits == 0 else "10.0") + "*" * mark, 1.0)
    size = min(style.SMALL, (72 * _narrowest(x) - 4.0) / widest, 72 * _narrowest(y) - 4.0)
    limit = mesh.get_clim()[1] or 1.0
    for b, row in enumerate(grid):
        for a, point in enumerate(row):
            if point is None or np.isnan(point.power):
                continue
            if point.is_plan:
                _frame(axes, x.edges[a : a + 2], y.edges[b : b + 2])
            if size < _SMALLEST:
                continue
            red, green, blue, _ = mesh.cmap(100 * point.power / limit)
            axes.text(
                x.middles[a],
                y.middles[b],
                f"{100 * point.power:.{digits}f}{'*' if point.is_short else ''}",
                ha="center",
                va="center",
                fontsize=size,
                color="white" if style.is_dark((red, green, blue)) else "black",
                bbox={"facecolor": (red, green, blue), "edgecolor": "none", "pad": 0.6},
                zorder=4,
            )


def _narrowest(axis: _Axis) -> float:
    """Return the inches of the narrowest cell."""
    edges = np.log(axis.edges) if axis.scale == "log" else axis.edges
    return float(axis.inches * np.diff(edges).min() / np.ptp(edges))


def _frame(axes: Axes, x: Floats, y: Floats) -> None:
    """Frame the plan's cell."""
    corner, size = (x[0], y[0]), (x[1] - x[0], y[1] - y[0])
    for colour, width in (("white", 3.8), (style.INK, 2.0)):
        axes.add_patch(
            Rectangle(corner, *size, fill=False, ec=colour, lw=width, zorder=5, clip_on=False)
        )


def _draw_contour(axes: Axes, power: Floats, target: float, x: _Axis, y: _Axis) -> bool:
    """Draw where interpolated power crosses the target; return whether it does."""
    known = power[~np.isnan(power)]
    if min(power.shape) < 2 or not known.size or not known.min() < target <= known.max():
        return False
    halo = [patheffects.withStroke(linewidth=3.6, foreground="black")]
    lines = axes.contour(
        x.middles,
        y.middles,
        np.ma.masked_invalid(power),
        [target],
        colors="white",
        linewidths=1.8,
    )
    lines.set(path_effects=halo, zorder=3)
    return True


def _name_values(figure: Figure, axes: Axes, x: _Axis, y: _Axis) -> None:
    """Write the values of each axis at their cells."""
    words = [place_name(value) for value in x.values]
    labels.name_places(figure, axes, words, 72 * _narrowest(x), x.middles)
    axes.set_xlim(x.edges[0], x.edges[-1])
    texts = [style.plain(style.wrap(place_name(value), 118.0, style.SMALL)) for value in y.values]
    axes.set_yticks(y.middles, texts, fontsize=style.SMALL)
    axes.minorticks_off()


def _draw_bar(figure: Figure, axes: Axes, mesh: QuadMesh, scale: RateAxis) -> None:
    """Draw the scale of shades, with a mark at what rates are held against."""
    bar = figure.colorbar(mesh, ax=axes, shrink=0.95, aspect=16, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(style.capital(scale.name.replace("axis", "scale")), fontsize=style.SIZE)
    bar.ax.tick_params(length=2.5, labelsize=style.SMALL)
    if scale.has_target:
        bar.ax.axhline(100 * scale.target, color="black", lw=3.2)
        bar.ax.axhline(100 * scale.target, color="white", lw=1.6)


def _notes(
    points: Sequence[HeatPoint],
    cells: Sequence[HeatPoint],
    power: Floats,
    target: float,
    has_line: bool,
    rate: str,
) -> list[str]:
    text = f"Numbers in the cells: {rate} in percent"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        most = 100 * np.nanmax(errors)
        text += f" (Monte Carlo standard error at most {most:.2g} percentage points)"
    notes = [text]
    known = power[~np.isnan(power)]
    if has_line:
        notes.append(f"White line: {percent(target)}, interpolated between cells")
    elif known.size and known.max() < target:
        notes.append(f"No cell reaches {percent(target)}")
    elif known.size and known.min() >= target:
        notes.append(f"Every cell reaches {percent(target)}")
    plan = next((p for p in points if p.is_plan), None)
    if plan is not None and plan in cells:
        notes.append("Frame: the plan")
    elif plan is not None:
        at = f"{place_name(plan.x)}; {place_name(plan.y)}"
        notes.append(f"The plan ({at}) is not among the cells: its {rate} is {percent(plan.power)}")
    short = [p.randomised for p in cells if p.is_short]
    if short:
        text = "*: recruitment is the limit, and fewer are randomised than planned"
        ends = list(dict.fromkeys(f"{end:.1f}" for end in (min(short), max(short))))
        notes.append(text + f" (a mean of {' to '.join(ends)})" * (not math.isnan(short[0])))
    if np.isnan(power).any():
        notes.append("Hatched: not simulated")
    return notes
