"""The ALSS unit day by day: its sessions, who waits, and the plasma in stock."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import labels, style
from simulator.report.figures.rows import Floats, Row, Rows, column, require

_WINDOW = 56  # days shown where no window is asked for
_AXIS = 560.0  # points that the axis of days has, about
_NUMBER = 18.0  # points kept free for the number of the last patient
_LEAST = 4.0  # points that a bar has at least, or its shade cannot be seen
_NUMBERED = 14  # rows of bars up to which patients' numbers are written
_SHADED = 130  # days up to which those are shaded on which the unit is closed
_SHORT: Any = {"marker": "v", "ms": 4.5, "mec": style.INK, "mew": 0.5}
_PART = ("cut short", "left during it")


def draw_gantt(
    days: Rows,
    sessions: Rows,
    title: str,
    first_day: int | None = None,
    last_day: int | None = None,
    capacity_litres: float | None = None,
) -> Figure:
    """Draw a window of the unit's days: sessions, queue at the day's end, plasma after the day.

    Parameters
    ----------
    days
        day, open and close (hours; None on a day without hours), background_sessions, queue,
        stock_litres (None where plasma is no limit), short (whether plasma fell short).
    sessions
        start_day, end_day (trial time), patient, arm, late, status.
    first_day, last_day
        The window, both included; by default the 56 days in which most sessions begin.
    capacity_litres
        What the stock can hold, drawn as a line.

    Raises
    ------
    ValueError
        If there are no days, or none in the window.
    """
    require(days, "days")
    first, last = _window(days, sessions, first_day, last_day)
    shown = sorted((row for row in days if first <= row["day"] <= last), key=lambda row: row["day"])
    require(shown, f"days from {first} to {last}")
    within = [s for s in sessions if first <= s["start_day"] < last + 1]
    day = (last + 1 - first) / _AXIS  # what a point stands for
    arms = list(dict.fromkeys(str(session["arm"]) for session in sessions))
    is_numbered = max(_lines(within, day, True), default=0) < _NUMBERED
    lines = _lines(within, day, is_numbered)
    has_stock = not bool(np.all(np.isnan(column(shown, "stock_litres"))))
    heights = [min(max(0.25 * (max(lines, default=0) + 1), 0.9), 4.5), 0.85, 1.1][: 2 + has_stock]
    with style.context():
        figure = style.new_figure(9.6, sum(heights) + 0.6 + 0.25 * len(heights))
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        _draw_bars(panels[0], within, lines, arms, day, is_numbered)
        _draw_queue(panels[1], shown)
        if has_stock:
            _draw_stock(panels[2], shown, capacity_litres)
        for panel in panels:
            _shade_closed(panel, shown)
        panels[0].set_xlim(first, last + 1 + _NUMBER * day)
        panels[0].xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 7, 10], integer=True))
        panels[-1].set_xlabel("days since the first site opened", fontsize=style.SIZE)
        figure.align_ylabels(list(panels))
        _legend(figure, panels[0], shown, within, arms)
        style.title(figure, title)
        style.note(figure, _note(days, shown, first_day is None and last_day is None, has_stock))
    return figure


def _window(
    days: Rows, sessions: Rows, first_day: int | None, last_day: int | None
) -> tuple[int, int]:
    """Return the window asked for, or the one in which most sessions begin."""
    earliest = int(min(row["day"] for row in days))
    latest = int(max(row["day"] for row in days))
    if first_day is not None or last_day is not None:
        first = first_day if first_day is not None else max(earliest, (last_day or 0) - _WINDOW + 1)
        return first, last_day if last_day is not None else min(latest, first + _WINDOW - 1)
    if latest - earliest < _WINDOW:
        return earliest, latest
    begun = np.zeros(latest - earliest + 1)
    for session in sessions:
        begun[min(max(int(session["start_day"]) - earliest, 0), begun.size - 1)] += 1
    busy = np.convolve(begun, np.ones(_WINDOW), "valid")
    first = earliest + int(np.argmax(busy))
    return first, first + _WINDOW - 1


def _width(session: Row, day: float) -> float:
    """Return the days that a bar takes; `day` is the number of days that a point stands for."""
    return float(max(session["end_day"] - session["start_day"], _LEAST * day))


def _room(session: Row, day: float) -> float:
    """Return the days that a bar and the patient's number beside it take."""
    return _width(session, day) + day * (style.text_width(f"{session['patient']:g}", 6.0) + 3.0)


def _lines(sessions: Rows, day: float, is_numbered: bool) -> list[int]:
    """Give each session the first line that is free for its bar and, if written, its number."""
    free: list[float] = []
    lines = [0] * len(sessions)
    for k in sorted(range(len(sessions)), key=lambda k: sessions[k]["start_day"]):
        start = sessions[k]["start_day"]
        line = next((n for n, until in enumerate(free) if until <= start), len(free))
        if line == len(free):
            free.append(-math.inf)
        free[line] = start + (_room if is_numbered else _width)(sessions[k], day)
        lines[k] = line
    return lines


def _draw_bars(
    axes: Axes, sessions: Rows, lines: list[int], arms: list[str], day: float, is_numbered: bool
) -> None:
    """Draw the sessions: framed where late, of half height where not completed."""
    count = max(lines, default=0) + 1
    for session, line in zip(sessions, lines, strict=True):
        height = 0.35 if session["status"] in _PART else 0.7
        is_late = bool(session["late"])
        bar = Rectangle(
            (session["start_day"], line - height / 2),
            _width(session, day),
            height,
            fc=style.look(arms.index(str(session["arm"]))).colour,
            ec=style.INK if is_late else "none",
            lw=1.1 if is_late else 0.0,
        )
        axes.add_patch(bar)
        if is_numbered:
            axes.text(
                session["start_day"] + _width(session, day) + 1.5 * day,
                line,
                f"{session['patient']:g}",
                fontsize=6,
                va="center",
            )
    axes.set_ylim(count - 0.4, -0.6)
    style.tidy(axes, "", "sessions")
    axes.set_yticks([])


def _steps(axes: Axes, shown: Rows, key: str, colour: str) -> None:
    """Draw what holds after each day as steps."""
    day, value = column(shown, "day"), column(shown, key)
    axes.step(
        np.append(day, day[-1] + 1), np.append(value, value[-1]), where="post", color=colour, lw=1.3
    )


def _draw_queue(axes: Axes, shown: Rows) -> None:
    _steps(axes, shown, "queue", style.INK)
    axes.set_ylim(0, max(1.15 * float(np.nanmax(column(shown, "queue"), initial=0.0)), 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    style.tidy(axes, "", "patients\nwaiting")


def _draw_stock(axes: Axes, shown: Rows, capacity: float | None) -> None:
    """Draw the stock of plasma, the days marked on which it fell short."""
    _steps(axes, shown, "stock_litres", style.LOOKS[0].colour)
    short = [row for row in shown if row["short"]]
    if short:  # an empty line is laid out as if it stood at the corner of the figure
        _mark_short(axes, column(short, "day") + 0.5, column(short, "stock_litres"))
    top = max(float(np.nanmax(column(shown, "stock_litres"))), capacity or 0.0, 0.1)
    if capacity is not None:
        axes.axhline(capacity, color=style.FAINT, lw=0.8, ls=(0, (4, 2)))
        axes.annotate(
            "capacity",
            (1.0, capacity),
            (3, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
        )
    axes.set_ylim(0, 1.1 * top)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    style.tidy(axes, "", "plasma in\nstock (L)")


def _mark_short(axes: Axes, day: Floats, stock: Floats) -> None:
    axes.plot(day, stock, ls="none", color=style.ALARM, clip_on=False, **_SHORT)


def _shade_closed(axes: Axes, shown: Rows) -> None:
    """Shade the days on which the unit does not open, if it is known to open at all."""
    if not _tells_closed(shown):
        return
    for row in shown:
        if row["open"] is None:
            axes.axvspan(row["day"], row["day"] + 1, color=style.SHADE, lw=0, zorder=0)


def _tells_closed(shown: Rows) -> bool:
    opens = [row["open"] is not None for row in shown]
    return len(shown) <= _SHADED and any(opens) and not all(opens)


def _legend(figure: Figure, axes: Axes, shown: Rows, sessions: Rows, arms: list[str]) -> None:
    """Explain above the panels what occurs in them."""
    handles: list[Any] = [Patch(color=style.look(k).colour, lw=0) for k in range(len(arms))]
    names = list(arms)
    if any(session["late"] for session in sessions):
        handles.append(Patch(fc="white", ec=style.INK, lw=1.1))
        names.append("begun over a day late")
    if _tells_closed(shown):
        handles.append(Patch(color=style.SHADE, lw=0))
        names.append("unit closed")
    if any(row["short"] for row in shown):
        handles.append(Line2D([], [], ls="none", color=style.ALARM, **_SHORT))
        names.append("plasma short")
    if handles:
        labels.legend_above(figure, axes, handles, names, 560)


def _note(days: Rows, shown: Rows, is_chosen: bool, has_stock: bool) -> str:
    """Say which days are shown and how to read the bars."""
    first, last = int(shown[0]["day"]), int(shown[-1]["day"])
    ends = [int(row["day"]) for row in days]
    text = f"Days {first} to {last} of {min(ends)} to {max(ends)}"
    if is_chosen and last - first < max(ends) - min(ends):
        text += f", the {_WINDOW} in which most sessions begin"
    text += ". Bars begin with the session and are as long as it, or long enough to be seen;"
    text += " those of half height were not completed; a number is the patient's."
    text += " Waiting and stock: at the day's end."
    background = column(shown, "background_sessions")
    known = background[~np.isnan(background)]
    if known.size and known.sum() > 0:
        text += f" Besides, {known.mean():.1f} sessions a day for patients outside the trial."
    if not has_stock:
        text += " Plasma is not limited, or its stock not known."
    return text
