"""What befell each patient of one trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import require

_ROW, _MOST = 0.115, 6.8  # inches: a patient's row, and all rows at most
_NUMBER, _TYPE = 8.0, 7.0  # points that a patient's number needs, and its size


class _Mark(NamedTuple):
    marker: str
    fill: str
    name: str
    scale: float = 1.0


_SESSIONS = {
    "delivered": _Mark("o", "white", "session delivered"),
    "cut_short": _Mark("d", "white", "session cut short", 1.1),
    "ended_by_exit": _Mark("s", "white", "session ended by exit"),
    "missed": _Mark("x", style.INK, "session missed"),
}
_OUTCOMES = {
    "liver death": _Mark("X", style.INK, "liver-related death", 1.25),
    "tumour death": _Mark("P", "white", "tumour-related death", 1.25),
    "transplant": _Mark("*", style.INK, "transplanted", 1.6),
    "loss": _Mark("D", "white", "lost to follow-up"),
    "trial end": _Mark(">", "white", "in follow-up when the trial ended"),
    "completed": _Mark(">", style.INK, "completed follow-up"),
}
_WITHDRAWN = _Mark("v", style.INK, "withdrawn from treatment")


@dataclass(frozen=True)
class SwimmerSession:
    """A session in days since the patient's randomisation.

    `status` is `delivered`, `cut_short`, `ended_by_exit` or `missed`; a session that was missed
    ends where its window does.
    """

    start: float
    end: float
    status: str


@dataclass(frozen=True)
class SwimmerPatient:
    """A patient of a trial.

    Attributes
    ----------
    end_day, outcome
        Day since randomisation on which the observation ended, and how: `liver death`,
        `tumour death`, `transplant`, `loss`, `trial end` or `completed`.
    withdrawn_day
        When treatment was withdrawn; None if it was not.
    """

    patient: int
    arm: str
    sessions: tuple[SwimmerSession, ...]
    end_day: float
    outcome: str
    withdrawn_day: float | None


def draw_swimmer(patients: Sequence[SwimmerPatient], follow_up_days: float) -> Drawing:
    """Draw a bar for each patient of a trial, with sessions and what ended the observation.

    Raises
    ------
    ValueError
        If there are no patients, or a status or outcome has no symbol.
    """
    require(patients, "patients")
    for patient in patients:
        _check(patient)
    arms = list(dict.fromkeys(patient.arm for patient in patients))
    ordered = sorted(patients, key=lambda p: (arms.index(p.arm), -p.end_day))
    height = min(_ROW * max(len(ordered), 4), _MOST)
    with style.context():
        figure = style.new_figure(height + 0.6)
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
    shows = "Patients of one trial: a bar each, from randomisation to the end of observation"
    return Drawing(figure, shows, tuple(_notes(ordered)))


def _notes(patients: Sequence[SwimmerPatient]) -> list[str]:
    is_paler = any(patient.withdrawn_day is not None for patient in patients)
    return ["Bars are paler from withdrawal of treatment on"] * is_paler


def _check(patient: SwimmerPatient) -> None:
    """Refuse words that have no symbol."""
    if patient.outcome not in _OUTCOMES:
        raise ValueError(f"patient {patient.patient}: no outcome is called {patient.outcome}")
    for session in patient.sessions:
        if session.status not in _SESSIONS:
            raise ValueError(f"patient {patient.patient}: no session is called {session.status}")


def _draw_bars(axes: Axes, patients: Sequence[SwimmerPatient], arms: list[str]) -> None:
    """Draw a bar for each patient, paler from withdrawal on."""
    for place, patient in enumerate(patients):
        colour = style.look(arms.index(patient.arm)).colour
        end, withdrawn = patient.end_day, patient.withdrawn_day
        treated = end if withdrawn is None else min(withdrawn, end)
        parts = [(0.0, treated), (treated, end - treated)]
        shades = [(colour, 0.65), (colour, 0.25)]
        axes.broken_barh(parts, (place - 0.36, 0.72), facecolors=shades, lw=0)


def _draw_marks(axes: Axes, patients: Sequence[SwimmerPatient], size: float) -> None:
    """Draw the symbols, all of a kind at once."""
    places: dict[_Mark, list[tuple[float, float]]] = {}
    for place, patient in enumerate(patients):
        end, withdrawn = patient.end_day, patient.withdrawn_day
        for session in patient.sessions:
            # A session that was missed has its place where its window ended.
            at = session.end if session.status == "missed" else session.start
            places.setdefault(_SESSIONS[session.status], []).append((at, place))
        if withdrawn is not None and withdrawn <= end:
            places.setdefault(_WITHDRAWN, []).append((withdrawn, place))
        places.setdefault(_OUTCOMES[patient.outcome], []).append((end, place))
    for mark, marked in places.items():
        axes.add_line(_line(mark, size, [x for x, _ in marked], [y for _, y in marked]))


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


def _name_rows(
    axes: Axes, ordered: Sequence[SwimmerPatient], arms: list[str], row_points: float
) -> None:
    """Number the rows, as many as can be read, the first arm at the top."""
    every = max(1, -(-int(_NUMBER) // max(int(row_points), 1)))
    shown = range(0, len(ordered), every)
    axes.set_yticks(list(shown), [str(ordered[k].patient) for k in shown], fontsize=_TYPE)
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    first = [patient.arm for patient in ordered]
    for arm in arms[1:]:
        axes.axhline(first.index(arm) - 0.5, color=style.FAINT, lw=0.8)


def _legend(
    figure: Figure, axes: Axes, patients: Sequence[SwimmerPatient], arms: list[str]
) -> None:
    """Explain above the axes the arms and the symbols that occur."""
    handles: list[Artist] = [
        Patch(color=style.look(k).colour, alpha=0.65, lw=0) for k in range(len(arms))
    ]
    names = list(arms)
    statuses = {session.status for patient in patients for session in patient.sessions}
    outcomes = {patient.outcome for patient in patients}
    marks = _chosen(_SESSIONS, statuses) + _chosen(_OUTCOMES, outcomes)
    if any(patient.withdrawn_day is not None for patient in patients):
        marks.append(_WITHDRAWN)
    handles += [_line(mark, 5.0, [], []) for mark in marks]
    labels.legend_above(figure, axes, handles, [*names, *(mark.name for mark in marks)])


def _chosen(marks: Mapping[str, _Mark], used: set[str]) -> list[_Mark]:
    return [mark for word, mark in marks.items() if word in used]
