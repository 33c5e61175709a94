"""Sessions by week of treatment, and plasma by month of the trial."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simulator.constants import DAYS_PER_MONTH, NORMAL_QUANTILE_975
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import by, column, has_band, require
from simulator.results.curves import PlasmaPoint, SessionsPoint

_GROUP = 0.8  # share of a week that its bars take


def draw_sessions(sessions: Sequence[SessionsPoint], plasma: Sequence[PlasmaPoint]) -> Drawing:
    """Draw sessions planned and delivered by week since randomisation, and plasma by month.

    Raises
    ------
    ValueError
        If there are no points of either.
    """
    require(sessions, "sessions")
    require(plasma, "plasma")
    with style.context():
        figure = style.new_figure(style.HEIGHT)
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        _draw_sessions(figure, left, sessions)
        _draw_plasma(right, sorted(plasma, key=lambda point: point.start_day))
    notes = ["Error bars: 95% Monte Carlo intervals of the mean delivered"]
    if has_band(plasma):
        notes.append(
            "Band of plasma: 90% range of the trials in each month (5th to 95th percentile)"
        )
    shows = "Sessions by week since randomisation, and the plasma that the trial uses by month"
    return Drawing(figure, shows, tuple(notes))


def _draw_sessions(figure: Figure, axes: Axes, points: Sequence[SessionsPoint]) -> None:
    """Draw a bar for each arm and week: what was planned as a frame, what was delivered in it."""
    looks = {arm: style.look(k) for k, arm in enumerate({point.arm: None for point in points})}
    # An arm under standard of care has no sessions to show.
    treated = {point.arm for point in points if point.planned > 0 or point.delivered > 0} or looks
    mine = [point for point in points if point.arm in treated]
    arms = by(mine, lambda point: point.arm, lambda point: point.week)
    width = _GROUP / len(arms)
    for k, (arm, of_arm) in enumerate(arms.items()):
        look = looks[arm]
        at = column(point.week for point in of_arm) + width * (k - (len(arms) - 1) / 2)
        planned = column(point.planned for point in of_arm)
        delivered = column(point.delivered for point in of_arm)
        error = column(point.mcse for point in of_arm)
        axes.bar(at, delivered, 0.86 * width, color=look.colour, lw=0)
        axes.bar(at, planned, 0.86 * width, fill=False, ec=style.INK, lw=0.8, zorder=3)
        shown = error > 0
        axes.errorbar(
            at[shown],
            delivered[shown],
            NORMAL_QUANTILE_975 * error[shown],
            fmt="none",
            ecolor=style.INK,
            lw=1,
        )
    some = [point.week for point in points if point.planned > 0 or point.delivered > 0]
    last = max(some, default=1)
    axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_ylim(bottom=0)
    style.tidy(axes, "week since randomisation", "mean sessions per trial")
    handles = [Patch(color=looks[arm].colour, lw=0) for arm in arms]
    frame = Patch(fill=False, ec=style.INK, lw=0.8)
    names = [f"{name}: delivered" for name in arms]
    labels.legend_above(figure, axes, [*handles, frame], [*names, "planned"], 215)


def _draw_plasma(axes: Axes, points: Sequence[PlasmaPoint]) -> None:
    """Draw the plasma that the trial's patients use, by calendar month of the trial."""
    months = column((point.start_day + point.end_day) / 2 for point in points) / DAYS_PER_MONTH
    look = style.LOOKS[3]
    low, high = column(point.p5 for point in points), column(point.p95 for point in points)
    axes.fill_between(months, low, high, color=look.colour, alpha=0.2, lw=0)
    litres = column(point.litres_per_week for point in points)
    axes.plot(months, litres, color=look.colour, lw=1.6, marker="o", ms=3)
    axes.set_xlim(0, float(np.max([point.end_day for point in points])) / DAYS_PER_MONTH)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 3, 6, 10], integer=True))
    style.tidy(axes, "months since the first site opened", "plasma (L per week)")
