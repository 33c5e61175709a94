"""A comparison of allocation schemes: balance against predictability, power and type I error."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from simulator.constants import NORMAL_QUANTILE_975
from simulator.report.figures import style
from simulator.report.figures.numbers import RATES
from simulator.results.allocation import Allocation, SchemeResult
from simulator.results.measures import PairedEstimate

_FIRST, _OTHERS = style.look(0), style.look(1)  # the scheme compared with, and the others
_NAME = 7.5  # size of names
_LINE = 0.024  # height of a name, of the panel's
_WORD, _GAP = 1.9, 1.08  # width of a name and its distance, as factors on the logarithmic axis


def draw_schemes(allocation: Allocation) -> Figure:
    """Draw balance against predictability, and power and level of the primary analysis.

    Every estimate of a rate has its 95 % Monte Carlo interval.
    """
    schemes = allocation.schemes
    has_trials = bool(schemes[0].analyses)
    levels = [s.analyses[0].level for s in schemes] if has_trials else []
    has_level = has_trials and None not in levels
    panels = 1 + has_trials + has_level
    with style.context():
        height = max(4.2, 1.4 + 0.26 * len(schemes))
        figure = style.new_figure(5.6 + 3.6 * (panels - 1), height)
        widths = [5.6] + [3.6] * (panels - 1)
        axes = figure.subplots(1, panels, width_ratios=widths, squeeze=False)[0]
        _draw_trade_off(axes[0], schemes)
        if has_trials:
            first, rate = schemes[0].analyses[0], RATES[allocation.null_hypothesis]
            rates = [s.analyses[0].power for s in schemes]
            reference = first.alpha if rate == "type I error" else first.power.mean
            of = first.label or first.name
            _draw_rates(axes[1], schemes, rates, reference, f"{rate} of {of} (%)")
        if has_level:
            known = [level for level in levels if level is not None]
            _draw_rates(axes[2], schemes, known, first.alpha, f"type I error of {of} (%)")
        style.title(figure, _title(allocation))
        note = f"Blue circle: {schemes[0].name}, with which the others are compared."
        if has_trials:
            note += " Grey lines: its power, or the nominal level."
        style.note(figure, note)
    return figure


def _title(allocation: Allocation) -> str:
    title = f"{allocation.scenario}: {allocation.patients} patients"
    randomised = allocation.schemes[0].trial.get("patients")
    if randomised is not None and round(randomised.mean, 1) < allocation.patients:
        title += f" planned, a mean of {randomised.mean:.1f} randomised"
    if allocation.trials:
        title += f", {allocation.trials:,} trials per scheme, 95 % Monte Carlo intervals"
    if allocation.selection_bias is not None:
        title += f"; selection bias: {allocation.selection_bias.kind}"
    if allocation.drift is not None:
        title += f"; drift: {allocation.drift.kind}"
    return title


def _draw_trade_off(axes: Axes, schemes: Sequence[SchemeResult]) -> None:
    """Each scheme as a point: the nearer to the corner at the lower left, the better."""
    points = [(s.metrics["imbalance_index"], s.metrics["correct_guesses"], s.name) for s in schemes]
    points = [point for point in points if not any(map(math.isnan, point[:2]))]
    for number, (x, y, _) in enumerate(points):
        look = _FIRST if number == 0 else _OTHERS
        axes.plot(x, 100 * y, look.marker, color=look.colour, ms=5, mec="white", mew=0.5)
    low, high = min(y for _, y, _ in points), max(y for _, y, _ in points)
    points = [(x, 100 * y, name) for x, y, name in points]
    low, high = 100 * low, 100 * high
    axes.set_xscale("log")
    axes.set_xlim(min(x for x, _, _ in points) / 1.3, max(x for x, _, _ in points) * 4.0)
    axes.set_ylim(low - 0.05 * (high - low) - 0.5, high + 0.05 * (high - low) + 0.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    _label(axes, points)
    style.tidy(
        axes,
        "imbalance over the trial, Imb (complete randomisation: 1; log scale)",
        "correct guesses of the best guesser, CG (%)",
    )


def _label(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Write the names beside the points, moved up or down as little as keeps them apart."""
    low, high = axes.get_ylim()
    apart, placed = _LINE * (high - low), list[tuple[float, float]]()
    order = sorted(enumerate(points), key=lambda item: (item[1][0], item[1][1]))
    for number, (x, y, name) in order:
        steps = sorted(range(-2 * len(points), 2 * len(points) + 1), key=abs)
        at = next(
            y + step * apart / 2
            for step in steps
            if all(
                abs(y + step * apart / 2 - other) >= apart or not x / _WORD < there < x * _WORD
                for there, other in placed
            )
        )
        placed.append((x, at))
        axes.annotate(
            style.plain(name),
            (x, y),
            (x * _GAP, at),
            va="center",
            fontsize=_NAME,
            fontweight="bold" if number == 0 else "normal",
            arrowprops={
                "arrowstyle": "-", "color": style.FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 2
            },
        )  # fmt: skip


def _draw_rates(
    axes: Axes,
    schemes: Sequence[SchemeResult],
    rates: Sequence[PairedEstimate],
    reference: float,
    heading: str,
) -> None:
    """Draw a rate of the primary analysis by scheme, the first scheme at the top."""
    places = range(len(schemes), 0, -1)
    for number, (place, rate) in enumerate(zip(places, rates, strict=True)):
        look = _FIRST if number == 0 else _OTHERS
        error = 100 * NORMAL_QUANTILE_975 * rate.mcse
        axes.errorbar(
            100 * rate.mean, place, xerr=error, fmt=look.marker, color=look.colour, ms=4.5, lw=1.1
        )
    axes.axvline(100 * reference, color=style.FAINT, lw=0.8, zorder=0)
    style.tidy(axes, heading)
    names = [style.plain(s.name) for s in schemes]
    axes.set_yticks(list(places), names, fontsize=_NAME)
