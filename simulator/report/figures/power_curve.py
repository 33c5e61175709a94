"""Power, or any rate of rejection, over one quantity."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import labels, style
from simulator.report.figures.rows import Floats, Row, Rows, by, column, percent, places, require

_WIDTH, _HEIGHT = 6.8, 3.9
_MOST = 8  # analyses that can be told apart
_TICKS = 10  # values of x up to which each has its tick
_BANDS = 3  # analyses whose bands can lie on one another
_LOW = 30.0  # percent: where nothing is above, the axis follows the data


def draw_power_curve(
    rows: Rows,
    x_label: str,
    title: str,
    target: float = 0.8,
    answer: Mapping[str, Any] | None = None,
    steps: bool = False,
) -> Figure:
    """Draw the power of each analysis over x with pointwise 95 % intervals.

    Parameters
    ----------
    rows
        x (a number or a word), analysis, power, ci_low, ci_high; optionally fitted, band_low and
        band_high, of a curve fitted through the points.
    answer
        value, and low and high or None: the x sought, drawn as a vertical line with its interval.
    steps
        Whether power stays as it is up to the next x.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    require(rows, "power")
    place, is_numeric = places(rows, "x")
    every = by([{**row, "at": place[row["x"]]} for row in rows], "analysis", "at")
    analyses = dict(list(every.items())[:_MOST])
    with style.context():
        figure = style.new_figure(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        ends = _draw_analyses(axes, analyses, is_numeric, steps)
        is_shown = _scale(axes, [row for of in analyses.values() for row in of], target)
        style.tidy(axes, x_label, "power (%)")
        if is_numeric:
            if len(place) <= _TICKS:
                axes.set_xticks(
                    labels.spaced(
                        list(place.values()), max(place.values()) - min(place.values()), 34.0, 380.0
                    )
                )
            else:
                axes.xaxis.set_major_locator(MaxNLocator(8))
            axes.xaxis.set_major_formatter("{x:,g}")
        else:
            labels.name_places(figure, axes, [str(word) for word in place], 400.0)
        if answer is not None and (is_numeric or answer["value"] in place):
            _draw_answer(axes, answer, target, {} if is_numeric else place)
        style.title(figure, title)
        text = _note(len(every), target, is_shown)
        style.note(figure, text)
        if not is_numeric:
            labels.legend_right(axes, [end[2] for end in ends], [end[1] for end in ends])
        else:
            labels.name_lines(figure, axes, ends)
    return figure


def _draw_analyses(
    axes: Axes, analyses: dict[str, list[Row]], is_numeric: bool, steps: bool
) -> list[tuple[float, str, Artist]]:
    """Draw every analysis; return height of the right end, name and look of each."""
    ends: list[tuple[float, str, Artist]] = []
    has_bands = is_numeric and len(analyses) <= _BANDS
    for k, (name, rows) in enumerate(analyses.items()):
        look = style.look(k)
        at = column(rows, "at")
        if not is_numeric:
            at = at + 0.6 * ((k + 0.5) / len(analyses) - 0.5)
        fitted = 100 * column(rows, "fitted")
        power = 100 * column(rows, "power")
        is_fitted = is_numeric and not bool(np.all(np.isnan(fitted)))
        kind: dict[str, Any] = {
            "color": look.colour,
            "ls": look.line if is_numeric else "none",
            "lw": 1.6,
        }
        if steps and not is_fitted:
            kind["drawstyle"] = "steps-post"
        line = fitted if is_fitted else power
        known = ~np.isnan(line)
        marker: dict[str, Any] = {"marker": look.marker, "ms": 4.5, "mec": "white", "mew": 0.5}
        (drawn,) = axes.plot(at[known], line[known], **kind, **({} if is_fitted else marker))
        if is_fitted:
            _draw_band(axes, at, column(rows, "band_low"), column(rows, "band_high"), look, False)
            axes.plot(at, power, color=look.colour, ls="none", **marker)
        if has_bands and not is_fitted:
            _draw_band(axes, at, column(rows, "ci_low"), column(rows, "ci_high"), look, steps)
        else:
            _draw_bars(axes, at, power, rows, look)
        ends.append((float(line[known][-1]) if known.any() else 0.0, name, drawn))
    return ends


def _draw_band(
    axes: Axes, at: Floats, low: Floats, high: Floats, look: style.Look, steps: bool
) -> None:
    known = ~np.isnan(low) & ~np.isnan(high)
    axes.fill_between(
        at[known],
        100 * low[known],
        100 * high[known],
        step="post" if steps else None,
        color=look.colour,
        alpha=0.18,
        lw=0,
    )


def _draw_bars(axes: Axes, at: Floats, power: Floats, rows: list[Row], look: style.Look) -> None:
    """Draw the pointwise intervals as bars, which may be lopsided but hold their point."""
    below = np.maximum(power - 100 * column(rows, "ci_low"), 0.0)
    above = np.maximum(100 * column(rows, "ci_high") - power, 0.0)
    known = ~np.isnan(below) & ~np.isnan(above)
    axes.errorbar(
        at[known],
        power[known],
        np.array([below[known], above[known]]),
        fmt="none",
        ecolor=look.colour,
        lw=1.0,
    )


def _scale(axes: Axes, rows: list[Row], target: float) -> bool:
    """Scale the axis from 0 to 100, or to the data where all are low; draw the target if on it."""
    keys = ("power", "ci_high", "fitted", "band_high")
    tops = np.concatenate([100 * column(rows, key) for key in keys])
    top = float(np.nanmax(tops, initial=0.0))
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


def _draw_answer(
    axes: Axes, answer: Mapping[str, Any], target: float, place: dict[Any, float]
) -> None:
    """Draw the x sought and its interval."""
    at = {key: place.get(value, value) for key, value in answer.items() if value is not None}
    value = answer["value"] if place else f"{answer['value']:,g}"
    text = f"{percent(target)} at {value}"
    ends = [*axes.get_xlim(), at["value"], *(at[key] for key in ("low", "high") if key in at)]
    if not place:
        axes.set_xlim(min(ends), max(ends))
    if "low" in at and "high" in at:
        axes.axvspan(at["low"], at["high"], color=style.SHADE, lw=0, zorder=0)
        if not place:
            text += f" (95 % interval {answer['low']:,g} to {answer['high']:,g})"
    labels.mark_x(axes, at["value"], text)


def _note(analyses: int, target: float, is_shown: bool) -> str:
    text = "Bands or bars: pointwise 95 % intervals."
    if not is_shown:
        text += f" The target of {percent(target)} is above the axis."
    if analyses > _MOST:
        text += f" Only the first {_MOST} of {analyses} analyses are drawn."
    return text
