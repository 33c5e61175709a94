"""Survival by arm, with the numbers at risk."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.report.figures import labels, style
from simulator.report.figures.numbers import by, column, digits_for, has_band, require, written
from simulator.results.curves import SurvivalPoint

_WIDTH, _HEIGHT = 6.8, 3.3


def draw_survival(points: Sequence[SurvivalPoint], title: str) -> Figure:
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
        figure = style.new_figure(_WIDTH, _HEIGHT + table + 0.2)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[_HEIGHT - 0.5, table])
        ends = [
            (100 * _last(of_arm), name, _draw_arm(axes, of_arm, style.look(k)))
            for k, (name, of_arm) in enumerate(arms.items())
        ]
        last_day = max(point.day for point in points)
        ticks = style.week_ticks(last_day)
        axes.set(xlim=(0, max(last_day, 1)), ylim=(0, 101), xticks=ticks)
        axes.set_yticks(range(0, 101, 20))
        style.tidy(axes, "days since randomisation", "alive (%)")
        axes.tick_params(labelbottom=True)
        digits = digits_for(point.at_risk for point in points)
        cells = {
            name: [_at_risk(of_arm, day, digits) for day in ticks] for name, of_arm in arms.items()
        }
        labels.table_below(below, "Number at risk (mean over trials)", ticks, cells)
        style.title(figure, title)
        style.note(figure, _note(points))
        labels.name_lines(figure, axes, ends)
    return figure


def _draw_arm(axes: Axes, points: Sequence[SurvivalPoint], look: style.Look) -> Artist:
    """Draw one arm; return its line."""
    day = column(point.day for point in points)
    axes.fill_between(
        day,
        100 * column(point.p5 for point in points),
        100 * column(point.p95 for point in points),
        step="post",
        facecolor=(look.colour, 0.13),
        edgecolor=(look.colour, 0.45),
        hatch=look.hatch,
        lw=0,
    )
    (line,) = axes.plot(
        day,
        100 * column(point.survival for point in points),
        drawstyle="steps-post",
        color=look.colour,
        ls=look.line,
        lw=1.8,
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


def _note(points: Sequence[SurvivalPoint]) -> str:
    text = "Lines: mean of the trials' Kaplan-Meier estimates"
    errors = column(point.mcse for point in points)
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {100 * np.nanmax(errors):.2g} points)"
    if has_band(points):
        text += ". Bands: 90 % range of the trials at each day"
    return text + "."
