"""Hypotheses in words: which difference or ratio is shown to be on which side of what."""

from simulator.declarations.analyses import Analysis
from simulator.results.measures import Scale


def hypothesis_in_words(
    declared: Analysis,
    alternative: str,
    margin: float | None,
    equivalence: tuple[float, float] | None,
) -> str:
    """Return what an analysis is to show, as "non-inferiority: risk difference below 0.1".

    Empty for a two-sided test of no difference.
    """
    name, is_ratio = declared.measure.name, declared.measure.scale is Scale.LOG_RATIO
    if equivalence is not None:
        low, high = equivalence
        return f"equivalence: {name} between {low:g} and {high:g}"
    if alternative == "two_sided":
        return ""
    null = margin if margin is not None else 1.0 if is_ratio else 0.0
    what = "superiority, one-sided" if margin is None else "non-inferiority"
    return f"{what}: {name} {'below' if alternative == 'less' else 'above'} {null:g}"
