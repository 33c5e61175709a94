"""Survival by arm, with the numbers at risk."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.report.figures import labels, style
from simulator.report.figures.rows import (
    Row,
    Rows,
    by,
    column,
    digits_for,
    figure_of,
    has_band,
    require,
)

_WIDTH, _HEIGHT = 6.8, 3.3


def draw_survival(rows: Rows, title: str) -> Figure:
    """Draw the mean Kaplan-Meier curve of each arm, its spread between trials, and who is at risk.

    Parameters
    ----------
    rows
        arm, day, survival (mean over trials), mcse, p5, p95 (between trials), at_risk (mean).

    Raises
    ------
    ValueError
        If there are no rows.
    """
    require(rows, "survival")
    arms = by(rows, "arm", "day")
    with style.context():
        table = labels.table_height(list(arms))
        figure = style.new_figure(_WIDTH, _HEIGHT + table + 0.2)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[_HEIGHT - 0.5, table])
        ends = [
            (100 * _last(of_arm), name, _draw_arm(axes, of_arm, style.look(k)))
            for k, (name, of_arm) in enumerate(arms.items())
        ]
        last_day = max(row["day"] for row in rows)
        ticks = style.week_ticks(last_day)
        axes.set(xlim=(0, max(last_day, 1)), ylim=(0, 101), xticks=ticks)
        axes.set_yticks(range(0, 101, 20))
        style.tidy(axes, "days since randomisation", "alive (%)")
        axes.tick_params(labelbottom=True)
        digits = digits_for(column(rows, "at_risk"))
        cells = {
            name: [_at_risk(of_arm, day, digits) for day in ticks] for name, of_arm in arms.items()
        }
        labels.table_below(below, "Number at risk (mean of the trials)", ticks, cells)
        style.title(figure, title)
        style.note(figure, _note(rows))
        labels.name_lines(figure, axes, ends)
    return figure


def _draw_arm(axes: Axes, rows: list[Row], look: style.Look) -> Artist:
    """Draw one arm; return its line."""
    day = column(rows, "day")
    axes.fill_between(
        day,
        100 * column(rows, "p5"),
        100 * column(rows, "p95"),
        step="post",
        facecolor=(look.colour, 0.13),
        edgecolor=(look.colour, 0.45),
        hatch=look.hatch,
        lw=0,
    )
    (line,) = axes.plot(
        day,
        100 * column(rows, "survival"),
        drawstyle="steps-post",
        color=look.colour,
        ls=look.line,
        lw=1.8,
    )
    return line


def _last(rows: list[Row]) -> float:
    known = column(rows, "survival")
    known = known[~np.isnan(known)]
    return float(known[-1]) if known.size else 0.0


def _at_risk(rows: list[Row], day: float, digits: int) -> str:
    """Return the number at risk at `day`, nothing beyond the last day known."""
    before = [row for row in rows if row["day"] <= day]
    if not before or day > rows[-1]["day"]:
        return ""
    return figure_of(before[-1].get("at_risk"), digits)


def _note(rows: Rows) -> str:
    text = "Lines: mean of the Kaplan-Meier estimates of the trials"
    errors = column(rows, "mcse")
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {100 * np.nanmax(errors):.2g} points)"
    if has_band(rows):
        text += ". Bands hold nine trials of ten at each day"
    return text + "."
