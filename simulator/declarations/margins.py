"""What hypotheses are to show, in words; a margin has the unit of its scale."""

from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.results.measures import Scale

_UNITS = {
    Scale.PROPORTION: " percentage points",
    Scale.DAYS: " days",
    Scale.MELD_POINTS: " points",
}


def margin_in_words(margin: float, scale: Scale | None) -> str:
    """Return a null value with its unit, as "15 percentage points"; a ratio has none.

    Nor has one whose scale is not known (None).
    """
    factor = 100.0 if scale is Scale.PROPORTION else 1.0
    unit = "" if scale is None else _UNITS.get(scale, "")
    return f"{factor * margin:.6g}{unit}"


def _both(margins: tuple[float, float], scale: Scale | None) -> str:
    low, high = margins
    factor = 100.0 if scale is Scale.PROPORTION else 1.0
    return f"{factor * low:.6g} and {margin_in_words(high, scale)}"


def told_apart(asked: Hypothesis, scale: Scale | None) -> str:
    """Return what tells a test of it from a two-sided one of no difference, with units."""
    if asked.equivalence is not None:
        return f"equivalence between {_both(asked.equivalence, scale)}"
    if asked.margin is not None:
        return f"margin {margin_in_words(asked.margin, scale)}"
    return "" if asked.is_two_sided else f"one-sided ({asked.alternative})"


def to_be_shown(asked: Hypothesis, measure: str, scale: Scale) -> str:
    """Return what is to be shown, as "non-inferiority: risk difference below 10 percentage points".

    Empty for a two-sided test of no difference.
    """
    if asked.equivalence is not None:
        return f"equivalence: {measure} between {_both(asked.equivalence, scale)}"
    if asked.is_two_sided:
        return ""
    side = "below" if asked.alternative == "less" else "above"
    if asked.margin is not None:
        return f"non-inferiority: {measure} {side} {margin_in_words(asked.margin, scale)}"
    null = "1" if scale is Scale.LOG_RATIO else "0"
    return f"superiority, one-sided: {measure} {side} {null}"
