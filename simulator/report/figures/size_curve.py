"""The power over the value that a search varies: what was tried, the fitted curve, the answer."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulator.report.document.numbers import uncapital
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import column, percent, require
from simulator.report.figures.rate_axis import rate_axis
from simulator.results.size import CurvePoint, Size, SizeEstimate

_LEGEND = 400.0  # points
_LABEL = 0.055  # share of the axes' height that a line of the answer's label takes


def draw_size_curve(size: Size) -> Drawing:
    """Draw the powers of the values tried with their intervals, the fitted curve and the answer.

    Points are not joined: what lies between two of them is the fitted curve's to say. A planned
    number that recruitment does not reach has an open symbol.

    Raises
    ------
    ValueError
        If no value was tried.
    """
    require(size.curve, "power")
    rate = f"power in favour of {size.arm}" if size.favoured else "power"
    tops = [top for point in size.curve for top in (point.power, point.ci_high)]
    scale = rate_axis(tops, size.target_power, rate)
    with style.context():
        figure = style.new_figure(style.HEIGHT)
        axes = figure.subplots()
        handles = _draw_points(axes, size)
        handles |= _draw_fit(axes, size) | _draw_exact(axes, size)
        handles |= {name: line for _, name, line in scale.draw(axes)}
        style.tidy(axes, style.wrap(size.key_name, _LEGEND, style.SIZE), scale.name)
        axes.xaxis.set_major_locator(MaxNLocator(8))
        axes.xaxis.set_major_formatter("{x:,g}")
        lines = 0
        if size.answer is not None:
            lines = _draw_answer(axes, size.answer, size)
        names = list(handles)
        looks = [handles[name] for name in names]
        labels.legend_above(figure, axes, looks, names, lift=_LABEL * lines)
    shows = f"{style.capital(rate)} of {size.test_name} by {uncapital(size.key_name)}"
    return Drawing(figure, shows, tuple(_notes(size)))


def _draw_points(axes: Axes, size: Size) -> dict[str, Any]:
    """Draw what was tried; return the look of each kind of point by its name."""
    limited = [point for point in size.curve if size.is_limited(point.value)]
    reached = [point for point in size.curve if not size.is_limited(point.value)]
    found = {}
    for points, name, fill in (
        (reached, "simulated, 95% interval", style.look(0).colour),
        (limited, "simulated, recruitment ends before the planned number", "white"),
    ):
        if points:
            found[name] = _draw_bars(axes, points, fill)
    return found


def _draw_bars(axes: Axes, points: Sequence[CurvePoint], fill: str) -> Any:
    power = 100 * column(point.power for point in points)
    below = power - 100 * column(point.ci_low for point in points)
    above = 100 * column(point.ci_high for point in points) - power
    return axes.errorbar(
        column(point.value for point in points),
        power,
        [below.clip(0.0), above.clip(0.0)],
        fmt="o",
        color=style.look(0).colour,
        mfc=fill,
        ms=4.5,
        lw=1.0,
        zorder=3,
        clip_on=False,  # a symbol at 0 or 100 % is whole
    )


def _draw_fit(axes: Axes, size: Size) -> dict[str, Any]:
    """Draw the fitted curve with its confidence band, as far as it was fitted."""
    if not size.fitted:
        return {}
    at = column(point.value for point in size.fitted)
    low, high = (
        100 * column(getattr(point, end) for point in size.fitted) for end in ("ci_low", "ci_high")
    )
    colour = style.look(1).colour
    axes.fill_between(at, low, high, color=colour, alpha=0.3, lw=0, zorder=1)
    (line,) = axes.plot(
        at, 100 * column(point.power for point in size.fitted), color=colour, lw=1.4, zorder=2
    )
    return {"fitted curve, 95% band": line}


def _draw_exact(axes: Axes, size: Size) -> dict[str, Any]:
    """Draw the exact powers of the values tried."""
    known = [(p.value, p.exact_power) for p in size.curve if p.exact_power is not None]
    if not known:
        return {}
    (marks,) = axes.plot(
        column(value for value, _ in known),
        100 * column(power for _, power in known),
        ls="none",
        marker="x",
        ms=5.5,
        color=style.INK,
        zorder=4,
    )
    return {"exact": marks}


def _draw_answer(axes: Axes, answer: SizeEstimate, size: Size) -> int:
    """Draw the answer and its confidence interval; return the lines that its label takes."""
    patients = " patients" if size.is_of_patients else ""
    text = f"{percent(size.target_power)} power at {answer.value:,.5g}{patients}"
    ends = [*axes.get_xlim(), answer.value]
    if answer.is_exact:
        text += " or more (exact)"
    elif math.isfinite(answer.low) and math.isfinite(answer.high):
        ends += [answer.low, answer.high]
        axes.axvspan(answer.low, answer.high, color=style.SHADE, lw=0, zorder=0)
        confidence = percent(answer.confidence)
        text += f" ({confidence} confidence interval {answer.low:,.5g} to {answer.high:,.5g})"
    axes.set_xlim(min(ends), max(ends))
    return labels.mark_x(axes, answer.value, text, _LEGEND)


def _notes(size: Size) -> list[str]:
    notes = ["Points: simulated, with 95% Monte Carlo intervals"]
    if size.fitted:
        notes.append(
            "Line: the probit curve that is fitted to the trials, with its 95% confidence band"
        )
    answer = size.answer
    if answer is not None and not answer.is_exact:
        notes.append(f"Grey: {percent(answer.confidence)} confidence interval of the answer")
    if size.recruitment is not None:
        limit = size.recruitment
        notes.append(
            f"Recruitment is the limit from {limit.value:,g} planned patients on: in the "
            f"{limit.days:,g} days that it may take, at most {limit.randomised:,.1f} are "
            "randomised on average"
        )
    if answer is not None and answer.is_exact and size.n_trend is not None:
        notes.append(f"The fitted curve crosses {percent(size.target_power)} at {size.n_trend:,g}")
    return notes
