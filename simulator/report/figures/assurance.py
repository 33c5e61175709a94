"""The distribution of power over what is not known, and which of it the variance comes from."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import labels, style
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.numbers import Floats, percent, require
from simulator.report.figures.rate_axis import RateAxis, rate_axis
from simulator.report.words import RATES
from simulator.results.assurance import Assurance, VarianceShare

_MOST = 8  # keys that have a bar
_BINS = 25
_BAR = 15.0  # points
_NAME = 110.0  # points of a key's name
_WIDE = 0.34, 0.26  # heights of the bars of both shares


def draw_assured(answer: Assurance) -> Drawing:
    """Draw the power of the first analysis over the draws beside the shares of its variance.

    Raises
    ------
    ValueError
        If there is no draw.
    """
    require(answer.drawn, "draw")
    first, rate = answer.analyses[0], RATES[answer.null_hypothesis]
    powers = np.array([draw.power[first.name] for draw in answer.drawn])
    scale = rate_axis([*powers, first.base_power.mean], answer.target_power, rate)
    shares = _largest(first.shares)
    with style.context():
        height = style.HEIGHT + max(len(shares) - 4, 0) * 1.6 * _BAR / 72
        figure = style.new_figure(height)
        has_shares = any(math.isfinite(share.total) for share in shares)
        if has_shares:
            left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
            _draw_shares(right, answer, shares)
        else:
            left = figure.subplots()
        handles = _draw_powers(left, answer, powers, scale)
        labels.legend_above(figure, left, [h for h, _ in handles], [n for _, n in handles], 230.0)
    shows = (
        f"{style.capital(rate)} of {first.test} over {answer.draws:,} draws of what is not known"
    )
    shows += "; right, shares of its variance" if has_shares else ""
    notes = [
        "The bars count draws, freed of the error of the trials at each; the line is the share of "
        "draws with at most this power, on the axis at the right"
    ]
    if has_shares:
        notes.append(
            "Alone: what knowing the key would be expected to remove; with others: what would "
            "remain if all other keys were known; thin lines are 95% intervals"
        )
    return Drawing(figure, shows, tuple(notes))


def _largest(shares: Sequence[VarianceShare]) -> list[VarianceShare]:
    known = [share for share in shares if math.isfinite(share.total)]
    return sorted(known, key=lambda share: max(share.total, share.first_order))[-_MOST:]


def _draw_powers(
    axes: Axes, answer: Assurance, powers: Floats, scale: RateAxis
) -> list[tuple[object, str]]:
    """Draw the histogram, the share of draws below, the average and the base; return handles."""
    first = answer.analyses[0]
    look = style.look(0)
    axes.hist(100 * powers, bins=np.linspace(0, scale.end, _BINS + 1).tolist(), color=style.SHADE,
              edgecolor=style.FAINT, lw=0.6)  # fmt: skip
    below = axes.twinx()
    ordered = np.sort(100 * powers)
    share = 100 * np.arange(1, ordered.size + 1) / ordered.size
    (curve,) = below.plot(ordered, share, color=look.colour, lw=1.1, drawstyle="steps-post")
    below.set_ylim(0, 100)
    below.spines[["top"]].set_visible(False)
    below.tick_params(length=2.5, width=0.7, labelsize=style.SMALL)
    below.set_ylabel("Draws at or below (%)", fontsize=style.SIZE)
    averaged = axes.axvline(100 * first.assurance, color=look.colour, lw=1.1, ls=(0, (4, 2)))
    base = axes.axvline(100 * first.base_power.mean, color=style.INK, lw=0.9, ls=":")
    handles: list[tuple[object, str]] = [
        (curve, "draws at or below"),
        (averaged, f"averaged {percent(first.assurance)}"),
        (base, f"own values {percent(first.base_power.mean)}"),
    ]
    if scale.has_target:
        target = axes.axvline(100 * scale.target, color=style.FAINT, lw=1.1)
        handles.append((target, scale.target_name))
    style.tidy(axes, scale.name, "Draws")
    axes.spines[["right"]].set_visible(True)
    axes.set_xlim(0, scale.end)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return handles


def _draw_shares(axes: Axes, answer: Assurance, shares: Sequence[VarianceShare]) -> None:
    """Draw both shares of each key, the largest on top."""
    names = {one.key: one.name for one in answer.parameters}
    at = np.arange(len(shares))
    for name, height, aside, look in (
        ("with others", _WIDE[0], 0.18, style.look(1)),
        ("alone", _WIDE[1], -0.18, style.look(0)),
    ):
        of_all = name == "with others"
        value = np.array([s.total if of_all else s.first_order for s in shares])
        error = np.array([s.total_se if of_all else s.first_order_se for s in shares])
        axes.barh(at - aside, 100 * value, height=height, color=look.colour, lw=0, label=name,
                  alpha=0.55 if of_all else 1.0)  # fmt: skip
        low = np.clip(196 * np.nan_to_num(error), 0.0, 100 * np.maximum(value, 0.0))
        axes.errorbar(100 * value, at - aside, xerr=[low, 196 * np.nan_to_num(error)], fmt="none",
                      ecolor=style.INK, lw=0.7)  # fmt: skip
    wrapped = [style.plain(style.wrap(names[s.key], _NAME, style.SMALL)) for s in shares]
    style.tidy(axes, "Share of the variance (%)")
    axes.set_yticks(at, wrapped, fontsize=style.SMALL)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.6, len(shares) - 0.4)
    handles, found = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], found[::-1], loc="lower right", frameon=False,
                fontsize=style.SMALL)  # fmt: skip
