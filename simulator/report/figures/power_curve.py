"""Power, or any rate of rejection, over one quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation, Transform

from simulator.report.document.numbers import uncapital
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import (
    Floats,
    Place,
    by,
    column,
    place_name,
    places,
    require,
    written,
)
from simulator.report.figures.rate_axis import rate_axis

_MOST = 8  # analyses that can be told apart
_TICKS = 10  # values of x up to which each has its tick
_TICK = {True: 58.0, False: 30.0}  # points that a day or a number takes on the axis
_RANDOMISED = "mean"
_NUMBER = 30.0  # points that a number of patients takes
_ASIDE = 2.5  # points by which each analysis stands aside of the one before
_AXIS = 330.0  # points that the axis of x has, about
_ROOM = 0.06  # beside the outermost values, of their span


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
    points: Sequence[RatePoint], x_label: str, target: float = 0.8, rate: str = "power"
) -> Drawing:
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
    shown = [point for of in analyses.values() for point in of]
    scale = rate_axis([rate for p in shown for rate in (p.power, p.ci_high)], target, rate)
    with style.context():
        figure, axes, below = _panels(points)
        ends = _draw_analyses(axes, analyses, place, is_numeric)
        held_against = scale.draw(axes)
        style.tidy(axes, style.wrap(x_label, _AXIS, style.SIZE), scale.name)
        if is_numeric:
            _place_ticks(axes, place)
        else:
            words = [place_name(word) for word in place]
            labels.name_places(figure, axes, words, _AXIS / len(words), list(place.values()))
            axes.set_xlim(-0.5, len(words) - 0.5)
        for x in {place[point.x] for point in points if point.is_plan}:
            axes.axvline(x, color=style.FAINT, lw=0.9, ls=":", zorder=0.5)
        if below is not None:
            _write_randomised(axes, below, points, place)
        # The name of an only analysis is for the caption.
        named = [*(ends if len(ends) > 1 else []), *held_against]
        if named and (is_numeric or named == held_against):
            labels.name_lines(figure, axes, named)
        elif named:
            labels.legend_above(figure, axes, [end[2] for end in named], [end[1] for end in named])
    of = f" ({next(iter(every))})" if len(every) == 1 else ""
    shows = f"{style.capital(rate)}{of} by {uncapital(x_label)}, with 95% intervals"
    shows += "; below, patients randomised" * (below is not None)
    return Drawing(figure, shows, tuple(_notes(points, len(every), is_numeric)))


def _draw_analyses(
    axes: Axes,
    analyses: Mapping[str, Sequence[RatePoint]],
    place: Mapping[Place, float],
    is_numeric: bool,
) -> list[tuple[float, str, Artist]]:
    """Draw every analysis; return height of the right end, name and look of each.

    Points are simulated. Straight lines between them only lead the eye from one to the next.
    """
    ends: list[tuple[float, str, Artist]] = []
    for k, (name, points) in enumerate(analyses.items()):
        look = style.look(k)
        # Bars of several analyses at one x would hide each other.
        step = _ASIDE * (k - (len(analyses) - 1) / 2) if is_numeric else 0.0
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
            lw=1.1,
            marker=look.marker,
            ms=4.5,
            mec="white",
            mew=0.5,
            transform=aside,
            zorder=3,
            clip_on=False,  # a symbol at 0 or 100 % is whole
        )
        _draw_bars(axes, at, power, points, look, aside)
        ends.append((float(power[known][-1]) if known.any() else 0.0, name, drawn))
    return ends


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


def _place_ticks(axes: Axes, place: Mapping[Place, float]) -> None:
    """Give each value its tick where they are few, round numbers theirs where they are many."""
    values = list(place.values())
    has_days = any(isinstance(value, date) for value in place)
    span = max(values) - min(values)
    if len(values) <= _TICKS or has_days:
        names = {at: place_name(value) for value, at in place.items()}
        shown = labels.spaced(values, span, _TICK[has_days], _AXIS)
        axes.set_xticks(shown, [names[at] for at in shown])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8))
        axes.xaxis.set_major_formatter("{x:,g}")
    # Set by hand: lines that stand aside in points would mislead the limits found in data.
    room = _ROOM * span or 1.0
    axes.set_xlim(min(values) - room, max(values) + room)


def _panels(points: Sequence[RatePoint]) -> tuple[Figure, Axes, Axes | None]:
    """Return a figure, the axes of the curve and, below, of the patients randomised, if shown."""
    if all(point.randomised is None for point in points):
        figure = style.new_figure(style.HEIGHT)
        return figure, figure.subplots(), None
    table = labels.table_height([_RANDOMISED])
    figure = style.new_figure(style.HEIGHT + table + 0.2)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[style.HEIGHT - 0.5, table])
    return figure, axes, below


def _write_randomised(
    axes: Axes, below: Axes, points: Sequence[RatePoint], place: Mapping[Place, float]
) -> None:
    """Write below each x how many patients are randomised there."""
    known = {point.x: point for point in points}
    ends = axes.get_xlim()
    spots = labels.spaced(sorted(place.values()), ends[1] - ends[0], _NUMBER, _AXIS)
    texts = []
    for x, spot in place.items():
        if spot in spots:
            star = "*" if known[x].is_short else ""
            texts.append((spot, written(known[x].randomised, 1) + star))
    texts.sort()
    cells = {_RANDOMISED: [text for _, text in texts]}
    labels.table_below(below, "Patients randomised", [spot for spot, _ in texts], cells)
    axes.tick_params(labelbottom=True)


def _notes(points: Sequence[RatePoint], analyses: int, is_numeric: bool) -> list[str]:
    notes = ["Bars: pointwise 95% Monte Carlo intervals"]
    if is_numeric:
        notes.append("Lines join the points that were simulated")
    if any(point.is_plan for point in points):
        notes.append("Dotted vertical line: the plan")
    if any(point.is_short for point in points):
        notes.append("*: recruitment is the limit, and fewer are randomised than planned")
    if analyses > _MOST:
        notes.append(f"Only the first {_MOST} of {analyses} analyses are drawn")
    return notes
