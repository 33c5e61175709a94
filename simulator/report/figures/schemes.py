"""A comparison of allocation schemes: balance against predictability, power and type I error."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from simulator.constants import NORMAL_QUANTILE_975
from simulator.declarations.schemes import SCHEMES, Factors
from simulator.report.figures import style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import RATES, percent
from simulator.report.figures.rate_axis import target_word
from simulator.results.allocation import Allocation, FactorUse, SchemeResult
from simulator.results.base import Value
from simulator.results.measures import PairedEstimate

_FIRST, _OTHERS = style.look(0), style.look(1)  # the scheme compared with, and the others
_ROW = 0.15  # inches: a scheme in the panels of rates
_ABOVE, _TALLEST = 2.9, 4.7  # inches of the panel above, and with many schemes
_APART = 10.5  # points between names
_LEAST_SPAN = 6.5  # factor that holds two of the ticks 1, 2, 5, 10 ... wherever it begins
_GAP = 6.0  # points between a symbol and its name


class Panel(NamedTuple):
    """A rate of an analysis by scheme: estimates, and what they are held against."""

    rate: str
    analysis: str
    rates: Sequence[PairedEstimate]
    reference: float


def draw_schemes(allocation: Allocation) -> Drawing:
    """Draw balance against predictability, and power and level of the primary analysis.

    Every estimate of a rate has its 95 % Monte Carlo interval.
    """
    schemes = allocation.schemes
    names = _names(schemes)
    panels = _rates(allocation)
    above = min(max(_ABOVE, _ROW * len(schemes)), _TALLEST)
    with style.context():
        if panels:
            below = 0.65 + _ROW * len(schemes)
            figure = style.new_figure(above + below)
            # Each half is laid out for itself: long names below take no width from above.
            halves: Any = figure.subfigures(2, 1, height_ratios=[above, below])
            upper, lower = halves
            trade_off = upper.subplots()
            beside = lower.subplots(1, len(panels), squeeze=False)[0]
            for axes, panel in zip(beside, panels, strict=True):
                _draw_rates(axes, names if axes is beside[0] else [], panel)
        else:
            figure = style.new_figure(above)
            trade_off = figure.subplots()
        _draw_trade_off(figure, trade_off, schemes, names)
    shows = "Allocation schemes: balance against predictability" + "; below, " * bool(panels)
    shows += " and ".join(panel.rate for panel in panels)
    if panels:
        first = schemes[0].analyses[0]
        shows += f" ({first.label or first.name})"
    return Drawing(figure, shows, tuple(_notes(allocation, names)))


def _rates(
    allocation: Allocation,
) -> list[Panel]:
    """Return name, estimates by scheme and line of each panel of rates."""
    schemes = allocation.schemes
    if not schemes[0].analyses:
        return []
    first, rate = schemes[0].analyses[0], RATES[allocation.null_hypothesis]
    of = first.label or first.name
    powers = [s.analyses[0].power for s in schemes]
    is_level = rate == "type I error"
    reference = first.alpha if is_level else first.power.mean
    panels = [Panel(rate, of, powers, reference)]
    levels = [s.analyses[0].level for s in schemes]
    known = [level for level in levels if level is not None]
    if len(known) == len(schemes):
        panels.append(Panel("type I error", of, known, first.alpha))
    return panels


def _names(schemes: Sequence[SchemeResult]) -> list[str]:
    """Return what each scheme is called, with its options and, among others, its strata."""
    is_stratified = any(scheme.factors_as is not FactorUse.NONE for scheme in schemes)
    names = []
    for scheme in schemes:
        declared, options = SCHEMES[scheme.scheme], _options(scheme.options)
        name = declared.name + (f" ({options})" if options else "")
        could = is_stratified and declared.factors is not Factors.IGNORED
        is_without = could and scheme.factors_as is FactorUse.NONE
        names.append(f"{name}, unstratified" if is_without else name)
    return names


def _options(options: Mapping[str, Value]) -> str:
    """Return the values of options, those that are not set left out."""
    return ", ".join(_written(value) for value in options.values() if value is not None)


def _written(value: Value) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("_", " ")


def _notes(allocation: Allocation, names: Sequence[str]) -> list[str]:
    notes = [
        "The nearer to the lower left corner, the better",
        f"Circle: {names[0]}, with which the others are compared",
    ]
    if allocation.schemes[0].analyses:
        notes.append("Bars: 95% Monte Carlo intervals")
        is_power = target_word(RATES[allocation.null_hypothesis]) == "target"
        alpha = percent(allocation.schemes[0].analyses[0].alpha)
        line = f"the nominal level of {alpha}"
        notes.append(f"Grey lines: {'its power, and ' * is_power}{line}")
    patients = f"{allocation.patients} patients planned"
    randomised = allocation.schemes[0].trial.get("patients")
    if randomised is not None and round(randomised.mean, 1) < allocation.patients:
        patients += f", a mean of {randomised.mean:.1f} randomised"
    notes.append(patients)
    if allocation.selection_bias is not None:
        notes.append(f"Selection bias: {allocation.selection_bias.kind.replace('_', ' ')}")
    if allocation.drift is not None:
        notes.append(f"Drift: {allocation.drift.kind.replace('_', ' ')}")
    return notes


def _draw_trade_off(
    figure: Figure, axes: Axes, schemes: Sequence[SchemeResult], names: Sequence[str]
) -> None:
    """Each scheme as a point: the nearer to the corner at the lower left, the better."""
    points = [
        (s.metrics["imbalance_index"], 100 * s.metrics["correct_guesses"], name)
        for s, name in zip(schemes, names, strict=True)
    ]
    points = [point for point in points if not any(map(math.isnan, point[:2]))]
    for number, (x, y, _) in enumerate(points):
        look = _FIRST if number == 0 else _OTHERS
        axes.plot(x, y, look.marker, color=look.colour, ms=5, mec="white", mew=0.5)
    low, high = min(y for _, y, _ in points), max(y for _, y, _ in points)
    axes.set_xscale("log")
    axes.set_xlim(min(x for x, _, _ in points) / 1.3, 2 * max(x for x, _, _ in points))
    axes.set_ylim(low - 0.05 * (high - low) - 0.5, high + 0.05 * (high - low) + 0.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    style.tidy(
        axes,
        "imbalance over the trial (complete randomisation: 1; log scale)",
        "correct guesses of\nthe best guesser (%)",
    )
    figure.draw_without_rendering()
    _make_room(axes, points)
    _label(axes, points)


def _make_room(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """End the logarithmic axis of x where every name beside its point is within."""
    width = axes.get_window_extent().width * 72.0 / axes.figure.dpi
    first = axes.get_xlim()[0]
    # A name that takes the share w of the width leaves its point the share 1 - w.
    spans = [
        math.log(x / first) / (1.0 - min((_name_width(name) + 2 * _GAP) / width, 0.8))
        for x, _, name in points
    ]
    axes.set_xlim(first, first * max(math.exp(max(spans)), _LEAST_SPAN))


def _name_width(name: str) -> float:
    """Return the points that a name takes, set in bold."""
    return 1.12 * style.text_width(name, style.SMALL)


def _label(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Write the names beside the points, moved up or down as little as keeps them apart."""
    scale = 72.0 / axes.figure.dpi
    spots = axes.transData.transform([(x, y) for x, y, _ in points]) * scale
    bottom, top = (axes.transAxes.transform([(0, 0), (1, 1)]) * scale)[:, 1]
    placed: list[tuple[float, float, float]] = []
    for number in sorted(range(len(points)), key=lambda k: (points[k][0], points[k][1])):
        (x, y), (at_x, at_y, name) = spots[number], points[number]
        left = x + _GAP
        right = left + _name_width(name)
        steps = sorted(range(-4 * len(points), 4 * len(points) + 1), key=abs)
        tried = [y + step * _APART / 2 for step in steps]
        level = next(
            at
            for at in [t for t in tried if bottom + 4 <= t <= top - 4] + tried
            if all(
                abs(at - other) >= _APART or left > end or start > right
                for other, start, end in placed
            )
        )
        placed.append((level, left, right))
        text = axes.annotate(
            style.plain(name),
            (at_x, at_y),
            (_GAP, level - y),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
            fontweight="bold" if number == 0 else "normal",
            arrowprops={
                "arrowstyle": "-", "color": style.FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 2
            },
        )  # fmt: skip
        text.set_in_layout(False)  # there is room, and the places of others stay


def _draw_rates(axes: Axes, names: Sequence[str], panel: Panel) -> None:
    """Draw a rate of the primary analysis by scheme, the first scheme at the top.

    The axis is as long as the differences need, and says where it begins and ends.
    """
    rate_name, analysis, rates, reference = panel
    places = range(len(rates), 0, -1)
    ends = [100 * reference]
    for number, (place, rate) in enumerate(zip(places, rates, strict=True)):
        look = _FIRST if number == 0 else _OTHERS
        mean, error = 100 * rate.mean, 100 * NORMAL_QUANTILE_975 * rate.mcse
        axes.errorbar(mean, place, xerr=error, fmt=look.marker, color=look.colour, ms=4.5, lw=1.1)
        ends += [max(mean - error, 0.0), min(mean + error, 100.0)]
    axes.axvline(100 * reference, color=style.FAINT, lw=0.8, zorder=0)
    ticks = MaxNLocator(5, min_n_ticks=3).tick_values(min(ends), max(ends))
    low, high = max(float(ticks[0]), 0.0), min(float(ticks[-1]), 100.0)
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.xaxis.set_major_formatter("{x:g}")
    style.tidy(axes, f"{rate_name}, {analysis} (%),\naxis {low:g} to {high:g}")
    axes.set_yticks(list(places), [style.plain(name) for name in names] or [""] * len(rates))
    axes.set_ylim(0.4, len(rates) + 0.6)
