"""Published survival, the patients reconstructed from it, and the piecewise hazard fitted to it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import by, column, require
from simulator.results.baseline import BaselineHazard, BaselinePoint

_MOST = 6  # sources that can be told apart


def draw_baseline(answer: BaselineHazard) -> Drawing:
    """Draw each source's survival, its reconstruction, and the fit at the source's own level.

    Raises
    ------
    ValueError
        If there are no points, as in an answer that was read back from its JSON.
    """
    require(answer.points, "survival")
    last = max(source.last_day for source in answer.sources)
    inside = [point for point in answer.points if point.day <= last]
    sources = by(inside, lambda point: point.source, lambda point: point.day)
    shown = dict(list(sources.items())[:_MOST])
    with style.context():
        figure = style.new_figure(style.HEIGHT + 0.3)
        axes = figure.subplots()
        ends = [
            (_draw_source(axes, points, style.look(k)), name)
            for k, (name, points) in enumerate(shown.items())
        ]
        for day in answer.days:
            axes.axvline(day, color=style.FAINT, lw=0.7, ls=":", zorder=0.5)
        axes.set(xlim=(0, last), ylim=(0, 100), xticks=style.week_ticks(last))
        axes.set_yticks(range(0, 101, 20))
        style.tidy(axes, "days", "alive (%)")
        handles, names = [end[0] for end in ends], [end[1] for end in ends]
        labels.legend_above(figure, axes, handles, names)
    return Drawing(
        figure,
        "Survival as published, and the piecewise constant hazard fitted to all sources",
        tuple(_notes(answer, len(sources))),
    )


def _draw_source(axes: Axes, points: Sequence[BaselinePoint], look: style.Look) -> Artist:
    """Draw one source; return what stands for it in the legend."""
    days = np.append(0.0, column(point.day for point in points))
    fitted = np.append(1.0, column(point.fitted for point in points))
    again = np.append(1.0, column(point.reconstructed for point in points))
    alive = column(point.survival for point in points)
    is_curve = not np.isnan(again[1:]).all()
    if is_curve:
        axes.plot(days, 100 * again, drawstyle="steps-post", color=look.colour, lw=0.9, alpha=0.6)
    axes.plot(
        days[1:],
        100 * alive,
        ls="none",
        marker=look.marker,
        ms=2.0 if is_curve else 4.5,
        color=look.colour,
        clip_on=False,
        zorder=3,
    )
    (line,) = axes.plot(
        days, 100 * fitted, color=look.colour, ls=look.line, marker=look.marker, ms=0, lw=1.6
    )
    return line


def _notes(answer: BaselineHazard, number: int) -> list[str]:
    notes = ["Markers: survival as published"]
    if any(source.kind == "curve" for source in answer.sources):
        notes.append("Thin steps: Kaplan-Meier curve of the reconstructed patients")
    notes.append("Lines: the fitted shape at each source's own level")
    notes.append("Dotted: ends of the pieces")
    if number > _MOST:
        notes.append(f"The first {_MOST} of {number} sources are shown")
    return notes
