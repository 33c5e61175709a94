"""The axis of a power or of another rate of rejection: one rule for every figure.

It goes from 0 to 100 % with the line that the rate is held against, unless every rate is below
20 %: then it ends where they do, and says so in its own name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulator.report.figures import style
from simulator.report.figures.numbers import RATES, column, percent
from simulator.results.measures import NullHypothesis

_LOW = 20.0  # percent: where nothing is above, the axis ends sooner
_ENDS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 25.0)
_ROOM = 1.04  # factor that the highest rate leaves above itself


@dataclass(frozen=True)
class RateAxis:
    """An axis of rates in percent.

    Attributes
    ----------
    rate
        What the share of trials that reject is called.
    target
        What it is held against, a proportion.
    end
        Where the axis ends, in percent; it begins at 0.
    """

    rate: str
    target: float
    end: float

    @property
    def is_zoomed(self) -> bool:
        """Whether the axis ends below 100 %."""
        return self.end < 100.0

    @property
    def has_target(self) -> bool:
        """Whether the axis reaches what the rate is held against."""
        return 100 * self.target <= self.end

    @property
    def target_name(self) -> str:
        """What the rate is held against, with its value."""
        return f"{target_word(self.rate)} {percent(self.target)}"

    @property
    def name(self) -> str:
        """The name of the axis with its unit, and where it ends if that is not 100 %."""
        text = f"{self.rate} (%)"
        if self.is_zoomed:
            text += f", axis 0 to {self.end:g}"
        if not self.has_target:
            text += f"\n({self.target_name} is above)"
        return text

    def draw(self, axes: Axes) -> list[tuple[float, str, Artist]]:
        """Scale the axis of y, and draw the line that rates are held against.

        Returns
        -------
        list
            Height, name and look of that line, to be named among the others; empty if it is not on
            the axis.
        """
        axes.set_ylim(0, self.end)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter("{x:g}")
        if not self.has_target:
            return []
        line = axes.axhline(100 * self.target, color=style.FAINT, lw=0.8, zorder=0.5)
        return [(100 * self.target, self.target_name, line)]


def rate_axis(rates: Iterable[float | None], target: float, rate: str) -> RateAxis:
    """Return the axis for these rates, their intervals' ends among them."""
    top = float(np.nanmax(100 * column(rates), initial=0.0))
    if top >= _LOW:
        return RateAxis(rate, target, 100.0)
    reached = [_ROOM * top] + [_ROOM * 100 * target] * (100 * target < _LOW)
    return RateAxis(rate, target, next(end for end in _ENDS if end >= max(reached)))


def target_word(rate: str) -> str:
    """Return what a rate is held against: a target or, of errors, the nominal level."""
    return "target" if rate.startswith(RATES[NullHypothesis.NONE]) else "nominal level"
