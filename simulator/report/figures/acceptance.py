"""Published figures that were held out, beside the predictive interval of each."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import require
from simulator.results.acceptance import Acceptance, AcceptanceCheck

_ROW = 0.3  # inches
_LEGEND = 215.0  # points: the names of the figures take the rest of the width
_ROOM = 0.9  # inches, of an axis and its name


def draw_acceptance(acceptance: Acceptance) -> Drawing:
    """Draw shares on one axis; means, whose units differ, each on the scale of its interval.

    Raises
    ------
    ValueError
        If nothing is held out.
    """
    require(acceptance.checks, "acceptance")
    shares = [check for check in acceptance.checks if check.is_share]
    means = [check for check in acceptance.checks if not check.is_share]
    panels = [rows for rows in (shares, means) if rows]
    heights = [_ROW * len(rows) for rows in panels]
    with style.context():
        figure = style.new_figure(sum(heights) + _ROOM * len(panels))
        grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        looks: dict[str, object] = {}
        for axes, rows in zip(grid[:, 0], panels, strict=True):
            looks |= _draw_rows(axes, rows)
        labels.legend_above(figure, grid[0, 0], list(looks.values()), list(looks), _LEGEND)
    shows = "Published figures held out, and their 95% predictive intervals"
    return Drawing(figure, shows, tuple(_notes(acceptance)))


def _draw_rows(axes: Axes, checks: Sequence[AcceptanceCheck]) -> dict[str, object]:
    is_share = checks[0].is_share
    looks: dict[str, object] = {}
    for place, check in enumerate(checks):
        low, high, simulated, seen = (
            _at(check, value) for value in (check.low, check.high, check.simulated, check.observed)
        )
        colour = style.look(0).colour
        (bar,) = axes.plot(
            [low, high], [place, place], color=colour, lw=4, alpha=0.35, solid_capstyle="butt"
        )
        (tick,) = axes.plot([simulated], [place], "|", color=colour, ms=11, mew=1.6)
        fill = style.look(1).colour if check.fails else "white"
        (dot,) = axes.plot(
            [seen], [place], "o", mec=style.look(1).colour, mfc=fill, ms=6, zorder=4, clip_on=False
        )
        looks |= {"95% predictive interval": bar, "simulated": tick}
        looks["published, outside" if check.fails else "published"] = dot
    axes.set_yticks(range(len(checks)), [style.plain(_label(check)) for check in checks])
    axes.set_ylim(len(checks) - 0.5, -0.5)
    if is_share:
        axes.set_xlim(0, 100)
    name = "share (%)" if is_share else "distance from the middle, in half-intervals"
    style.tidy(axes, name)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=style.SHADE, lw=0.6)
    axes.set_axisbelow(True)
    return looks


def _at(check: AcceptanceCheck, value: float) -> float:
    """Where a value stands: a share in per cent, a mean from -1, low, to 1, high."""
    if check.is_share:
        return 100 * value
    half = (check.high - check.low) / 2
    return (value - (check.high + check.low) / 2) / half if half > 0 else math.nan


def _label(check: AcceptanceCheck) -> str:
    words = f"{check.label} ({' '.join(check.rows)})"
    if check.is_share:
        return words
    return f"{words}: {check.observed:.3g}"


def _notes(acceptance: Acceptance) -> list[str]:
    notes = [
        "A study's figure is predicted from the simulated one, the heterogeneity between studies "
        "that the scenario assumes, and the study's own sampling",
        f"{acceptance.failed} of {len(acceptance.checks)} lie outside their interval",
    ]
    if any(not check.is_share for check in acceptance.checks):
        notes.append("Numbers beside the names of means are the published ones")
    return notes
