"""MELD at the visits, by arm."""

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
_CELL = 24.0  # points that a number of the table takes


def draw_meld(rows: Rows, title: str) -> Figure:
    """Draw the mean MELD at each visit among those assessed, who are the ones still alive.

    Parameters
    ----------
    rows
        arm, day (of the visit), meld (mean of the trials' means), mcse, p5, p95 (between trials),
        patients (mean number assessed).

    Raises
    ------
    ValueError
        If there are no rows.
    """
    require(rows, "MELD")
    arms = by(rows, "arm", "day")
    with style.context():
        table = labels.table_height(list(arms))
        figure = style.new_figure(_WIDTH, _HEIGHT + table + 0.2)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[_HEIGHT - 0.5, table])
        ends = [
            (_last(of_arm), name, _draw_arm(axes, of_arm, style.look(k)))
            for k, (name, of_arm) in enumerate(arms.items())
        ]
        days = sorted({row["day"] for row in rows})
        margin = 0.03 * max(days[-1] - days[0], 1.0)
        ticks = labels.spaced(days, days[-1] - days[0] + 2 * margin, _CELL, 330.0)
        axes.set_xlim(days[0] - margin, days[-1] + margin)
        axes.set_xticks(ticks, [f"{day:g}" for day in ticks])
        style.tidy(axes, "days since randomisation (planned day of the visit)", "MELD (points)")
        axes.tick_params(labelbottom=True)
        digits = digits_for(column(rows, "patients"))
        cells = {
            name: [_assessed(of_arm, day, digits) for day in ticks] for name, of_arm in arms.items()
        }
        labels.table_below(below, "Number assessed (mean of the trials)", ticks, cells)
        style.title(figure, title)
        style.note(figure, _note(rows))
        labels.name_lines(figure, axes, ends)
    return figure


def _draw_arm(axes: Axes, rows: list[Row], look: style.Look) -> Artist:
    """Draw one arm; return its line."""
    day = column(rows, "day")
    axes.fill_between(
        day,
        column(rows, "p5"),
        column(rows, "p95"),
        facecolor=(look.colour, 0.13),
        edgecolor=(look.colour, 0.45),
        hatch=look.hatch,
        lw=0,
    )
    (line,) = axes.plot(
        day,
        column(rows, "meld"),
        color=look.colour,
        ls=look.line,
        lw=1.6,
        marker=look.marker,
        ms=5,
        mec="white",
        mew=0.6,
    )
    return line


def _last(rows: list[Row]) -> float:
    known = column(rows, "meld")
    known = known[~np.isnan(known)]
    return float(known[-1]) if known.size else 0.0


def _assessed(rows: list[Row], day: float, digits: int) -> str:
    return next((figure_of(row.get("patients"), digits) for row in rows if row["day"] == day), "")


def _note(rows: Rows) -> str:
    text = "Those alive and seen: not a comparison of like with like. "
    text += "Points: mean of the trials' means"
    errors = column(rows, "mcse")
    if np.any(errors > 0):
        text += f" (Monte Carlo standard error at most {np.nanmax(errors):.2g} points)"
    if has_band(rows):
        text += ". Bands hold nine trials of ten at each visit"
    return text + "."
