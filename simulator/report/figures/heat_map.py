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

from simulator.report.figures import labels, style
from simulator.report.figures.numbers import Floats, Place, column, percent, places, require

_CELL, _MOST = 0.55, 7.0  # inches: a cell as it should be, and what all may take
_NARROWEST = 0.22  # inches: where the narrowest cell would be less, cells are drawn alike
_FRAME = 1.9  # inches that the rest takes
_LOW = 0.3


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
    title: str,
    target: float = 0.8,
    rate: str = "power",
) -> Figure:
    """Draw power as the shade of a cell for every pair of x and y, and where it meets the target.

    Numbers stand where an axis has them, a cell reaching half way to the next; where cells would
    be too narrow they are drawn alike, and the figure says so. The plan has a frame or, if its
    values are not among those of the cells, is told below: it makes no row or column of its own.

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
    cells = _without_lone_plan(points)
    x, y = _axis(p.x for p in cells), _axis(p.y for p in cells)
    at = {(p.x, p.y): p for p in cells}
    grid = [[at.get((a, b)) for a in x.values] for b in y.values]
    power = np.array([[np.nan if p is None else p.power for p in row] for row in grid])
    with style.context():
        figure = style.new_figure(max(x.inches + _FRAME, 4.6), y.inches + 0.75)
        axes = figure.subplots()
        mesh = _draw_cells(axes, power, x, y)
        _annotate(axes, grid, mesh, x, y)
        has_line = x.is_to_scale and y.is_to_scale and _draw_contour(axes, power, target, x, y)
        below = style.wrap(x_label, 72 * x.inches, style.SIZE)
        style.tidy(axes, below, style.wrap(y_label, 72 * y.inches, style.SIZE))
        style.grow(figure, 1.25 * style.SIZE * below.count("\n"))
        axes.spines[:].set_visible(False)
        _name_values(figure, axes, x, y)
        _draw_bar(figure, axes, mesh, target, rate)
        style.title(figure, title)
        style.note(figure, _note(points, cells, power, target, has_line, rate, (x, y)))
    return figure


def _without_lone_plan(points: Sequence[HeatPoint]) -> list[HeatPoint]:
    """Leave out the plan where no other point has its x or none has its y."""
    others = [p for p in points if not p.is_plan]
    xs, ys = {p.x for p in others}, {p.y for p in others}
    return [p for p in points if not p.is_plan or not others or (p.x in xs and p.y in ys)]


def _axis(values: Iterable[Place]) -> _Axis:
    """Return where the values of an axis stand."""
    found, is_numeric = places(values)
    names, at = tuple(found), column(found.values())
    inches = min(max(_CELL * at.size, 2.8), _MOST)
    alike = np.arange(float(at.size))
    if is_numeric and at.size > 1:
        for scale, position in (("linear", at), ("log", np.log(np.where(at > 0, at, np.nan)))):
            edges = _edges(position)
            widths = np.diff(edges)
            if np.isfinite(edges).all() and widths.min() / np.ptp(edges) * _MOST >= _NARROWEST:
                needed = _CELL * np.ptp(edges) / widths.min()
                inches = min(max(inches, needed), _MOST)
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


def _name(value: Place) -> str:
    return value if isinstance(value, str) else f"{value:,g}"


def _draw_cells(axes: Axes, power: Floats, x: _Axis, y: _Axis) -> QuadMesh:
    """Draw the cells in shades that stay in order when printed in grey; hatch those not run."""
    top = float(np.nanmax(power, initial=0.0))
    limit = 100.0 if top >= _LOW else max(100 * top, 1.0)
    axes.set(xscale=x.scale, yscale=y.scale)
    # What is not run is hatched through its empty cell.
    axes.patch.set(facecolor="white", hatch="////", edgecolor=style.FAINT)
    mesh = axes.pcolormesh(
        x.edges,
        y.edges,
        np.ma.masked_invalid(100 * power),
        cmap=matplotlib.colormaps["cividis"],
        vmin=0,
        vmax=limit,
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
    digits = 0 if max((p.power for p in shown), default=0.0) >= _LOW else 1
    mark = any(p.is_short for p in shown)
    widest = style.text_width(("100" if digits == 0 else "10.0") + "*" * mark, 1.0)
    size = min(8.0, (72 * _narrowest(x) - 4.0) / widest, 72 * _narrowest(y) - 4.0)
    limit = mesh.get_clim()[1] or 1.0
    for b, row in enumerate(grid):
        for a, point in enumerate(row):
            if point is None or np.isnan(point.power):
                continue
            if point.is_plan:
                _frame(axes, x.edges[a : a + 2], y.edges[b : b + 2])
            if size < 4.5:
                continue
            red, green, blue, _ = mesh.cmap(100 * point.power / limit)
            is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            axes.text(
                x.middles[a],
                y.middles[b],
                f"{100 * point.power:.{digits}f}{'*' if point.is_short else ''}",
                ha="center",
                va="center",
                fontsize=size,
                color="white" if is_dark else "black",
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
    for colour, width in (("white", 3.4), (style.ALARM, 2.0)):
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
    words = [_name(value) for value in x.values]
    labels.name_places(figure, axes, words, 72 * _narrowest(x), x.middles)
    axes.set_xlim(x.edges[0], x.edges[-1])
    texts = [style.plain(style.wrap(_name(value), 118.0, 8.0)) for value in y.values]
    axes.set_yticks(y.middles, texts, fontsize=8)
    axes.minorticks_off()


def _draw_bar(figure: Figure, axes: Axes, mesh: QuadMesh, target: float, rate: str) -> None:
    """Draw the scale of shades, with a mark at the target."""
    bar = figure.colorbar(mesh, ax=axes, shrink=0.9, aspect=16, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(f"{rate} (%)", fontsize=style.SIZE)
    bar.ax.tick_params(length=2.5, labelsize=8)
    if 100 * target <= mesh.get_clim()[1]:
        bar.ax.axhline(100 * target, color="black", lw=3.2)
        bar.ax.axhline(100 * target, color="white", lw=1.6)


def _note(
    points: Sequence[HeatPoint],
    cells: Sequence[HeatPoint],
    power: Floats,
    target: float,
    has_line: bool,
    rate: str,
    axes: tuple[_Axis, _Axis],
) -> str:
    text = f"Cells: {rate} in percent"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {100 * np.nanmax(errors):.2g} points)"
    known = power[~np.isnan(power)]
    if has_line:
        text += f". Line: {percent(target)}, interpolated between cells"
    elif known.size and known.max() < target:
        text += f". No cell reaches {percent(target)}"
    elif known.size and known.min() >= target:
        text += f". Every cell reaches {percent(target)}"
    plan = next((p for p in points if p.is_plan), None)
    if plan is not None and plan in cells:
        text += ". Frame: the plan"
    elif plan is not None:
        text += (
            f". The plan ({_name(plan.x)}; {_name(plan.y)}) is not among the cells: its {rate} is "
            f"{percent(plan.power)}"
        )
    short = [p.randomised for p in cells if p.is_short]
    if short:
        text += ". *: recruitment is the limit, and fewer are randomised than planned"
        ends = list(dict.fromkeys(f"{end:.1f}" for end in (min(short), max(short))))
        text += f" (a mean of {' to '.join(ends)})" * (not math.isnan(short[0]))
    if np.isnan(power).any():
        text += ". Hatched: not simulated"
    uneven = [a for a in axes if not a.is_to_scale and not isinstance(a.values[0], str)]
    if uneven:
        text += ". Cells are drawn alike, however far their values are apart"
    return f"{text}."
