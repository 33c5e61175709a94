"""What an analysis is to show: superiority, non-inferiority or equivalence.

The arms are compared as the estimate compares them: the second minus the first, or their ratio. A
hypothesis asks for one test, or for two of which both must reject.
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from simulator.errors import RuleError
from simulator.results.measures import Scale

Alternative = Literal["two_sided", "less", "greater"]
ALTERNATIVES: tuple[Alternative, ...] = ("two_sided", "less", "greater")
# Which side of the null value a test is to show: below it, above it, or away from it.
BELOW, ABOVE, AWAY = range(3)
SIDES: dict[str, int] = {"less": BELOW, "greater": ABOVE, "two_sided": AWAY}
_LARGEST_ONE_SIDED = 0.5


class Tested(NamedTuple):
    """One test, as compiled code reads it.

    Attributes
    ----------
    side
        `BELOW`, `ABOVE` or `AWAY`.
    null
        Value of the estimate under the null hypothesis; a logarithm where the estimate is one.
    """

    side: int
    null: float


class Hypothesis(NamedTuple):
    """What an analysis is to show.

    Attributes
    ----------
    alternative
        two_sided: a difference; less: the second arm minus the first, or their ratio, is below the
        null value; greater: above it.
    margin
        The null value, a difference or a ratio; None: no difference.
    equivalence
        The two margins between which the estimand is to be shown to lie; None: it is not.
    """

    alternative: Alternative = "two_sided"
    margin: float | None = None
    equivalence: tuple[float, float] | None = None

    @property
    def is_two_sided(self) -> bool:
        """Whether alpha is a two-sided level."""
        return self.alternative == "two_sided" and self.equivalence is None

    @property
    def has_margin(self) -> bool:
        """Whether the null value is another than no difference."""
        return self.margin is not None or self.equivalence is not None

    def interval_alpha(self, alpha: float) -> float:
        """One minus the confidence of the interval whose limit decides as the test does."""
        return alpha if self.is_two_sided else 2.0 * alpha

    @property
    def parts(self) -> "tuple[Hypothesis, ...]":
        """What is to be shown, each by one test: all of them must reject."""
        if self.equivalence is None:
            return (self,)
        low, high = self.equivalence
        return Hypothesis("greater", low), Hypothesis("less", high)

    def tested(self, scale: Scale) -> Tested:
        """Return the one test of a hypothesis without equivalence."""
        null = 0.0 if self.margin is None else self.margin
        if self.margin is not None and scale is Scale.LOG_RATIO:
            null = math.log(self.margin)
        return Tested(SIDES[self.alternative], null)


TWO_SIDED = Hypothesis()


def broken_rules(asked: Hypothesis, alpha: float, scale: Scale) -> Iterator[RuleError]:
    """Yield what is wrong with a hypothesis of an estimate on a scale."""
    if not asked.is_two_sided and alpha >= _LARGEST_ONE_SIDED:
        yield RuleError("must be below 0.5 for a one-sided hypothesis", "as 0.025", "alpha")
    if asked.equivalence is not None:
        yield from _of_equivalence(asked, scale)
    elif asked.margin is not None:
        yield from _of_margin(asked.margin, asked.alternative, scale)


def _of_margin(margin: float, alternative: str, scale: Scale) -> Iterator[RuleError]:
    if alternative == "two_sided":
        remedy = "use alternative: less or greater, or equivalence with two margins"
        yield RuleError("a margin has a side", remedy, "margin")
        return
    none, noun = (1.0, "ratio") if scale is Scale.LOG_RATIO else (0.0, "difference")
    if not math.isfinite(margin):
        yield RuleError("must be a number", "as 0.1", "margin")
    elif scale is Scale.LOG_RATIO and not margin > 0.0:
        yield RuleError("is a ratio: must be > 0", "as 1.3", "margin")
    elif margin == none:
        rule = (
            f"is no margin: {none:g} is no {noun}"
            if noun == "difference"
            else ("is no margin: a ratio of 1 is no difference")
        )
        yield RuleError(rule, "leave it out", "margin")
    elif (margin > none) != (alternative == "less"):
        side = "above" if alternative == "less" else "below"
        yield RuleError(
            f"is on the wrong side: with alternative: {alternative} a {noun} is shown to be no "
            f"worse than a margin {side} {none:g}",
            f"use a {noun} {side} {none:g}, or the other alternative",
            "margin",
        )
    elif scale in (Scale.PROPORTION, Scale.PROBABILITY) and abs(margin) >= 1.0:
        yield RuleError("is a difference: must be between -1 and 1", "as 0.1", "margin")


def _of_equivalence(asked: Hypothesis, scale: Scale) -> Iterator[RuleError]:
    assert asked.equivalence is not None
    if asked.alternative != "two_sided":
        yield RuleError("equivalence has two sides", "leave alternative out", "alternative")
    if asked.margin is not None:
        yield RuleError("equivalence has its own two margins", "leave margin out", "margin")
    low, high = asked.equivalence
    none, example = (1.0, "[0.8, 1.25]") if scale is Scale.LOG_RATIO else (0.0, "[-0.1, 0.1]")
    least = 0.0 if scale is Scale.LOG_RATIO else -math.inf
    if scale in (Scale.PROPORTION, Scale.PROBABILITY):
        least = -1.0
    most = 1.0 if least == -1.0 else math.inf
    if not least < low < none < high < most:
        what = "ratios" if scale is Scale.LOG_RATIO else "differences"
        rule = f"needs two {what}, one below {none:g} and one above"
        yield RuleError(rule, f"as {example}", "equivalence")
