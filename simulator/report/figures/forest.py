"""Forest plot of a synthesis: each study by itself, what they amount to together, and the prior."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from simulator.report.figures import style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import require
from simulator.report.words import PRIOR_FOR, PRIOR_PARAMETERS
from simulator.results.prior import Interval, Parameter, ParameterPrior, Prior, PriorStudy

_ROW = 0.19  # inches
_BESIDE = 0.55  # inches of a panel that are not rows
_NAME = 195.0  # points of a study's name, beyond which it is cut
_RATIOS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_FROM_TO = 0.08, 12.0  # of the axis of ratios: what lies beyond is an arrow


class _Row(NamedTuple):
    name: str
    interval: Interval
    weight: float | None  # of a study; None for what studies amount to


def draw_forest(prior: Prior) -> Drawing:
    """Draw studies with a weight or set aside, mean, new study and prior, a panel per parameter.

    Raises
    ------
    ValueError
        If there is no parameter with evidence.
    """
    require(prior.parameters, "evidence")
    panels = [(p, _rows(prior, p)) for p in prior.parameters]
    heights = [_ROW * len(rows) + _BESIDE for _, rows in panels]
    with style.context():
        figure = style.new_figure(sum(heights))
        found = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, (parameter, rows) in zip(found[:, 0], panels, strict=True):
            _draw_panel(axes, parameter, rows)
    notes = (
        "Squares are studies by themselves with 95% intervals, at full weight; their area grows "
        "with the weight, and open ones are set aside",
        "Diamonds are the mean of the studies and the prediction for a new one (posterior median, "
        "95% interval, weights taken in)",
        f"The triangle is the prior: of {PRIOR_FOR[prior.prior_for]}, with the step to the "
        "trial's patients",
        f"Between-study SD: {prior.heterogeneity}",
    )
    return Drawing(figure, "Published studies, and the prior that they amount to", notes)


def _rows(prior: Prior, parameter: ParameterPrior) -> list[_Row]:
    studies = [
        _Row(
            _name(s),
            Interval(s.estimate, s.low, s.high),
            s.weight,
        )
        for s in prior.studies
        if s.parameter is parameter.parameter and s.use.value == "used"
    ]
    return [
        *sorted(studies, key=lambda row: row.weight == 0),
        _Row("mean of the studies", parameter.mean, None),
        _Row("a new study", parameter.new_study, None),
        _Row("prior", parameter.used, None),
    ]


def _name(study: PriorStudy) -> str:
    """A study's name, cut to its room, and what it counts."""
    n = "" if study.n is None else f", n={study.n + (study.control_n or 0)}"
    more = f"{n}, day {study.day:g}"
    name = style.settable(study.study)
    while style.text_width(name + more, style.SMALL) > _NAME:
        name = f"{name.removesuffix('...')[:-1].rstrip()}..."
    return name + more


def _draw_panel(axes: Axes, parameter: ParameterPrior, rows: Sequence[_Row]) -> None:
    is_mortality = parameter.parameter is Parameter.MORTALITY
    low, high = (0.0, 1.0) if is_mortality else _FROM_TO
    if not is_mortality:
        axes.set_xscale("log")
        axes.axvline(1.0, color=style.FAINT, lw=0.7, zorder=0)
    axes.set_xlim(low, high)
    for place, row in enumerate(rows):
        _draw_row(axes, len(rows) - 1 - place, row, (low, high), is_prior=row is rows[-1])
    last = sum(row.weight is None for row in rows) - 0.5
    axes.axhline(last, color=style.FAINT, lw=0.5, ls=(0, (1, 2)), zorder=0)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    scale = "" if is_mortality else " (log scale)"
    style.tidy(axes, f"{PRIOR_PARAMETERS[parameter.parameter]}{scale}")
    axes.spines["left"].set_visible(False)
    names = [style.plain(row.name) for row in reversed(rows)]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="y", length=0)
    if not is_mortality:
        axes.xaxis.set_major_locator(FixedLocator(_RATIOS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")


def _draw_row(
    axes: Axes, y: float, row: _Row, ends: tuple[float, float], *, is_prior: bool
) -> None:
    """Draw an interval with its mark, and its numbers at the right; cut ends are arrows."""
    look = style.look(0 if row.weight is not None else 1)
    low, high = max(row.interval.low, ends[0]), min(row.interval.high, ends[1])
    axes.plot([low, high], [y, y], color=look.colour, lw=2.0 if is_prior else 1.1, zorder=2)
    for cut, at, mark in (
        (row.interval.low < ends[0], low, "<"),
        (row.interval.high > ends[1], high, ">"),
    ):
        if cut:
            axes.plot([at], [y], mark, color=look.colour, ms=4, clip_on=False, zorder=3)
    marks: dict[str, Any] = {"ms": 4.5, "marker": "v" if is_prior else "D"}
    if row.weight is not None:
        marks = {"ms": 3.0 + 3.0 * row.weight**0.5, "marker": "s"}
    fill = "white" if row.weight == 0 else look.colour
    if ends[0] < row.interval.estimate < ends[1]:
        axes.plot([row.interval.estimate], [y], color=look.colour, mfc=fill, zorder=4, **marks)
    values = (row.interval.estimate, row.interval.low, row.interval.high)
    estimate, *limits = (f"{value:.2f}" for value in values)
    axes.annotate(
        f"{estimate} ({limits[0]} to {limits[1]})",
        (1.0, y),
        (6, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
        annotation_clip=False,
    )
