"""The ALSS unit day by day: its sessions, who waits, and the plasma in stock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import Floats, column, require

_WINDOW = 56  # days shown where no window is asked for
_AXIS = 370.0  # points that the axis of days has, about
_NUMBER = 18.0  # points kept free for the number of the last patient
_LEAST = 4.0  # points that a bar has at least, or its shade cannot be seen
_TYPE = 7.0  # size of patients' numbers
_SHADE = 0.65  # opacity of bars, on which the frame of a delayed session can be seen
_NUMBERED = 14  # rows of bars up to which patients' numbers are written
_SHADED = 130  # days up to which those are shaded on which the unit is closed


@dataclass(frozen=True)
class GanttDay:
    """A day of the trial, seen at its end.

    Attributes
    ----------
    background_sessions
        Of patients outside the trial.
    queue
        Patients of the trial who wait.
    stock_litres
        Plasma left; None where plasma is no limit.
    is_short
        Whether somebody was not treated for want of plasma.
    """

    day: int
    is_open: bool
    background_sessions: float
    queue: int
    stock_litres: float | None
    is_short: bool


@dataclass(frozen=True)
class GanttSession:
    """A session that was begun, in trial days.

    `is_delayed` says whether it began more than 1 day after it fell due, `is_complete` whether it
    neither was cut short nor ended with the patient's exit.
    """

    start_day: float
    end_day: float
    patient: int
    arm: str
    is_delayed: bool
    is_complete: bool


def draw_gantt(
    days: Sequence[GanttDay],
    sessions: Sequence[GanttSession],
    first_day: int | None = None,
    last_day: int | None = None,
    capacity_litres: float | None = None,
) -> Drawing:
    """Draw a window of the unit's days: sessions, queue at the day's end, plasma after the day.

    Parameters
    ----------
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
    shown = sorted((d for d in days if first <= d.day <= last), key=lambda d: d.day)
    require(shown, f"days from {first} to {last}")
    within = [s for s in sessions if first <= s.start_day < last + 1]
    day = (last + 1 - first) / _AXIS  # what a point stands for
    arms = list(dict.fromkeys(session.arm for session in sessions))
    is_numbered = max(_lines(within, day, True), default=0) < _NUMBERED
    lines = _lines(within, day, is_numbered)
    has_stock = any(d.stock_litres is not None for d in shown)
    heights = [min(max(0.19 * (max(lines, default=0) + 1), 0.8), 4.0), 0.6, 0.8][: 2 + has_stock]
    with style.context():
        figure = style.new_figure(sum(heights) + 0.4 + 0.15 * len(heights))
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        _draw_bars(panels[0], within, lines, arms, day, is_numbered)
        _draw_queue(panels[1], shown)
        if has_stock:
            _draw_stock(panels[2], shown, capacity_litres)
        for panel in panels:
            _shade_closed(panel, shown)
        panels[0].set_xlim(first, last + 1 + _NUMBER * day)
        panels[0].xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 7, 10], integer=True))
        panels[-1].set_xlabel("Days since the first site opened", fontsize=style.SIZE)
        figure.align_ylabels(list(panels))
        _legend(figure, panels[0], shown, within, arms)
    notes = _notes(days, shown, first_day is None and last_day is None, has_stock)
    return Drawing(figure, "The ALSS unit of one trial, day by day", tuple(notes))


def _window(
    days: Sequence[GanttDay],
    sessions: Sequence[GanttSession],
    first_day: int | None,
    last_day: int | None,
) -> tuple[int, int]:
    """Return the window asked for, or the one in which most sessions begin."""
    earliest = min(d.day for d in days)
    latest = max(d.day for d in days)
    if first_day is not None or last_day is not None:
        first = first_day if first_day is not None else max(earliest, (last_day or 0) - _WINDOW + 1)
        return first, last_day if last_day is not None else min(latest, first + _WINDOW - 1)
    if latest - earliest < _WINDOW:
        return earliest, latest
    begun = np.zeros(latest - earliest + 1)
    for session in sessions:
        begun[min(max(int(session.start_day) - earliest, 0), begun.size - 1)] += 1
    busy = np.convolve(begun, np.ones(_WINDOW), "valid")
    first = earliest + int(np.argmax(busy))
    return first, first + _WINDOW - 1


def _width(session: GanttSession, day: float) -> float:
    """Return the days that a bar takes; `day` is the number of days that a point stands for."""
    return float(max(session.end_day - session.start_day, _LEAST * day))


def _room(session: GanttSession, day: float) -> float:
    """Return the days that a bar and the patient's number beside it take."""
    return _width(session, day) + day * (style.text_width(f"{session.patient}", _TYPE) + 3.0)


def _lines(sessions: Sequence[GanttSession], day: float, is_numbered: bool) -> list[int]:
    """Give each session the first line that is free for its bar and, if written, its number."""
    free: list[float] = []
    lines = [0] * len(sessions)
    for k in sorted(range(len(sessions)), key=lambda k: sessions[k].start_day):
        start = sessions[k].start_day
        line = next((n for n, until in enumerate(free) if until <= start), len(free))
        if line == len(free):
            free.append(-math.inf)
        free[line] = start + (_room if is_numbered else _width)(sessions[k], day)
        lines[k] = line
    return lines


def _draw_bars(
    axes: Axes,
    sessions: Sequence[GanttSession],
    lines: list[int],
    arms: list[str],
    day: float,
    is_numbered: bool,
) -> None:
    """Draw the sessions: framed where delayed, of half height where not completed."""
    count = max(lines, default=0) + 1
    for session, line in zip(sessions, lines, strict=True):
        height = 0.7 if session.is_complete else 0.35
        bar = Rectangle(
            (session.start_day, line - height / 2),
            _width(session, day),
            height,
            fc=(style.look(arms.index(session.arm)).colour, _SHADE),
            ec=style.INK if session.is_delayed else "none",
            lw=1.1 if session.is_delayed else 0.0,
        )
        axes.add_patch(bar)
        if is_numbered:
            axes.text(
                session.start_day + _width(session, day) + 1.5 * day,
                line,
                f"{session.patient}",
                fontsize=_TYPE,
                va="center",
            )
    axes.set_ylim(count - 0.4, -0.6)
    style.tidy(axes, "", "sessions")
    axes.set_yticks([])


def _steps(
    axes: Axes, shown: Sequence[GanttDay], values: Sequence[float | None], colour: str
) -> None:
    """Draw what holds after each day as steps."""
    day, value = column(d.day for d in shown), column(values)
    axes.step(
        np.append(day, day[-1] + 1), np.append(value, value[-1]), where="post", color=colour, lw=1.3
    )


def _draw_queue(axes: Axes, shown: Sequence[GanttDay]) -> None:
    waiting = [d.queue for d in shown]
    _steps(axes, shown, waiting, style.INK)
    axes.set_ylim(0, max(1.15 * max(waiting), 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    style.tidy(axes, "", "patients\nwaiting")


def _draw_stock(axes: Axes, shown: Sequence[GanttDay], capacity: float | None) -> None:
    """Draw the stock of plasma, the days marked on which it fell short."""
    stock = [d.stock_litres for d in shown]
    _steps(axes, shown, stock, style.INK)
    short = [(d.day + 0.5, d.stock_litres) for d in shown if d.is_short]
    if short:  # an empty line is laid out as if it stood at the corner of the figure
        axes.add_line(_short_marks(column(d for d, _ in short), column(left for _, left in short)))
    top = max([left for left in stock if left is not None] + [capacity or 0.0, 0.1])
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


def _short_marks(day: Floats, litres: Floats) -> Line2D:
    """Return the marks of days on which plasma fell short."""
    return Line2D(
        day,
        litres,
        ls="none",
        color=style.look(1).colour,
        marker="v",
        ms=4.5,
        mec=style.INK,
        mew=0.5,
        clip_on=False,
    )


def _shade_closed(axes: Axes, shown: Sequence[GanttDay]) -> None:
    """Shade the days on which the unit does not open, if it is known to open at all."""
    if not _tells_closed(shown):
        return
    for d in shown:
        if not d.is_open:
            axes.axvspan(d.day, d.day + 1, color=style.SHADE, lw=0, zorder=0)


def _tells_closed(shown: Sequence[GanttDay]) -> bool:
    opens = [d.is_open for d in shown]
    return len(shown) <= _SHADED and any(opens) and not all(opens)


def _legend(
    figure: Figure,
    axes: Axes,
    shown: Sequence[GanttDay],
    sessions: Sequence[GanttSession],
    arms: list[str],
) -> None:
    """Explain above the panels what occurs in them."""
    handles: list[Artist] = [
        Patch(color=style.look(k).colour, alpha=_SHADE, lw=0) for k in range(len(arms))
    ]
    names = list(arms)
    if any(session.is_delayed for session in sessions):
        handles.append(Patch(fc="white", ec=style.INK, lw=1.1))
        names.append("delayed more than 1 day")
    if _tells_closed(shown):
        handles.append(Patch(color=style.SHADE, lw=0))
        names.append("unit closed")
    if any(d.is_short for d in shown):
        handles.append(_short_marks(column([]), column([])))
        names.append("short of plasma")
    if handles:
        labels.legend_above(figure, axes, handles, names)


def _notes(
    days: Sequence[GanttDay], shown: Sequence[GanttDay], is_chosen: bool, has_stock: bool
) -> list[str]:
    """Say which days are shown and how to read the bars."""
    first, last = shown[0].day, shown[-1].day
    ends = [d.day for d in days]
    text = f"Days {first} to {last} of {min(ends)} to {max(ends)}"
    if is_chosen and last - first < max(ends) - min(ends):
        text += f", the {_WINDOW} in which most sessions begin"
    notes = [
        text,
        "Bars begin with the session and are as long as it, or long enough to be seen; those of "
        "half height were not completed; a number is the patient's",
        "Patients waiting and stock: at the end of the day",
    ]
    background = float(np.mean([d.background_sessions for d in shown]))
    if background > 0:
        notes.append(
            f"Background load: {background:.1f} sessions per day for patients outside the trial"
        )
    return notes if has_stock else [*notes, "Plasma is not limited"]
