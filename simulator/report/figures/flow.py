"""Flow of patients through the trial, drawn in the order of CONSORT."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from simulator.report.figures import style
from simulator.report.figures.consort import Flow
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import digits_for, require, written
from simulator.report.words import LEFT_OUT
from simulator.results.operations import ArmFlow, LeftOut

_WIDTH, _EDGE, _PAD, _GAP = 72 * style.WIDTH, 2.0, 5.0, 13.0  # points
_FEW = 20  # patients below whom means have another decimal
_TEXT, _LINE = style.SMALL, 9.6  # size of text, height of a line
_NUMBER = 28.0  # column of numbers at the right of a box


class _Line(NamedTuple):
    """A line of a box: a label hung out, text, and a number at the right."""

    label: str
    text: str
    number: float | None
    is_bold: bool = False


class _Sheet(NamedTuple):
    """What boxes are drawn on, and the decimals of their numbers."""

    axes: Axes
    digits: int


class _Box(NamedTuple):
    """A box at a place, x and y of its upper left corner, y downward."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


def draw_flow(flow: Flow) -> Drawing:
    """Draw from screening to the end of follow-up how many patients there are.

    Raises
    ------
    ValueError
        If there is no arm.
    """
    require(list(flow.arms), "arms of a flow of patients")
    with style.context():
        figure = style.new_figure(4.0)
        figure.set_layout_engine("none")  # boxes are placed to the point
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        digits = digits_for(_numbers(flow))
        sheet = _Sheet(axes, digits + 1 if digits and flow.randomised < _FEW else digits)
        height = _draw_arms(sheet, flow, _draw_screening(sheet, flow, _EDGE)) + _EDGE
        figure.set_figheight(height / 72)
        # One unit of the axes is a point, from the upper left corner.
        axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
    shows = "Flow of patients through a trial, from screening to analysis"
    return Drawing(figure, shows, tuple(_notes(flow)))


def _numbers(flow: Flow) -> list[float | None]:
    """Return every number of the flow."""
    numbers = [flow.screened, flow.refused, flow.turned_away, flow.randomised]
    numbers += [exclusion.mean for exclusion in flow.excluded]
    for name, arm in flow.arms.items():
        for lines in (
            _allocated(name, arm),
            _followed(arm, flow.until_day),
            _analysed(arm, flow.analysis),
        ):
            numbers += [line.number for line in lines]
    return numbers


def _notes(flow: Flow) -> list[str]:
    """Say what the numbers are, and which of them add up."""
    numbers = "Numbers are means over the trials, rounded each by itself"
    ends = f"Those allocated are lost, die or are alive {_end(flow.until_day)}"
    if any(arm.withdrawn.mean for arm in flow.arms.values()):
        ends += "; withdrawal ends treatment, not follow-up"
    return [numbers, ends]


def _draw_screening(sheet: _Sheet, flow: Flow, top: float) -> _Box:
    """Draw who is screened, who is kept out, and who is randomised; return the last box."""
    side = _side_lines(flow)
    width = 120.0
    x = _EDGE if side else (_WIDTH - width) / 2
    screened = _draw_box(sheet, x, top, width, [_Line("", "Screened", flow.screened, True)])
    at = screened.bottom + _GAP
    if side:
        left = x + width / 2 + 26.0
        kept_out = _draw_box(sheet, left, at, _WIDTH - _EDGE - left, side)
        middle = kept_out.y + min(kept_out.height / 2, 20.0)
        _arrow(sheet.axes, (screened.middle, middle), (kept_out.x, middle))
        at = kept_out.bottom + _GAP
    line = [_Line("", "Randomised", flow.randomised, True)]
    randomised = _draw_box(sheet, x, at, width, line)
    _arrow(sheet.axes, (screened.middle, screened.bottom), (randomised.middle, randomised.y))
    return randomised


def _side_lines(flow: Flow) -> list[_Line]:
    """Return the lines of the box of those who are not randomised, none if there is nobody."""
    lines = []
    if flow.excluded:
        total = sum(exclusion.mean for exclusion in flow.excluded)
        lines.append(_Line("", "Excluded, by the first reason found", total, True))
        lines += [_Line(e.label, e.reason, e.mean) for e in flow.excluded]
    for number, words in (
        (flow.refused, "Refused consent"),
        (flow.turned_away, "Turned away by the investigator"),
    ):
        if number is not None and (flow.excluded or number):
            lines.append(_Line("", words, number, True))
    return lines


def _draw_arms(sheet: _Sheet, flow: Flow, randomised: _Box) -> float:
    """Draw each arm from allocation to its end; return where the last box ends."""
    arms = flow.arms
    width = (_WIDTH - 2 * _EDGE - _GAP * (len(arms) - 1)) / len(arms)
    fork = randomised.bottom + 0.6 * _GAP
    columns = [
        [_allocated(name, arm), _followed(arm, flow.until_day), _analysed(arm, flow.analysis)]
        for name, arm in arms.items()
    ]
    at = fork + 0.9 * _GAP
    above = [fork] * len(arms)
    for stage in range(3):
        # Boxes of a stage are as high as the highest, so that arrows are level.
        height = max(_height(column[stage], width) for column in columns)
        for k, column in enumerate(columns):
            x = _EDGE + k * (width + _GAP)
            box = _draw_box(sheet, x, at, width, column[stage], height)
            _arrow(sheet.axes, (box.middle, above[k]), (box.middle, box.y))
            above[k] = box.bottom
        at += height + _GAP
    middles = [_EDGE + k * (width + _GAP) + width / 2 for k in range(len(arms))]
    ends = [*middles, randomised.middle]
    sheet.axes.plot([randomised.middle] * 2, [randomised.bottom, fork], color=style.INK, lw=0.9)
    sheet.axes.plot([min(ends), max(ends)], [fork, fork], color=style.INK, lw=0.9)
    return at - _GAP


def _allocated(name: str, arm: ArmFlow) -> list[_Line]:
    lines = [_Line("", f"Allocated to {name}", arm.randomised.mean, True)]
    if arm.treated is not None and arm.not_treated is not None:
        lines.append(_Line("", "Received at least one session", arm.treated.mean))
        lines.append(_Line("", "Received no session", arm.not_treated.mean))
    return lines


def _end(until_day: int | None) -> str:
    """When it is counted who is alive."""
    if until_day is None:
        return "at the end of follow-up"
    return f"on day {until_day}, or when the trial ends"


def _followed(arm: ArmFlow, until_day: int | None) -> list[_Line]:
    lines = []
    if arm.withdrawn.mean:
        lines.append(_Line("", "Withdrew from treatment", arm.withdrawn.mean))
    lines += [
        _Line("", "Lost to follow-up", arm.lost.mean),
        _Line("", "Died", arm.died.mean),
        _Line("", f"Alive {_end(until_day)}", arm.alive.mean),
    ]
    if arm.transplanted.mean:
        lines.append(_Line("", "Transplanted, among those alive", arm.transplanted.mean))
    return lines


def _analysed(arm: ArmFlow, analysis: str) -> list[_Line]:
    """Who is used by the primary analysis, and who is not."""
    lines = [_Line("", "Analysed", arm.analysed.mean, True), _Line("", f"by {analysis}", None)]
    out = {LeftOut(why): number.mean for why, number in arm.left_out.items() if number.mean}
    lines += [_Line("", f"Excluded: {LEFT_OUT[why]}", number) for why, number in out.items()]
    return lines if out else [*lines, _Line("", "Excluded", 0.0)]


def _label_width(lines: Sequence[_Line]) -> float:
    widths = [style.text_width(line.label, _TEXT) + 8.0 for line in lines if line.label]
    return max(widths, default=0.0)


def _wrapped(line: _Line, width: float, label: float) -> list[str]:
    room = width - 2 * _PAD - _NUMBER - (label if line.label else 0.0)
    return style.wrap(line.text, room, _TEXT * (1.08 if line.is_bold else 1.0)).split("\n")


def _height(lines: Sequence[_Line], width: float) -> float:
    label = min(_label_width(lines), width / 3)
    return 2 * _PAD - 2.0 + _LINE * sum(len(_wrapped(line, width, label)) for line in lines)


def _draw_box(
    sheet: _Sheet,
    x: float,
    y: float,
    width: float,
    lines: Sequence[_Line],
    height: float | None = None,
) -> _Box:
    """Draw a box as high as its lines or as told."""
    axes, digits = sheet
    box = _Box(x, y, width, height or _height(lines, width))
    label = min(_label_width(lines), width / 3)
    axes.add_patch(
        Rectangle((x, y), width, box.height, fc="white", ec=style.INK, lw=0.9, clip_on=False)
    )
    at = y + _PAD
    for line in lines:
        weight = "bold" if line.is_bold else "normal"
        write = partial(axes.text, va="top", fontsize=_TEXT, fontweight=weight)
        texts = _wrapped(line, width, label)
        if line.label:
            write(x + _PAD, at, style.plain(style.wrap(line.label, label, _TEXT)))
        if line.number is not None:
            write(x + width - _PAD, at, written(line.number, digits), ha="right")
        for k, text in enumerate(texts):
            left = x + _PAD + (label if line.label else 0.0)
            write(left, at + k * _LINE, style.plain(text))
        at += _LINE * len(texts)
    return box


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    kind = {"arrowstyle": "-|>", "color": style.INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=kind)
