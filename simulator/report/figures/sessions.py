"""Sessions by week of treatment, and plasma by month of the trial."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simulator.constants import DAYS_PER_MONTH, NORMAL_QUANTILE_975
from simulator.report.figures import labels, style
from simulator.report.figures.rows import Rows, by, column, has_band, require

_GROUP = 0.8  # share of a week that its bars take


def draw_sessions(session_rows: Rows, plasma_rows: Rows, title: str, per: str = "trial") -> Figure:
    """Draw sessions planned and delivered by week since randomisation, and plasma by month.

    Parameters
    ----------
    session_rows
        arm, week (from 1), planned, delivered (means), mcse of the latter.
    plasma_rows
        month (from 1), start_day, end_day (trial time), litres_per_week (mean), mcse, p5, p95.
    per
        What the means of sessions are a mean of: sessions a `per`.

    Raises
    ------
    ValueError
        If either table has no rows.
    """
    require(session_rows, "sessions")
    require(plasma_rows, "plasma")
    with style.context():
        figure = style.new_figure(8.4, 3.1)
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        _draw_sessions(figure, left, session_rows, per)
        _draw_plasma(right, sorted(plasma_rows, key=lambda row: row["start_day"]))
        style.title(figure, title)
        text = "Bars on the bars: 95 % Monte Carlo intervals of the mean delivered."
        if has_band(plasma_rows):
            text += " The band of plasma holds nine trials of ten in each month."
        style.note(figure, text)
    return figure


def _draw_sessions(figure: Figure, axes: Axes, rows: Rows, per: str) -> None:
    """Draw a bar for each arm and week: what was planned as a frame, what was delivered in it."""
    arms = by(rows, "arm", "week")
    width = _GROUP / len(arms)
    for k, of_arm in enumerate(arms.values()):
        look = style.look(k)
        at = column(of_arm, "week") + width * (k - (len(arms) - 1) / 2)
        delivered, error = column(of_arm, "delivered"), column(of_arm, "mcse")
        axes.bar(at, delivered, 0.86 * width, color=look.colour, alpha=0.85, lw=0)
        axes.bar(
            at, column(of_arm, "planned"), 0.86 * width, fill=False, ec=style.INK, lw=0.9, zorder=3
        )
        shown = error > 0
        axes.errorbar(
            at[shown],
            delivered[shown],
            NORMAL_QUANTILE_975 * error[shown],
            fmt="none",
            ecolor=style.INK,
            lw=1,
        )
    some = [row["week"] for row in rows if (row["planned"] or 0) + (row["delivered"] or 0) > 0]
    last = max(some, default=1)
    axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_ylim(bottom=0)
    style.tidy(axes, "week since randomisation", f"sessions a {per} (mean)")
    handles = [Patch(color=style.look(k).colour, alpha=0.85, lw=0) for k in range(len(arms))]
    planned = Patch(fill=False, ec=style.INK, lw=0.9)
    names = [f"{name}: delivered" for name in arms]
    labels.legend_above(figure, axes, [*handles, planned], [*names, "planned"], 270)


def _draw_plasma(axes: Axes, rows: Rows) -> None:
    """Draw the plasma that the trial's patients use, by calendar month of the trial."""
    months = (column(rows, "start_day") + column(rows, "end_day")) / 2 / DAYS_PER_MONTH
    look = style.LOOKS[4]
    low, high = column(rows, "p5"), column(rows, "p95")
    axes.fill_between(months, low, high, color=look.colour, alpha=0.2, lw=0)
    axes.plot(
        months,
        column(rows, "litres_per_week"),
        color=look.colour,
        lw=1.6,
        marker="o",
        ms=3,
    )
    axes.set_xlim(0, float(np.max(column(rows, "end_day"))) / DAYS_PER_MONTH)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 3, 6, 10], integer=True))
    style.tidy(axes, "months since the first site opened", "plasma of trial patients (L a week)")
