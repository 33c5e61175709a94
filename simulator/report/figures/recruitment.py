"""Recruitment over time, between trials."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulator.constants import DAYS_PER_MONTH
from simulator.report.figures import labels, style
from simulator.report.figures.rows import (
    Floats,
    Rows,
    column,
    digits_for,
    figure_of,
    has_band,
    require,
)

_WIDTH, _HEIGHT = 6.8, 3.5
_LOOK = style.LOOKS[0]


def draw_recruitment(rows: Rows, target: float, planned_day: float | None, title: str) -> Figure:
    """Draw how many patients the trials have randomised by each day, against target and plan.

    Parameters
    ----------
    rows
        day (trial time), mean, p5, p25, p50, p75, p95 of the patients randomised by that day.
    target
        Patients to randomise.
    planned_day
        Day by which recruitment must be over for follow-up to end in time; None if there is none.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    require(rows, "recruitment")
    rows = sorted(rows, key=lambda row: row["day"])
    months = column(rows, "day") / DAYS_PER_MONTH
    with style.context():
        figure = style.new_figure(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        planned = None if planned_day is None else planned_day / DAYS_PER_MONTH
        axes.set_xlim(0, max(months[-1], 1.03 * (planned or 0.0), 0.1))
        axes.set_ylim(0, 1.06 * max(target, float(np.nanmax(column(rows, "p95")))))
        _draw_fan(axes, months, rows)
        axes.axhline(target, color=style.INK, lw=0.9, zorder=1.5)
        axes.annotate(
            f"target {figure_of(target, digits_for([target]))}",
            (1.0, target),
            (4, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 3, 6, 10], integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        style.tidy(axes, "months since the first site opened", "patients randomised")
        lines = 0
        if planned is not None:
            text = f"recruitment to be over by month {planned:.1f}"
            lines = labels.mark_x(axes, planned, text)
        handles, names = axes.get_legend_handles_labels()
        labels.legend_above(figure, axes, handles, names, 400, lift=0.06 * lines)
        style.title(figure, title)
    return figure


def _draw_fan(axes: Axes, months: Floats, rows: Rows) -> None:
    """Draw the median with bands of half and of nine in ten of the trials, and the mean."""
    if has_band(rows):
        for low, high, alpha, name in (
            ("p5", "p95", 0.18, "nine trials of ten"),
            ("p25", "p75", 0.42, "half of the trials"),
        ):
            axes.fill_between(
                months,
                column(rows, low),
                column(rows, high),
                step="post",
                color=_LOOK.colour,
                alpha=alpha,
                lw=0,
                label=name,
            )
    axes.plot(
        months,
        column(rows, "p50"),
        drawstyle="steps-post",
        color=_LOOK.colour,
        lw=1.8,
        label="median",
    )
    axes.plot(months, column(rows, "mean"), color=style.INK, ls=":", lw=1.4, label="mean")
