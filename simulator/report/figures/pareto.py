"""Designs: power against days, the size of a mark for its patients, its shade for its cost."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import column, percent, require
from simulator.report.words import values_in_short
from simulator.results.design import Design, DesignSearch

_SMALLEST, _LARGEST = 22.0, 170.0  # square points of a mark
_NAMED = 8  # designs of the front that are named
_SHADES = "viridis_r"


def draw_pareto(answer: DesignSearch) -> Drawing:
    """Draw every design that was tried; those on the front are filled and named.

    Raises
    ------
    ValueError
        If no design could be tried.
    """
    require(answer.designs, "design")
    has_cost = answer.currency is not None
    with style.context():
        figure = style.new_figure(style.HEIGHT + 0.4)
        axes = figure.subplots()
        handles = _draw(figure, axes, answer)
        style.tidy(axes, "Duration of the trial, mean days", "power, %")
        axes.margins(x=0.12, y=0.12)
        line = axes.axhline(100 * answer.target_power, color=style.INK, lw=0.9, ls=(0, (4, 2)))
        handles[f"target power {percent(answer.target_power)}"] = line
        if answer.within_days is not None:
            handles[f"{answer.within_days:,.0f} days"] = axes.axvline(
                answer.within_days, color=style.look(1).colour, lw=0.9, ls=(0, (1.2, 1.2))
            )
        axes.xaxis.set_major_formatter("{x:,g}")
        labels.legend_above(figure, axes, list(handles.values()), list(handles))
    sizes = [design.patients for design in answer.designs]
    notes = [f"Size of a mark: patients, {min(sizes):,} to {max(sizes):,}"]
    if has_cost:
        notes.append(f"Shade: mean cost of a trial, {answer.currency}")
    notes.append("Bars: 95% Monte Carlo intervals")
    if answer.front:
        notes.append("Filled: no other design is as good in every respect and better in one")
    else:
        notes.append("No design meets every limit")
    return Drawing(figure, f"Designs: power of {answer.test_name} by duration", tuple(notes))


def _draw(figure: Figure, axes: Axes, answer: DesignSearch) -> dict[str, Any]:
    """Draw the designs; return the look of each kind by its name."""
    handles: dict[str, Any] = {}
    costs = [design.cost.mean for design in answer.designs if design.cost is not None]
    shades = Normalize(min(costs), max(costs) if max(costs) > min(costs) else min(costs) + 1) if (
        costs
    ) else None  # fmt: skip
    most = max(design.patients for design in answer.designs)
    for name, chosen in (
        ("on the front", answer.front),
        ("not on the front", tuple(d for d in answer.designs if not d.on_front)),
    ):
        if not chosen:
            continue
        is_front = name == "on the front"
        _draw_errors(axes, chosen)
        colour: Any = style.look(0).colour
        if shades is not None:
            colour = column(d.cost.mean if d.cost is not None else math.nan for d in chosen)
        at = (column(d.trial_days.mean for d in chosen), 100 * column(d.power.mean for d in chosen))
        size = [_SMALLEST + (_LARGEST - _SMALLEST) * d.patients / most for d in chosen]
        shaded: Any = {} if shades is None else {"cmap": _SHADES, "norm": shades}
        marks = axes.scatter(
            *at,
            s=size,
            c=colour,
            marker="o" if is_front else "X",
            alpha=1.0 if is_front else 0.55,
            edgecolors=style.INK if is_front else style.FAINT,
            linewidths=0.9 if is_front else 0.4,
            zorder=3 if is_front else 2,
            **shaded,
        )
        handles[name] = marks
        if shades is not None and len(handles) == 1:
            bar = figure.colorbar(marks, ax=axes, pad=0.01, fraction=0.045)
            bar.set_label(style.plain(f"Cost, thousand {answer.currency}"), fontsize=style.SIZE)
            bar.ax.tick_params(labelsize=style.SMALL)
            bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value / 1e3:,.4g}")
    _name(axes, answer.front[:_NAMED] or tuple(miss.design for miss in answer.nearest))
    return handles


def _draw_errors(axes: Axes, designs: Sequence[Design]) -> None:
    power = 100 * column(design.power.mean for design in designs)
    low = power - 100 * column(design.ci_low for design in designs)
    high = 100 * column(design.ci_high for design in designs) - power
    axes.errorbar(
        column(design.trial_days.mean for design in designs),
        power,
        [low.clip(0.0), high.clip(0.0)],
        fmt="none",
        ecolor=style.FAINT,
        lw=0.8,
        zorder=1,
    )


def _name(axes: Axes, designs: Sequence[Design]) -> None:
    for number, design in enumerate(designs):
        values = [f"{k} {values_in_short((v,))}" for k, v in design.values.items() if k != "n"]
        axes.annotate(
            style.plain(", ".join([f"n {design.patients:,}", *values])),
            (design.trial_days.mean, 100 * design.power.mean),
            (7, 8 if number % 2 == 0 else -11),
            textcoords="offset points",
            fontsize=6.5,
            bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.6},
            zorder=5,
        )
