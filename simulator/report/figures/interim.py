"""A running trial at an interim: its boundaries with what was observed, recruitment to come."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import column, place_name, require
from simulator.results.interim import LookTaken
from simulator.results.interim_recruitment import RecruitmentForecast

_DATES: Any = dates  # without types
_LOOK = style.LOOKS[0]
_KINDS = (
    ("boundary for efficacy", "efficacy_z", "-", "D"),
    ("boundary for efficacy", "lower_z", "-", "D"),
    ("boundary for futility", "futility_z", (0, (4, 2)), "v"),
)


def draw_observed(looks: Sequence[LookTaken], favoured: str, end_z: float | None = None) -> Drawing:
    """Draw the boundaries of the looks so far, at the information they had, and the statistics.

    Parameters
    ----------
    favoured
        What positive Z favours.
    end_z
        Critical value at the planned end; None: the trial is over, or it is not known.

    Raises
    ------
    ValueError
        If there is no look.
    """
    require(looks, "looks")
    at = [look.fraction for look in looks]
    ends = {} if end_z is None else {"efficacy_z": end_z}
    if end_z is not None and looks[-1].lower_z is not None:
        ends["lower_z"] = -end_z
    with style.context():
        figure = style.new_figure(style.HEIGHT)
        axes = figure.subplots()
        handles = {}
        for name, key, line, marker in _KINDS:
            known = [(x, z) for x, z in zip(at, _of(looks, key), strict=True) if z is not None]
            known += [(1.0, ends[key])] if key in ends else []
            if known:
                (handles[name],) = axes.plot(
                    *zip(*known, strict=True),
                    color=style.INK,
                    ls=line,
                    marker=marker,
                    ms=4.0,
                    lw=1.3,
                    gid="boundary",
                )
        seen = [(look.fraction, look.z) for look in looks if look.z is not None]
        if seen:
            (handles["observed"],) = axes.plot(
                *zip(*seen, strict=True), color=_LOOK.colour, marker="o", ms=6.0, lw=1.2, zorder=3
            )
        axes.axhline(0.0, color=style.SHADE, lw=0.8, zorder=0)
        axes.set_xlim(0.0, max([1.05, *(1.05 * x for x in at)]))
        every = [abs(z) for _, key, *_ in _KINDS for z in _of(looks, key) if z is not None]
        high = max([2.5, *every, *(abs(z) for _, z in seen)]) + 0.5
        low = -high if any(z is not None for z in _of(looks, "lower_z")) else -1.5
        axes.set_ylim(min([low, *(z - 0.5 for _, z in seen)]), high)
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        style.tidy(axes, "information, of that planned", "Z")
        labels.legend_above(figure, axes, list(handles.values()), list(handles))
    notes = [f"Positive Z favours {favoured}"]
    notes.append("Boundaries of looks so far are those at the information they had")
    if ends:
        notes.append("The last is that at the planned end")
    return Drawing(figure, "Looks so far and their boundaries", tuple(notes))


def _of(looks: Sequence[LookTaken], key: str) -> list[float | None]:
    return [getattr(look, key) for look in looks]


def draw_forecast(found: RecruitmentForecast, cut: str) -> Drawing:
    """Draw the predictive distribution of the patients randomised by each date.

    Parameters
    ----------
    cut
        Date of the data, from which on recruitment is predicted.

    Raises
    ------
    ValueError
        If nothing is predicted.
    """
    require(found.patients, "recruitment to come")
    days = [date.fromisoformat(cut), *(date.fromisoformat(p.date) for p in found.patients)]
    at = column(day.toordinal() for day in days) - date(1970, 1, 1).toordinal()

    def known(key: str) -> list[float]:
        return [found.randomised, *(getattr(point, key) for point in found.patients)]

    with style.context():
        figure = style.new_figure(style.HEIGHT)
        axes = figure.subplots()
        for width, alpha in (("95", 0.18), ("80", 0.42)):
            axes.fill_between(
                at,
                column(known(f"low_{width}")),
                column(known(f"high_{width}")),
                color=_LOOK.colour,
                alpha=alpha,
                lw=0,
                label=f"{width}% predictive interval",
            )
        median = column(known("median"))
        axes.plot(at, median, color=_LOOK.colour, lw=1.8, marker="o", ms=3.5, label="median")
        _mark_target(axes, found.target)
        axes.set_xlim(at[0], at[-1])
        axes.set_ylim(0.0, 1.06 * max(found.target, *known("high_95")))
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        locator = _DATES.AutoDateLocator(maxticks=8)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(_DATES.ConciseDateFormatter(locator))
        style.tidy(axes, "", "patients randomised")
        lines = _mark_planned(axes, found, days[-1])
        handles, names = axes.get_legend_handles_labels()
        labels.legend_above(figure, axes, handles, names, lift=0.06 * lines)
    return Drawing(figure, "Recruitment to come", tuple(_notes(found, days[0])))


def _mark_target(axes: Axes, target: int) -> None:
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


def _mark_planned(axes: Axes, found: RecruitmentForecast, last: date) -> int:
    """Mark the latest date that meets the planned completion; return the lines of its label."""
    if found.last_randomisation is None:
        return 0
    day = date.fromisoformat(found.last_randomisation)
    place = float((day - date(1970, 1, 1)).days)
    if day > last or place < axes.get_xlim()[0]:
        return 0
    return labels.mark_x(axes, place, f"planned end of recruitment: {place_name(day)}")


def _notes(found: RecruitmentForecast, cut: date) -> list[str]:
    notes = [f"{found.randomised} of {found.target} patients were randomised by {place_name(cut)}"]
    notes.append("Predicted for the dates that are marked, and joined between them")
    closing = found.closing
    if closing.median is not None:
        words = f"Median day of the last: {place_name(date.fromisoformat(closing.median))}"
        if closing.low_95 is not None and closing.high_95 is not None:
            low, high = (date.fromisoformat(d) for d in (closing.low_95, closing.high_95))
            words += f" (95% interval {place_name(low)} to {place_name(high)})"
        notes.append(words)
    return notes
