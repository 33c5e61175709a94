"""A tornado: how far each assumption and each choice moves power, the farthest on top."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulator.constants import NORMAL_QUANTILE_975
from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import RATES, require
from simulator.report.words import values_in_short
from simulator.results.levers import Lever, LeverKind, LeverMove, Levers

_MOST = 12  # levers of a kind
_ROW = 0.25  # inches
_NAME = 190.0  # points of a lever's name
_BAR = 0.36  # height of one of two bars
_TITLES = {
    LeverKind.ASSUMPTION: "Assumptions: nature decides",
    LeverKind.CHOICE: "Choices: the designer decides",
}


def draw_tornado(answer: Levers) -> Drawing:
    """Draw the power at each move as a bar from the scenario's own, assumptions above choices.

    A bar is filled where its difference exceeds its error, and hatched where it does not; its
    whisker is the 95 % interval of the paired difference.

    Raises
    ------
    ValueError
        If there is no lever.
    """
    require(answer.levers, "lever")
    kinds = [kind for kind in LeverKind if answer.of_kind(kind)]
    shown = {kind: answer.of_kind(kind)[:_MOST] for kind in kinds}
    rows = [len(shown[kind]) for kind in kinds]
    rate = RATES[answer.null_hypothesis]
    with style.context():
        figure = style.new_figure(_ROW * sum(rows) + 0.35 * len(kinds) + 0.5)
        panels = figure.subplots(
            len(kinds), 1, sharex=True, squeeze=False, height_ratios=[n + 0.6 for n in rows]
        )[:, 0]
        for axes, kind in zip(panels, kinds, strict=True):
            _draw_kind(axes, answer, shown[kind])
            axes.set_title(_TITLES[kind], loc="left", fontsize=style.SIZE, pad=3)
            style.tidy(axes, "", "")
            axes.tick_params(axis="y", length=0)
        style.tidy(panels[-1], f"{rate} of {answer.test_name}, %", "")
        panels[-1].tick_params(axis="y", length=0)
        look = style.look(0)
        handles = [
            Patch(facecolor=look.colour, edgecolor=look.colour),
            Patch(facecolor="white", edgecolor=look.colour, hatch="//////", lw=0.7),
        ]
        names = ["exceeds its error", "does not exceed its error"]
        labels.legend_above(figure, panels[0], handles, names, lift=0.6 / (rows[0] + 0.6))
    notes = [
        f"Bars: from the {rate} of the scenario as it is (line) to that with the value at the end "
        "of the bar, on the same trials",
        "Whiskers: 95% interval of the paired difference",
        "Filled: the difference exceeds its error, of all moves together at 95%",
    ]
    left = [len(answer.of_kind(kind)) - len(shown[kind]) for kind in kinds]
    if any(left):
        notes.append(f"{sum(left)} levers that move it less are left out")
    shows = f"What matters most for the {rate} of {answer.test_name}"
    return Drawing(figure, shows, tuple(notes))


def _draw_kind(axes: Axes, answer: Levers, levers: Sequence[Lever]) -> None:
    own = 100 * answer.base.power.mean
    names = []
    for place, lever in enumerate(levers):
        moves = _ends(lever)
        for number, move in enumerate(moves):
            offset = 0.0 if len(moves) == 1 else (number - 0.5) * _BAR
            _draw_bar(axes, own, place + offset, move)
        names.append(style.plain(_first_lines(lever.name)))
    axes.axvline(own, color=style.INK, lw=0.9, zorder=3)
    axes.set_yticks(range(len(levers)), names, fontsize=style.SMALL)
    axes.set_ylim(len(levers) - 0.4, -0.6)
    axes.margins(x=0.16)


def _first_lines(name: str) -> str:
    """A name on one line, its end left out where it is long."""
    if style.text_width(name, style.SMALL) <= _NAME:
        return name
    while style.text_width(f"{name} ...", style.SMALL) > _NAME:
        name = name[:-1]
    return f"{name.rstrip()} ..."


def _ends(lever: Lever) -> list[LeverMove]:
    """The moves that a tornado has room for: of many, those to the lowest and highest power."""
    if len(lever.moves) <= 2:
        return list(lever.moves)
    ordered = sorted(lever.moves, key=lambda move: move.power.difference)
    return [ordered[0], ordered[-1]]


def _draw_bar(axes: Axes, own: float, y: float, move: LeverMove) -> None:
    look, apart = style.look(0), 100 * move.power.difference
    axes.barh(
        y,
        apart,
        _BAR,
        left=own,
        facecolor=look.colour if move.told_apart else "white",
        edgecolor=look.colour,
        hatch=None if move.told_apart else "//////",
        lw=0.7,
        zorder=2,
    )
    half = 100 * NORMAL_QUANTILE_975 * move.power.paired_mcse
    end = own + apart
    axes.plot([end - half, end + half], [y, y], color=style.INK, lw=0.8, zorder=4)
    side = 1 if apart >= 0 else -1
    axes.annotate(
        style.plain(values_in_short(move.to)),
        (end + side * half, y),
        (3 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        fontsize=6.2,
    )
