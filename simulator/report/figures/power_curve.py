"""Power, or any rate of rejection, over one quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation, Transform

from simulator.report.figures import labels, style
from simulator.report.figures.numbers import (
    Floats,
    Place,
    by,
    column,
    percent,
    places,
    require,
    written,
)

_WIDTH, _HEIGHT = 6.8, 3.9
_MOST = 8  # analyses that can be told apart
_TICKS = 10  # values of x up to which each has its tick
_RANDOMISED = "mean"
_NUMBER = 30.0  # points that a number of patients takes
_ASIDE = 2.5  # points by which each of many analyses stands aside of the one before
_BANDS = 3  # analyses whose bands can lie on one another
_ROOM = 0.06  # beside the outermost values, of their span
_LOW = 30.0  # percent: where nothing is above, the axis follows the data


@dataclass(frozen=True)
class RatePoint:
    """Share of trials in which an analysis rejects at x, with its 95 % interval.

    Attributes
    ----------
    randomised
        Mean number of patients randomised there; None where the figure is not to show it.
    is_short
        Whether recruitment is the limit there: fewer are randomised than planned.
    is_plan
        Whether x is the scenario's own.
    """

    x: Place
    analysis: str
    power: float
    ci_low: float
    ci_high: float
    randomised: float | None = None
    is_short: bool = False
    is_plan: bool = False


def draw_power_curve(
    points: Sequence[RatePoint],
    x_label: str,
    title: str,
    target: float = 0.8,
    rate: str = "power",
) -> Figure:
    """Draw the power of each analysis over x with pointwise 95 % intervals.

    Parameters
    ----------
    target
        What power is held against, drawn as a horizontal line.
    rate
        What the share of trials that reject is called.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, rate)
    place, is_numeric = places(point.x for point in points)
    every = by(points, lambda point: point.analysis, lambda point: place[point.x])
    analyses = dict(list(every.items())[:_MOST])
    with style.context():
        figure, axes, below = _panels(points)
        ends = _draw_analyses(axes, analyses, place, is_numeric)
        tops = [
            rate
            for of in analyses.values()
            for point in of
            for rate in (point.power, point.ci_high)
        ]
        is_shown = scale_rate(axes, tops, target)
        style.tidy(axes, style.wrap(x_label, 420.0, style.SIZE), f"{rate} (%)")
        if is_numeric:
            _place_ticks(axes, list(place.values()))
        else:
            words = [str(word) for word in place]
            labels.name_places(figure, axes, words, 400.0 / len(words), list(place.values()))
            axes.set_xlim(-0.5, len(words) - 0.5)
        for x in {place[point.x] for point in points if point.is_plan}:
            axes.axvline(x, color=style.FAINT, lw=0.9, ls=":", zorder=0.5)
        if below is not None:
            _write_randomised(axes, below, points, place)
        style.title(figure, title)
        style.note(figure, _note(points, len(every), target, is_shown))
        if is_numeric:
            labels.name_lines(figure, axes, ends)
        else:
            labels.legend_right(axes, [end[2] for end in ends], [end[1] for end in ends])
    return figure


def _draw_analyses(
    axes: Axes,
    analyses: Mapping[str, Sequence[RatePoint]],
    place: Mapping[Place, float],
    is_numeric: bool,
) -> list[tuple[float, str, Artist]]:
    """Draw every analysis; return height of the right end, name and look of each."""
    ends: list[tuple[float, str, Artist]] = []
    has_bands = is_numeric and len(analyses) <= _BANDS
    for k, (name, points) in enumerate(analyses.items()):
        look = style.look(k)
        # Bars of many analyses at one x would hide each other.
        step = 0.0 if has_bands or not is_numeric else _ASIDE * (k - (len(analyses) - 1) / 2)
        aside = axes.transData + ScaledTranslation(step / 72, 0, axes.figure.dpi_scale_trans)
        at = column(place[point.x] for point in points)
        if not is_numeric:
            at = at + 0.6 * ((k + 0.5) / len(analyses) - 0.5)
        power = 100 * column(point.power for point in points)
        known = ~np.isnan(power)
        (drawn,) = axes.plot(
            at[known],
            power[known],
            color=look.colour,
            ls=look.line if is_numeric else "none",
            lw=1.6,
            marker=look.marker,
            ms=4.5,
            mec="white",
            mew=0.5,
            transform=aside,
        )
        if has_bands:
            _draw_band(axes, at, points, look)
        else:
            _draw_bars(axes, at, power, points, look, aside)
        ends.append((float(power[known][-1]) if known.any() else 0.0, name, drawn))
    return ends


def _draw_band(axes: Axes, at: Floats, points: Sequence[RatePoint], look: style.Look) -> None:
    """Draw the pointwise intervals as a band."""
    low, high = column(point.ci_low for point in points), column(point.ci_high for point in points)
    known = ~np.isnan(low) & ~np.isnan(high)
    band = 100 * low[known], 100 * high[known]
    axes.fill_between(at[known], *band, color=look.colour, alpha=0.18, lw=0)


def _draw_bars(
    axes: Axes,
    at: Floats,
    power: Floats,
    points: Sequence[RatePoint],
    look: style.Look,
    aside: Transform,
) -> None:
    """Draw the pointwise intervals as bars, which may be lopsided but hold their point."""
    below = np.maximum(power - 100 * column(point.ci_low for point in points), 0.0)
    above = np.maximum(100 * column(point.ci_high for point in points) - power, 0.0)
    known = ~np.isnan(below) & ~np.isnan(above)
    axes.errorbar(
        at[known],
        power[known],
        np.array([below[known], above[known]]),
        fmt="none",
        ecolor=look.colour,
        lw=1.0,
        transform=aside,
    )


def _place_ticks(axes: Axes, values: list[float]) -> None:
    """Give each value its tick where they are few, round numbers theirs where they are many."""
    if len(values) <= _TICKS:
        axes.set_xticks(labels.spaced(values, max(values) - min(values), 34.0, 380.0))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.xaxis.set_major_formatter("{x:,g}")
    # Set by hand: lines that stand aside in points would mislead the limits found in data.
    room = _ROOM * (max(values) - min(values)) or 1.0
    axes.set_xlim(min(values) - room, max(values) + room)


def scale_rate(axes: Axes, tops: Sequence[float], target: float) -> bool:
    """Scale the axis from 0 to 100, or to the data where all are low; draw the target if on it."""
    top = float(np.nanmax(100 * column(tops), initial=0.0))
    if top >= _LOW:
        axes.set_ylim(0, 100)
    else:
        wanted = [top, 100 * target] if 100 * target < _LOW else [top]
        axes.set_ylim(0, max(1.12 * max(wanted), 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter("{x:g}")
    is_shown = 100 * target <= axes.get_ylim()[1]
    if is_shown:
        axes.axhline(100 * target, color=style.FAINT, lw=0.9, zorder=0.5)
        axes.annotate(
            percent(target),
            (0.0, 100 * target),
            (4, 2),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            fontsize=style.SMALL,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )
    return is_shown


def _panels(points: Sequence[RatePoint]) -> tuple[Figure, Axes, Axes | None]:
    """Return a figure, the axes of the curve and, below, of the patients randomised, if shown."""
    if all(point.randomised is None for point in points):
        figure = style.new_figure(_WIDTH, _HEIGHT)
        return figure, figure.subplots(), None
    table = labels.table_height([_RANDOMISED])
    figure = style.new_figure(_WIDTH, _HEIGHT + table + 0.2)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[_HEIGHT - 0.5, table])
    return figure, axes, below


def _write_randomised(
    axes: Axes, below: Axes, points: Sequence[RatePoint], place: Mapping[Place, float]
) -> None:
    """Write below each x how many patients are randomised there."""
    known = {point.x: point for point in points}
    ends = axes.get_xlim()
    spots = labels.spaced(sorted(place.values()), ends[1] - ends[0], _NUMBER, 400.0)
    texts = []
    for x, spot in place.items():
        if spot in spots:
            star = "*" if known[x].is_short else ""
            texts.append((spot, written(known[x].randomised, 1) + star))
    texts.sort()
    cells = {_RANDOMISED: [text for _, text in texts]}
    labels.table_below(below, "Patients randomised", [spot for spot, _ in texts], cells)
    axes.tick_params(labelbottom=True)


def _note(points: Sequence[RatePoint], analyses: int, target: float, is_shown: bool) -> str:
    text = "Bands or bars: pointwise 95 % intervals."
    if any(point.is_short for point in points):
        text += " *: recruitment is the limit, and fewer are randomised than planned."
    if any(point.is_plan for point in points):
        text += " Dotted line: the plan."
    if not is_shown:
        text += f" The target of {percent(target)} is above the axis."
    if analyses > _MOST:
        text += f" Only the first {_MOST} of {analyses} analyses are drawn."
    return text
