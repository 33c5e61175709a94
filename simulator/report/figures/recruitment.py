"""Recruitment over time, between trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulator.constants import DAYS_PER_MONTH
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import (
    Floats,
    column,
    has_band,
    place_name,
    require,
)
from simulator.results.curves import RecruitmentPoint

_LOOK = style.LOOKS[0]


@dataclass(frozen=True)
class RecruitmentPlan:
    """What recruitment is held against.

    Attributes
    ----------
    target_randomised
        Patients to randomise.
    recruited_by
        Trial day by which recruitment must end for follow-up to end as planned; None if no
        completion is planned.
    last_date
        The calendar date of that day; None if it is not known.
    is_limit
        Whether recruitment ends short of the target in more than a few trials.
    """

    target_randomised: int
    recruited_by: float | None
    last_date: date | None = None
    is_limit: bool = False


def recruitment_plan(scenario: Mapping[str, Any]) -> RecruitmentPlan:
    """Return the plan of a scenario that is given as plain values, dates in ISO 8601."""
    trial = scenario["trial"]
    target, completion = trial["target_randomised"], trial["planned_completion_date"]
    if completion is None:
        return RecruitmentPlan(target, None)
    last = date.fromisoformat(completion) - timedelta(days=trial["follow_up_days"])
    days = (last - date.fromisoformat(trial["start_date"])).days
    return RecruitmentPlan(target, float(days), last)


def draw_recruitment(points: Sequence[RecruitmentPoint], plan: RecruitmentPlan) -> Drawing:
    """Draw how many patients the trials have randomised by each day, against target and plan.

    Raises
    ------
    ValueError
        If there are no points.
    """
    require(points, "recruitment")
    points = sorted(points, key=lambda point: point.day)
    months = column(point.day for point in points) / DAYS_PER_MONTH
    target = plan.target_randomised
    planned = None if plan.recruited_by is None else plan.recruited_by / DAYS_PER_MONTH
    with style.context():
        figure = style.new_figure(style.HEIGHT)
        axes = figure.subplots()
        axes.set_xlim(0, max(months[-1], 1.03 * (planned or 0.0), 0.1))
        axes.set_ylim(0, 1.06 * max(target, float(np.nanmax([point.p95 for point in points]))))
        _draw_fan(axes, months, points)
        _mark_target(axes, target)
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 3, 6, 10], integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        style.tidy(axes, "months since the first site opened", "patients randomised")
        lines = 0
        if planned is not None:
            lines = labels.mark_x(axes, planned, _planned_end(plan, planned))
        handles, names = axes.get_legend_handles_labels()
        labels.legend_above(figure, axes, handles, names, lift=0.06 * lines)
    notes = [
        "Bands: ranges of the trials (5th to 95th percentile, and quartiles)",
        f"When recruitment is over a mean of {points[-1].mean:.1f} of {target} are randomised",
    ]
    shown = notes[0 if has_band(points) else 1 :] + ["Recruitment is the limit"] * plan.is_limit
    return Drawing(figure, "Patients randomised over time", tuple(shown))


def _planned_end(plan: RecruitmentPlan, month: float) -> str:
    """Say when recruitment is planned to end: its date, if known, and its month."""
    text = f"month {month:.1f}"
    if plan.last_date is not None:
        text = f"{place_name(plan.last_date)} ({text})"
    return f"planned end of recruitment: {text}"


def _mark_target(axes: Axes, target: float) -> None:
    """Draw the patients to randomise as a line with its name at the right."""
    axes.axhline(target, color=style.INK, lw=0.9, zorder=1.5)
    axes.annotate(
        f"target {target}",
        (1.0, target),
        (4, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
    )


def _draw_fan(axes: Axes, months: Floats, points: Sequence[RecruitmentPoint]) -> None:
    """Draw the median and the mean, with the 90 % and the interquartile range of the trials.

    All are known on the same days and joined alike between them: steps would hold a number back to
    the next day seen, and trail a line.
    """
    if has_band(points):
        outer = [p.p5 for p in points], [p.p95 for p in points]
        inner = [p.p25 for p in points], [p.p75 for p in points]
        for (low, high), alpha, name in (
            (outer, 0.18, "90% range"),
            (inner, 0.42, "interquartile range"),
        ):
            axes.fill_between(
                months,
                column(low),
                column(high),
                color=_LOOK.colour,
                alpha=alpha,
                lw=0,
                label=name,
            )
    axes.plot(
        months,
        column(point.p50 for point in points),
        color=_LOOK.colour,
        lw=1.8,
        label="median",
    )
    mean = column(point.mean for point in points)
    axes.plot(months, mean, color=style.INK, ls=":", lw=1.4, label="mean")
