"""Survival by arm, with the numbers at risk."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import by, column, digits_for, has_band, require, written
from simulator.results.curves import SurvivalPoint


def draw_survival(points: Sequence[SurvivalPoint]) -> Drawing:
    """Draw the mean Kaplan-Meier curve of each arm, its spread between trials, and who is at risk.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, "survival")
    arms = by(points, lambda point: point.arm, lambda point: point.day)
    with style.context():
        table = labels.table_height(list(arms))
        figure = style.new_figure(style.HEIGHT + table + 0.2)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[style.HEIGHT - 0.5, table])
        ends = [
            (100 * _last(of_arm), name, _draw_arm(axes, of_arm, style.look(k)))
            for k, (name, of_arm) in enumerate(arms.items())
        ]
        last_day = max(point.day for point in points)
        ticks = style.week_ticks(last_day)
        axes.set(xlim=(0, max(last_day, 1)), ylim=(0, 100), xticks=ticks)
        axes.set_yticks(range(0, 101, 20))
        style.tidy(axes, "days since randomisation", "alive (%)")
        axes.tick_params(labelbottom=True)
        digits = digits_for(point.at_risk for point in points)
        cells = {
            name: [_at_risk(of_arm, day, digits) for day in ticks] for name, of_arm in arms.items()
        }
        labels.table_below(below, "Number at risk (mean over trials)", ticks, cells)
        labels.name_lines(figure, axes, ends)
    shows = "Survival by arm after randomisation, and the mean number at risk"
    return Drawing(figure, shows, tuple(_notes(points)))


def _draw_arm(axes: Axes, points: Sequence[SurvivalPoint], look: style.Look) -> Artist:
    """Draw one arm; return its line."""
    day = column(point.day for point in points)
    low, high = (100 * column(getattr(point, end) for point in points) for end in ("p5", "p95"))
    if has_band(points):
        labels.draw_band(axes, day, low, high, look, "post")
    (line,) = axes.plot(
        day,
        100 * column(point.survival for point in points),
        drawstyle="steps-post",
        color=look.colour,
        ls=look.line,
        lw=1.6,
        clip_on=False,  # a line at 100 % has its whole width
    )
    return line


def _last(points: Sequence[SurvivalPoint]) -> float:
    known = column(point.survival for point in points)
    known = known[~np.isnan(known)]
    return float(known[-1]) if known.size else 0.0


def _at_risk(points: Sequence[SurvivalPoint], day: float, digits: int) -> str:
    """Return the number at risk at `day`, nothing beyond the last day known."""
    before = [point for point in points if point.day <= day]
    if not before or day > points[-1].day:
        return ""
    return written(before[-1].at_risk, digits)


def _notes(points: Sequence[SurvivalPoint]) -> list[str]:
    text = "Lines: mean of the trials' Kaplan-Meier estimates"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        most = 100 * np.nanmax(errors)
        text += f" (Monte Carlo standard error at most {most:.2g} percentage points)"
    bands = ["Bands: 90% range of the trials at each day (5th to 95th percentile)"]
    return [text, *bands * has_band(points)]
