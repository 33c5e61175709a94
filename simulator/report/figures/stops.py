"""When trials end: month by month, stopped for efficacy or futility, or at their planned end."""

import math
from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from simulator.constants import DAYS_PER_MONTH
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import Floats, column, percent, require
from simulator.results.curves import StopPoint

_KINDS = (  # hatched too, so that they are told apart in grey
    ("stopped for efficacy", "efficacy", style.look(0).colour, ""),
    ("stopped for futility", "futility", style.look(1).colour, "////"),
    ("ended as planned", "planned", "#bdbdbd", ""),
)
_ROUNDING = 1e-9  # of shares that are summed


def draw_stops(points: Sequence[StopPoint], trials: int) -> Drawing:
    """Draw the share of trials that end in each month, by how they end.

    Parameters
    ----------
    trials
        Of which the shares are.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, "stops")
    start = column(point.start_day for point in points) / DAYS_PER_MONTH
    width = column(point.end_day for point in points) / DAYS_PER_MONTH - start
    with style.context():
        figure = style.new_figure(style.HEIGHT - 0.3)
        axes = figure.subplots()
        below: Floats = 0.0 * start
        handles = {}
        for name, field, colour, hatch in _KINDS:
            share = 100 * column(getattr(point, field) for point in points)
            if share.any():
                handles[name] = axes.bar(
                    start,
                    share,
                    width,
                    below,
                    align="edge",
                    color=colour,
                    hatch=hatch,
                    edgecolor="white",
                    lw=0.5,
                )
            below = below + share
        axes.set_xlim(0, float((start + width)[-1]))
        axes.set_ylim(0, 1.06 * float(below.max()))
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 3, 6, 10], integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        style.tidy(axes, "months since the first site opened", "trials (%)")
        labels.legend_above(figure, axes, list(handles.values()), list(handles))
    return Drawing(figure, "When trials end, and why", tuple(_notes(points, trials)))


def _notes(points: Sequence[StopPoint], trials: int) -> list[str]:
    shares = {name: sum(getattr(p, field) for p in points) for name, field, *_ in _KINDS}
    told = [f"{percent(share)} {name}" for name, share in shares.items() if share > 0]
    apart = (points[0].end_day - points[0].start_day) / DAYS_PER_MONTH
    unit = "month" if round(apart) == 1 else f"{apart:.0f} months"
    unanswered = 1 - sum(shares.values())
    if unanswered > _ROUNDING:
        told.append(f"{percent(unanswered)} ended without a test, and are in no bar")
    bars = (getattr(point, field) for point in points for _, field, *_ in _KINDS)
    error = 100 * max(math.sqrt(share * (1 - share) / trials) for share in bars)
    return [
        f"Bars: share of all trials per {unit} (Monte Carlo standard error at most {error:.2g} "
        f"percentage points); {', '.join(told)}",
        "A trial that is stopped ends on the day of the decision, another with its last follow-up",
    ]
