"""What befell each patient of one trial."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulator.report.figures import labels, style
from simulator.report.figures.rows import Row, Rows, require

_ROW, _MOST = 0.15, 10.5  # inches: a patient's row, and all rows at most
_NUMBER = 8.0  # points that a patient's number needs


class _Mark(NamedTuple):
    marker: str
    fill: str
    name: str
    scale: float = 1.0


_SESSIONS = {
    "delivered": _Mark("o", "white", "session delivered"),
    "cut short": _Mark("d", "white", "session cut short", 1.1),
    "left during it": _Mark("s", "white", "left during a session"),
    "missed": _Mark("x", style.INK, "session missed"),
}
_OUTCOMES = {
    "died of the liver": _Mark("X", style.INK, "died of the liver", 1.25),
    "died of the tumour": _Mark("P", "white", "died of the tumour", 1.25),
    "transplanted": _Mark("*", style.INK, "transplanted", 1.6),
    "lost": _Mark("D", "white", "lost"),
    "completed": _Mark(">", style.INK, "completed"),
}
_WITHDRAWN = _Mark("v", style.INK, "withdrawn from treatment")


def draw_swimmer(patients: Rows, follow_up_days: float, title: str) -> Figure:
    """Draw a bar for each patient of a trial, with sessions and what ended the observation.

    Parameters
    ----------
    patients
        patient, arm, entry_day, sessions (start, end, status, in patient days), end_day (patient
        day on which observation ended), outcome, withdrawn_day (or None). Statuses: delivered,
        cut short, missed, left during it. Outcomes: died of the liver, died of the tumour,
        transplanted, lost, completed.

    Raises
    ------
    ValueError
        If there are no patients, or a status or outcome is none of these.
    """
    require(patients, "patients")
    for patient in patients:
        _check(patient)
    arms = list(dict.fromkeys(str(patient["arm"]) for patient in patients))
    ordered = sorted(patients, key=lambda p: (arms.index(str(p["arm"])), -p["end_day"]))
    height = min(_ROW * max(len(ordered), 4), _MOST)
    with style.context():
        figure = style.new_figure(7.2, height + 0.75)
        axes = figure.subplots()
        row_points = 72 * height / len(ordered)
        _draw_bars(axes, ordered, arms)
        _draw_marks(axes, ordered, max(min(0.5 * row_points, 5.0), 1.6))
        _name_rows(axes, ordered, arms, row_points)
        axes.set_xlim(0, 1.03 * follow_up_days)
        axes.set_xticks(style.week_ticks(follow_up_days))
        style.tidy(axes, "days since randomisation", "patient")
        axes.tick_params(axis="y", length=0)
        _legend(figure, axes, ordered, arms)
        style.title(figure, title)
    return figure


def _check(patient: Row) -> None:
    """Refuse words that have no symbol."""
    if patient["outcome"] not in _OUTCOMES:
        raise ValueError(f"patient {patient['patient']}: no outcome is called {patient['outcome']}")
    for session in patient["sessions"]:
        if session["status"] not in _SESSIONS:
            raise ValueError(
                f"patient {patient['patient']}: no session is called {session['status']}"
            )


def _draw_bars(axes: Axes, patients: Rows, arms: list[str]) -> None:
    """Draw a bar for each patient, paler from withdrawal on."""
    for place, patient in enumerate(patients):
        colour = style.look(arms.index(str(patient["arm"]))).colour
        end, withdrawn = patient["end_day"], patient.get("withdrawn_day")
        treated = end if withdrawn is None else min(withdrawn, end)
        parts = [(0.0, treated), (treated, end - treated)]
        shades = [(colour, 0.75), (colour, 0.3)]
        axes.broken_barh(parts, (place - 0.36, 0.72), facecolors=shades, lw=0)


def _draw_marks(axes: Axes, patients: Rows, size: float) -> None:
    """Draw the symbols, all of a kind at once."""
    places: dict[_Mark, list[tuple[float, float]]] = {}
    for place, patient in enumerate(patients):
        end, withdrawn = patient["end_day"], patient.get("withdrawn_day")
        for session in patient["sessions"]:
            # A session that was missed has its place where its window ended.
            at = session["end"] if session["status"] == "missed" else session["start"]
            places.setdefault(_SESSIONS[session["status"]], []).append((at, place))
        if withdrawn is not None and withdrawn <= end:
            places.setdefault(_WITHDRAWN, []).append((withdrawn, place))
        places.setdefault(_OUTCOMES[patient["outcome"]], []).append((end, place))
    for mark, at in places.items():
        axes.add_line(_line(mark, size, [x for x, _ in at], [y for _, y in at]))


def _line(mark: _Mark, size: float, x: list[float], y: list[float]) -> Line2D:
    return Line2D(
        x,
        y,
        ls="none",
        marker=mark.marker,
        ms=mark.scale * size,
        mfc=mark.fill,
        mec=style.INK,
        mew=0.6 if mark.marker != "x" else 1.0,
        clip_on=False,
        zorder=4,
    )


def _name_rows(axes: Axes, ordered: Rows, arms: list[str], row_points: float) -> None:
    """Number the rows, as many as can be read, the first arm at the top."""
    every = max(1, -(-int(_NUMBER) // max(int(row_points), 1)))
    shown = range(0, len(ordered), every)
    axes.set_yticks(list(shown), [f"{ordered[k]['patient']:g}" for k in shown], fontsize=6.5)
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    first = [str(patient["arm"]) for patient in ordered]
    for arm in arms[1:]:
        axes.axhline(first.index(arm) - 0.5, color=style.FAINT, lw=0.8)


def _legend(figure: Figure, axes: Axes, patients: Rows, arms: list[str]) -> None:
    """Explain above the axes the arms and the symbols that occur."""
    handles: list[Any] = [
        Patch(color=style.look(k).colour, alpha=0.75, lw=0) for k in range(len(arms))
    ]
    names = list(arms)
    statuses = {session["status"] for patient in patients for session in patient["sessions"]}
    outcomes = {patient["outcome"] for patient in patients}
    marks = _chosen(_SESSIONS, statuses) + _chosen(_OUTCOMES, outcomes)
    if any(patient.get("withdrawn_day") is not None for patient in patients):
        marks.append(_WITHDRAWN)
    handles += [_line(mark, 5.0, [], []) for mark in marks]
    labels.legend_above(figure, axes, handles, [*names, *(mark.name for mark in marks)], 430)


def _chosen(marks: Mapping[str, _Mark], used: set[str]) -> list[_Mark]:
    return [mark for word, mark in marks.items() if word in used]
