"""A comparison of allocation schemes as a picture."""

import math
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.constants import NORMAL_QUANTILE_975
from simulator.report.figures.style import save

_INK, _FAINT, _FIRST = "#1b3a4b", "#b0bec5", "#c0392b"
_LINE = 0.024  # height of a name, of the panel's
_WORD, _GAP = 1.9, 1.08  # width of a name and its distance, as factors on the logarithmic axis


def draw_comparison(summary: dict[str, Any], stem: Path) -> list[Path]:
    """Draw balance against predictability, and power and level of the primary analysis.

    Every estimate of a rate has its 95 % Monte Carlo interval.
    """
    schemes = summary["schemes"]
    with matplotlib.rc_context({"svg.hashsalt": "trialsim", "font.size": 9}):
        has_trials = bool(schemes[0]["analyses"])
        has_level = has_trials and schemes[0]["analyses"][0]["level"] is not None
        panels = 1 + has_trials + has_level
        height = max(4.2, 1.4 + 0.26 * len(schemes))
        figure = Figure(figsize=(5.6 + 3.6 * (panels - 1), height), layout="constrained")
        widths = [5.6] + [3.6] * (panels - 1)
        axes = figure.subplots(1, panels, width_ratios=widths, squeeze=False)[0]
        _draw_trade_off(axes[0], schemes)
        if has_trials:
            rates = {"none": "power", "strong": "type I error", "mortality": "rejections"}
            rate = rates[summary["null_hypothesis"]]
            _draw_rates(axes[1], schemes, "power", rate)
        if has_level:
            _draw_rates(axes[2], schemes, "level", "type I error")
        figure.suptitle(_title(summary), fontsize=10, x=0.01, ha="left")
        return save(figure, stem)


def _title(summary: dict[str, Any]) -> str:
    title = f"{summary['scenario']}: {summary['patients']} patients"
    if summary["trials"]:
        title += f", {summary['trials']:,} trials a scheme, 95 % Monte Carlo intervals"
    for key, words in (("selection_bias", "selection bias"), ("drift", "drift")):
        if summary[key]:
            title += f"; {words}: {summary[key]['kind']}"
    return title


def _draw_trade_off(axes: Axes, schemes: list[dict[str, Any]]) -> None:
    """Each scheme as a point: the nearer to the corner at the lower left, the better."""
    points = [
        (s["metrics"]["imbalance_index"], s["metrics"]["correct_guesses"], s["name"])
        for s in schemes
    ]
    points = [point for point in points if not any(map(math.isnan, point[:2]))]
    for number, (x, y, _) in enumerate(points):
        axes.plot(x, y, "o", color=_FIRST if number == 0 else _INK, markersize=4)
    low, high = min(y for _, y, _ in points), max(y for _, y, _ in points)
    axes.set_xscale("log")
    axes.set_xlim(min(x for x, _, _ in points) / 1.3, max(x for x, _, _ in points) * 4.0)
    axes.set_ylim(low - 0.05 * (high - low) - 0.005, high + 0.05 * (high - low) + 0.005)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    _label(axes, points)
    axes.set_xlabel("imbalance over the trial, Imb (complete randomisation: 1)")
    axes.set_ylabel("share of right guesses of the arm behind, CG")
    _tidy(axes)


def _label(axes: Axes, points: list[tuple[float, float, str]]) -> None:
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
            name,
            (x, y),
            (x * _GAP, at),
            va="center",
            fontsize=7.5,
            color=_FIRST if number == 0 else _INK,
            arrowprops={"arrowstyle": "-", "color": _FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 2},
        )


def _draw_rates(axes: Axes, schemes: list[dict[str, Any]], key: str, heading: str) -> None:
    """Rate of rejection of the primary analysis by scheme, the first scheme at the top."""
    first = schemes[0]["analyses"][0]
    names = [s["name"] for s in schemes]
    rows = range(len(schemes), 0, -1)
    for number, (row, s) in enumerate(zip(rows, schemes, strict=True)):
        rate = s["analyses"][0][key]
        error = NORMAL_QUANTILE_975 * rate["mcse"]
        colour = _FIRST if number == 0 else _INK
        axes.errorbar(rate["mean"], row, xerr=error, fmt="o", color=colour, markersize=3.5, lw=1.1)
    reference = first["alpha"] if heading == "type I error" else first[key]["mean"]
    axes.axvline(reference, color=_FAINT, lw=0.8, zorder=0)
    axes.set_yticks(list(rows), names, fontsize=7.5)
    axes.set_xlabel(f"{heading} of {first['name']}")
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5)
