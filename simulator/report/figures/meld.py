"""MELD at the visits, by arm."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import by, column, digits_for, has_band, require, written
from simulator.results.curves import MeldPoint

_CELL = 24.0  # points that a number of the table takes


def draw_meld(points: Sequence[MeldPoint]) -> Drawing:
    """Draw the mean MELD at each visit among those assessed, who are the ones still alive.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, "MELD")
    arms = by(points, lambda point: point.arm, lambda point: point.day)
    with style.context():
        table = labels.table_height(list(arms))
        figure = style.new_figure(style.HEIGHT + table + 0.2)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[style.HEIGHT - 0.5, table])
        ends = [
            (_last(of_arm), name, _draw_arm(axes, of_arm, style.look(k)))
            for k, (name, of_arm) in enumerate(arms.items())
        ]
        days = sorted({point.day for point in points})
        margin = 0.03 * max(days[-1] - days[0], 1.0)
        ticks = labels.spaced(days, days[-1] - days[0] + 2 * margin, _CELL, 330.0)
        axes.set_xlim(days[0] - margin, days[-1] + margin)
        axes.set_xticks(ticks, [f"{day:g}" for day in ticks])
        style.tidy(axes, "days since randomisation (planned day of the visit)", "MELD (points)")
        axes.tick_params(labelbottom=True)
        digits = digits_for(point.patients for point in points)
        cells = {
            name: [_assessed(of_arm, day, digits) for day in ticks] for name, of_arm in arms.items()
        }
        labels.table_below(below, "Number assessed (mean over trials)", ticks, cells)
        labels.name_lines(figure, axes, ends)
    shows = "Mean MELD by arm at the visits, and the mean number assessed"
    return Drawing(figure, shows, tuple(_notes(points)))


def _draw_arm(axes: Axes, points: Sequence[MeldPoint], look: style.Look) -> Artist:
    """Draw one arm; return its line."""
    day = column(point.day for point in points)
    if has_band(points):
        low, high = (column(getattr(point, end) for point in points) for end in ("p5", "p95"))
        labels.draw_band(axes, day, low, high, look)
    (line,) = axes.plot(
        day,
        column(point.meld for point in points),
        color=look.colour,
        ls=look.line,
        lw=1.6,
        marker=look.marker,
        ms=5,
        mec="white",
        mew=0.6,
    )
    return line


def _last(points: Sequence[MeldPoint]) -> float:
    known = column(point.meld for point in points)
    known = known[~np.isnan(known)]
    return float(known[-1]) if known.size else 0.0


def _assessed(points: Sequence[MeldPoint], day: float, digits: int) -> str:
    return next((written(point.patients, digits) for point in points if point.day == day), "")


def _notes(points: Sequence[MeldPoint]) -> list[str]:
    text = "Symbols: mean of the trials' means"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {np.nanmax(errors):.2g} points)"
    bands = ["Bands: 90% range of the trials at each visit (5th to 95th percentile)"]
    among = "Among patients alive and assessed: not a randomised comparison"
    return [among, text, *bands * has_band(points)]
