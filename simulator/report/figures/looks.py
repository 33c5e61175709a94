"""Boundaries of looks with the paths of simulated trials, on the scales of Z, p and the effect."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from scipy.special import ndtr

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import require
from simulator.report.look_words import effect_name, information_of
from simulator.results.boundaries import Boundaries, BoundaryLook
from simulator.results.curves import LookPoint
from simulator.results.looks import Looks
from simulator.results.measures import Scale
from simulator.results.planned_looks import PlannedBoundaries, PlannedLook

_LEGEND = 440.0  # points
_MOST_Z = 6.0  # a boundary farther out is not drawn in full
_FUTILITY_LINE = (0, (4, 2))
_TICKS = (0.00001, 0.001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999, 0.99999)


class _End(NamedTuple):
    """How a trial's path is drawn, by what it came to."""

    name: str
    colour: str
    marker: str
    order: float


_ENDS = {
    "does not reject": _End("does not reject", "#9a9a9a", "o", 1.0),
    "futility": _End("stops for futility", style.look(1).colour, "s", 1.5),
    "rejects": _End("rejects", style.look(0).colour, "^", 2.0),
}


class _Panel(NamedTuple):
    """One scale: what of a look's boundary and of a point stands on it, and its axis."""

    axes: Axes
    of_look: Callable[[PlannedLook], tuple[float | None, float | None, float | None]]
    of_point: Callable[[LookPoint], float]


def draw_looks(found: Looks, points: Sequence[LookPoint], arm: str) -> Drawing:
    """Draw the boundaries of looks, and how the statistics of single trials go along them.

    Parameters
    ----------
    points
        Looks of single trials; none: the boundaries alone.
    arm
        In whose favour, or to show what, lies above.

    Raises
    ------
    ValueError
        If the boundaries are not known.
    """
    boundaries = found.boundaries
    if boundaries is None:
        raise ValueError("there is nothing to draw: no boundaries")
    require(boundaries.looks, "looks")
    is_ratio = found.scale is Scale.LOG_RATIO
    factor = 100.0 if found.scale is Scale.PROPORTION else 1.0
    scale = _EffectScale(effect_name(found), factor, is_ratio, found.null_effect)
    figure = _three_panels(boundaries.looks, points, scale)
    shows = "Boundaries of the looks"
    if points:
        shows += ", and simulated trials along them"
    return Drawing(figure, shows, tuple(_notes(boundaries, points, arm)))


def draw_boundaries(answer: Boundaries) -> Drawing:
    """Draw the boundaries of a design alone, effects in standard errors at the planned end."""
    looks = tuple(_planned(answer, place, look) for place, look in enumerate(answer.looks, 1))
    unit = "effect, in standard errors at the planned end"
    figure = _three_panels(looks, (), _EffectScale(unit, 1.0, False, 0.0))
    rules = [f"Efficacy: {answer.spending_title} ({answer.spending})"]
    if answer.spending is None:
        rules = ["No look before the last shows efficacy"]
    if answer.futility is not None:
        kind = "binding" if answer.binding else "not binding"
        rules.append(f"Futility: {answer.futility_title} ({answer.futility}), {kind}")
    sides = "one-sided" if answer.sides == 1 else "two-sided, of both sides together"
    notes = ("What favours the experimental arm is above in each panel", *rules)
    shows = "Boundaries of a group-sequential design"
    return Drawing(figure, shows, (*notes, f"Level {answer.alpha:g}, {sides}"))


def _planned(answer: Boundaries, place: int, look: BoundaryLook) -> PlannedLook:
    is_final = place == len(answer.looks)
    futility_z = None if is_final else look.futility_z
    root = math.sqrt(look.information)
    efficacy, lower, futile = (
        None if z is None else z / root for z in (look.efficacy_z, look.lower_z, futility_z)
    )
    return PlannedLook(
        moment="" if is_final else f"look {place}",
        fraction=look.information,
        information=look.information,
        efficacy_z=look.efficacy_z,
        lower_z=look.lower_z,
        futility_z=futility_z,
        nominal_p=look.nominal_p,
        alpha_spent=look.alpha_spent,
        efficacy_effect=efficacy,
        lower_effect=lower,
        futility_effect=futile,
    )


class _EffectScale(NamedTuple):
    """The axis of effects: its name, what they are multiplied by, whether ratios, and no effect."""

    name: str
    factor: float
    is_ratio: bool
    null: float


def _three_panels(
    looks: Sequence[PlannedLook], points: Sequence[LookPoint], scale: _EffectScale
) -> Figure:
    with style.context():
        figure = style.new_figure(style.HEIGHT)
        grid = figure.subplots(1, 3)
        handles: dict[str, Any] = {}
        for panel in _panels(scale, grid):
            handles |= _draw_paths(panel, points)
            handles |= _draw_boundaries(panel, looks)
            _set_information(panel.axes, looks, points)
        _finish(scale, looks, points, grid)
        labels.legend_above_all(figure, list(handles.values()), list(handles), _LEGEND)
    return figure


def _panels(scale: _EffectScale, grid: Sequence[Axes]) -> list[_Panel]:
    factor = scale.factor

    def effects(look: PlannedLook) -> tuple[float | None, float | None, float | None]:
        raw = look.efficacy_effect, look.lower_effect, look.futility_effect
        efficacy, lower, futile = (None if value is None else factor * value for value in raw)
        return efficacy, lower, futile

    def p_values(look: PlannedLook) -> tuple[float | None, float | None, float | None]:
        upper, lower, futile = (None if z is None else _p(z) for z in _z(look))
        return upper, lower, futile

    return [
        _Panel(grid[0], _z, lambda point: point.z),
        _Panel(grid[1], p_values, lambda point: _p(point.z)),
        _Panel(grid[2], effects, lambda point: factor * point.effect),
    ]


def _z(look: PlannedLook) -> tuple[float | None, float | None, float | None]:
    return look.efficacy_z, look.lower_z, look.futility_z


def _p(z: float) -> float:
    """One-sided p value."""
    return float(ndtr(-z))


def _draw_paths(panel: _Panel, points: Sequence[LookPoint]) -> dict[str, Any]:
    """Draw trials one by one; return the look of each kind of end by its name."""
    handles: dict[str, Any] = {}
    for _, path in groupby(points, lambda point: point.trial):
        looks = list(path)
        end = _ENDS.get(looks[-1].decision)
        if end is None:
            continue
        x = [point.information for point in looks]
        y = [panel.of_point(point) for point in looks]
        panel.axes.plot(x, y, color=end.colour, lw=0.7, alpha=0.55, zorder=end.order)
        (mark,) = panel.axes.plot(
            x[-1:],
            y[-1:],
            ls="none",
            marker=end.marker,
            ms=3.2,
            mew=0.4,
            mec="white",
            color=end.colour,
            zorder=end.order + 0.1,
        )
        handles[end.name] = mark
    return {end.name: handles[end.name] for end in _ENDS.values() if end.name in handles}


def _draw_boundaries(panel: _Panel, looks: Sequence[PlannedLook]) -> dict[str, Any]:
    """Draw the boundaries, joined from look to look to be seen as one."""
    handles: dict[str, Any] = {}
    kinds = (
        ("boundary for efficacy", 0, "-", "D"),
        ("boundary for efficacy", 1, "-", "D"),
        ("boundary for futility", 2, _FUTILITY_LINE, "v"),
    )
    for name, place, line, marker in kinds:
        known = [
            (look.fraction, value)
            for look in looks
            if (value := panel.of_look(look)[place]) is not None
        ]
        if known:
            (drawn,) = panel.axes.plot(
                *zip(*known, strict=True),
                color=style.INK,
                ls=line,
                marker=marker,
                ms=3.4,
                lw=1.3,
                zorder=3,
                gid="boundary",
                clip_on=False,
            )
            handles[name] = drawn
    return handles


def _set_information(axes: Axes, looks: Sequence[PlannedLook], points: Iterable[LookPoint]) -> None:
    every = [look.fraction for look in looks] + [point.information for point in points]
    room = 0.08 * max(max(every) - min(every), 0.1)
    axes.set_xlim(max(0.0, min(every) - room), max(every) + room)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter("{x:g}")


def _finish(
    scale: _EffectScale,
    looks: Sequence[PlannedLook],
    points: Sequence[LookPoint],
    grid: Sequence[Axes],
) -> None:
    """Name the axes and set their scales: what favours the second arm is above in all of them."""
    every = [z for look in looks for z in _z(look) if z is not None]
    every += [point.z for point in points if math.isfinite(point.z)]
    low, high = max(min([*every, 0.0]), -_MOST_Z) - 0.4, min(max([*every, 1.0]), _MOST_Z) + 0.4
    if any(look.lower_z is not None for look in looks):
        high = max(high, -low)
        low = -high
    grid[0].set_ylim(low, high)
    grid[0].yaxis.set_major_locator(MaxNLocator(7, integer=True))
    grid[1].set_yscale("logit")
    grid[1].set_ylim(_p(low), _p(high))
    grid[1].set_yticks([p for p in _TICKS if _p(high) <= p <= _p(low)])
    grid[1].yaxis.set_major_formatter(FuncFormatter(lambda p, _: f"{p:.5f}".rstrip("0")))
    grid[1].yaxis.set_minor_locator(NullLocator())
    _set_effects(scale, looks, grid[2])
    for axes, name in zip(grid, ("Z", "one-sided p", scale.name), strict=True):
        style.tidy(axes, "", style.wrap(name, 150.0, style.SIZE))
    grid[1].set_xlabel("Information, of that planned", fontsize=style.SIZE)


def _set_effects(scale: _EffectScale, looks: Sequence[PlannedLook], axes: Axes) -> None:
    if scale.is_ratio:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter("{x:g}")
    known = [look.efficacy_effect for look in looks if look.efficacy_effect is not None]
    if known and known[-1] < scale.null:
        axes.invert_yaxis()


def _notes(boundaries: PlannedBoundaries, points: Sequence[LookPoint], arm: str) -> list[str]:
    trials = len({point.trial for point in points})
    two_sided = any(look.lower_z is not None for look in boundaries.looks)
    above = f"favours {arm}" if two_sided else "favours what is to be shown"
    notes = [f"What {above} is above in each panel"]
    notes.append(
        f"Black: boundaries at {information_of(boundaries)}; looks are held to those at the "
        "information they turn out to have"
    )
    if trials:
        notes.append(f"Paths: the first {trials:,} trials, marked where they end")
    notes.append(
        "Effects are Z times the standard error, in a trial its own, on the boundaries the mean"
    )
    return notes
